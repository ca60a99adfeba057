"""Large payloads through S3, on servers that have one: read and written beside Amazon's own extended clients."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import megaql
from megaql import LargePayloads, MegaEvent, Publisher
from megaql.broker import aws
from megaql.errors import BrokerError
from tests.servers import without_moto

#: Larger than what the extended clients send themselves, and what some servers still take.
BIG = "x" * 300_000
#: Messages larger than this go to the bucket, so that every server takes what does not. Bytes.
THRESHOLD = 200_000

pytestmark = pytest.mark.parametrize("server", ["ministack", "moto"], indirect=True)


@pytest.fixture
def bucket(world, clients, monkeypatch):
    """A fresh bucket on the same server, which S3 clients find by the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", world.connection.endpoint_url)
    if (world.server, "s3") not in clients:
        with without_moto():
            clients[world.server, "s3"] = aws.client("s3", world.connection)
    s3 = clients[world.server, "s3"]
    name = world.name()
    s3.create_bucket(Bucket=name)

    class Bucket:
        location = f"s3://{name}/in"

        def __str__(self):
            return name

        def keys(self):
            return [item["Key"] for item in s3.list_objects_v2(Bucket=name).get("Contents", [])]

        def large(self, **settings):
            with without_moto():
                return LargePayloads(self.location, threshold=THRESHOLD, **settings)

        def empty(self):
            for key in self.keys():
                s3.delete_object(Bucket=name, Key=key)

    return Bucket()


@pytest.fixture
def extended_client(world, bucket):
    """Run a call of Amazon's extended client."""

    def run(action, target, *rest, body=""):
        done = subprocess.run(
            [
                sys.executable,
                str(Path(__file__).with_name("extended_client_program.py")),
                action,
                target,
                str(bucket),
                *rest,
            ],
            input=body,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "AWS_ENDPOINT_URL": world.connection.endpoint_url},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    return run


def handled(world, url, large):
    """Run an application over the queue until one message is through; return what its handler was given."""
    app, given = megaql.App(url, connection=world.connection, large_payloads=large), []

    @app.subscribe('event.name == "item.added" or @kind == "text"')
    def keep(payload, message):
        given.append((payload, message))

    report = app.run(limit=1)
    return report, given


EVENT = json.dumps(
    {
        "protocol": "mega",
        "version": 1,
        "event": {"name": "item.added", "timestamp": "2026-01-01T00:00:00Z", "note": BIG},
    }
)


@pytest.mark.parametrize("legacy", [[], ["legacy"]], ids=["now", "legacy"])
def test_what_the_extended_client_sends_is_handled(world, bucket, extended_client, legacy):
    url = world.queue()
    extended_client("send", url, *legacy, body=EVENT)
    assert len(bucket.keys()) == 1
    report, ((event, message),) = handled(world, url, bucket.large())
    assert report.handled == 1
    assert (event.name, event.attributes["note"]) == ("item.added", BIG)
    assert message.typed_attributes == {"tenant": "acme"}
    assert world.receive(url) == []


@pytest.mark.parametrize("raw", [False, True], ids=["wrapped", "raw"])
def test_what_the_extended_client_publishes_to_a_topic_is_handled(world, bucket, extended_client, raw):
    topic, url = world.topic(), world.queue()
    app = megaql.App(url, connection=world.connection)
    app.subscribe('@attributes.tenant == "acme"')(print)
    app.connect(topic, raw=raw)
    extended_client("publish", topic, body=EVENT)
    _, ((event, message),) = handled(world, url, bucket.large())
    assert event.attributes["note"] == BIG
    assert message.typed_attributes == {"tenant": "acme"}


