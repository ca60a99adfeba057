"""`megaql tap --dry-run` and `--gc`: what a tap would make, and what killed ones have left."""

from datetime import UTC, datetime

import pytest

from megaql.broker import local
from megaql.broker.local import sns_client
from megaql.broker.temporary import TemporaryQueue
from megaql.broker.topic import Topic

TOPIC = "local-topic:shop"

#: A day before the one of the command line's clock.
YESTERDAY = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def topic():
    """A topic of the embedded broker."""
    return Topic.open(TOPIC, create=True)


def made():
    """Return how many queues and subscriptions there are."""
    arn = Topic.open(TOPIC).arn
    subscriptions = sns_client().list_subscriptions_by_topic(TopicArn=arn).get("Subscriptions") or []
    return len(local.client().list_queues().get("QueueUrls") or []), len(subscriptions)


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(megaql, topic):
    words = ["tap", TOPIC, "-w", "@attributes.tenant == 'acme' and event.total > 100", "--dry-run"]
    result = megaql(*words, width=200)
    assert result.status == 0
    text = result.out
    assert text.startswith("queue megaql-tap-…, with a name of its own\n  MessageRetentionPeriod: 300\n")
    assert f"  tag megaql:tap: {topic.arn}\n" in text
    assert f"subscription of the queue to {topic.arn}\n  FilterPolicyScope: MessageAttributes\n" in text
    assert '  FilterPolicy: {"tenant": ["acme"]}\n' in text
    assert "asked here: event.total > 100" in result.err
    assert result.err.endswith("dry run: nothing was made; a tap removes both at its end\n")
    assert made() == (0, 0)


@pytest.mark.usefixtures("topic")
def test_a_dry_run_without_a_filter(megaql):
    result = megaql("tap", TOPIC, "--dry-run", "--no-filter", width=200)
    assert "FilterPolicy: none, so every message comes here\n" in result.out
    assert made() == (0, 0)


def test_a_dry_run_on_aws_shows_who_may_send_and_asks_nobody(megaql):
    arn = "arn:aws:sns:eu-west-1:123456789012:shop.fifo"
    result = megaql("tap", arn, "--dry-run", width=200)
    assert result.status == 0, result.err
    assert '"Principal": {"Service": "sns.amazonaws.com"}' in result.out
    assert f'"aws:SourceArn": "{arn}"' in result.out
    assert "queue megaql-tap-….fifo" in result.out
    assert "  FifoQueue: true\n" in result.out


def test_gc_lists_and_only_with_yes_removes(megaql, topic):
    left = TemporaryQueue(topic, local.client(), wall=lambda: YESTERDAY)
    left.make()
    left.subscribe({})
    listed = megaql("tap", TOPIC, "--gc", width=200)
    assert (listed.status, listed.out.startswith(left.name)) == (0, True)
    assert "1 can be removed; add --yes to do it" in listed.err
    assert made() == (1, 1)
    removed = megaql("tap", TOPIC, "--gc", "--yes", width=200)
    assert "removed 1 with its subscription" in removed.err
    assert made() == (0, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tap", TOPIC, "--gc", "--dry-run"], "--gc only lists, unless --yes is given"),
        (["tap", "--dry-run"], "name a topic"),
        (["tap", TOPIC, "--dry-run", "--yes"], "it belongs to --gc"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
@pytest.mark.usefixtures("topic")
def test_wrong_use(megaql, words, said):
    result = megaql(*words, width=200)
    assert (result.status, said in result.err) == (2, True)
    assert made() == (0, 0)
