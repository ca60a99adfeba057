"""Payloads that lie elsewhere, at a consumer: fetched for handlers, never a reason to lose a message, deleted when asked for."""

import json
from datetime import timedelta

import pytest

import megaql
from megaql import LargePayloads, Publisher
from megaql.broker.local.home import home
from megaql.broker.queue import Queue
from megaql.consumer.backoff import Backoff
from megaql.errors import BadTarget, ConsumerError

BIG = "x" * 1_100_000


def objects():
    return [path for path in (home() / "objects").rglob("*") if path.is_file()]


@pytest.fixture
def orders():
    """The queue `orders` with dead letters, and one message whose payload lies in the bucket `payloads`."""
    dead = Queue.open("local:dead", create=True)
    queue = Queue.open("local:orders", create=True)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 10})
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    Publisher("local:orders", large_payloads="local:payloads").publish({"order": 7, "note": BIG}, attributes={"n": 1})
    assert len(objects()) == 1
    return queue


def app_of(settings, handler, query="order == 7"):
    """An application that waits its whole back-off, half a minute at least."""
    backoff = Backoff(base=timedelta(seconds=30), random=lambda: 1.0)
    app = megaql.App("local:orders", large_payloads=settings, backoff=backoff)
    app.subscribe(query)(handler)
    return app


def ignore():
    """A handler that is done at once."""


def test_the_handler_gets_the_payload_and_the_message_with_it(orders):
    given = []
    report = app_of("local:payloads", lambda order, message: given.append((order, message))).run(limit=1)
    ((order, message),) = given
    assert report.handled == 1
    assert order.data["note"] == BIG
    assert (message.attribute("n"), message.attribute("ExtendedPayloadSize")) == (1, None)
    assert (orders.info().visible, len(objects())) == (0, 1)


@pytest.mark.parametrize("location", [None, "local:another"], ids=["none is named", "another is named"])
def test_a_foreign_bucket_is_not_read_and_its_message_not_deleted(orders, caplog, location):
    report = app_of(location, print).run(limit=1)
    assert (report.handled, report.unknown) == (0, 1)
    info = orders.info()
    assert info.visible + info.in_flight == 1, "nobody could have taken it, so that nobody has decided to drop it"
    assert "lies in the bucket payloads, which large_payloads does not name; it is returned" in caplog.text


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("location", [None, "local:another"], ids=["none is named", "another is named"])
def test_a_pointer_that_a_subscription_takes_is_its_business(location):
    given = []
    app = megaql.App("local:orders", large_payloads=location)
    app.subscribe(catch_all=True)(given.append)
    assert app.run(limit=1).handled == 1
    assert given[0].data[1]["s3BucketName"] == "payloads"


def test_a_payload_that_was_written_over_brings_the_message_back(orders, caplog):
    objects()[0].write_text("<html>sign in</html>")
    assert app_of("local:payloads", print).run(limit=1).retried == 1
    info = orders.info()
    assert info.visible + info.in_flight == 1
    assert "and its message says" in caplog.text


def test_a_payload_that_is_gone_brings_the_message_back_later(orders, caplog):
    objects()[0].unlink()
    app = app_of(LargePayloads("local:payloads", delete=True), print)
    assert app.run(limit=1).retried == 1
    assert "cannot be fetched" in caplog.text
    assert BIG not in caplog.text
    info = orders.info()
    assert info.visible + info.in_flight == 1, "it waits for its back-off"
    Publisher("local:orders", large_payloads="local:payloads").publish({"order": 7, "note": BIG})
    assert app.run(limit=1).handled == 1, "the others go on"


@pytest.mark.usefixtures("orders")
def test_one_that_is_too_large_is_not_fetched(caplog):
    report = app_of(LargePayloads("local:payloads", most_bytes=1_000_000), print).run(limit=1)
    assert (report.retried, report.unknown) == (1, 0)
    assert "at most 1,000,000 are fetched" in caplog.text


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("delete", [False, True])
def test_a_payload_goes_after_its_message_if_asked_for(delete):
    assert app_of(LargePayloads("local:payloads", delete=delete), ignore).run(limit=1).handled == 1
    assert len(objects()) == (not delete)


@pytest.mark.usefixtures("orders")
def test_a_message_that_wants_to_come_again_keeps_its_payload():
    def later():
        raise megaql.Retry

    assert app_of(LargePayloads("local:payloads", delete=True), later).run(limit=1).retried == 1
    assert len(objects()) == 1


def test_a_dead_letter_points_to_the_same_payload(orders):
    def never():
        raise megaql.Reject("never")

    settings = LargePayloads("local:payloads", delete=True)
    assert app_of(settings, never).run(limit=1).rejected == 1
    (copy,) = orders.dead_letter_queue().receive()
    assert settings.fetched(copy).payload.data["note"] == BIG
    assert copy.attribute("megaql.reason") == "never"


@pytest.mark.usefixtures("orders")
def test_a_payload_that_cannot_be_deleted_stays(caplog, monkeypatch):
    settings = LargePayloads("local:payloads", delete=True)

    def fails(_message):
        raise BadTarget("not today")

    monkeypatch.setattr(settings, "delete", fails)
    assert app_of(settings, ignore).run(limit=1).handled == 1
    assert "cannot be deleted: not today" in caplog.text


def test_wrong_settings():
    with pytest.raises(BadTarget):
        megaql.App("local:orders", large_payloads="payloads")
    with pytest.raises(ConsumerError) as caught:
        megaql.App("local:orders", large_payloads=5)
    assert "LargePayloads" in caught.value.hint
    app = app_of("local:payloads", print)
    with pytest.raises(ConsumerError) as caught:
        app.connect("local-topic:shop", json_bodies=True)
    assert "contradict" in caught.value.what
