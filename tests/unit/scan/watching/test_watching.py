"""Watched messages: bounded, judged by a query that changes, read by a thread that gives back."""

import threading

import pytest

from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.errors import QueueNotFound
from megaql.lang.verdict import Verdict
from megaql.query import compile as compile_query
from megaql.scan.budget import Budget, StopReason
from megaql.scan.live import LiveScan
from megaql.scan.preflight import preflight
from megaql.scan.watching.clauses import clause_for
from megaql.scan.watching.feed import Feed
from megaql.scan.watching.sieve import SLICE, Sieve
from megaql.scan.watching.store import Store

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30


def message(number, body=None, **settings):
    return Message(id=f"m{number}", body=body or f'{{"n": {number}}}', **settings)


def filled(count, **bounds):
    store = Store(**bounds)
    for number in range(1, count + 1):
        store.add(message(number))
    return store


def test_the_newest_are_kept():
    store = filled(25, most=10)
    assert (len(store), store.first, store.last) == (10, 16, 25)
    assert store.get(15) is None
    assert store.get(16).id == "m16"
    assert [number for number, _ in store.slice(1, 3)] == [16, 17, 18]
    assert store.slice(26, 3) == []


def test_long_bodies_leave_room_for_fewer():
    store = Store(most_text=1_000)
    for number in range(10):
        store.add(message(number, "x" * 400))
    assert len(store) == 2
    store.add(message(10, "x" * 5_000))
    assert (len(store), store.get(11).id) == (1, "m10")


def test_looking_at_a_message_decodes_a_copy():
    store = filled(1)
    assert store.get(1).payload.document == {"n": 1}
    assert "decoded" not in store._messages[0].__dict__


def test_held_are_those_whose_lease_runs():
    store = Store()
    for number, deadline in ((1, 50.0), (2, 90.0), (3, 95.0)):
        store.add(message(number, lease_deadline=deadline))
    assert [one.id for one in store.held(80.0)] == ["m3", "m2"]
    assert store.held(100.0) == []


def judged(sieve):
    while sieve.step():
        pass
    return sieve.view


def test_a_query_judges_all_that_is_kept_and_what_comes():
    store = filled(2 * SLICE + 5)
    sieve = Sieve(store)
    sieve.ask(compile_query("n > 200"))
    view = judged(sieve)
    assert view.numbers == (201, 202, 203, 204, 205)
    assert (view.verdicts[Verdict.NO_MATCH], view.misses.seen) == (200, 205)
    store.add(message(206))
    assert judged(sieve).numbers[-1] == 206


def test_another_query_begins_anew_between_two_slices():
    sieve = Sieve(filled(3 * SLICE))
    sieve.ask(compile_query("n > 0"))
    sieve.step()
    assert sieve.view.judged == SLICE
    sieve.ask(compile_query("n == 7"))
    view = judged(sieve)
    assert (str(view.query), view.numbers, view.judged) == ("n == 7", (7,), 3 * SLICE)
    sieve.ask(None)
    assert len(judged(sieve).numbers) == 3 * SLICE


def test_what_is_let_go_leaves_the_view():
    store = Store(most=10)
    sieve = Sieve(store)
    for number in range(1, 31):
        store.add(message(number))
        if number % 5 == 0:
            judged(sieve)
    assert sieve.view.numbers == tuple(range(21, 31))


MEGA = (
    '{"protocol": "mega", "version": 1, "event": {"name": "it\\"s \\\\ here", "timestamp": "2026-11-24T12:00:00Z", "version": 1,'
    ' "attributes": {"odd key!": [{"sku": "A"}], "n": 1.50, "big": 12345678901234567890, "none": null, "yes": true, "many": {}}}}'
)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (("event", "name"), r'event.name == "it\"s \\ here"'),
        (("event", "attributes", "odd key!", 0, "sku"), 'event.attributes["odd key!"][0].sku == "A"'),
        (("event", "attributes", "n"), "event.attributes.n == 1.50"),
        (("event", "attributes", "big"), "event.attributes.big == 12345678901234567890"),
        (("event", "attributes", "none"), "event.attributes.none is null"),
        (("event", "attributes", "yes"), "event.attributes.yes == true"),
        (("event", "attributes", "many"), "exists event.attributes.many"),
    ],
    ids=str,
)
def test_a_place_as_a_query(steps, text):
    one = message(1, MEGA)
    assert clause_for(one, steps) == text
    assert compile_query(text).matches(one)


def test_a_place_of_the_envelope_as_a_query():
    one = message(1, attributes={"tenant": {"DataType": "String", "StringValue": "acme"}})
    assert clause_for(one, ("attributes", "tenant"), envelope=True) == '@attributes.tenant == "acme"'
    assert clause_for(one, ("id",), envelope=True) == '@id == "m1"'


@pytest.fixture
def queue():
    made = Queue.open("local:orders", create=True)
    made.send_batch([Outgoing(f'{{"n": {number}}}') for number in range(15)])
    yield made
    made.client.close()


def follow(queue, store):
    return Feed(lambda stop: LiveScan(queue, preflight(queue), Budget(), stop=stop, follow=True), store)


def until(condition):
    waited = threading.Event()
    for _ in range(PATIENCE * 100):
        if condition():
            return
        waited.wait(0.01)
    raise AssertionError("it did not happen")


def test_a_feed_holds_and_gives_back(queue):
    store = Store()
    feed = follow(queue, store)
    feed.start()
    until(lambda: store.last == 15)
    assert queue.info().in_flight == 15
    feed.close()
    feed.join(PATIENCE)
    assert (queue.info().in_flight, feed.error, feed.over) == (0, None, True)
    assert feed.scan.report.stopped_because is StopReason.CALLER


def test_a_paused_feed_receives_nothing_more_and_ends_all_the_same(queue):
    store = Store()
    feed = follow(queue, store)
    feed.paused = True
    feed.start()
    until(lambda: store.last == 1)
    assert queue.info().in_flight == 10, "one receive"
    feed.close()
    feed.join(PATIENCE)
    assert (queue.info().in_flight, feed.over) == (0, True)


def test_an_error_of_the_queue_is_kept():
    def missing(_stop):
        raise QueueNotFound("gone")

    feed = Feed(missing, Store())
    feed.start()
    feed.join(PATIENCE)
    assert isinstance(feed.error, QueueNotFound)
    assert feed.over
