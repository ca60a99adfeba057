"""Telling the queue: nothing is returned after its lease, however often the queue has to be told."""

from datetime import timedelta

import pytest
from botocore.hooks import HierarchicalEmitter

from megaql.broker import guard
from megaql.broker.batches import BatchResult, Failure
from megaql.consumer.backoff import Backoff
from megaql.consumer.held import Held
from megaql.consumer.hooks import Hooks
from megaql.consumer.ledger import MemoryLedger, SQLiteLedger
from megaql.consumer.middleware import Middleware
from megaql.consumer.rejection import Rejection
from megaql.consumer.report import Tally
from megaql.consumer.settlement import Action, Settlement, Settler
from megaql.errors import ReceiptHandleExpired, Throttled

NEVER = Settlement(Action.DEAD_LETTER, Tally.REJECTED, timedelta(seconds=5), Rejection("never"))
LATER = Settlement(Action.RETURN, Tally.RETRIED, timedelta(seconds=60))
LEASE = 30.0


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds

    def pause(self, _seconds):
        self.seconds += 20.0


class Client:
    """A client with botocore's events: what happens before a request is sent."""

    def __init__(self):
        self.meta = self
        self.events = HierarchicalEmitter()


class Queue:
    """Notes whose visibility is changed; each change fails as if there were too many requests."""

    name = "orders"

    def __init__(self, clock, *, sends=1, delay=0.0):
        self.client = Client()
        self.told = []
        self._clock = clock
        self._sends = sends
        self._delay = delay

    def delete(self, messages):
        assert not messages

    def set_visibility(self, messages, _visibility):
        for _ in range(self._sends):  # boto3's own repetitions
            self.client.events.emit("before-send.sqs.ChangeMessageVisibilityBatch", request=None)
            self.told.append([message.id for message in messages])
            self._clock.seconds += self._delay
        raise Throttled("too many requests", code="ThrottlingException")


class Message:
    def __init__(self, name, lease):
        self.id, self.lease_deadline = name, lease


@pytest.fixture
def clock():
    return Clock()


def settle(queue, clock, **leases):
    settler = Settler(queue, MemoryLedger(), backoff=Backoff(random=lambda: 0.0), monotonic=clock, pause=clock.pause)
    return settler.settle([(Held(Message(name, ends), 0.0), LATER) for name, ends in leases.items()])


def test_a_return_is_not_tried_again_after_the_lease(clock, caplog):
    queue = Queue(clock)
    settled = settle(queue, clock, short=30.0, long=50.0)
    assert queue.told == [["short", "long"], ["short", "long"], ["long"]]
    assert [one.failed for one in settled] == [True, True]
    assert "could not return message short: its lease ended meanwhile" in caplog.messages


def test_boto3_does_not_repeat_a_return_after_the_lease(clock):
    queue = Queue(clock, sends=5, delay=8.0)
    settle(queue, clock, one=30.0)
    assert len(queue.told) == 4  # at 0, 8, 16 and 24 s
    assert clock.seconds == 32.0


def test_what_holds_for_one_call_does_not_for_the_next(clock):
    queue = Queue(clock, sends=5, delay=8.0)
    settle(queue, clock, one=30.0)
    guard.check()
    with pytest.raises(ReceiptHandleExpired), guard.sends_only_while(queue.client, lambda: False):
        guard.check()


def test_what_is_rejected_after_its_lease_is_not_counted_as_rejected(clock):
    settler = Settler(Queue(clock), MemoryLedger(), backoff=Backoff(), monotonic=lambda: LEASE, pause=clock.pause)
    [settled] = settler.settle([(Held(Message("late", LEASE), 0.0), NEVER)])
    assert (settled.tally, settled.gone, settled.kept) == (Tally.EXPIRED, False, False)


class Beginning:
    """A queue that begins each delete it is asked to begin."""

    name = "orders"

    def __init__(self):
        self.begun = []

    def begin_delete(self, messages):
        self.begun.append([message.id for message in messages])
        return "begun"


DONE = Settlement(Action.DELETE, Tally.HANDLED)


def begins(entries, ledger=None, middleware=()):
    queue = Beginning()
    settler = Settler(
        queue,
        ledger or MemoryLedger(),
        backoff=Backoff(),
        monotonic=lambda: 0.0,
        pause=None,
        hooks=Hooks(middleware),
    )
    begun = settler.begin([(Held(Message(name, LEASE), 0.0), settlement) for name, settlement in entries])
    assert (begun is not None) == (queue.begun != [])
    return queue.begun


def test_deletes_are_begun():
    assert begins([("a", DONE), ("b", DONE)]) == [["a", "b"]]


@pytest.mark.parametrize("entries", [[("a", DONE), ("b", LATER)], [("a", DONE), ("a", DONE)], [("a", NEVER)]])
def test_what_is_more_than_a_delete_is_not_begun(entries):
    assert begins(entries) == []


class Before(Middleware):
    def before_delete(self, message):
        """Take as long as it likes."""


class After(Middleware):
    def after_delete(self, message, *, done):
        """Take as long as it likes."""


class Settles(Middleware):
    def after_settle(self, settled):
        """Take as long as it likes."""


class Handles(Middleware):
    def after_handle(self, handling):
        """Take as long as it likes, in a handler's thread."""


def test_what_others_take_part_in_is_not_begun(tmp_path):
    """The worker's thread must not wait for a user's code, nor for the disk."""
    entries = [("a", DONE)]
    for watching in (Before(), After(), Settles()):
        assert begins(entries, middleware=[watching]) == []
    assert begins(entries, middleware=[Handles()]) == [["a"]]
    ledger = SQLiteLedger(tmp_path / "ledger")
    assert begins(entries, ledger=ledger) == []
    ledger.close()


class NotPlain:
    """A delete that was begun, and whose answer is not that all of it was done."""

    plain = False


class Deleting:
    """A queue that deletes nothing the first time; `given` is what it was given as begun."""

    name = "orders"

    def __init__(self):
        self.given = []

    def delete(self, messages, *, begun):
        self.given.append(begun)
        if begun is None:
            return BatchResult(done=messages)
        return BatchResult(failed=[Failure(message, "InternalError", "no", retryable=True) for message in messages])


def test_what_a_delete_that_was_begun_did_not_do_is_asked_for_again(clock):
    queue, begun = Deleting(), NotPlain()
    settler = Settler(queue, MemoryLedger(), backoff=Backoff(), monotonic=lambda: 0.0, pause=clock.pause)
    [settled] = settler.settle([(Held(Message("a", LEASE), 0.0), DONE)], begun)
    assert (settled.gone, settled.failed) == (True, False)
    assert queue.given == [begun, None]
