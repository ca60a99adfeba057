"""`megaql queues` and `megaql info`: on the embedded broker and on real servers."""

import json
from contextlib import suppress

import pytest

from megaql.broker import aws, local
from megaql.broker.target import Connection
from tests.servers import running, without_moto


@pytest.fixture(scope="module", params=["ministack", "roto", "moto"])
def endpoint(request, tmp_path_factory):
    with running(request.param, tmp_path_factory.mktemp(request.param)) as url:
        yield url


@pytest.fixture(scope="module")
def account(endpoint):
    """A queue with a dead-letter queue, a tag, a policy and a subscription, beside two that have nothing to do with it."""
    connection = Connection(region="us-east-1", endpoint_url=endpoint)
    with pytest.MonkeyPatch.context() as patch, without_moto():
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        sqs, sns = aws.client("sqs", connection), aws.client("sns", connection)
        arns = {}
        for name in ("shop-dlq", "shop", "other", "shop-audit"):
            url = sqs.create_queue(QueueName=name)["QueueUrl"]
            arns[name] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        url = sqs.get_queue_url(QueueName="shop")["QueueUrl"]
        redrive = json.dumps({"deadLetterTargetArn": arns["shop-dlq"], "maxReceiveCount": 3})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
        sqs.tag_queue(QueueUrl=url, Tags={"team": "shop"})
        sqs.send_message(QueueUrl=url, MessageBody="1")
        topic = sns.create_topic(Name="news")["TopicArn"]
        with suppress(sns.exceptions.ClientError):  # not every server keeps tags of topics
            sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "owner", "Value": "press"}])
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arns["shop"],
            Attributes={"FilterPolicy": '{"kind": ["a", "b"]}', "RawMessageDelivery": "true"},
        )
    return topic


@pytest.fixture
def at(endpoint):
    return ["--endpoint-url", endpoint, "--region", "us-east-1"]


def test_a_real_server_is_listed(megaql, account, at):
    result = megaql("queues", "shop*", *at, tty=True)
    assert result.status == 0, result.err
    assert [line.split() for line in result.lines] == [
        ["NAME", "MESSAGES", "IN", "FLIGHT", "DELAYED", "DEAD", "LETTERS"],
        ["shop", "1", "0", "0", "shop-dlq", "after", "3"],
        ["shop-audit", "0", "0", "0"],
        ["shop-dlq", "0", "0", "0", "of", "shop"],
    ]
    names = megaql("queues", "--names", *at)
    assert names.lines == ["other", "shop", "shop-audit", "shop-dlq"]
    busy = [json.loads(line) for line in megaql("queues", "--busy", *at).lines]
    assert [(one["name"], one["messages"]["visible"]) for one in busy] == [("shop", 1)]
    assert megaql("queues", "--topics", *at, tty=True).lines == [account]


def test_a_real_servers_queue_and_topic(megaql, account, at):
    found = json.loads(megaql("info", "shop", *at).out)
    assert (found["kind"], found["messages"]["visible"], found["tags"]) == ("queue", 1, {"team": "shop"})
    assert found["dead_letter"]["max_receive_count"] == 3
    other = json.loads(megaql("info", "shop-dlq", *at).out)
    assert other["dead_letters_of"] == ["shop"] or "dead_letters_of" in other["unknown"]
    topic = json.loads(megaql("info", account, *at).out)
    # A server that keeps no tags of topics says so, and the rest is shown.
    assert topic["tags"] == {"owner": "press"} or "tags" in topic["unknown"]
    (one,) = topic["subscriptions"]
    assert (one["protocol"], one["raw"], one["filter_policy"]) == ("sqs", True, {"kind": ["a", "b"]})
    assert 'shop, raw, attributes match {"kind": ["a", "b"]}' in " ".join(
        megaql("info", account, *at, tty=True).out.split()
    )