def test_what_is_sent_here_the_extended_client_receives(world, bucket, extended_client):
    url = world.queue()
    sent = {"a": BIG, "b": "☃"}
    Publisher(url, connection=world.connection, large_payloads=bucket.large()).publish(
        sent, attributes={"tenant": "acme"}
    )
    assert bucket.keys()[0].startswith("in/")
    received = extended_client("receive", url)
    assert json.loads(received["body"]) == sent
    assert {"megaql.format", "tenant"} <= set(received["attributes"])


def test_what_is_published_here_the_extended_client_receives_raw(world, bucket, extended_client):
    topic, url = world.topic(), world.queue()
    app = megaql.App(url, connection=world.connection)
    app.subscribe('@attributes.tenant == "acme"')(print)
    app.connect(topic, raw=True)
    Publisher(topic, connection=world.connection, large_payloads=bucket.large()).publish(
        BIG, attributes={"tenant": "acme"}
    )
    assert extended_client("receive", url)["body"] == BIG


@pytest.mark.parametrize("bson", [False, True], ids=["json", "bson"])
def test_there_and_back(world, bucket, bson):
    url = world.queue()
    event = MegaEvent("item.added", attributes={"note": BIG})
    result = Publisher(url, connection=world.connection, large_payloads=bucket.large()).publish_batch(
        [event] * 2, bson=bson
    )
    assert (len(result.done), len(bucket.keys())) == (2, 2)
    _, ((event, message),) = handled(world, url, bucket.large())
    assert event.attributes["note"] == BIG
    assert message.decoded.format == ("bson" if bson else "json")


@pytest.mark.parametrize("delete", [False, True], ids=["kept", "deleted"])
def test_a_payload_is_deleted_after_its_message_if_asked_for(world, bucket, delete):
    url = world.queue()
    Publisher(url, connection=world.connection, large_payloads=bucket.large()).publish(BIG)
    handled(world, url, bucket.large(delete=delete))
    assert len(bucket.keys()) == (0 if delete else 1)


def test_a_rejected_message_keeps_its_payload_for_whoever_reads_the_copy(world, bucket):
    dead = world.queue()
    policy = json.dumps({"deadLetterTargetArn": world.arn(dead), "maxReceiveCount": 5})
    url = world.queue(RedrivePolicy=policy)
    Publisher(url, connection=world.connection, large_payloads=bucket.large()).publish(BIG)
    app = megaql.App(url, connection=world.connection, large_payloads=bucket.large(delete=True))

    @app.subscribe(kind="text")
    def refuse():
        raise megaql.Reject("never")

    assert app.run(limit=1).rejected == 1
    _, ((text, message),) = handled(world, dead, bucket.large())
    assert (text.text, message.attribute("megaql.reason")) == (BIG, "never")


def test_a_payload_that_is_gone_loses_no_message(world, bucket, caplog):
    url = world.queue(VisibilityTimeout="30")
    Publisher(url, connection=world.connection, large_payloads=bucket.large()).publish(BIG)
    bucket.empty()
    report, given = handled(world, url, bucket.large(delete=True))
    assert (report.retried, given) == (1, [])
    info = world.open(url).info()
    assert info.visible + info.in_flight == 1
    assert "cannot be fetched" in caplog.text
    assert "NoSuchKey" in caplog.text


def test_a_bucket_that_is_not_there(world, bucket):
    url = world.queue()
    publisher = Publisher(url, connection=world.connection, large_payloads=f"s3://{bucket}-never")
    with pytest.raises(BrokerError) as caught:
        publisher.publish("x" * 1_100_000)
    assert "store a large payload (s3:PutObject)" in caught.value.what
    assert world.receive(url) == []


def test_a_pointer_to_a_foreign_bucket_is_data(world, bucket):
    url = world.queue()
    Publisher(url, connection=world.connection, large_payloads=bucket.large()).publish(BIG)
    queue = world.open(url)
    (message,) = queue.receive(wait=timedelta(seconds=5))
    with without_moto():
        other = LargePayloads("s3://some-other-bucket")
    assert f"the bucket {bucket}" in other.fetched(message).decoded.reason
