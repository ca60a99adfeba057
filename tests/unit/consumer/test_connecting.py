"""Connecting to topics on AWS: what no emulator shows, on clients that answer as AWS does and keep what they are asked."""

import json

import pytest

import megaql
from megaql.broker import access
from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue, parse_topic
from megaql.broker.topic import Topic
from megaql.errors import AccessDenied, BrokerError, ConsumerError

TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"


class RefusedError(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "not you"}, "ResponseMetadata": {"HTTPStatusCode": 403}}


class Aws:
    """A queue and a topic with one subscription at most; `refuses` are the calls that are denied."""

    def __init__(self, *, subscription=None, queue=None, refuses=(), arn=f"{TOPIC}:1"):
        self.subscription = subscription
        self.attributes = {"QueueArn": QUEUE, **(queue or {})}
        self.refuses = refuses
        self.arn = arn
        self.calls = []

    def __getattr__(self, name):
        def call(**request):
            self.calls.append(name)
            if name in self.refuses:
                raise RefusedError("AuthorizationError")
            return getattr(self, f"on_{name}")(**request)

        return call

    def on_get_queue_attributes(self, **_):
        return {"Attributes": self.attributes}

    def on_set_queue_attributes(self, *, QueueUrl, Attributes):  # noqa: N803 - boto3's names
        assert QueueUrl == URL
        self.attributes |= Attributes

    def on_list_subscriptions_by_topic(self, **request):
        if "NextToken" not in request:
            others = [
                {"Protocol": "sqs", "Endpoint": f"{QUEUE}{number}", "SubscriptionArn": "x"} for number in range(3)
            ]
            return {"Subscriptions": others, "NextToken": "more"}
        mine = {"Protocol": "sqs", "Endpoint": QUEUE, "SubscriptionArn": self.arn}
        return {"Subscriptions": [mine] if self.subscription is not None else []}

    def on_get_subscription_attributes(self, **_):
        return {"Attributes": self.subscription}

    def on_subscribe(self, **request):
        self.subscription = request.get("Attributes", {})
        return {"SubscriptionArn": self.arn}

    def on_set_subscription_attributes(self, **request):
        self.subscription[request["AttributeName"]] = request["AttributeValue"]

    def on_unsubscribe(self, **_):
        self.subscription = None


def ends(aws, *, topic=TOPIC, url=URL):
    return Topic(aws, topic, parse_topic(topic)), Queue(aws, url, parse_queue(url))


def app(*queries):
    made = megaql.App()
    for number, query in enumerate(queries or ['@attributes.tenant == "acme"']):
        made.subscribe(query, subscription=f"s{number}")(print)
    return made


WRITES = ("set_queue_attributes", "subscribe", "set_subscription_attributes", "unsubscribe")


def writes(aws):
    return [name for name in aws.calls if name in WRITES]


def test_the_topic_is_let_in_before_there_is_a_subscription():
    aws = Aws()
    app().connect(*ends(aws))
    assert writes(aws) == ["set_queue_attributes", "subscribe"]
    assert json.loads(aws.subscription["FilterPolicy"]) == {"tenant": ["acme"]}
    assert access.admits(aws.attributes["Policy"], TOPIC, QUEUE)


def test_a_policy_that_lets_the_topic_in_already_stays():
    aws = Aws(queue={"Policy": json.dumps({"Statement": [access.statement(TOPIC, QUEUE) | {"Sid": "theirs"}]})})
    plan = app().connect(*ends(aws))
    assert [step.call for step in plan.steps] == ["sns:Subscribe"]
    plan = app().disconnect(*ends(aws))
    assert [step.call for step in plan.steps] == ["sns:Unsubscribe"]


def test_a_dry_run_only_looks():
    aws = Aws()
    plan = app().connect(*ends(aws), dry_run=True)
    assert writes(aws) == []
    assert plan.permissions == (
        ("sqs:GetQueueAttributes", QUEUE),
        ("sns:ListSubscriptionsByTopic", TOPIC),
        ("sns:GetSubscriptionAttributes", "*"),
        ("sqs:SetQueueAttributes", QUEUE),
        ("sns:Subscribe", TOPIC),
    )


