import pytest

from megaql.broker.publisher import Publisher
from megaql.broker.queue import Queue
from megaql.broker.target import Connection, QueueTarget, TopicTarget, parse_queue, parse_target, parse_topic
from megaql.broker.topic import Topic
from megaql.errors import BadTarget, BrokerError

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("text", "kind", "name", "region", "account", "endpoint"),
    [
        ("local:orders", "local", "orders", "local", "", ""),
        ("LOCAL:orders.fifo", "local", "orders.fifo", "local", "", ""),
        ("  local:orders ", "local", "orders", "local", "", ""),
        ("orders", "name", "orders", "", "", ""),
        ("orders.fifo", "name", "orders.fifo", "", "", ""),
        ("http://local.megaql/000000000000/orders", "local", "orders", "local", "", ""),
        (f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/orders", "url", "orders", "eu-west-1", ACCOUNT, ""),
        (f"https://sqs.us-gov-west-1.amazonaws.com/{ACCOUNT}/orders", "url", "orders", "us-gov-west-1", ACCOUNT, ""),
        (f"https://sqs.cn-north-1.amazonaws.com.cn/{ACCOUNT}/orders", "url", "orders", "cn-north-1", ACCOUNT, ""),
        (f"https://queue.amazonaws.com/{ACCOUNT}/orders", "url", "orders", "us-east-1", ACCOUNT, ""),
        (f"https://eu-west-1.queue.amazonaws.com/{ACCOUNT}/orders", "url", "orders", "eu-west-1", ACCOUNT, ""),
        (
            f"https://sqs-fips.us-east-1.amazonaws.com/{ACCOUNT}/orders",
            *("url", "orders", "us-east-1", ACCOUNT, "https://sqs-fips.us-east-1.amazonaws.com"),
        ),
        (
            f"https://sqs.eu-west-1.api.aws/{ACCOUNT}/orders",
            *("url", "orders", "eu-west-1", ACCOUNT, "https://sqs.eu-west-1.api.aws"),
        ),
        (
            f"https://vpce-1a2b-3c.sqs.eu-west-1.vpce.amazonaws.com/{ACCOUNT}/orders",
            *("url", "orders", "eu-west-1", ACCOUNT, "https://vpce-1a2b-3c.sqs.eu-west-1.vpce.amazonaws.com"),
        ),
        (
            "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/orders",
            *("url", "orders", "eu-west-1", "000000000000", "http://sqs.eu-west-1.localhost.localstack.cloud:4566"),
        ),
        ("http://127.0.0.1:4566/000000000000/q", "url", "q", "", "000000000000", "http://127.0.0.1:4566"),
        ("http://[::1]:4566/000000000000/q", "url", "q", "", "000000000000", "http://[::1]:4566"),
        ("http://localhost:9324/queue/orders", "url", "orders", "", "", "http://localhost:9324"),
        (f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders", "arn", "orders", "eu-west-1", ACCOUNT, ""),
        (f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:orders.fifo", "arn", "orders.fifo", "cn-north-1", ACCOUNT, ""),
        (f"arn:aws-us-gov:sqs:us-gov-east-1:{ACCOUNT}:orders", "arn", "orders", "us-gov-east-1", ACCOUNT, ""),
        ("arn:aws:sqs:local:000000000000:orders", "local", "orders", "local", "000000000000", ""),
    ],
)
def test_queue_targets(  # noqa: PLR0917 - one column per field
    text, kind, name, region, account, endpoint
):
    target = parse_target(text)
    assert isinstance(target, QueueTarget)
    assert (target.kind, target.name, target.region) == (kind, name, region)
    assert (target.account, target.endpoint) == (account, endpoint)
    assert parse_queue(text) == target


@pytest.mark.parametrize(
    ("text", "kind", "name", "region"),
    [
        ("local-topic:events", "local", "events", "local"),
        (f"arn:aws:sns:eu-west-1:{ACCOUNT}:events.fifo", "arn", "events.fifo", "eu-west-1"),
        ("arn:aws:sns:local:000000000000:events", "local", "events", "local"),
    ],
)
def test_topic_targets(text, kind, name, region):
    target = parse_topic(text)
    assert isinstance(target, TopicTarget)
    assert (target.kind, target.name, target.region) == (kind, name, region)


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        ("", "the target is empty", "a queue or topic is needed"),
        ("local:", "'local:' does not name a queue", "the name is missing"),
        ("local-topic:", "'local-topic:' does not name a topic", "the name is missing"),
        ("local:a b", "'local:a b' does not name a queue", "not ' '"),
        ("local:a/b.c", "'local:a/b.c' does not name a queue", "not '.' '/'"),
        ("local:.fifo", "'local:.fifo' does not name a queue", "no name before .fifo"),
        ("x" * 81, "does not name a queue", "at most 80 characters, this one has 81"),
        ("order.s", "'order.s' does not name a queue", "not '.'"),
        ("ftp://host/q", "'ftp://host/q' is not a queue or a topic", "'ftp:' is none of local:"),
        ("sqs:orders", "'sqs:orders' is not a queue or a topic", "'sqs:' is none of"),
        ("https://", "'https://' is not a queue URL", "an endpoint, an account and a queue name"),
        ("http://127.0.0.1:4566", "is not a queue URL", "an endpoint, an account and a queue name"),
        ("http://127.0.0.1:99999/q", "is not a queue URL", "Port out of range"),
        ("http://host/1/q?Action=x", "is not a queue URL", "nothing after it"),
        ("arn:aws:s3:::bucket", "is not the ARN of a queue or a topic", "with sqs or sns"),
        ("arn:aws:sqs:eu-west-1:12:orders", "is not an ARN", "'12' is no account"),
        ("arn:aws:sqs:eu-west-1:123456789012", "is not the ARN of a queue", "arn:PARTITION"),
        (f"arn:aws:sns:eu-west-1:{ACCOUNT}:t:0f-1e", "is the ARN of a subscription", "ends with the topic's name"),
    ],
)
def test_bad_targets_say_why_and_give_an_example(text, what, why):
    with pytest.raises(BadTarget) as caught:
        parse_target(text)
    assert what in caught.value.what
    assert why in caught.value.why
    assert "local" in caught.value.hint or "arn:" in caught.value.hint
    assert isinstance(caught.value, BrokerError)


