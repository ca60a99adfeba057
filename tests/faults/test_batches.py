"""Batches of which a part fails, in truth or only as far as the answer says, and messages that come twice."""

import time
from collections import Counter

import pytest

from megaql import Reject
from megaql.broker.outgoing import Outgoing
from megaql.errors import BrokerError
from tests.faults import accounts, injection
from tests.faults.conftest import in_queue
from tests.faults.injection import Plan, Script
from tests.faults.test_network import kept


@pytest.mark.parametrize("kind", [injection.PARTIAL, injection.UNTRUE])
@pytest.mark.parametrize("call", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_entries_that_fail_are_told_again(place, consume, call, kind):
    queue = place.queue(VisibilityTimeout="4")
    script = Script(**{call: [kind, None, kind, kind]})
    first = set()

    def retried(number, _message):
        if number not in first:
            first.add(number)
            raise TimeoutError

    run = consume(place.through(queue, script), retried)
    place.send(queue, range(60))
    kept(place, queue, run)
    assert script.played


def test_what_is_sent_in_part_is_sent_whole_in_the_end(place):
    queue = place.queue(VisibilityTimeout="60")
    script = Script(SendMessageBatch=[injection.PARTIAL, None, injection.PARTIAL, injection.THROTTLED])
    faulty = place.through(queue, script)
    waiting = [Outgoing(accounts.body(number)) for number in range(40)]
    for _ in range(5):
        try:
            waiting = [failure.entry for failure in faulty.send_batch(waiting).failed]
        except BrokerError as error:
            if not error.retryable:
                raise
    assert waiting == []
    assert script.played
    seen = Counter()
    while messages := queue.receive():
        seen.update(accounts.number_of(message.body) for message in messages)
        queue.delete(messages)
    assert seen == Counter(range(40))


def test_a_fifo_group_is_sent_in_its_order_or_not_at_all(place):
    """A message that was refused must not arrive after the ones behind it: those wait, or the publisher is told."""
    queue = place.queue("orders.fifo", VisibilityTimeout="60")
    plan = Plan(3, {injection.PARTIAL: 0.6})
    result = place.through(queue, plan).send_batch(
        [Outgoing(accounts.body(number), group_id=f"g{number % 2}") for number in range(30)]
    )
    assert plan.injected
    refused = {accounts.number_of(failure.entry.body) for failure in result.failed}
    seen = []
    while messages := queue.receive():
        seen += [accounts.number_of(message.body) for message in messages]
        queue.delete(messages)
    assert set(seen) == set(range(30)) - refused
    for group in range(2):
        assert (mine := [number for number in seen if number % 2 == group]) == sorted(mine)


@pytest.mark.parametrize("kind", [injection.PARTIAL, injection.THROTTLED, injection.CUT])
def test_a_rejected_message_is_deleted_only_when_the_dead_letter_queue_has_it(place, consume, kind):
    queue = place.queue(receives=20, VisibilityTimeout="3")
    script = Script(SendMessageBatch=[kind] * 6)

    def reject(number, _message):
        if number % 2:
            place.account.note(accounts.REJECTED, number)
            raise Reject("odd")

    run = consume(place.through(queue, script), reject)
    place.send(queue, range(20))
    run.until(place.account.settled)
    run.until(lambda: in_queue(queue) == 0)
    run.stop()
    dead = place.dead(queue)
    assert place.account.broken_promises(dead) == []
    assert set(dead) == {number for number in range(20) if number % 2}
    assert script.played


def test_messages_that_come_twice(place, consume):
    """As SQS's standard queues do now and then: while one is in hand there is one handler for both, afterwards it runs again."""
    queue = place.queue(VisibilityTimeout="5")
    plan = Plan(4, {injection.DUPLICATE: 0.7})
    running, beside = Counter(), []

    def handle(number, _message):
        running[number] += 1
        if running[number] > 1:
            beside.append(number)
        time.sleep(0.02)
        running[number] -= 1

    run = consume(place.through(queue, plan), handle)
    for turn in range(10):
        place.send(queue, range(turn * 6, turn * 6 + 6))
        run.until(place.account.settled)
    plan.on = False
    kept(place, queue, run)
    assert beside == []
    assert plan.injected
