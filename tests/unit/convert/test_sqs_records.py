"""Filters of Lambda and Pipes in front of an SQS queue, as queries."""

import json

import pytest

from megaql.broker.message import Message
from megaql.convert import lambda_filters, pipes


def criteria(*patterns):
    return {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}


def message(body, *, count="1", **attributes):
    return Message(
        id="m-1",
        receipt_handle="r",
        body=body,
        system={"ApproximateReceiveCount": count, "MessageGroupId": "g"},
        attributes={name: {"DataType": kind, "StringValue": text} for name, (kind, text) in attributes.items()},
    )


@pytest.mark.parametrize(
    ("patterns", "query"),
    [
        ([{"body": {"RequestCode": ["BBBB"]}}], 'RequestCode == "BBBB"'),
        ([{"body": {"a": [1], "b": {"c": [2], "d": [3]}}}], "a == 1 and any x of b: (x.c == 2 and x.d == 3)"),
        ([{"body": [{"prefix": "ERR"}]}], '@body startswith "ERR"'),
        ([{"body": {"a": [1]}}, {"body": ["ping"]}], 'a == 1 or @body == "ping"'),
        ([{"messageId": ["m-1"]}], '@id == "m-1"'),
        ([{"attributes": {"ApproximateReceiveCount": ["1", "2"]}}], "@receive_count in [1, 2]"),
        (
            [{"attributes": {"ApproximateReceiveCount": [{"anything-but": "1"}], "MessageGroupId": ["g"]}}],
            'any r of @receive_count: (r != 1 and r is not object) and @group_id == "g"',
        ),
        (
            [{"messageAttributes": {"tenant": {"stringValue": ["acme", "7"]}}}],
            '@attributes.tenant in ["acme", "7", 7]',
        ),
        (
            [{"messageAttributes": {"a": {"stringValue": [{"anything-but": ["7"]}]}}}],
            'any x of @attributes.a: (x not in ["7", 7] and x is not object)',
        ),
        (
            [{"body": {"a": [{"exists": False}]}}],
            '@kind in ["mega", "data"] and (missing a or none x of a: (x is not object))',
        ),
        ([], "true"),
    ],
    ids=str,
)
@pytest.mark.parametrize("read", [lambda_filters.from_filters, pipes.from_filters], ids=["lambda", "pipes"])
def test_filters_as_queries(read, patterns, query):
    assert str(read(criteria(*patterns))) == query
    assert str(read(json.dumps(criteria(*patterns)))) == query


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ({"body": {"a": [1]}}, ['{"a": 1}'], ['{"a": 2}', "a", "1"]),
        ({"body": ["hello!"]}, ["hello!"], ["hello", '{"a": "hello!"}']),
        ({"body": {"a": [{"exists": False}]}}, ['{"b": 1}'], ['{"a": 1}', "plain text", "5"]),
        ({"$or": [{"body": {"a": [1]}}, {"messageId": ["m-1"]}]}, ['{"a": 2}'], ["plain text"]),
    ],
    ids=str,
)
def test_bodies(pattern, taken, left):
    query = lambda_filters.from_filters(criteria(pattern))
    assert [body for body in taken if not query.matches(message(body))] == []
    assert [body for body in left if query.matches(message(body))] == []


@pytest.mark.parametrize(
    ("attribute", "matches"),
    [(("String", "7"), True), (("Number", "7"), True), (("String", "8"), False), (("Number", "8"), False)],
    ids=str,
)
def test_an_attribute_is_text_to_the_service_whatever_its_type(attribute, matches):
    query = lambda_filters.from_filters(criteria({"messageAttributes": {"a": {"stringValue": ["7"]}}}))
    assert query.matches(message("x", a=attribute)) is matches


def test_the_receive_count_is_a_text_to_the_service():
    query = lambda_filters.from_filters(criteria({"attributes": {"ApproximateReceiveCount": ["3"]}}))
    assert query.matches(message("x", count="3"))
    assert not query.matches(message("x", count="33"))
