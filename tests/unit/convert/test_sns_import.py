"""Filter policies of SNS as queries."""

import json

import pytest

import megaql
from megaql.broker.message import Message
from megaql.convert import sns


def attribute(value):
    if isinstance(value, list):
        return {"DataType": "String.Array", "StringValue": json.dumps(value)}
    if isinstance(value, bytes):
        return {"DataType": "Binary", "BinaryValue": value}
    return {"DataType": "Number" if isinstance(value, int | float) else "String", "StringValue": str(value)}


def _attributes(values):
    return {name: attribute(value) for name, value in values.items()}


def message(body="{}", **values):
    return Message(id="1", receipt_handle="r", body=body, attributes=_attributes(values))


@pytest.mark.parametrize(
    ("policy", "query"),
    [
        ({"store": ["example_corp"]}, '@attributes.store == "example_corp"'),
        (
            {"store": ["a", "b"], "price": [{"numeric": [">=", 100]}]},
            '@attributes.store in ["a", "b"] and @attributes.price >= 100',
        ),
        ({"com.acme.type": ["x"]}, '@attributes["com.acme.type"] == "x"'),
        ({"$or": [{"a": ["x"]}, {"b": [{"prefix": "y"}]}]}, '@attributes.a == "x" or @attributes.b startswith "y"'),
        (
            {"store": [{"exists": False}]},
            "not empty @attributes and (missing @attributes.store or none s of @attributes.store: (s is not object))",
        ),
    ],
    ids=str,
)
def test_policies_about_attributes(policy, query):
    found = sns.from_policy(policy, "MessageAttributes")
    assert str(found) == query
    assert megaql.compile(query) == found


@pytest.mark.parametrize(
    ("policy", "query"),
    [
        ({"a": {"b": ["x"]}}, 'a.b == "x"'),
        ({"a": {"b": ["x"], "c": [1]}}, 'any x of a: (x.b == "x" and x.c == 1)'),
        (
            {"a": [{"exists": False}]},
            '@kind in ["mega", "data"] and (missing a or none x of a: (x is not object))',
        ),
    ],
    ids=str,
)
def test_policies_about_the_body(policy, query):
    assert str(sns.from_policy(policy, "MessageBody")) == query


@pytest.mark.parametrize(
    ("conditions", "taken", "left"),
    [
        (["x", "y"], ["x", ["q", "x"]], ["z", "X", ["q"], [], 1]),
        ([5], [5, 5.0, [5]], ["5", 6, [6]]),
        ([None, True], [[None], [True]], ["true", "None", [1]]),
        ([{"anything-but": ["x", "y"]}], ["z", 5, ["x", "z"]], ["x", ["x", "y"], []]),
        ([{"anything-but": {"prefix": "x"}}], ["yx", ["xy", "y"], 5], ["xy"]),
        ([{"numeric": [">=", 0, "<", 10]}], [0, 9.99], [10, -0.1, "5"]),
        ([{"exists": True}], ["x", 0, [None]], [[]]),
        ([{"exists": False}], [[]], ["x", 0, [None]]),
        (["x", {"exists": False}], ["x", []], ["y"]),
    ],
    ids=str,
)
def test_values_of_an_attribute(conditions, taken, left):
    query = sns.from_policy({"a": conditions})
    assert [value for value in taken if not query.matches(message(a=value))] == []
    assert [value for value in left if query.matches(message(a=value))] == []


def test_absence_wants_a_message_with_attributes():
    query = sns.from_policy({"a": [{"exists": False}]})
    assert query.matches(message(b="x"))
    assert not query.matches(message())


@pytest.mark.parametrize("body", ["text", "5", ""])
def test_absence_in_the_body_wants_a_document(body):
    query = sns.from_policy({"a": [{"exists": False}]}, "MessageBody")
    assert query.matches(message('{"b": 1}'))
    assert not query.matches(message(body))