@pytest.mark.parametrize("remove", [False, True], ids=["connect", "disconnect"])
@pytest.mark.parametrize("there", [None, {"FilterPolicy": '{"a": {"b": ["x"]}}', "FilterPolicyScope": "MessageBody"}])
def test_nothing_else_is_called_than_the_permissions_name(there, remove):
    aws = Aws(subscription=there, queue={"Policy": access.admitting("", TOPIC, QUEUE)} if there else None)
    plan = app().disconnect(*ends(aws)) if remove else app().connect(*ends(aws))
    named = {action.partition(":")[2].lower() for action, _ in plan.permissions}
    assert {name.replace("_", "") for name in aws.calls} <= named


def test_the_text_of_a_plan():
    aws = Aws(queue={"KmsMasterKeyId": "alias/mine"})
    plan = app('@attributes.tenant == "acme" and event.name == "x"').connect(*ends(aws), raw=True, dry_run=True)
    assert str(plan).splitlines()[:9] == [
        f"Would connect {URL} to {TOPIC}",
        "Filter policy, MessageAttributes, superset: it lets through all that the",
        "subscriptions take, and more",
        '  {"tenant": ["acme"]}',
        '  what comes is asked: event.name == "x"',
        '  because event.name == "x": the policy sees message attributes only',
        "Changes",
        "  - the queue's access policy lets the topic send",
        "  - the queue subscribes to the topic, under the filter policy",
    ]
    text = str(plan)
    for part in (
        '"RawMessageDelivery": "true"',
        "  sns:Subscribe                  " + TOPIC,
        "alias/mine: that key's",
        "SNS drops a message with more than ten attributes",
    ):
        assert part in text
    document = plan.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["filter"]["policy"] == {"tenant": ["acme"]}
    assert document["calls"][1]["request"]["Attributes"]["FilterPolicyScope"] == "MessageAttributes"


def test_a_call_that_is_denied_names_its_permission_and_how_far_it_came():
    aws = Aws(refuses=("subscribe",))
    with pytest.raises(AccessDenied) as caught:
        app().connect(*ends(aws))
    assert caught.value.what == "cannot subscribe the queue to the topic: access denied"
    assert f"allow sns:Subscribe on {TOPIC}" in caught.value.hint
    assert "(1 of 2) are done" in caught.value.hint
    aws.refuses = ()
    assert [step.call for step in app().connect(*ends(aws)).steps] == ["sns:Subscribe"]


THEIRS = {"Sid": "theirs", "Effect": "Deny", "Principal": "*", "Action": "sqs:DeleteQueue", "Resource": "*"}
BODY = {"FilterPolicy": '{"a": {"b": ["x"]}}', "FilterPolicyScope": "MessageBody", "RawMessageDelivery": "false"}


@pytest.mark.parametrize(
    ("there", "remove", "denied"),
    [
        (None, False, ["get_queue_attributes", "list_subscriptions_by_topic", "set_queue_attributes", "subscribe"]),
        (BODY, False, ["get_subscription_attributes", "set_queue_attributes", "set_subscription_attributes"]),
        (BODY, True, ["unsubscribe", "set_queue_attributes"]),
    ],
    ids=["new", "there", "disconnecting"],
)
def test_each_call_denied_in_turn_and_allowed_again(there, remove, denied):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [THEIRS]})

    def made():
        ours = {"Policy": access.admitting(policy, TOPIC, QUEUE) if remove else policy}
        return Aws(subscription=there and dict(there), queue=ours)

    def go(aws):
        return app().disconnect(*ends(aws)) if remove else app().connect(*ends(aws), raw=True)

    undisturbed = made()
    go(undisturbed)
    for call in denied:
        aws = made()
        aws.refuses = (call,)
        with pytest.raises(AccessDenied) as caught:
            go(aws)
        error = caught.value
        assert all((error.what, error.where, error.why, error.hint))
        if writes(aws)[:-1]:
            assert f"{'disconnecting' if remove else 'connecting'} again goes on from there" in error.hint
        assert THEIRS in json.loads(aws.attributes["Policy"])["Statement"]
        aws.refuses = ()
        go(aws)
        assert (aws.attributes, aws.subscription) == (undisturbed.attributes, undisturbed.subscription)


