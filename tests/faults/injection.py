"""The faults that tests inject between a client and a queue, and the plan that says which call gets which.

A maintainer keeps two rules. What is injected is counted, by kind and call, so that a run can say what it went through. And a plan is a function of
its seed and the order of calls alone.
"""

import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field

#: The connection is reset before the server saw the request.
RESET = "reset"
#: The server did it, and the connection is reset in the middle of the answer.
CUT = "cut"
#: The request is swallowed, and the connection stays open.
SWALLOWED = "swallowed"
#: The server did it, and the answer is swallowed.
MUTE = "mute"
THROTTLED = "throttled"
UNAVAILABLE = "unavailable"
INTERNAL = "internal"
#: Some entries of a batch are refused; the server does not see them.
PARTIAL = "partial"
#: All entries of a batch are done, and some are said to have failed.
UNTRUE = "untrue"
#: A receive brings a message that an earlier one brought, too.
DUPLICATE = "duplicate"
#: The answer comes late.
LATE = "late"

ERRORS = {
    THROTTLED: (400, "ThrottlingException"),
    UNAVAILABLE: (503, "ServiceUnavailable"),
    INTERNAL: (500, "InternalError"),
}
BATCHES = {"SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"}
HOT = {"ReceiveMessage", *BATCHES}

#: Which calls a kind makes sense for; all hot ones where nothing is said.
CALLS = {PARTIAL: BATCHES, UNTRUE: BATCHES - {"SendMessageBatch"}, DUPLICATE: {"ReceiveMessage"}}


@dataclass
class Plan:
    """Decides at random what each call gets; `shares` is kind → the share of the calls it is for."""

    seed: int = 0
    shares: dict = field(default_factory=dict)
    injected: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()
        self.on = True

    def __call__(self, call):
        """Return the kind of fault a call gets, None for none."""
        with self._lock:
            if not self.on or call not in HOT:
                return None
            roll = self._chance.random()
            for kind, share in self.shares.items():
                if call in CALLS.get(kind, HOT):
                    if roll < share:
                        self.injected[kind, call] += 1
                        return kind
                    roll -= share
            return None

    def some(self, things):
        """Return some of the things, at least one."""
        with self._lock:
            return self._chance.sample(things, self._chance.randint(1, len(things))) if things else []

    def by_kind(self):
        """Return how many faults of each kind there were."""
        kinds = Counter()
        for (kind, _), count in self.injected.items():
            kinds[kind] += count
        return dict(sorted(kinds.items()))


class Script(Plan):
    """A plan that is written down: call → kinds, one for each call in turn, None for none; after that all is well."""

    def __init__(self, **kinds):
        super().__init__()
        self._kinds = {call: list(script) for call, script in kinds.items()}

    def __call__(self, call):
        with self._lock:
            script = self._kinds.get(call)
            kind = script.pop(0) if script and self.on else None
            if kind:
                self.injected[kind, call] += 1
            return kind

    @property
    def played(self):
        """Whether all of it was used up."""
        return not any(self._kinds.values())


def split(request, refused):
    """Return a batch request without the refused ids."""
    return request | {"Entries": [entry for entry in request["Entries"] if entry["Id"] not in refused]}


def refuse(answer, ids):
    """Return a batch's answer that says of these ids that they failed."""
    successful = [entry for entry in answer.get("Successful") or [] if entry["Id"] not in ids]
    failed = [{"Id": key, "Code": "InternalError", "Message": "injected", "SenderFault": False} for key in ids]
    return answer | {"Successful": successful, "Failed": [*(answer.get("Failed") or []), *failed]}


class Repeats:
    """The messages that receives brought lately, to be brought again."""

    def __init__(self, keep=50):
        self._keep = keep
        self._seen = {}

    def add(self, queue, messages):
        """Remember what a receive brought."""
        seen = self._seen.setdefault(queue, [])
        seen += messages
        del seen[: -self._keep]

    def again(self, queue, plan):
        """Return one of those a queue brought, in a list; none where there are none. A FIFO queue does not do that."""
        seen = self._seen.get(queue)
        if not seen or queue.endswith(".fifo"):
            plan.injected[DUPLICATE, "ReceiveMessage"] -= 1
            return []
        return plan.some(list(seen))[:1]


class InjectedError(Exception):
    """An error as a client raises it, told by its code."""

    def __init__(self, kind):
        status, code = ERRORS.get(kind, (500, "InternalError"))
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {"HTTPStatusCode": status}}


class FaultyClient:
    """A client in front of the embedded broker's, with a plan's faults; what is lost on a network is an error here.

    `watch` is told of each call before it is made and after it was done (`accounts.Watch`).
    """

    def __init__(self, client, plan, watch):
        self._client = client
        self._plan = plan
        self._watch = watch
        self._repeats = Repeats()

    def __getattr__(self, name):
        method = getattr(self._client, name)
        call = "".join(word.capitalize() for word in name.split("_"))
        if call not in HOT:
            return method

        def faulty(**request):
            kind = self._plan(call)
            if kind in ERRORS or kind in {RESET, SWALLOWED}:
                raise InjectedError(kind)
            refused = (
                self._plan.some([entry["Id"] for entry in request["Entries"]]) if kind in {PARTIAL, UNTRUE} else []
            )
            wanted = split(request, refused) if kind == PARTIAL else request
            self._watch.asked(call, wanted)
            answer = method(**wanted) if wanted.get("Entries", True) else {}
            self._watch.answered(call, answer)
            if kind in {CUT, MUTE}:
                raise InjectedError(kind)
            if refused:
                return refuse(answer, refused)
            if call == "ReceiveMessage":
                return self._repeated(request["QueueUrl"], answer, kind)
            return answer

        return faulty

    def _repeated(self, queue, answer, kind):
        messages = answer.get("Messages") or []
        more = self._repeats.again(queue, self._plan) if kind == DUPLICATE else []
        self._repeats.add(queue, messages)
        return answer | {"Messages": messages + more} if more else answer


def error_answer(kind):
    """Return the body of an error as SQS answers it."""
    return json.dumps({"__type": f"com.amazonaws.sqs#{ERRORS[kind][1]}", "message": "injected"}).encode()
