"""Handlers slower than their leases, whose extensions fail: the message may be handled again, but nothing is done in its name that is too late."""

import time

import pytest

from tests.faults import accounts, injection
from tests.faults.conftest import SECOND, in_queue
from tests.faults.injection import Plan, Script
from tests.faults.test_network import kept


def test_extensions_that_fail_for_a_while_are_made_in_time(place, consume):
    queue = place.queue(VisibilityTimeout="8")
    script = Script(ChangeMessageVisibilityBatch=[injection.INTERNAL, injection.PARTIAL, injection.THROTTLED])
    run = consume(place.through(queue, script), lambda *_: time.sleep(9))
    place.send(queue, range(4))
    report = kept(place, queue, run)
    assert script.played
    assert (place.account.duplicates(), report.expired) == (0, 0)


@pytest.mark.parametrize(("server", "lean"), [("roto", True), ("ministack", False)], indirect=["server"])
def test_a_lease_is_extended_on_a_new_connection_where_the_old_one_died(server, consume, lean):
    """The extension that finds it dead is given up early enough for another one to be in time."""
    queue = server.queue(VisibilityTimeout="15")
    proxy = server.proxy()
    run = consume(server.through(queue, proxy=proxy, lean=lean), lambda *_: time.sleep(17), concurrency=1)
    server.send(queue, [1])
    run.until(lambda: server.account.of(accounts.BEGUN) == [1])
    run.until(lambda: queue.info().in_flight == 1)
    time.sleep(1)
    proxy.cut_off()
    while not server.account.settled():
        assert queue.receive(wait=SECOND) == [], "what the consumer let go, somebody else would get"
    kept(server, queue, run)


def test_a_lease_that_cannot_be_extended_lets_the_message_go_to_another(place, consume):
    """The first consumer's network lets no extension through. Its handler ends late: what it did counts, and the second's lease stays its own."""
    queue = place.queue(VisibilityTimeout="2")
    plan = Plan(6, {injection.RESET: 1.0})
    plan.on = False
    first = consume(place.through(queue, plan), lambda *_: time.sleep(5), concurrency=1)
    place.send(queue, [1])
    first.until(lambda: place.account.of(accounts.BEGUN) == [1])
    plan.on = True
    second = consume(place.through(queue, Plan()), concurrency=1)
    second.until(lambda: place.account.of(accounts.DONE) == [1], "the second has done what the first had to let go")
    plan.on = False
    first.until(lambda: place.account.of(accounts.DONE) == [1, 1])
    first.stop()
    kept(place, queue, second)


def test_handlers_slower_than_their_leases_under_faults(place, consume):
    queue = place.queue(VisibilityTimeout="3")
    plan = Plan(7, {injection.RESET: 0.1, injection.THROTTLED: 0.1, injection.PARTIAL: 0.1, injection.CUT: 0.05})
    run = consume(place.through(queue, plan), lambda number, _: time.sleep(4 if number % 10 == 0 else 0.01))
    place.send(queue, range(40))
    run.until(place.account.settled)
    plan.on = False
    kept(place, queue, run)
    assert plan.injected


def test_a_fifo_group_whose_first_message_always_fails(place, consume):
    """It goes to the dead-letter queue when its receives are used up; its group waits for it and comes in order, and other groups do not wait."""
    queue = place.queue("orders.fifo", receives=3, VisibilityTimeout="30")
    begun = []

    def handle(number, message):
        begun.append((number, message.receive_count))
        if number == 0:
            raise ValueError

    run = consume(place.through(queue), handle, concurrency=2)
    place.send(queue, range(30), groups=3)
    others = {number for number in range(30) if number % 3}
    run.until(lambda: others <= set(place.account.of(accounts.DONE)), "the other groups are done")
    run.until(lambda: in_queue(queue) == 0)
    run.stop()
    dead = place.dead(queue)
    assert place.account.broken_promises(dead) == []
    assert 0 in dead
    assert [count for number, count in begun if number == 0] == [1, 2, 3]


def test_a_fifo_group_under_faults_with_a_first_message_that_fails_twice(place, consume):
    queue = place.queue("orders.fifo", VisibilityTimeout="3")
    plan = Plan(8, {injection.RESET: 0.05, injection.CUT: 0.05, injection.PARTIAL: 0.1, injection.UNTRUE: 0.1})

    def handle(number, message):
        if number < 3 and message.receive_count < 3:
            raise TimeoutError

    run = consume(place.through(queue, plan), handle, drain_timeout=5 * SECOND)
    place.send(queue, range(30), groups=3)
    run.until(place.account.settled)
    plan.on = False
    kept(place, queue, run)
