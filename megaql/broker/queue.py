"""A queue: receive, send, delete, change visibility, and what the queue says about itself.

A maintainer keeps two rules. A lease counts from before the request was sent, on the monotonic clock: an answer that took long to arrive has used
up part of it. And every error leaves as a `BrokerError`, so that nobody above reads a service's codes.
"""

from __future__ import annotations

import difflib
import json
import math
import time
import uuid
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from megaql.broker import aws, faults
from megaql.broker.batches import MAX_BYTES, MAX_ENTRIES, Batches, BatchResult, weightless
from megaql.broker.begun import Begun
from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing, check_size
from megaql.broker.target import AMBIENT, Connection, QueueTarget, parse_queue
from megaql.errors import AccessDenied, BrokerError, QueueNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from megaql.broker.client import Response, SQSClient

E = TypeVar("E")

#: Messages one receive returns, at most; SQS's limit.
MAX_RECEIVE: Final = 10
#: For how long a queue's own visibility timeout is believed; somebody may change it meanwhile.
SETTINGS_AGE: Final = timedelta(minutes=1)
#: The longest poll SQS has.
MAX_WAIT: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """Where a message goes that was received too often."""

    dead_letter_arn: str
    max_receive_count: int


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """A queue's own account: approximate counts, its settings, and `attributes` with all of SQS's answer."""

    visible: int
    in_flight: int
    delayed: int
    visibility_timeout: timedelta
    retention: timedelta
    redrive: RedrivePolicy | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class Queue:
    """One queue behind a client. Thread-safe as far as its client is; boto3's and the embedded broker's are.

    `clock` and `sleep` are for tests; the clock has to be monotonic.
    """

    def __init__(
        self,
        client: SQSClient,
        url: str,
        target: QueueTarget,
        *,
        place: faults.Place | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.url = url
        self.target = target
        self.place = place or _place(client, target)
        self._clock = clock
        self._sleep = sleep
        self._arn = ""
        self._visibility: timedelta | None = None
        self._visibility_asked: float | None = None  # when, on the clock

    @classmethod
    def open(
        cls,
        target: str | QueueTarget,
        connection: Connection = AMBIENT,
        *,
        create: bool = False,
        client: SQSClient | None = None,
    ) -> Queue:
        """Return the queue a target names.

        With `create`, a queue of the embedded broker that is missing is made; a queue on AWS never is. `client` takes the place of the one the
        target asks for. A queue URL is taken at its word, without a request; any other target is looked up. Errors: `BadTarget`,
        `QueueNotFound` and any other `BrokerError`.
        """
        found = target if isinstance(target, QueueTarget) else parse_queue(target)
        client = client or _client(found, connection)
        place = _place(client, found, connection)
        if found.kind == "url":
            return cls(client, found.text, found, place=place)
        if found.kind == "local" and create:
            return cls(client, _create(client, found, place), found, place=place)
        return cls(client, _look_up(client, found, place), found, place=place)

    def __repr__(self) -> str:
        return f"Queue({self.target.text!r})"

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.target.name

    @property
    def fifo(self) -> bool:
        """Whether this is a FIFO queue; its name says so."""
        return self.name.endswith(".fifo")

    @property
    def arn(self) -> str:
        """The queue's ARN, asked for once."""
        if not self._arn:
            self.info()
        return self._arn

    def info(self) -> QueueInfo:
        """Ask the queue about itself: one `GetQueueAttributes`."""
        with self._translate("read the queue's attributes"):
            answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        attributes: dict[str, str] = answer.get("Attributes") or {}
        self._arn = attributes.get("QueueArn", "")
        self._visibility = timedelta(seconds=int(attributes.get("VisibilityTimeout", "30")))
        self._visibility_asked = self._clock()
        return QueueInfo(
            visible=int(attributes.get("ApproximateNumberOfMessages", "0")),
            in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", "0")),
            delayed=int(attributes.get("ApproximateNumberOfMessagesDelayed", "0")),
            visibility_timeout=self._visibility,
            retention=timedelta(seconds=int(attributes.get("MessageRetentionPeriod", "345600"))),
            redrive=_redrive(attributes.get("RedrivePolicy", "")),
            attributes=attributes,
        )

    def receive(
        self,
        limit: int = MAX_RECEIVE,
        *,
        wait: timedelta = timedelta(0),
        visibility: timedelta | None = None,
        begun: Begun | None = None,
    ) -> list[Message]:
        """Receive up to `limit` messages (10 at most), waiting for the first one up to `wait` (20 s at most).

        `visibility` is the lease, in whole seconds, rounded up; without it the queue's own holds, which is asked for once a minute. `begun` is what
        `begin_receive` returned for the same settings: its answer is taken, and nothing asked.
        """
        if begun is None:
            lease = timedelta(seconds=_seconds(visibility)) if visibility is not None else self._own_visibility()
            before = self._clock()
        else:
            lease, before = begun.lease, begun.at
        with self._translate("receive messages"):
            if begun is None:
                answer = self.client.receive_message(**self._receive_request(limit, wait, visibility))
            else:
                answer = begun.call.finish()
        deadline = before + lease.total_seconds() if lease is not None else None
        items: list[Response] = answer.get("Messages") or []
        return [Message.received(item, queue=self.name, lease_deadline=deadline) for item in items]

    def begin_receive(self, limit: int, *, wait: timedelta, visibility: timedelta | None) -> Begun | None:
        """Begin a receive without waiting for anything; `None` where that cannot be, and `receive` has to make it."""
        begin = getattr(self.client.receive_message, "begin", None)
        now = self._clock()
        if begin is None or (visibility is None and self._visibility_is_stale(now)):
            return None
        # Only now, since another thread may have asked for it meanwhile.
        lease = timedelta(seconds=_seconds(visibility)) if visibility is not None else self._visibility
        call = begin(**self._receive_request(limit, wait, visibility))
        return None if call is None else Begun(call, now, lease)

    def _receive_request(self, limit: int, wait: timedelta, visibility: timedelta | None) -> dict[str, Any]:
        request: dict[str, Any] = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": max(1, min(limit, MAX_RECEIVE)),
            "WaitTimeSeconds": _seconds(min(wait, MAX_WAIT)),
            # The older name of MessageSystemAttributeNames: every boto3 and every server knows it.
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        if visibility is not None:
            request["VisibilityTimeout"] = _seconds(visibility)
        if self.fifo:
            # An answer lost on the way would lock its groups for the whole lease; a retry under the same id returns the same messages.
            request["ReceiveRequestAttemptId"] = str(uuid.uuid4())
        return request

    def send(self, entry: Outgoing) -> str:
        """Send one message and return its id."""
        check_size(entry, MAX_BYTES, str(self.place))
        with self._translate("send a message"):
            answer = self.client.send_message(QueueUrl=self.url, **_entry(entry))
        return str(answer["MessageId"])

    def send_batch(self, entries: Iterable[Outgoing], *, apart: bool = False) -> BatchResult[Outgoing]:
        """Send many messages, in as many requests as it takes; on a FIFO queue in their order within each group.

        With `apart` no request holds two messages of a group, so that none is taken behind one that the queue refuses.
        """

        def request(pairs: list[tuple[str, Outgoing]]) -> Response:
            entries = [{"Id": key, **_entry(entry)} for key, entry in pairs]
            return self.client.send_message_batch(QueueUrl=self.url, Entries=entries)

        def group(entry: Outgoing) -> str | None:
            return entry.group_id if self.fifo else None

        return self._batches("send messages", request, size=Outgoing.size, group=group, apart=apart).run(list(entries))

    def delete(self, messages: Sequence[Message], *, begun: Begun | None = None) -> BatchResult[Message]:
        """Delete received messages. Deleting one again is no error on SQS.

        `begun` is what `begin_delete` returned for the same messages: its answer is the first request's.
        """

        def request(pairs: list[tuple[str, Message]]) -> Response:
            nonlocal begun
            if begun is not None:
                call, begun = begun.call, None
                return call.finish()
            return self.client.delete_message_batch(**self._delete_request(pairs))

        return self._batches("delete messages", request).run(list(messages))

    def begin_delete(self, messages: Sequence[Message]) -> Begun | None:
        """Begin to delete messages, ten at most, without waiting for anything; `None` where that cannot be, and `delete` has to do it."""
        begin = getattr(self.client.delete_message_batch, "begin", None)
        if begin is None or not 0 < len(messages) <= MAX_ENTRIES:
            return None
        call = begin(**self._delete_request([(str(index), message) for index, message in enumerate(messages)]))
        return None if call is None else Begun(call, self._clock(), entries=len(messages))

    def _delete_request(self, pairs: list[tuple[str, Message]]) -> dict[str, Any]:
        entries = [{"Id": key, "ReceiptHandle": message.receipt_handle or ""} for key, message in pairs]
        return {"QueueUrl": self.url, "Entries": entries}

    def set_visibility(self, messages: Sequence[Message], visibility: timedelta) -> BatchResult[Message]:
        """Let the lease of received messages end `visibility` from now (whole seconds, rounded up); zero returns them at once."""
        seconds = _seconds(visibility)

        def request(pairs: list[tuple[str, Message]]) -> Response:
            entries = [
                {"Id": key, "ReceiptHandle": message.receipt_handle or "", "VisibilityTimeout": seconds}
                for key, message in pairs
            ]
            return self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

        return self._batches("change the visibility of messages", request).run(list(messages))

    @property
    def joins(self) -> bool:
        """Whether calls `together` cost less than one by one: at the embedded broker, which waits for the disk once then."""
        return hasattr(self.client, "together")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the calls of the block one, where the queue `joins` them: what an error leaves undone is all of them. Elsewhere this does nothing."""
        join: Callable[[], AbstractContextManager[None]] = getattr(self.client, "together", nullcontext)
        with self._translate("write to the disk"), join():
            yield

    def dead_letter_queue(self) -> Queue | None:
        """Return the queue that messages go to when they were received too often, `None` where there is none."""
        redrive = self.info().redrive
        if redrive is None:
            return None
        # SQS demands that it is in the same account and region, so the same client reaches it.
        target = parse_queue(redrive.dead_letter_arn)
        place = _place(self.client, target)
        return Queue(self.client, _look_up(self.client, target, place), target, clock=self._clock, sleep=self._sleep)

    def dead_letter_sources(self) -> list[Queue]:
        """Return the queues whose redrive policy names this one, by name.

        Raises `BrokerError` where the endpoint does not have ListDeadLetterSourceQueues.
        """
        urls: list[str] = []
        page: dict[str, Any] = {}
        while True:
            with self._translate("list the queues that dead-letter to it"):
                answer = self.client.list_dead_letter_source_queues(QueueUrl=self.url, **page)
            urls += answer.get("queueUrls") or []
            if not answer.get("NextToken"):
                break
            page = {"NextToken": answer["NextToken"]}
        targets = sorted((parse_queue(url) for url in urls), key=lambda target: target.name)
        return [
            Queue(self.client, target.text, target, place=replace(self.place, target=target.name)) for target in targets
        ]

    def _own_visibility(self) -> timedelta | None:
        """Return the queue's own lease, asked for once a minute; `None` where these credentials may receive and not ask."""
        now = self._clock()
        if self._visibility_is_stale(now):
            try:
                self.info()
            except AccessDenied:
                self._visibility = None
                self._visibility_asked = now
        return self._visibility

    def _visibility_is_stale(self, now: float) -> bool:
        asked = self._visibility_asked
        return asked is None or now - asked > SETTINGS_AGE.total_seconds()

    def _batches(
        self,
        operation: str,
        request: Callable[[list[tuple[str, E]]], Response],
        *,
        size: Callable[[E], int] = weightless,
        group: Callable[[E], str | None] = lambda _: None,
        apart: bool = False,
    ) -> Batches[E]:
        def translated(pairs: list[tuple[str, E]]) -> Response:
            with self._translate(operation):
                return request(pairs)

        return Batches(translated, self._sleep, size, group, apart=apart)

    def _translate(self, operation: str) -> Any:
        return faults.translate(operation, self.place)


def _entry(entry: Outgoing) -> dict[str, Any]:
    """Return a message as `SendMessage` and an entry of `SendMessageBatch` take it."""
    request: dict[str, Any] = {"MessageBody": entry.body}
    optional = {
        "MessageAttributes": dict(entry.attributes) or None,
        "MessageSystemAttributes": dict(entry.system) or None,
        "MessageGroupId": entry.group_id,
        "MessageDeduplicationId": entry.dedup_id,
        "DelaySeconds": None if entry.delay is None else _seconds(entry.delay),
    }
    return request | {name: value for name, value in optional.items() if value is not None}


def _client(target: QueueTarget, connection: Connection) -> SQSClient:
    if target.kind == "local":
        from megaql.broker import local  # noqa: PLC0415 - targets on AWS need no SQLite

        return local.client()
    return aws.client("sqs", target.connection(connection), target=target.text)


def _place(client: SQSClient, target: QueueTarget, connection: Connection = AMBIENT) -> faults.Place:
    if target.kind == "local":
        return faults.Place(f"local:{target.name}", local=True)
    endpoint, region = aws.endpoint(client)
    return faults.Place(target.text, endpoint, region or target.region, connection.profile or "")


def _create(client: SQSClient, target: QueueTarget, place: faults.Place) -> str:
    """Make a queue of the embedded broker unless it is there, and return its URL."""
    try:
        return _look_up(client, target, place)
    except QueueNotFound:
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if target.name.endswith(".fifo") else {}
        with faults.translate("create the queue", place):
            return str(client.create_queue(QueueName=target.name, Attributes=fifo)["QueueUrl"])


def _look_up(client: SQSClient, target: QueueTarget, place: faults.Place) -> str:
    owner = {"QueueOwnerAWSAccountId": target.account} if target.account else {}
    try:
        with faults.translate("look the queue up", place):
            return str(client.get_queue_url(QueueName=target.name, **owner)["QueueUrl"])
    except QueueNotFound as error:
        if target.kind == "local" and (near := _near(client, target.name)):
            error.hint = f"did you mean local:{near}? Or {error.hint}"
        raise


def _near(client: SQSClient, name: str) -> str:
    """Return the name of an existing local queue that looks like the one asked for, `""` for none."""
    try:
        urls = client.list_queues().get("QueueUrls") or []
    except Exception:  # noqa: BLE001 - a suggestion must not replace the error it belongs to
        return ""
    names = [url.rsplit("/", 1)[-1] for url in urls]
    return next(iter(difflib.get_close_matches(name, names, n=1)), "")


def _redrive(text: str) -> RedrivePolicy | None:
    if not text:
        return None
    try:
        policy = json.loads(text)
        return RedrivePolicy(str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"]))
    except (ValueError, KeyError, TypeError) as fault:
        raise BrokerError("the queue's redrive policy cannot be read", why=f"it is {text[:200]!r}") from fault


def _seconds(duration: timedelta) -> int:
    """Return whole seconds as SQS takes them, rounded up so that a lease is never shorter than asked for."""
    return max(0, math.ceil(duration.total_seconds()))
