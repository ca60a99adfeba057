"""Asking for more time: never for a lease that may have ended by the time the queue hears of it."""

from datetime import timedelta

import pytest
from botocore.hooks import HierarchicalEmitter

from megaql.broker.batches import BatchResult
from megaql.broker.message import Message
from megaql.consumer.extension import Extender
from megaql.consumer.held import Held

LEASE = timedelta(seconds=30)


class Queue:
    """Notes when it is told; boto3 repeats each request until it is answered, and is held up by `delay` seconds each time."""

    name = "orders"

    def __init__(self, *, delay=0.0, sends=1):
        self.client = self.meta = self
        self.events = HierarchicalEmitter()
        self.now = 0.0
        self.told_at = []
        self._delay, self._sends = delay, sends

    def set_visibility(self, messages, visibility):
        assert visibility == LEASE
        for _ in range(self._sends):
            self.events.emit("before-send.sqs.ChangeMessageVisibilityBatch", request=None)
            self.told_at.append(self.now)
            self.now += self._delay
        return BatchResult(list(messages), [], [{}] * len(messages))


def held(name="one", ends=30.0):
    return Held(Message(name, "b", "handle", {}, lease_deadline=ends), 0.0)


def extend(queue, *messages):
    return Extender(queue, LEASE, monotonic=lambda: queue.now).extend(messages)


def test_an_extension_is_a_whole_lease_from_when_it_was_asked_for():
    queue = Queue(delay=2.0)
    queue.now = 15.0
    (answer,) = extend(queue, held())
    assert (answer.until, answer.lost) == (45.0, False)


def test_boto3_does_not_repeat_an_extension_when_it_may_come_too_late():
    queue = Queue(delay=8.0, sends=9)
    queue.now = 15.0
    (answer,) = extend(queue, held())
    assert queue.told_at == [15.0, 23.0]  # at 31 s the lease is over
    assert (answer.until, answer.lost) == (None, False)


@pytest.mark.parametrize(("now", "told"), [(26.9, 1), (27.0, 0), (30.0, 0)])
def test_the_last_tenth_of_a_lease_is_kept_for_the_way(now, told):
    queue = Queue()
    queue.now = now
    extend(queue, held(), held("longer", 90.0))
    assert len(queue.told_at) == told
