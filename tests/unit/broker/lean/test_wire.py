"""Bodies are what botocore writes and reads, or they are refused."""

import base64
import collections
import datetime as dt
import decimal
import enum
import io
import json
import types
import typing
import uuid

import boto3
import pytest
from botocore.exceptions import ParamValidationError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from megaql.broker.lean.client import HOT
from megaql.broker.lean.wire import REFUSED, UnknownShapeError, Wire

SQS = boto3.Session(region_name="eu-west-1").client("sqs", aws_access_key_id="k", aws_secret_access_key="s")
OPERATIONS = {name: SQS.meta.service_model.operation_model(SQS.meta.method_to_api_mapping[name]) for name in HOT}
WIRES = {name: Wire(operation) for name, operation in OPERATIONS.items()}


def theirs_asked(name, parameters):
    """Return the JSON that botocore sends; ParamValidationError where it sends none."""
    serializer = create_serializer("json", include_validation=True)
    return json.loads(serializer.serialize_to_request(parameters, OPERATIONS[name])["body"])


def theirs_answered(name, body):
    response = {"status_code": 200, "headers": {}, "body": body}
    parsed = create_parser("json").parse(response, OPERATIONS[name].output_shape)
    del parsed["ResponseMetadata"]
    return parsed


class Colour(enum.StrEnum):
    RED = "red"


class Number(enum.IntEnum):
    THREE = 3


class Text(str):
    __slots__ = ()


class Point(typing.NamedTuple):
    x: str


ODD = (
    None, True, 1, 1.0, 2**70, -1, "text", "\ud800", b"b", bytearray(b"c"), memoryview(b"d"), ("a",), ("a", 1), [], {}, {"a"}, frozenset("a"),
    Colour.RED, Number.THREE, Text("x"), Point("x"), decimal.Decimal(1), uuid.UUID(int=1), dt.date(2026, 1, 1), {"a": 1}.keys(), {1: "a"},
    types.MappingProxyType({"DataType": "String"}), collections.UserDict(DataType="String"), collections.OrderedDict(DataType="String"),
    io.BytesIO(b"e"), [None], ["a", 1], {"a": None}, {"DataType": "String", "New": 1},
)  # fmt: skip