def test_a_statement_that_keeps_everybody_out_is_said():
    deny = {"Effect": "Deny", "Principal": "*", "Action": "SQS:Send*", "Resource": "*"}
    notes = app().connect(*ends(Aws(queue={"Policy": json.dumps({"Statement": [deny]})})), dry_run=True).notes
    assert any("denies everybody sqs:SendMessage" in note for note in notes)
    https = deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    notes = app().connect(*ends(Aws(queue={"Policy": json.dumps({"Statement": [https]})})), dry_run=True).notes
    assert not any("denies" in note for note in notes)


@pytest.mark.parametrize("present", [None, {}], ids=["new", "there"])
def test_a_subscription_that_nobody_has_confirmed_is_an_error(present):
    aws = Aws(subscription=present, arn="PendingConfirmation" if present is not None else "pending confirmation")
    with pytest.raises(BrokerError) as caught:
        app().connect(*ends(aws))
    assert caught.value.code == "PendingConfirmation"
    assert "credentials of the queue's account" in caught.value.hint


def test_what_may_keep_messages_from_arriving_is_said():
    theirs = "arn:aws:sns:us-east-1:999999999999:shop"
    aws = Aws(queue={"KmsMasterKeyId": "alias/aws/sqs"})
    notes = " ".join(app().connect(*ends(aws, topic=theirs), dry_run=True).notes)
    assert "alias/aws/sqs, which SNS cannot use" in notes
    assert "account 999999999999's and the queue 123456789012's" in notes
    assert "in us-east-1 and the queue in eu-west-1" in notes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"tenant": ["acme"]}, '@attributes.tenant in ["acme", "umbrella"]', "it lets more through, so deploy"),
        ({"tenant": ["acme", "umbrella"]}, '@attributes.tenant == "acme"', "it lets less through, so connect after"),
        ({"tenant": ["umbrella"]}, '@attributes.tenant == "acme"', "--no-filter"),
        ({"tenant": [{"equals-ignore-case": "acme"}]}, '@attributes.tenant == "acme"', "it lets less through"),
        (None, '@attributes.tenant == "acme"', "it lets less through"),
        ({"tenant": ["acme"]}, "a == 1", "it lets more through"),
        ({"no": [{"such-operator": 1}]}, '@attributes.tenant == "acme"', "--no-filter"),
    ],
)
def test_the_order_of_connecting_and_deploying(old, new, said):
    there = {} if old is None else {"FilterPolicy": json.dumps(old), "FilterPolicyScope": "MessageAttributes"}
    (note,) = [
        one for one in app(new).connect(*ends(Aws(subscription=there)), dry_run=True).notes if "15 minutes" in one
    ]
    assert said in note


def test_a_changed_scope_lets_everything_through_meanwhile():
    aws = Aws(subscription={"FilterPolicy": '{"a": {"b": ["x"]}}', "FilterPolicyScope": "MessageBody"})
    plan = app().connect(*ends(aws))
    set_ones = [step for step in plan.steps if step.call == "sns:SetSubscriptionAttributes"]
    assert [(step.request["AttributeName"], step.request["AttributeValue"]) for step in set_ones] == [
        ("FilterPolicy", "{}"),
        ("FilterPolicyScope", "MessageAttributes"),
        ("FilterPolicy", '{"tenant": ["acme"]}'),
    ]


def test_raw_delivery_and_queries_of_the_envelope():
    with pytest.raises(ConsumerError) as caught:
        app('@attributes.tenant == "acme" and @subject == "News"').connect(*ends(Aws()), raw=True)
    assert caught.value.where == "@subject"
    aws = Aws(subscription={"RawMessageDelivery": "true"})
    with pytest.raises(ConsumerError):
        app('@topic == "x"').connect(*ends(aws))
    plan = app('@topic == "x"').connect(*ends(aws), raw=False)
    assert "raw message delivery is off" in plan.changes
    assert aws.subscription["RawMessageDelivery"] == "false"


def test_an_application_without_subscriptions_and_one_without_a_queue():
    with pytest.raises(ConsumerError, match="no subscription"):
        megaql.App("local:orders").connect("local-topic:shop")
    with pytest.raises(ConsumerError, match="no queue"):
        app().connect("local-topic:shop")
