"""What a network does to a consumer: dead connections, resets, a server that is gone, throttling. Nothing is lost, and it recovers by itself."""

import time

import pytest

from megaql.broker import aws
from megaql.broker.target import Connection
from megaql.consumer.liveness import Liveness, check
from tests.faults import accounts, injection
from tests.faults.conftest import SECOND, Place, in_queue
from tests.faults.durable import DurableServer
from tests.faults.injection import Plan, Script
from tests.servers import without_moto

PATHS = pytest.mark.parametrize("lean", [True, False], ids=["lean", "boto3"])
#: Each path once, each server once.
PAIRS = pytest.mark.parametrize(("server", "lean"), [("roto", True), ("ministack", False)], indirect=["server"])


def kept(place, queue, run):
    """Check that all that was sent is handled and gone, and stop the run."""
    run.until(place.account.settled, "everything is handled")
    run.until(lambda: in_queue(queue) == 0, "the queue is empty")
    report = run.stop()
    assert place.account.broken_promises() == []
    return report


@PATHS
def test_connections_that_die_without_a_word(server, consume, lean):
    """Behind a firewall that has forgotten them, or a host that is gone: packets are taken and never answered."""
    queue = server.queue(VisibilityTimeout="4")
    proxy = server.proxy()
    run = consume(server.through(queue, proxy=proxy, lean=lean))
    server.send(queue, range(20))
    run.until(server.account.settled, "the first messages are handled")
    proxy.cut_off()
    server.send(queue, range(20, 40))
    kept(server, queue, run)


@PAIRS
def test_a_network_that_is_dark_for_a_while(server, consume, lean):
    queue = server.queue(VisibilityTimeout="4")
    proxy = server.proxy()
    run = consume(server.through(queue, proxy=proxy, lean=lean))
    server.send(queue, range(20))
    run.until(server.account.settled, "the first messages are handled")
    proxy.cut_off(dark=True)
    taken = proxy.taken
    server.send(queue, range(20, 40))
    run.until(lambda: proxy.taken > taken, "the consumer has noticed and made a new connection")
    proxy.light()
    kept(server, queue, run)


def test_a_consumer_that_hears_nothing_looks_dead_until_it_does(server, consume, tmp_path):
    """Its connections are half open: its threads live, its process is there, and none of that is progress."""
    queue, file = server.queue(), tmp_path / "alive"
    proxy = server.proxy()
    run = consume(server.through(queue, proxy=proxy), liveness=Liveness(file, after=4 * SECOND))

    def alive():
        seconds, allowed = check(file, now=time.time())
        return seconds <= allowed

    run.until(file.exists, "the file is there")
    server.send(queue, range(5))
    run.until(server.account.settled, "it is at work")
    assert alive()
    proxy.cut_off(dark=True)
    run.until(lambda: not alive(), "it looks dead")
    proxy.light()
    run.until(alive, "it looks alive again")
    server.send(queue, range(5, 10))
    kept(server, queue, run)
    assert not file.exists()


@PAIRS
def test_a_server_that_is_gone_and_comes_back(server, consume, lean):
    queue = server.queue(VisibilityTimeout="5")
    proxy = server.proxy()
    run = consume(server.through(queue, proxy=proxy, lean=lean), lambda *_: time.sleep(0.01))
    server.send(queue, range(100))
    run.until(lambda: len(server.account.of(accounts.DONE)) > 20, "it is at work")
    proxy.refuse()
    time.sleep(2)
    proxy.accept()
    kept(server, queue, run)


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
@pytest.mark.parametrize("place", ["local"], indirect=True)
def test_a_server_that_is_killed_and_started_again(place, consume, tmp_path, name):
    """A real one, by `kill -9`, on files that outlive it."""
    with DurableServer(tmp_path / "data") as server:
        with without_moto():
            client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=server.url))
        durable = Place("roto", client, server.url, place._stack)
        durable.account = place.account
        queue = durable.queue(name, VisibilityTimeout="3")
        run = consume(queue, lambda *_: time.sleep(0.01))
        durable.send(queue, range(150), groups=10)
        for count in (30, 80):
            run.until(lambda least=count: len(place.account.of(accounts.DONE)) > least)
            server.kill()
            time.sleep(1)
            server.start()
        kept(durable, queue, run)
        client.close()


def test_a_stop_while_the_network_is_dark_ends_in_time(server, consume):
    queue = server.queue(VisibilityTimeout="4")
    proxy = server.proxy()
    run = consume(server.through(queue, proxy=proxy), drain_timeout=3 * SECOND)
    server.send(queue, range(20))
    run.until(server.account.settled, "the first messages are handled")
    proxy.cut_off(dark=True)
    run.stop()
    assert server.account.broken_promises() == []


@pytest.mark.parametrize("call", ["ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_a_call_that_fails_in_every_way_there_is(place, consume, call):
    """Reset before the server saw it and in the middle of its answer, throttled, unavailable, an internal error: at one of two calls each."""
    queue = place.queue(VisibilityTimeout="2")
    kinds = [injection.RESET, injection.CUT, *injection.ERRORS]
    script = Script(**{call: [kind for each in kinds for kind in (None, each)]})
    first = set()

    def retried(number, _message):
        if number not in first:
            first.add(number)
            raise TimeoutError

    run = consume(place.through(queue, script), retried)
    for turn in range(12):
        place.send(queue, range(turn * 10, turn * 10 + 10))
        run.until(lambda sent=turn: len(set(place.account.of(accounts.BEGUN))) > sent * 10)
    kept(place, queue, run)
    assert script.played


@pytest.mark.parametrize("kind", [injection.SWALLOWED, injection.MUTE])
def test_a_delete_that_is_not_answered_is_made_again_on_a_new_connection(server, consume, kind):
    queue = server.queue(VisibilityTimeout="60")
    script = Script(DeleteMessageBatch=[None, kind])
    run = consume(server.through(queue, script))
    server.send(queue, range(30))
    kept(server, queue, run)
    assert script.played
    assert server.account.duplicates() == 0, "its lease is longer than the delete's timeout"


def test_throttling_for_a_while(place, consume):
    """Three of ten calls are refused for a while; the consumer slows down and loses nothing."""
    queue = place.queue(VisibilityTimeout="5")
    plan = Plan(1, {injection.THROTTLED: 0.3})
    run = consume(place.through(queue, plan))
    place.send(queue, range(60))
    run.until(place.account.settled, "everything is handled")
    plan.on = False
    kept(place, queue, run)
    assert plan.injected


def test_resets_in_the_middle_of_batches_keep_the_order_of_groups(place, consume):
    queue = place.queue("orders.fifo", VisibilityTimeout="3")
    plan = Plan(2, {injection.RESET: 0.1, injection.CUT: 0.1})
    run = consume(place.through(queue, plan))
    place.send(queue, range(40), groups=4)
    run.until(place.account.settled, "everything is handled")
    plan.on = False
    kept(place, queue, run)
    assert plan.injected