def values(shape):
    """Parameters of a shape."""
    if shape.type_name == "list":
        return st.lists(values(shape.member), max_size=2)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=3), values(shape.value), max_size=2)
    if shape.type_name == "structure":
        members = {name: values(member) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    return {"string": st.text(max_size=5), "integer": st.integers(-5, 50), "blob": st.binary(max_size=5)}[
        shape.type_name
    ]


def places(value, path=()):
    """Yield the path to each value within a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value, path, odd):
    """Return a value with one place replaced; an ellipsis for `odd` takes it away."""
    if not path:
        return odd
    inner = replaced(value[path[0]], path[1:], odd)
    if isinstance(value, list):
        return [*value[: path[0]], *([] if inner is ... else [inner]), *value[path[0] + 1 :]]
    return {key: inner if key == path[0] else each for key, each in value.items() if key != path[0] or inner is not ...}


@st.composite
def parameters(draw, *, odd):
    """A call and its parameters, with one odd value in them."""
    name = draw(st.sampled_from(HOT))
    asked = draw(values(OPERATIONS[name].input_shape))
    if odd:
        path = draw(st.sampled_from(list(places(asked))[1:]))
        if draw(st.integers(0, 9)):
            return name, replaced(asked, path, draw(st.sampled_from((*ODD, ...))))
        within = replaced(asked, path, {"Unknown": 1})
        return name, within if draw(st.booleans()) else asked | {"unknown": "x"}
    return name, asked


@given(parameters(odd=False))
def test_usual_parameters_are_sent_as_botocore_sends_them(case):
    name, asked = case
    assert json.loads(WIRES[name].encode(asked)) == theirs_asked(name, asked)


@given(parameters(odd=True))
def test_odd_parameters_are_refused_or_sent_as_botocore_sends_them(case):
    name, asked = case
    try:
        ours = json.loads(WIRES[name].encode(asked))
    except REFUSED:
        return
    assert ours == theirs_asked(name, asked)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"QueueUrl": None},
        {"QueueUrl": "q", "AttributeNames": {"All"}},
        {"QueueUrl": "q", "MaxNumberOfMessages": "10"},
        {"QueueUrl": "q", "MaxNumberOfMessages": True},
        {"QueueUrl": "q", "MaxNumberOfMessages": 1.0},
        {"QueueUrl": "q", "Max": 1},
        {"QueueUrl": "q", "AttributeNames": "All"},
        {"QueueUrl": "\ud800"},
    ],
    ids=str,
)
def test_wrong_parameters_are_refused(asked):
    with pytest.raises(REFUSED):
        WIRES["receive_message"].encode(asked)


def test_bytes_become_base64_and_text_for_bytes_is_left_to_botocore():
    def entry(value):
        attributes = {"a": {"DataType": "Binary", "BinaryValue": value}}
        return {"QueueUrl": "q", "Entries": [{"Id": "0", "MessageBody": "b", "MessageAttributes": attributes}]}

    sent = json.loads(WIRES["send_message_batch"].encode(entry(b"\x00\xff")))
    assert sent["Entries"][0]["MessageAttributes"]["a"]["BinaryValue"] == base64.b64encode(b"\x00\xff").decode()
    with pytest.raises(REFUSED):
        WIRES["send_message_batch"].encode(entry("aGk="))


JUNK = (
    None,
    1,
    1.0,
    1.5,
    True,
    "text",
    "aGk=",
    "aGk",
    "a\nGk=",
    "",
    [],
    {},
    [None],
    {"a": None},
    ["x"],
    [{}],
    "\ud800",
    2**70,
)


def answers(shape):
    if shape.type_name == "structure":
        members = {name: answers(member) for name, member in shape.members.items()}
        return st.fixed_dictionaries({}, optional=members | {"New": st.sampled_from([None, 1, "text", [None]])})
    if shape.type_name == "list":
        return st.lists(answers(shape.member), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=3), answers(shape.value), max_size=2)
    if shape.type_name == "blob":
        return st.binary(max_size=5).map(lambda value: base64.b64encode(value).decode())
    return {"string": st.text(max_size=5), "boolean": st.booleans()}[shape.type_name]


@st.composite
def bodies(draw, *, junk):
    """A call and the body of an answer to it, with one value in it replaced."""
    name = draw(st.sampled_from([name for name in HOT if OPERATIONS[name].output_shape]))
    answer = draw(answers(OPERATIONS[name].output_shape))
    if junk:
        answer = replaced(answer, draw(st.sampled_from(list(places(answer)))), draw(st.sampled_from(JUNK)))
    return name, json.dumps(answer).encode()


@given(bodies(junk=False))
def test_answers_are_read_as_botocore_reads_them(case):
    name, body = case
    assert WIRES[name].decode(body) == theirs_answered(name, body)


@given(bodies(junk=True))
def test_junk_is_refused_or_read_as_botocore_reads_it(case):
    name, body = case
    try:
        ours = WIRES[name].decode(body)
    except REFUSED:
        return
    assert ours == theirs_answered(name, body)
    assert type(ours) is dict


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"Messages": null}', b'{"Messages": [{"Body": "\\ud800"}]}', b"<html>"]
)
def test_answers_that_the_model_does_not_know_are_refused(body):
    with pytest.raises(REFUSED):
        WIRES["receive_message"].decode(body)


def test_an_operation_without_an_answer_reads_none():
    assert WIRES["delete_message"].decode(b"anything") == {}


@pytest.mark.parametrize(
    ("service", "operation"), [("sts", "AssumeRole"), ("dynamodb", "PutItem"), ("s3", "PutObject")]
)
def test_an_unknown_shape_stays_with_botocore(service, operation):
    other = boto3.Session(region_name="eu-west-1").client(service, aws_access_key_id="k", aws_secret_access_key="s")
    with pytest.raises((UnknownShapeError, RecursionError)):
        Wire(other.meta.service_model.operation_model(operation))


def test_botocore_refuses_what_is_refused_here_for_its_contents():
    with pytest.raises(ParamValidationError):
        theirs_asked("receive_message", {"QueueUrl": None})
