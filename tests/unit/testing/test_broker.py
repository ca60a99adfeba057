"""A broker of a test's own: where it is, what it makes, and that nothing of it is left."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

import megaql
from megaql.broker import local
from megaql.broker.queue import Queue
from megaql.testing import local_broker


@pytest.mark.parametrize("before", [None, "/somewhere"])
def test_the_home_is_named_meanwhile_and_then_as_it_was(monkeypatch, before):
    monkeypatch.delenv("MEGAQL_HOME") if before is None else monkeypatch.setenv("MEGAQL_HOME", before)
    with local_broker() as broker:
        assert local.home() == broker.home
        broker.queue("orders").publish({})
        assert broker.home.joinpath("broker.sqlite3").exists()
    assert os.environ.get("MEGAQL_HOME") == before
    assert not broker.home.exists()


def test_a_home_that_was_given_is_kept(tmp_path):
    with local_broker(tmp_path / "home") as broker:
        broker.queue("orders").publish({"a": 1})
    with local_broker(str(tmp_path / "home")) as broker:
        assert [message.payload.data for message in broker.queue("orders").messages()] == [{"a": 1}]


def test_a_relative_home_is_the_same_after_a_change_of_directory(tmp_path, monkeypatch):
    tmp_path.joinpath("elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with local_broker("home") as broker:
        monkeypatch.chdir("elsewhere")
        queue = broker.queue("orders")
        megaql.Publisher("local:orders").publish({})
        assert len(queue.messages()) == 1
    assert tmp_path.joinpath("home", "broker.sqlite3").exists()


def test_the_environment_is_as_it_was_after_an_exception(monkeypatch):
    monkeypatch.setenv("MEGAQL_HOME", "/somewhere")
    with pytest.raises(LookupError), local_broker():
        raise LookupError
    assert os.environ["MEGAQL_HOME"] == "/somewhere"


def test_brokers_share_nothing():
    with local_broker() as outer:
        outer.queue("orders").publish("outer")
        with local_broker() as inner:
            assert inner.queue("orders").messages() == []
        assert len(Queue.open("local:orders").receive()) == 1


def test_a_queue_goes_wherever_a_queue_goes(broker):
    queue = broker.queue("orders")
    assert str(queue) == "local:orders"
    assert repr(queue) == "Queue('local:orders')"
    for target in (queue, str(queue), queue.url, queue.arn):
        app = megaql.App(target)
        app.subscribe(catch_all=True)(lambda: None)
        queue.publish({}, attributes={"tenant": "acme"}, delay=timedelta(0))
        assert app.run(limit=1).handled == 1


def test_a_queue_may_have_settings_and_a_dead_letter_queue(broker):
    queue = broker.queue("orders.fifo", max_receives=2, VisibilityTimeout="7")
    info = queue.info()
    assert info.visibility_timeout == timedelta(seconds=7)
    assert (info.redrive.max_receive_count, info.redrive.dead_letter_arn.rsplit(":")[-1]) == (2, "orders-dead.fifo")
    assert queue.dead_letter_queue().fifo
    assert queue.fifo
    assert broker.queue("plain").dead_letter_queue() is None


def test_a_queue_may_be_made_twice(broker):
    broker.queue("orders", max_receives=2).publish({})
    assert len(broker.queue("orders", max_receives=2).messages()) == 1


def test_a_topic_feeds_its_queues(broker):
    one, two = broker.queue("one"), broker.queue("two")
    topic = broker.topic("events", one, two)
    assert str(topic) == "local-topic:events"
    topic.publish({"a": 1}, attributes={"tenant": "acme"})
    megaql.Publisher(str(topic)).publish({"a": 2})
    for queue in (one, two):
        assert [message.payload.data for message in queue.messages()] == [{"a": 1}, {"a": 2}]
        assert [message.envelope()["topic"] for message in queue.messages()] == [topic.arn] * 2


def test_a_topic_may_be_raw_filtered_and_fifo(broker):
    queue = broker.queue("orders.fifo")
    topic = broker.topic("events.fifo", queue, raw=True, filter_policy={"tenant": ["acme"]})
    for tenant in ("acme", "other"):
        topic.publish({"of": tenant}, attributes={"tenant": tenant}, group_id="g")
    (message,) = queue.messages()
    assert message.body == '{"of":"acme"}'
    assert message.decoded.sns is None


def test_the_home_is_a_path(tmp_path):
    with local_broker(str(tmp_path)) as broker:
        assert broker.home == Path(tmp_path)
