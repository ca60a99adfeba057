"""Emulators of the services accept the policies that queries become: the embedded SNS, moto's SNS and its EventBridge."""

import json

import boto3
import pytest
from moto import mock_aws

import megaql
from megaql.broker import local
from megaql.convert import eventbridge, sns

QUERIES = [
    'a in ["x", 2, null] and b.c == true',
    'any x of a: (x.b == 1 and x.c startswith "x")',
    'a ~ /^x/ and b endswith "y" and missing c',
    "a between 1 and 5 or b > 7",
    '@kind == "mega" and event.name == "item.added" and event.quantity > 5',
    'a != "x" and b not in [1, 2] and c not startswith "z"',
    "(a == 1 or b == 2) and (c == 3 or d == 4)",
    'a in cidr "10.0.0.0/8" and b == d"2026-01-02"',
]
ATTRIBUTES = [
    '@attributes.a == "x" and @attributes.b > 5 and missing @attributes.c',
    '@attributes.a in ["x", "y"] or @attributes.b startswith "z"',
]
POLICIES = [(query, "MessageBody") for query in QUERIES] + [(query, "MessageAttributes") for query in ATTRIBUTES]


def policy(query, scope):
    export = sns.to_policy(megaql.compile(query), scope, arrays=False)
    assert export.policy is not None
    return {"FilterPolicyScope": scope, "FilterPolicy": json.dumps(export.policy)}


@pytest.mark.parametrize(("query", "scope"), POLICIES)
def test_the_embedded_sns(tmp_path, query, scope):
    queues, topics = local.client(tmp_path), local.sns_client(tmp_path)
    url = queues.create_queue(QueueName="q")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = topics.create_topic(Name="t")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=policy(query, scope))


@mock_aws
def test_moto():
    client = boto3.client("sns", region_name="eu-central-1")
    topic = client.create_topic(Name="t")["TopicArn"]
    known = [(query, scope) for query, scope in POLICIES if "cidr" not in query]  # which moto's SNS does not know
    for number, (query, scope) in enumerate(known):
        client.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:eu-central-1:123456789012:q{number}",
            Attributes=policy(query, scope),
        )
    events = boto3.client("events", region_name="eu-central-1")
    for query in QUERIES:
        export = eventbridge.to_pattern(megaql.compile(query), arrays=False)
        events.put_rule(Name="r", EventPattern=json.dumps(export.policy))
