"""`megaql doctor`: each thing it knows is found where it is, told with what to do, and not found where it is not."""

import json
import sys
import urllib.request

import boto3
import pytest

from megaql.broker import aws, local, permissions
from megaql.broker.local.client import LocalSQS
from megaql.broker.local.sns import LocalSNS
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.broker.temporary import TemporaryQueue
from megaql.broker.topic import Topic
from tests.servers import running, without_moto


def found(result):
    return {one["code"]: one for one in map(json.loads, result.lines)}


def arn(name, **attributes):
    sqs = local.client()
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, Attributes=fifo | attributes)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def redrive(dead, count=5):
    return json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": count})


def test_a_queue_as_it_should_be(megaql):
    dead = arn("orders-dlq", MessageRetentionPeriod="1209600", ReceiveMessageWaitTimeSeconds="20")
    arn("orders", RedrivePolicy=redrive(dead), ReceiveMessageWaitTimeSeconds="20", VisibilityTimeout="60")
    result = megaql("doctor", "local:orders", "--strict", "--handling", "10s")
    assert result.status == 0
    assert set(found(result)) == {"versions", "configuration", "broker", "reachable", "settings"}
    assert {one["level"] for one in found(result).values()} == {"ok"}


@pytest.mark.parametrize(
    ("attributes", "dead", "words", "code", "level"),
    [
        ({"VisibilityTimeout": "30"}, {}, ["--handling", "30s"], "visibility-short", "error"),
        ({"VisibilityTimeout": "5"}, {}, [], "visibility-short", "warning"),
        ({"MessageRetentionPeriod": "3600"}, {}, [], "retention-short", "warning"),
        ({"ReceiveMessageWaitTimeSeconds": "0"}, {}, [], "short-polling", "note"),
        ({}, None, [], "no-dlq", "warning"),
        ({"count": 1}, {}, [], "max-receives", "warning"),
        ({"MessageRetentionPeriod": "1209600"}, {"MessageRetentionPeriod": "345600"}, [], "dlq-retention", "warning"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_setting_that_hurts(megaql, attributes, dead, words, code, level):  # noqa: PLR0917 - a table of cases
    given = {"VisibilityTimeout": "60", "ReceiveMessageWaitTimeSeconds": "20"} | attributes
    count = given.pop("count", 5)
    if dead is not None:
        given["RedrivePolicy"] = redrive(arn("dead", **({"MessageRetentionPeriod": "1209600"} | dead)), count)
    arn("orders", **given)
    result = megaql("doctor", "local:orders", *words)
    assert result.status == (1 if level == "error" else 0)
    one = found(result)[code]
    assert (one["level"], bool(one["why"]), bool(one["hint"])) == (level, True, True)
    assert {code for code, one in found(result).items() if one["level"] in {"warning", "error"}} <= {code}
    assert megaql("doctor", "local:orders", "--strict", *words).status == (0 if level == "note" else 1)


def test_a_dead_letter_queue_that_takes_none(megaql):
    arn("orders", RedrivePolicy=redrive(arn("dead")))
    policy = {"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'}
    local.client().set_queue_attributes(QueueUrl=Queue.open("local:dead").url, Attributes=policy)
    result = megaql("doctor", "local:orders")
    assert (result.status, found(result)["dlq-refuses"]["level"]) == (1, "error")


def test_kinds_that_do_not_go_together():
    # No server lets a queue name a dead-letter queue of the other kind; a queue imported from a template may say so all the same.
    from megaql.broker import health

    local_queue = Queue.open("local:orders", create=True)
    dead = Queue.open("local:dead.fifo", create=True)
    codes = [one.code for one in health.dead_letters("orders", local_queue.info(), "dead.fifo", dead.info())]
    assert codes == ["dlq-kind"]


def test_dead_letters_that_wait(megaql):
    dead = arn("orders-dlq")
    arn("orders", RedrivePolicy=redrive(dead))
    local.client().send_message(QueueUrl=Queue.open("local:orders-dlq").url, MessageBody="secret")
    for name in ("orders", "orders-dlq"):
        result = megaql("doctor", f"local:{name}")
        assert found(result)["dead-letters"]["what"].startswith("1 dead letter waits")
        assert found(result)["dead-letters"]["hint"].startswith("megaql peek local:orders-dlq shows them")
        assert "secret" not in result.out
    assert "no-dlq" not in found(megaql("doctor", "local:orders-dlq"))


def test_a_dead_letter_queue_that_was_deleted(megaql):
    dead = arn("orders-dlq")
    arn("orders", RedrivePolicy=redrive(dead))
    local.client().delete_queue(QueueUrl=Queue.open("local:orders-dlq").url)
    result = megaql("doctor", "local:orders")
    assert (result.status, found(result)["dlq-missing"]["level"]) == (1, "error")


def test_the_brokers_files(megaql):
    assert found(megaql("doctor"))["broker"]["level"] == "note"
    assert not local.home().exists(), "a check made something"
    megaql("publish", "local:orders", "--text", "a")
    database = local.home() / "broker.sqlite3"
    database.chmod(0o644)
    assert "broker.sqlite3" in found(megaql("doctor"))["broker-open"]["what"]
    database.chmod(0o600)
    whole = database.read_bytes()
    for path in local.home().glob("broker.sqlite3-*"):
        path.unlink()
    database.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    result = megaql("doctor")
    assert (result.status, found(result)["broker-broken"]["level"]) == (1, "error")


def test_a_later_release_has_been_here(megaql):
    import sqlite3
    from contextlib import closing

    megaql("publish", "local:orders", "--text", "a")
    with closing(sqlite3.connect(local.home() / "broker.sqlite3")) as db:
        db.execute("PRAGMA user_version = 99")
    assert "upgrade megaql" in found(megaql("doctor"))["broker-version"]["hint"]


@pytest.mark.parametrize(
    "text", ["[run]\nconcurency = 3\n", "not toml", "[aliases]\na = 3\n"], ids=["name", "toml", "alias"]
)
def test_a_configuration_that_is_wrong(megaql, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.toml").write_text(text)
    result = megaql("doctor")
    assert (result.status, found(result)["configuration"]["level"]) == (2, "error")
    assert "megaql.toml, " in found(result)["configuration"]["why"]


def test_a_queue_that_is_missing_and_an_endpoint_that_is(megaql):
    result = megaql("doctor", "local:nowhere")
    assert (result.status, found(result)["unreachable"]["level"]) == (5, "error")
    result = megaql("doctor", "orders", "--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1")
    assert (result.status, found(result)["unreachable"]["level"]) == (5, "error")


def test_wrong_use(megaql):
    result = megaql("doctor", "ftp:orders")
    assert (result.status, result.out) == (2, "")
    assert megaql("doctor", "--handling", "10").status == 2


def test_on_a_screen(megaql):
    arn("orders")
    result = megaql("doctor", "local:orders", tty=True)
    assert "  warning there is no dead-letter queue" in result.lines
    assert max(map(len, result.lines)) <= 80


def test_a_topic_without_subscribers(megaql):
    megaql("local", "create", "local-topic:shop")
    assert found(megaql("doctor", "local-topic:shop"))["no-subscribers"]["level"] == "warning"


@pytest.mark.parametrize("server", ["ministack", "roto"])
def test_a_real_server(megaql, tmp_path, server):
    with running(server, tmp_path) as url:
        connection = Connection(region="us-east-1", endpoint_url=url)
        with without_moto():
            aws.client("sqs", connection).create_queue(QueueName="orders")
        result = megaql("doctor", "orders", "--endpoint-url", url, "--region", "us-east-1")
    assert result.status == 0, result.out
    seen = found(result)
    assert "sqs:GetQueueAttributes" in seen["allowed"]["what"]
    assert "sqs:ReceiveMessage" in seen["untried"]["what"]
    assert "identity" in seen


def test_what_an_identity_may_not_do_is_told_with_the_commands_that_need_it(megaql, tmp_path, monkeypatch):
    with running("moto", tmp_path) as url, without_moto():
        connection = Connection(region="us-east-1", endpoint_url=url)
        aws.client("sqs", connection).create_queue(QueueName="orders")
        iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1")
        iam.create_user(UserName="reader")
        allowed = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sts:GetCallerIdentity"]
        document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": allowed, "Resource": "*"}}
        iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        request = urllib.request.Request(
            f"{url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(request, timeout=10).close()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        result = megaql("doctor", "orders", "--endpoint-url", url, "--region", "us-east-1")
    seen = found(result)
    assert result.status == 4, result.out
    assert seen["identity"]["what"].endswith(":user/reader")
    denied = seen["denied"]
    assert denied["what"] == "denied: sqs:ListDeadLetterSourceQueues, sqs:ListQueueTags, sqs:ListQueues"
    assert denied["why"] == "commands that need it: redrive, queues, info"


def test_a_policy_that_denies_everybody():
    from megaql.broker import health

    policy = {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:Receive*", "Resource": "*"}]}
    assert health.denied_by_policy(json.dumps(policy), permissions.ACTIONS) == ["sqs:ReceiveMessage"]
    policy["Statement"][0]["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    assert health.denied_by_policy(json.dumps(policy), permissions.ACTIONS) == []


@pytest.mark.parametrize(
    "words",
    [
        ["peek", "local:orders"],
        ["snapshot", "local:orders", "-o", "saved.ndjson"],
        ["explain", "a == 1", "local:orders"],
        ["stats", "local:orders"],
        ["schema", "local:orders"],
        ["publish", "local:orders", "--text", "a"],
        ["delete", "local:orders", "--apply", "--yes"],
        ["copy", "local:orders", "local:other", "--apply"],
        ["move", "local:orders", "local:other", "--apply", "--yes"],
        ["redrive", "local:orders-dlq", "--apply", "--yes"],
        ["queues", "local:"],
        ["info", "local:orders"],
    ],
    ids=lambda words: words[0],
)
def test_each_command_calls_what_its_list_says(megaql, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    arn("other")
    arn("orders", RedrivePolicy=redrive(arn("orders-dlq")))
    for name in ("orders", "orders-dlq"):
        local.client().send_message(QueueUrl=Queue.open(f"local:{name}").url, MessageBody="a")
    called = set()
    real = LocalSQS._call

    def record(client, name, operation, request):
        called.add(f"sqs:{name.removesuffix('Batch')}")
        return real(client, name, operation, request)

    monkeypatch.setattr(LocalSQS, "_call", record)
    assert megaql(*words).status == 0
    assert called
    assert called <= set(permissions.NEEDS[words[0]])


def recorded(real, service, called):
    """Return a client's `_call` that notes the names of what it calls."""

    def record(client, name, operation, request):
        called.add(f"{service}:{name.removesuffix('Batch')}")
        return real(client, name, operation, request)

    return record


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("publish", ["publish", "local-topic:shop", "--text", "a"]),
        ("tap", ["tap", "local-topic:shop", "--for", "0.1s"]),
        ("tap --gc", ["tap", "local-topic:shop", "--gc", "--yes"]),
        ("connect", ["connect", "doctor_app:app", "local-topic:shop"]),
        ("connect", ["connect", "doctor_app:app", "local-topic:shop", "--remove"]),
        ("info", ["info", "local-topic:shop"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_each_command_calls_what_its_list_says_of_a_topic(megaql, monkeypatch, tmp_path, command, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "doctor_app.py").write_text(
        "import megaql\napp = megaql.App('local:orders')\napp.subscribe('n > 1')(print)\n"
    )
    megaql("local", "create", "orders", "local-topic:shop")
    megaql("connect", "doctor_app:app", "local-topic:shop")
    if command == "tap --gc":
        left = TemporaryQueue(Topic.open("local-topic:shop"), local.client(), wall=lambda: 1_700_000_000)
        left.make()
        left.subscribe({})
    called = set()
    for kind, service in ((LocalSQS, "sqs"), (LocalSNS, "sns")):
        monkeypatch.setattr(kind, "_call", recorded(kind._call, service, called))
    assert megaql(*words).status == 0
    if command != "info":  # only the embedded broker's topics are asked for before they are used
        called.discard("sns:GetTopicAttributes")
    sys.modules.pop("doctor_app", None)
    assert called
    assert called <= set(permissions.TOPIC_NEEDS[command])


@pytest.mark.parametrize("server", ["moto", "roto"])
def test_the_permissions_of_a_topic_by_command(megaql, tmp_path, server):
    """Nothing is subscribed, published or made to find them out."""
    with running(server, tmp_path) as url, without_moto():
        connection = Connection(region="us-east-1", endpoint_url=url)
        sns, sqs = aws.client("sns", connection), aws.client("sqs", connection)
        topic = sns.create_topic(Name="shop")["TopicArn"]
        queue = sqs.create_queue(QueueName="audit")["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        result = megaql("doctor", topic, "--endpoint-url", url, "--region", "us-east-1")
        queues = sqs.list_queues()["QueueUrls"]
        subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (len(queues), len(subscriptions)) == (1, 1)
    assert result.status == 0, result.out
    seen = found(result)
    assert "sns:GetTopicAttributes, sns:ListSubscriptionsByTopic" in seen["allowed"]["what"]
    for command in permissions.TOPIC_NEEDS:
        row = seen[f"needs-{command.replace(' --', '-')}"]
        assert row["level"] == "note"
        assert row["what"] == f"{command} needs {', '.join(permissions.TOPIC_NEEDS[command])}"
    assert seen["needs-tap"]["why"].startswith("not tried: sns:Subscribe, sns:Unsubscribe")


def test_the_doctor_receives_nothing(megaql, monkeypatch):
    arn("orders", RedrivePolicy=redrive(arn("orders-dlq")))
    called = []
    real = LocalSQS._call

    def record(client, name, operation, request):
        called.append(name)
        return real(client, name, operation, request)

    monkeypatch.setattr(LocalSQS, "_call", record)
    megaql("doctor", "local:orders")
    assert called
    assert [name for name in called if not name.startswith(("Get", "List"))] == []
