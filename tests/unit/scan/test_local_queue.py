"""Scans of a real queue of the embedded broker."""

import errno
from contextlib import contextmanager
from datetime import timedelta

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.errors import BrokerError, ScanRefused
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.live import LiveScan
from megaql.scan.preflight import Risk, preflight

NO_WAIT = timedelta(0)


def queue_of(name, bodies, **sending):
    queue = Queue.open(f"local:{name}", create=True)
    queue.send_batch([Outgoing(body=body, **sending) for body in bodies])
    return queue


def with_dead_letters(queue, most):
    dead = Queue.open("local:dead" + (".fifo" if queue.fifo else ""), create=True)
    policy = f'{{"deadLetterTargetArn":"{dead.arn}","maxReceiveCount":{most}}}'
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    return dead


def scan_of(queue, budget, **settings):
    return LiveScan(queue, preflight(queue, allow_receives=True), budget, wait=NO_WAIT, **settings)


def test_a_scan_leaves_the_queue_as_it_was_but_for_the_receive_counts():
    queue = queue_of("orders", [f'{{"n":{number}}}' for number in range(37)])
    with scan_of(queue, Budget()) as scan:
        seen = sorted(message.body for message in scan)
        assert queue.info().in_flight == 37
    assert len(seen) == len(set(seen)) == 37
    info = queue.info()
    assert (info.visible, info.in_flight) == (37, 0)
    assert {message.receive_count for message in queue.receive()} == {2}
    assert scan.report.stopped_because is StopReason.EMPTY
    assert scan.report.released == 37


def test_receives_that_are_undone_together_leave_nothing_in_doubt(monkeypatch):
    """The disk is full when what two receives wrote is to be committed."""
    queue = queue_of("orders", ['{"n":1}'] * 30)
    together = queue.client.together

    @contextmanager
    def full():
        with together():
            yield
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(queue.client, "together", full)
    scan = scan_of(queue, Budget(), turn=2)
    with pytest.raises(BrokerError), scan:
        list(scan)
    assert (scan.report.received, scan.report.released, scan.report.in_doubt) == (10, 10, 0), "the first one was alone"
    assert queue.info().visible == 30


def test_an_error_on_the_way_releases():
    queue = queue_of("orders", ['{"n":1}'] * 12)
    scan = scan_of(queue, Budget())

    def read():
        with scan:
            for message in scan:
                raise ZeroDivisionError(message.id)

    with pytest.raises(ZeroDivisionError):
        read()
    assert queue.info().in_flight == 0


def test_a_limit_of_matches():
    queue = queue_of("orders", [f'{{"n":{number}}}' for number in range(50)])
    with scan_of(queue, Budget(limit=2)) as scan:
        for message in scan:
            scan.tally(Verdict.MATCH if message.decoded.payload.document["n"] % 7 == 6 else Verdict.NO_MATCH)
    assert scan.report.matched == 2
    assert queue.info().visible == 50


def test_a_fifo_queue_keeps_its_order_after_a_scan():
    queue = queue_of("orders.fifo", [f'{{"n":{number}}}' for number in range(15)], group_id="g")
    with scan_of(queue, Budget()) as scan:
        seen = [message.decoded.payload.document["n"] for message in scan]
    assert seen == list(range(10))
    assert scan.report.stopped_because is StopReason.RECEIVES
    again = [message.decoded.payload.document["n"] for message in queue.receive()]
    assert again == list(range(10))


@pytest.mark.parametrize(("most", "risk"), [(2, Risk.ASK), (3, Risk.ASK), (4, Risk.NONE)])
def test_preflight_reads_the_redrive_policy(most, risk):
    queue = queue_of("orders", ["{}"])
    with_dead_letters(queue, most)
    assert preflight(queue).risk is risk
    assert queue.info().in_flight == 0


def test_a_queue_that_would_dead_letter_is_refused_untouched():
    queue = queue_of("orders", ["{}"])
    with_dead_letters(queue, 1)
    with pytest.raises(ScanRefused):
        preflight(queue)
    assert queue.receive()[0].receive_count == 1


def test_a_last_life_is_left_in_the_queue():
    queue = queue_of("orders", ['{"n":1}'])
    dead = with_dead_letters(queue, 2)
    queue.set_visibility(queue.receive(), NO_WAIT)
    with scan_of(queue, Budget()) as scan:
        assert len(list(scan)) == 1
    assert scan.report.stopped_because is StopReason.LAST_LIFE
    assert (queue.info().visible, dead.info().visible) == (1, 0)