def test_a_topic_is_no_queue_and_the_reverse():
    with pytest.raises(BadTarget, match="is a topic, and a queue is needed here"):
        parse_queue("local-topic:events")
    with pytest.raises(BadTarget, match="is a queue, and a topic is needed here"):
        parse_topic("local:events")


def test_a_long_target_is_cut_in_the_error():
    with pytest.raises(BadTarget) as caught:
        parse_target("x" * 5000)
    assert len(caught.value.what) < 200


def connection(text, given=None):
    return parse_queue(text).connection(given or Connection())


@pytest.fixture(autouse=True)
def no_endpoint_configured(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_region_comes_from_the_target_before_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    found = connection(f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/q")
    assert (found.region, found.endpoint_url) == ("eu-west-1", None)
    assert connection(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q").region == "eu-west-1"
    assert connection("q").region is None


def test_host_of_a_url_is_the_endpoint(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    found = connection("http://127.0.0.1:4566/000000000000/q")
    assert (found.region, found.endpoint_url) == ("us-east-1", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert connection("http://127.0.0.1:4566/000000000000/q").region == "eu-west-1"


def test_endpoint_that_was_given_comes_first(monkeypatch):
    given = Connection(endpoint_url="http://proxy:1")
    assert connection("http://127.0.0.1:4566/000000000000/q", given).endpoint_url == "http://proxy:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://proxy:2")
    assert connection("http://127.0.0.1:4566/000000000000/q").endpoint_url is None, "boto3 reads the variable"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert connection("http://127.0.0.1:4566/000000000000/q").endpoint_url == "http://127.0.0.1:4566"


def test_region_that_contradicts_the_target_is_refused():
    given = Connection(region="us-east-1")
    with pytest.raises(BadTarget, match="is in eu-west-1, and the region asked for is us-east-1"):
        connection(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", given)
    with pytest.raises(BadTarget, match="is in eu-west-1"):
        parse_topic(f"arn:aws:sns:eu-west-1:{ACCOUNT}:t").connection(given)
    same = Connection(region="us-east-1", endpoint_url="http://127.0.0.1:1")
    assert connection(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", same).region == "us-east-1"


@pytest.mark.parametrize("value", [None, 5, b"local:orders"])
@pytest.mark.parametrize("use", [parse_target, Publisher, Queue.open, Topic.open])
def test_what_is_no_text_names_nothing(use, value):
    with pytest.raises(BadTarget, match="a target is a text, not") as caught:
        use(value)
    assert "local:orders" in caught.value.hint
