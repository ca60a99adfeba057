"""What is refused, in full: the reasons are the services' own."""

import json
from pathlib import Path

import pytest

import megaql
from megaql.convert import eventbridge, lambda_filters, pipes, sns
from megaql.errors import ConvertError

READERS = {
    "eventbridge": eventbridge.from_pattern,
    "sns-attributes": sns.from_policy,
    "sns-body": lambda policy: sns.from_policy(policy, "MessageBody"),
    "lambda": lambda_filters.from_filters,
    "pipes": pipes.from_filters,
}

#: Each with the lines of its error. The reasons given as EventBridge's are what event-ruler itself answers.
REFUSALS = json.loads(Path(__file__).with_name("refusals.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", REFUSALS, ids=[f"{case['as']} {case['pattern'][:60]}" for case in REFUSALS])
def test_a_refusal_in_full(case):
    with pytest.raises(ConvertError) as caught:
        READERS[case["as"]](case["pattern"])
    assert str(caught.value).split("\n") == case["error"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": [NaN]}', '{"a": [1e9999999999999999999]}', '{"a":' * 500])
def test_text_that_no_parser_should_see_is_refused(text):
    with pytest.raises(ConvertError, match="failed to parse JSON"):
        eventbridge.from_pattern(text)


def test_deep_patterns_are_refused():
    deep = {"a": ["x"]}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(ConvertError, match="nested too deeply"):
        eventbridge.from_pattern(deep)


def test_many_alternatives_are_refused():
    pattern = {f"n{number}": {"$or": [{"a": [1]}, {"b": [1]}]} for number in range(10)}
    with pytest.raises(ConvertError, match="more than 1000 rule combinations"):
        eventbridge.from_pattern(pattern)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", (1,)], ids=repr)
def test_values_that_are_no_json_are_refused(value):
    with pytest.raises(ConvertError, match="Match value must be"):
        eventbridge.from_pattern({"a": [value]})


@pytest.mark.parametrize(
    "convert",
    [lambda scope: sns.from_policy({"a": ["x"]}, scope), lambda scope: sns.to_policy(megaql.compile("a"), scope)],
)
def test_a_scope_that_sns_does_not_have(convert):
    with pytest.raises(
        ConvertError, match="no filter policy scope 'Body'\n  where: scope\n  next: give 'MessageAttributes' or"
    ):
        convert("Body")
