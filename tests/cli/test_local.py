"""`megaql local`: the embedded broker's places made, listed, emptied and deleted."""

import json

import pytest

from megaql.broker import local
from megaql.broker.queue import Queue


def test_a_queue_with_all_settings(megaql):
    result = megaql(
        "local", "create", "orders", "--visibility", "1m30s", "--delay", "5s", "--retention", "2d",
        "--dlq", "orders-dlq", "--max-receives", "3", "--topic", "shop", "--raw",
    )  # fmt: skip
    assert (result.status, result.out) == (0, "")
    assert result.err == (
        "created local:orders, dead letters to local:orders-dlq after 3 receives, subscribed to local-topic:shop, raw\n"
    )
    info = Queue.open("local:orders").info()
    assert {
        name: info.attributes[name] for name in ("VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod")
    } == {
        "VisibilityTimeout": "90",
        "DelaySeconds": "5",
        "MessageRetentionPeriod": "172800",
    }
    assert info.redrive.max_receive_count == 3
    (one,) = json.loads(megaql("info", "local-topic:shop").out)["subscriptions"]
    assert (one["endpoint"].rpartition(":")[2], one["raw"]) == ("orders", True)


def test_a_message_published_to_the_topic_arrives_and_is_dead_lettered(megaql):
    megaql("local", "create", "orders", "--dlq", "orders-dlq", "--max-receives", "1", "--visibility", "0s", "--topic", "shop", "--raw")  # fmt: skip
    megaql("publish", "local-topic:shop", "--text", "hello")
    queue = Queue.open("local:orders")
    assert [message.body for message in queue.receive()] == ["hello"]
    assert queue.receive() == []
    assert Queue.open("local:orders-dlq").info().visible == 1


def test_creating_again_changes_only_what_is_given(megaql):
    megaql("local", "create", "orders", "--visibility", "90s", "--topic", "shop")
    assert megaql("local", "create", "local:orders", "--delay", "1s").err == "changed local:orders\n"
    assert megaql("local", "create", "orders").err == "there is already local:orders\n"
    assert "raw" in megaql("local", "create", "orders", "--topic", "shop", "--raw").err
    attributes = Queue.open("local:orders").info().attributes
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"]) == ("90", "1")
    (one,) = json.loads(megaql("info", "local-topic:shop").out)["subscriptions"]
    assert one["raw"] is True


def test_fifo(megaql):
    assert megaql("local", "create", "steps.fifo", "local-topic:news.fifo").status == 0
    attributes = Queue.open("local:steps.fifo").info().attributes
    assert (attributes["FifoQueue"], attributes["ContentBasedDeduplication"]) == ("true", "true")
    result = megaql("local", "create", "a.fifo", "--dlq", "dead")
    assert (result.status, "local:a.fifo is FIFO" in result.err) == (2, True)
    assert [queue["name"] for queue in map(json.loads, megaql("queues", "local:").lines)] == ["steps.fifo"]


def test_listed(megaql):
    assert "there is nothing yet" in megaql("local").err
    assert not (local.home() / "broker.sqlite3").exists()
    assert megaql("local", "list", "-o", "json").out == "[]\n"
    megaql("local", "create", "orders", "--topic", "shop")
    lines = megaql("local", "list", tty=True).lines
    assert [line.split() for line in lines[1:]] == [
        ["local:orders", "0", "0", "0"],
        [],
        ["TOPIC", "SUBSCRIBERS"],
        ["local-topic:shop", "local:orders"],
    ]
    found = [json.loads(line) for line in megaql("local", "list").lines]
    assert [(one["kind"], one["name"]) for one in found] == [("queue", "orders"), ("topic", "shop")]


def test_path_and_info(megaql):
    assert megaql("local", "path").out == f"{local.home()}\n"
    assert json.loads(megaql("local", "info").out)["exists"] is False
    megaql("publish", "local:orders", "--text", "a")
    found = json.loads(megaql("local", "info").out)
    assert (found["queues"], found["topics"], found["messages"]) == (1, 0, 1)
    assert found["bytes"] > 0
    assert "messages  1" in megaql("local", "info", tty=True).lines


def test_purged_and_deleted_with_consent_only(megaql):
    megaql("publish", "local:orders", "--text", "a")
    megaql("local", "create", "local-topic:shop")
    refused = megaql("local", "purge", "orders")
    assert (refused.status, "nobody said yes" in refused.err) == (3, True)
    refused = megaql("local", "delete", "orders", answer="n\n")
    assert (refused.status, "Delete local:orders with about 1 message? [y/N]" in refused.err) == (3, True)
    assert Queue.open("local:orders").info().visible == 1
    assert megaql("local", "purge", "orders", answer="y\n").status == 0
    assert Queue.open("local:orders").info().visible == 0
    assert megaql("local", "delete", "orders", "local-topic:shop", "--yes").status == 0
    assert megaql("local", "list", "-o", "json").out == "[]\n"


def test_a_misspelt_name_among_several_does_nothing(megaql):
    megaql("publish", "local:orders", "--text", "a")
    result = megaql("local", "purge", "orders", "ordrs", "--yes")
    assert (result.status, "local:ordrs does not exist" in result.err) == (5, True)
    assert Queue.open("local:orders").info().visible == 1


def test_a_protected_queue_wants_its_name(megaql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.toml").write_text('[protected]\n"orders" = true\n')
    megaql("publish", "local:orders", "--text", "a")
    assert megaql("local", "purge", "orders", "--yes").status == 3
    assert Queue.open("local:orders").info().visible == 1
    assert megaql("local", "purge", "orders", "--confirm", "orders").status == 0
    assert Queue.open("local:orders").info().visible == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["make"], "'make'"),
        (["create"], "needs the name"),
        (["list", "orders"], "list takes no name"),
        (["purge", "orders", "--delay", "1s"], "settings belong to create"),
        (["create", "orders", "--yes"], "nothing to agree to"),
        (["create", "orders", "--max-receives", "3"], "--dlq NAME"),
        (["create", "orders", "--dlq", "dead", "--max-receives", "0"], "too small"),
        (["create", "orders", "--dlq", "orders"], "its own dead-letter queue"),
        (["create", "orders", "--raw"], "--topic NAME"),
        (["create", "orders", "--visibility", "13h"], "VisibilityTimeout"),
        (["create", "orders", "--visibility", "30"], "did you mean 30s"),
        (["create", "local-topic:shop", "--delay", "1s"], "a topic has none of these settings"),
        (["create", "arn:aws:sqs:eu-west-1:123456789012:orders"], "is not of the embedded broker"),
        (["create", "no name"], "a name has letters"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use(megaql, words, part):
    result = megaql("local", *words)
    assert (result.status, result.out) == (2, "")
    assert part in result.err
    assert megaql("local", "list", "-o", "json").out == "[]\n"


def test_purging_a_topic_is_refused(megaql):
    megaql("local", "create", "local-topic:shop")
    result = megaql("local", "purge", "local-topic:shop", "--yes")
    assert (result.status, "holds no messages" in result.err) == (2, True)
