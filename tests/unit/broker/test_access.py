"""Access policies of queues: which let a topic in, and that nothing of others' is lost."""

import json

import pytest

from megaql.broker import access
from megaql.errors import BrokerError

TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"


def policy(*statements):
    return json.dumps({"Version": "2008-10-17", "Id": "mine", "Statement": list(statements)})


def allow(**changes):
    return {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    } | changes


DENY_HTTP = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": QUEUE,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.mark.parametrize(
    "statement",
    [
        allow(),
        allow(Action="SQS:sendmessage"),
        allow(Action=["sqs:ReceiveMessage", "sqs:Send*"]),
        allow(Action="*"),
        allow(Principal="*"),
        allow(Principal={"AWS": "*"}),
        allow(Principal={"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}),
        allow(Resource="*"),
        allow(Resource="arn:aws:sqs:*:123456789012:*"),
        allow(Condition={}),
        allow(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:sns:*:123456789012:*"}}),
        allow(Condition={"StringEquals": {"aws:SourceArn": ["arn:other", TOPIC]}}),
    ],
)
def test_statements_that_let_the_topic_in(statement):
    assert access.admits(policy(DENY_HTTP, statement), TOPIC, QUEUE)
    assert access.admits(json.dumps({"Statement": statement}), TOPIC, QUEUE)


@pytest.mark.parametrize(
    "statement",
    [
        DENY_HTTP,
        allow(Effect="Deny"),
        allow(Action="sqs:ReceiveMessage"),
        allow(Principal={"AWS": "123456789012"}),
        allow(Principal={"Service": "events.amazonaws.com"}),
        allow(Resource=QUEUE + "-other"),
        allow(Condition={"ArnEquals": {"aws:SourceArn": TOPIC + "-other"}}),
        allow(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*"}}),
        allow(Condition={"ArnEquals": {"aws:SourceArn": TOPIC}, "Bool": {"aws:SecureTransport": "true"}}),
        allow(Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}}),
        allow() | {"NotAction": "x"},
        "no statement",
    ],
)
def test_statements_that_do_not(statement):
    assert not access.admits(policy(statement), TOPIC, QUEUE)


def test_no_policy_lets_nobody_in():
    assert not access.admits("", TOPIC, QUEUE)
    assert access.without("", TOPIC, QUEUE) is None


def test_others_statements_stay_as_they_are():
    made = json.loads(access.admitting(policy(DENY_HTTP, allow(Action="sqs:ReceiveMessage")), TOPIC, QUEUE))
    assert (made["Version"], made["Id"]) == ("2008-10-17", "mine")
    assert made["Statement"][:2] == [DENY_HTTP, allow(Action="sqs:ReceiveMessage")]
    assert made["Statement"][2] == access.statement(TOPIC, QUEUE)
    assert access.admits(json.dumps(made), TOPIC, QUEUE)
    assert json.loads(access.without(json.dumps(made), TOPIC, QUEUE))["Statement"] == made["Statement"][:2]


def test_a_single_statement_that_is_no_list_stays_too():
    made = json.loads(access.admitting(json.dumps({"Statement": DENY_HTTP}), TOPIC, QUEUE))
    assert made["Statement"] == [DENY_HTTP, access.statement(TOPIC, QUEUE)]


def test_a_statement_of_ours_that_somebody_spoilt_is_mended_once():
    spoilt = access.statement(TOPIC, QUEUE) | {"Resource": "arn:other"}
    made = json.loads(access.admitting(policy(spoilt), TOPIC, QUEUE))
    assert made["Statement"] == [access.statement(TOPIC, QUEUE)]


def test_the_first_policy_of_a_queue_goes_with_its_last_statement():
    made = access.admitting("", TOPIC, QUEUE)
    assert json.loads(made)["Version"] == "2012-10-17"
    assert access.without(made, TOPIC, QUEUE) == ""
    assert access.without(made, TOPIC + "-other", QUEUE) is None


def test_two_topics_have_statements_of_their_own():
    made = json.loads(access.admitting(access.admitting("", TOPIC, QUEUE), TOPIC + "2", QUEUE))
    assert len({one["Sid"] for one in made["Statement"]}) == 2
    assert all(one["Sid"].isalnum() for one in made["Statement"])


@pytest.mark.parametrize("text", ["[]", "nothing", "5"])
def test_a_policy_that_cannot_be_read_is_not_replaced(text):
    with pytest.raises(BrokerError) as caught:
        access.admitting(text, TOPIC, QUEUE)
    assert "cannot be read" in caught.value.what
    assert caught.value.where == QUEUE
