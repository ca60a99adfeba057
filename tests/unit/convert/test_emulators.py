"""What moto and ministack say of patterns, beside what a query made of the pattern says: the same, but for the deviations listed here.

`tests/property/test_import.py` has the cases at large. A deviation that an emulator gives up fails here, to be taken off the list.
"""

import json

import ministack.services.eventbridge as ministack
import pytest
from ministack.services import lambda_svc
from moto.events.models import EventPattern
from moto.sns.utils import FilterPolicyMatcher

from megaql.convert import eventbridge, lambda_filters, sns
from tests.unit.convert.test_sns_import import attribute, message

#: An emulator, what it has otherwise, a pattern, an event, and what EventBridge says; the emulator says the opposite.
DEVIATIONS = [
    ("moto", "arrays of objects are not looked into", {"a": {"b": ["x"]}}, {"a": [{"b": "x"}]}, True),
    ("moto", "arrays in arrays are not looked into", {"a": ["x"]}, {"a": [["x"]]}, True),
    ("moto", "an empty object is a leaf", {"a": [{"exists": False}]}, {"a": {}}, True),
    ("moto", "an empty object differs", {"a": [{"anything-but": "x"}]}, {"a": {}}, False),
    ("moto", "an empty array exists", {"a": [{"exists": False}]}, {"a": []}, True),
    ("moto", "addresses are compared as text", {"a": ["2001:db8::1"]}, {"a": "2001:0db8::1"}, True),
    ("moto", "text is lower-cased as a whole", {"a": [{"equals-ignore-case": "straße"}]}, {"a": "STRASSE"}, True),
    ("moto", "1 is true", {"a": [1]}, {"a": True}, False),
    (
        "ministack",
        "what is absent is absent in some element",
        {"d": {"a": [{"exists": False}], "b": [2]}},
        {"d": [{"a": 1}, {"b": 2}]},
        False,
    ),
    (
        "ministack",
        "nothing but objects at a path is absent in some element",
        {"d": {"b": [{"exists": False}]}},
        {"d": [{"c": 1}, {"b": 2}]},
        False,
    ),
]


def said(emulator, pattern, event):
    if emulator == "moto":
        return EventPattern("", pattern).matches_event(event)
    return any(ministack._matches_detail(event, rule) for rule in ministack._compile_pattern(pattern))


@pytest.mark.parametrize(("emulator", "about", "pattern", "event", "right"), DEVIATIONS, ids=str)
def test_deviations_from_eventbridge(emulator, about, pattern, event, right):
    assert eventbridge.from_pattern(pattern).matches(event) is right
    assert said(emulator, pattern, event) is not right, about


#: The same for moto's filter policies about attributes.
SNS_DEVIATIONS = [
    ("equals-ignore-case is unknown", {"a": [{"equals-ignore-case": "ACME"}]}, {"a": "acme"}, True),
    ("no element may differ", {"a": [{"anything-but": ["x"]}]}, {"a": ["x", "y"]}, True),
    ("cidr is unknown", {"a": [{"cidr": "10.0.0.0/8"}]}, {"a": "10.1.2.3"}, True),
]

SNS_AGREEMENTS = [
    ({"a": ["x", "y"]}, {"a": "x"}, True),
    ({"a": ["x"]}, {"a": ["q", "x"]}, True),
    ({"a": [5]}, {"a": 5}, True),
    ({"a": [{"prefix": "ac"}]}, {"a": "acme"}, True),
    ({"a": [{"suffix": "me"}]}, {"a": "acme"}, True),
    ({"a": [{"anything-but": ["x"]}]}, {"a": "x"}, False),
    ({"a": [{"anything-but": "x"}]}, {"a": "y"}, True),
    ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 6}, False),
    ({"a": [{"exists": True}]}, {"b": "x"}, False),
    ({"a": [{"exists": False}]}, {"b": "x"}, True),
    ({"a": ["x"], "b": ["y"]}, {"a": "x"}, False),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
]


def moto_sns(policy, values):
    given = {name: attribute(value) for name, value in values.items()}
    typed = {name: {"Type": one["DataType"], "Value": one["StringValue"]} for name, one in given.items()}
    return FilterPolicyMatcher(policy, "MessageAttributes").matches(typed, "")


@pytest.mark.parametrize(("policy", "values", "right"), SNS_AGREEMENTS, ids=str)
def test_moto_and_a_query_say_the_same_of_attributes(policy, values, right):
    assert sns.from_policy(policy).matches(message(**values)) is right
    assert moto_sns(policy, values) is right


@pytest.mark.parametrize(("about", "policy", "values", "right"), SNS_DEVIATIONS, ids=str)
def test_deviations_from_sns(about, policy, values, right):
    assert sns.from_policy(policy).matches(message(**values)) is right
    assert moto_sns(policy, values) is not right, about


#: What ministack's filters of an event source mapping say otherwise, of a pattern for the body and a body.
LAMBDA_DEVIATIONS = [
    ("arrays are not looked into", {"a": ["x"]}, {"a": ["x"]}, True),
    ("what is missing differs", {"a": [{"anything-but": "x"}]}, {}, False),
    ("what is missing is null", {"a": [None]}, {}, False),
    ("an object exists", {"a": [{"exists": True}]}, {"a": {}}, False),
    ("the text of a number is one", {"a": [{"numeric": ["=", 5]}]}, {"a": "5"}, False),
    ("equals-ignore-case is unknown", {"a": [{"equals-ignore-case": "x"}]}, {"a": "X"}, True),
    ("$or is a name", {"$or": [{"a": [1]}, {"b": [1]}]}, {"b": 1}, True),
]

LAMBDA_AGREEMENTS = [
    ({"a": ["x", "y"]}, {"a": "x"}, True),
    ({"a": ["x"], "b": [1]}, {"a": "x"}, False),
    ({"a": {"b": [{"prefix": "x"}]}}, {"a": {"b": "xy"}}, True),
    ({"a": [{"suffix": "x"}]}, {"a": "xy"}, False),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}, True),
    ({"a": [{"exists": False}]}, {"b": 1}, True),
    ({"a": [{"anything-but": ["x"]}]}, {"a": "y"}, True),
]


def lambda_query(pattern):
    return lambda_filters.from_filters({"Filters": [{"Pattern": json.dumps({"body": pattern})}]})


@pytest.mark.parametrize(("pattern", "body", "right"), LAMBDA_AGREEMENTS, ids=str)
def test_ministack_and_a_query_say_the_same_of_bodies(pattern, body, right):
    assert lambda_query(pattern).matches(body) is right
    assert lambda_svc._match_esm_filter({"body": body}, {"body": pattern}) is right


@pytest.mark.parametrize(("about", "pattern", "body", "right"), LAMBDA_DEVIATIONS, ids=str)
def test_deviations_from_lambda(about, pattern, body, right):
    assert lambda_query(pattern).matches(body) is right
    assert lambda_svc._match_esm_filter({"body": body}, {"body": pattern}) is not right, about
