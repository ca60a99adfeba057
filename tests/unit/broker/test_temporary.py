"""Temporary queues whose calls go wrong: what was made in spite of it is removed, and what cannot be removed is left to be found."""

from datetime import timedelta

import pytest

from megaql.broker import local
from megaql.broker.local.sns import sns_client
from megaql.broker.temporary import EXPIRY_TAG, SETTLING, TemporaryQueue
from megaql.broker.topic import Topic
from megaql.errors import AccessDenied, BrokerError, QueueNotFound
from megaql.scan.budget import Budget
from megaql.scan.stop import SecondSignal, StopFlag
from megaql.scan.tap import Tap, pushed


class RefusalError(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}


class Faulty:
    """A client whose calls may fail, before or after they were carried out; `calls` are all that were made."""

    def __init__(self, client):
        self._client = client
        self.calls = []
        self.before = {}
        self.after = {}

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(**request):
            self.calls.append(name)
            if self.before.get(name):
                raise RefusalError(self.before[name].pop(0))
            answer = method(**request)
            if self.after.get(name):
                raise RefusalError(self.after[name].pop(0))
            return answer

        return call


class Place:
    def __init__(self):
        self.sqs, self.sns = Faulty(local.client()), Faulty(sns_client())
        self.topic = Topic.open("local-topic:shop", create=True, client=self.sns)
        self.now = 1_000.0
        self.slept = []

    def temporary(self, **settings):
        return TemporaryQueue(self.topic, self.sqs, clock=lambda: self.now, sleep=self.sleep, **settings)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    @property
    def left(self):
        queues = self.sqs.list_queues().get("QueueUrls", [])
        return len(queues), len(self.sns.list_subscriptions_by_topic(TopicArn=self.topic.arn)["Subscriptions"])


@pytest.fixture
def place():
    return Place()


def tap_of(place, **settings):
    return Tap(place.temporary(), pushed(None), Budget(), **settings)


def test_the_subscription_ends_before_the_queue(place):
    with tap_of(place):
        assert place.left == (1, 1)
    ends = [name for name in place.sqs.calls + place.sns.calls if name in {"delete_queue", "unsubscribe"}]
    assert sorted(ends) == ["delete_queue", "unsubscribe"]
    assert place.left == (0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_answer_to_the_making(place, when):
    getattr(place.sqs, when)["create_queue"] = ["RequestTimeout"]
    with pytest.raises(BrokerError), tap_of(place):
        pass
    assert place.left == (0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_answer_to_the_subscribing(place, when):
    getattr(place.sns, when)["subscribe"] = ["RequestTimeout"]
    with pytest.raises(BrokerError), tap_of(place):
        pass
    assert place.left == (0, 0)


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidParameter"])
def test_a_refused_subscription_leaves_no_queue(place, code):
    place.sns.before["subscribe"] = [code]
    with pytest.raises(BrokerError) as caught, tap_of(place):
        pass
    assert place.left == (0, 0)
    assert code != "AccessDenied" or "sns:Unsubscribe" in caught.value.hint


def test_a_queue_that_may_not_be_made_is_not_looked_for(place):
    place.sqs.before["create_queue"] = ["AccessDenied"]
    with pytest.raises(AccessDenied, match="denied") as caught, tap_of(place):
        pass
    assert "sqs:CreateQueue" in caught.value.hint
    assert "get_queue_url" not in place.sqs.calls


def test_a_subscription_that_cannot_be_ended_keeps_its_queue(place):
    place.sns.before["unsubscribe"] = ["AccessDenied"]
    with tap_of(place) as tap:
        pass
    assert place.left == (1, 1), "without the queue nobody would find the subscription"
    assert "denied" in tap.left.what
    assert tap.temporary.there


def test_a_queue_that_cannot_be_removed_is_told(place):
    place.sqs.before["delete_queue"] = ["RequestTimeout"]
    with tap_of(place) as tap:
        pass
    assert place.left == (1, 0)
    assert tap.left is not None
    tap.temporary.remove()
    assert place.left == (0, 0)


def test_an_error_is_not_hidden_by_that_of_the_removal(place):
    place.sqs.before["delete_queue"] = ["RequestTimeout"]
    with pytest.raises(ZeroDivisionError), tap_of(place):
        raise ZeroDivisionError


def test_a_queue_removed_by_somebody_else_is_no_error(place):
    with tap_of(place) as tap:
        tap.temporary._client.delete_queue(QueueUrl=tap.temporary.queue.url)
    assert (tap.left, tap.temporary.there) == (None, False)
    assert place.left == (0, 0)


def test_a_second_signal_waits_for_nothing(place):
    with pytest.raises(SecondSignal), tap_of(place) as tap:
        raise SecondSignal(2)
    assert place.left == (1, 1)
    assert tap.temporary.there


def test_a_signal_while_it_begins_subscribes_nothing(place):
    stop = StopFlag()
    stop.set(2)
    with tap_of(place, stop=stop) as tap:
        assert list(tap) == []
    assert "subscribe" not in place.sns.calls
    assert place.left == (0, 0)


def test_a_new_queue_that_is_not_known_everywhere_is_asked_again(place):
    place.sqs.before["get_queue_attributes"] = ["NonExistentQueue", "NonExistentQueue"]
    with tap_of(place):
        assert place.left == (1, 1)
    assert len(place.slept) == 2


def test_but_not_for_ever(place):
    temporary = place.temporary()
    temporary.make()

    def missing():
        raise QueueNotFound("gone")

    with pytest.raises(QueueNotFound):
        temporary.settled(missing)
    assert sum(place.slept) == SETTLING
    temporary.remove()


def test_it_is_renewed_when_half_of_its_life_is_over(place):
    temporary = place.temporary(life=timedelta(minutes=10), wall=lambda: place.now)
    temporary.make()
    tags = [place.sqs.list_queue_tags(QueueUrl=temporary.queue.url)["Tags"][EXPIRY_TAG]]
    for _ in range(4):
        place.now += 149
        temporary.renew()
        tags.append(place.sqs.list_queue_tags(QueueUrl=temporary.queue.url)["Tags"][EXPIRY_TAG])
    assert place.sqs.calls.count("tag_queue") == 1
    assert tags[0] == tags[2] < tags[3] == tags[4] == temporary.expires.isoformat()
    temporary.remove()