@pytest.mark.usefixtures("account")
def test_looking_receives_nothing(megaql, at, endpoint):
    connection = Connection(region="us-east-1", endpoint_url=endpoint)
    with without_moto():
        sqs = aws.client("sqs", connection)
    megaql("queues", *at)
    megaql("info", "shop", *at)
    url = sqs.get_queue_url(QueueName="shop")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], VisibilityTimeout=0)["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


@pytest.fixture
def shop():
    """Local queues: a FIFO one, one with dead letters, one in flight."""
    sqs = local.client()
    dlq = sqs.create_queue(QueueName="orders-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": "*",
                    "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:shop"}},
                }
            ]
        }
    )
    attributes = {
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5}),
        "Policy": policy,
        "VisibilityTimeout": "90",
    }
    url = sqs.create_queue(QueueName="orders", Attributes=attributes, tags={"team": "shop"})["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="secret")
    sqs.send_message(QueueUrl=url, MessageBody="secret", DelaySeconds=60)
    sqs.receive_message(QueueUrl=url)
    sqs.create_queue(QueueName="steps.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    return sqs


@pytest.mark.usefixtures("shop")
def test_local_queues(megaql):
    result = megaql("queues", "local:", tty=True)
    rows = [line.split() for line in result.lines[1:]]
    assert rows[0][:4] == ["local:orders", "2", "1", "1"]
    assert rows[0][-3:] == ["orders-dlq", "after", "5"]
    assert rows[1] == ["local:orders-dlq", "0", "0", "0", "of", "orders"]
    assert rows[2] == ["local:steps.fifo", "0", "0", "0"]
    assert max(map(len, result.lines)) <= 80
    assert "3 of 3 queues in the embedded broker, about 4 messages" in result.err


@pytest.mark.usefixtures("shop")
def test_a_narrow_list_cuts_no_name(megaql):
    result = megaql("queues", "local:orders", tty=True, width=50)
    assert result.lines[1].startswith("local:orders ")
    assert result.lines[2] == "    orders-dlq after 5"
    assert max(map(len, result.lines)) <= 54


@pytest.mark.usefixtures("shop")
def test_a_pattern_that_nothing_matches_is_told(megaql):
    result = megaql("queues", "local:x*", tty=True)
    assert (result.status, result.out) == (0, "")
    assert "no queue matches x* in the embedded broker" in result.err
    assert megaql("queues", "local:x", "-o", "json").out == "[]\n"


@pytest.mark.usefixtures("shop")
def test_a_local_queue_in_full(megaql):
    result = megaql("info", "local:orders", tty=True)
    text = " ".join(result.out.split())
    assert "about 2 visible, 1 in flight, 1 delayed" in text
    assert "visibility timeout 1m30s" in text
    assert "dead letters go to orders-dlq after 5 receives" in text
    assert (
        "Allow sns.amazonaws.com: sqs:SendMessage if aws:SourceArn ArnEquals arn:aws:sns:eu-west-1:123456789012:shop"
        in text
    )
    assert "team=shop" in text
    assert "secret" not in result.out
    assert "dead letters of orders" in " ".join(megaql("info", "local:orders-dlq", tty=True).out.split())
    assert "deduplication by content" in " ".join(megaql("info", "local:steps.fifo", tty=True).out.split())


@pytest.mark.usefixtures("shop")
def test_a_protected_queue_says_so(megaql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.toml").write_text('[protected]\n"orders" = "the live queue"\n')
    text = " ".join(megaql("info", "local:orders", tty=True, width=200).out.split())
    assert f"protected the live queue ({tmp_path}/megaql.toml, line 2)" in text
    assert "protected" not in megaql("info", "local:orders-dlq", tty=True).out


@pytest.mark.parametrize(
    ("words", "status", "part"),
    [
        (["info", "local:order"], 5, "did you mean local:orders?"),
        (["info", "local-topic:none"], 5, "local-topic:none does not exist"),
        (["info", "ftp:orders"], 2, "is not a queue or a topic"),
        (["queues", "--names", "--busy"], 2, "--names asks none"),
        (["queues", "--topics", "--busy"], 2, "topics hold no messages"),
        (["queues", "local:", "-o", "yaml"], 2, "-o"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
@pytest.mark.usefixtures("shop")
def test_wrong_use(megaql, words, status, part):
    result = megaql(*words)
    assert (result.status, result.out) == (status, "")
    assert part in result.err


def test_no_region_is_told_with_what_there_is_without_one(megaql, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = megaql("queues")
    assert result.status == 2
    assert "megaql queues local:" in result.err


def test_more_than_a_page_is_listed():
    from megaql.broker import places

    sqs = local.client()
    for number in range(25):
        sqs.create_queue(QueueName=f"q{number:02}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "PAGE", 10)
        assert len(places.names("local:q")) == 25


@pytest.mark.usefixtures("shop")
def test_one_queue_that_cannot_be_asked_stays_in_the_list(megaql, monkeypatch):
    # No server refuses one queue of several without accounts of its own.
    from megaql.broker.queue import Queue
    from megaql.errors import AccessDenied

    real = Queue.info

    def info(queue):
        if queue.name == "orders":
            raise AccessDenied("cannot read the queue's attributes: access denied", why="not yours")
        return real(queue)

    monkeypatch.setattr(Queue, "info", info)
    result = megaql("queues", "local:", tty=True)
    assert result.status == 6
    assert "orders could not be asked: not yours" in result.err
    assert result.lines[1].split() == ["local:orders", "?", "?", "?", "not", "known"]
