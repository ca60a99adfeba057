"""The account of a run: what was sent, begun, done and deleted, in the order it happened, and whether the promise was kept.

A maintainer keeps one rule: what handlers note is noted before the queue hears of it, and a delete is noted before the server sees it. So a message
that was deleted too early cannot look as if it was not.
"""

import json
import os
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

BEGUN, DONE, REJECTED, DELETED = "begun", "done", "rejected", "deleted"


class Account:
    """Notes of what happened to numbered messages; those of several processes come together in one file."""

    def __init__(self, path=None):
        self.sent = {}  # number → FIFO group, None on a standard queue
        self._notes = []
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if path else None
        self._lock = threading.Lock()

    def close(self):
        """Close the file."""
        if self._file is not None:
            os.close(self._file)

    def note(self, what, number):
        """Note that something happened now; in a file by one call of the operating system, which not even `kill -9` can halve."""
        at = time.monotonic_ns()
        if self._file is not None:
            os.write(self._file, f"{at} {what} {number}\n".encode())
        else:
            with self._lock:
                self._notes.append((at, what, number))

    def notes(self):
        """Return (time, what, number), in order of time."""
        if self._path is None:
            with self._lock:
                return sorted(self._notes)
        lines = Path(self._path).read_text().split("\n")[:-1]
        return sorted((int(at), what, int(number)) for at, what, number in map(str.split, lines))

    def of(self, what):
        """Return the numbers that something happened to, once for each time."""
        return [number for _, noted, number in self.notes() if noted == what]

    def settled(self):
        """Whether everything that was sent is done or was rejected."""
        return self.sent.keys() <= {number for _, what, number in self.notes() if what in {DONE, REJECTED}}

    def broken_promises(self, dead=()):
        """Return what the promise was broken with, in words; `dead` are the numbers in the dead-letter queue."""
        notes = self.notes()
        return [*self._lost(notes, set(dead)), *self._early(notes, set(dead)), *self._unordered(notes, set(dead))]

    def duplicates(self):
        """Return how many times a handler was done with a message beyond the first."""
        return sum(count - 1 for count in Counter(self.of(DONE)).values())

    def _lost(self, notes, dead):
        done = {number for _, what, number in notes if what == DONE}
        for number in sorted(self.sent.keys() - done - dead):
            yield f"{number} is neither handled nor a dead letter"

    def _early(self, notes, dead):
        known = set()
        for _, what, number in notes:
            if what in {DONE, REJECTED}:
                known.add(number)
            elif what == DELETED and number not in known:
                yield f"{number} was deleted before anything was decided about it"
        for number in sorted({number for _, what, number in notes if what == REJECTED} - dead):
            if number not in {one for _, what, one in notes if what == DONE}:
                yield f"{number} was rejected and is no dead letter"

    def _unordered(self, notes, dead):
        """In a group nobody begins before all earlier ones are done, rejected, or out of the queue as dead letters."""
        before = defaultdict(list)
        for number, group in sorted(self.sent.items()):
            if group is not None:
                before[group].append(number)
        position = {number: place for numbers in before.values() for place, number in enumerate(numbers)}
        reached = Counter()
        known = set(dead)
        for _, what, number in notes:
            if what in {DONE, REJECTED}:
                known.add(number)
            if what != BEGUN or number not in position:
                continue
            group = before[self.sent[number]]
            while reached[self.sent[number]] < position[number]:
                earlier = group[reached[self.sent[number]]]
                if earlier not in known:
                    yield f"{number} was begun before {earlier} of its group was done"
                reached[self.sent[number]] += 1


class Watch:
    """Notes the deletes that go to a server; it knows the messages by what receives brought."""

    def __init__(self, account):
        self._account = account
        self._numbers = {}  # receipt handle → number

    def asked(self, call, request):
        """Hear of a call that is about to be made."""
        if call == "DeleteMessageBatch":
            for entry in request["Entries"]:
                number = self._numbers.pop(entry["ReceiptHandle"], None)
                if number is not None:
                    self._account.note(DELETED, number)

    def answered(self, call, answer):
        """Hear of a call that was done."""
        if call == "ReceiveMessage":
            for message in answer.get("Messages") or []:
                number = number_of(message["Body"])
                if number is not None:
                    self._numbers[message["ReceiptHandle"]] = number


def body(number):
    """Return the body of a message with a number."""
    return json.dumps({"n": number})


def number_of(text):
    """Return the number in a body, None where there is none."""
    try:
        return json.loads(text)["n"]
    except (ValueError, KeyError, TypeError):
        return None
