"""Documents as they are written: exact, or refused with the place."""

import json
import uuid
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest
from bson import Int64, ObjectId, Regex

from megaql.codec.formats import MAX_NESTING, read_bson, read_json
from megaql.codec.writers import write_bson, write_json
from megaql.errors import CodecError


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


def nested(depth):
    document = []
    for _ in range(depth - 1):
        document = [document]
    return document


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ({"a": [1, 2.5, True, False, None, "x"]}, '{"a":[1,2.5,true,false,null,"x"]}'),
        ({"a": {}, "b": [], "c": ()}, '{"a":{},"b":[],"c":[]}'),
        ([Decimal("0.10"), Decimal("1E+999999999"), Decimal("-0")], "[0.10,1E+999999999,-0]"),
        ([10**30, Int64(5), Level.HIGH, Colour.RED], '[1000000000000000000000000000000,5,3,"red"]'),
        (["ü😀", "\u2028", 'a"\\\n\0'], '["ü😀","\u2028","a\\"\\\\\\n\\u0000"]'),
        (["\ud800", "\ufffe", "\uffff"], '["\\ud800","\\ufffe","\\uffff"]'),
        (OrderedDict(b=1, a=MappingProxyType({"x": 1})), '{"b":1,"a":{"x":1}}'),
        ([datetime(2026, 1, 2, tzinfo=UTC)], '["2026-01-02T00:00:00Z"]'),
        ([datetime(2026, 1, 2, 3, 4, 5, 6)], '["2026-01-02T03:04:05.000006Z"]'),  # noqa: DTZ001 - no zone is the point
        ([datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1)))], '["2026-01-02T00:00:00+01:00"]'),
    ],
)
def test_json(document, text):
    assert write_json(document) == text
    json.loads(text)


def test_long_integers():
    assert write_json([10**5000 + 7]) == f"[1{'0' * 4999}7]"
    assert read_json(write_json([10**5000])) == [10**5000]


@pytest.mark.parametrize("write", [write_json, lambda document: write_bson({"d": document})])
def test_nesting(write):
    assert write(nested(MAX_NESTING - 1))
    endless = []
    endless.append(endless)
    for document in (nested(MAX_NESTING + 1), nested(50_000), endless):
        with pytest.raises(CodecError, match="nested deeper than 200 levels"):
            write(document)


@pytest.mark.parametrize(
    ("document", "place", "what"),
    [
        ({"a": {"b c": [0, float("nan")]}}, '$.a["b c"][1]', "a number is NaN or infinite"),
        ([float("-inf")], "$[0]", "a number is NaN or infinite"),
        ([Decimal("sNaN")], "$[0]", "a number is NaN or infinite"),
        ({"id": ObjectId()}, "$.id", "a value of type ObjectId has no JSON form"),
        ({"data": b"x"}, "$.data", "a value of type bytes has no JSON form"),
        ({"day": date(2026, 1, 2)}, "$.day", "a value of type date has no JSON form"),
        ({"a": {1: 2}}, "$.a", "a key is a number, not a string"),
        ({"a": {None: 2}}, "$.a", "a key is null, not a string"),
    ],
)
def test_what_json_cannot_hold(document, place, what):
    with pytest.raises(CodecError) as caught:
        write_json(document)
    assert (caught.value.where, caught.value.what) == (place, what)
    assert caught.value.why
    assert caught.value.hint


def test_bson():
    document = {
        "decimal": Decimal("0.10"),
        "int": -(2**63),
        "float": float("inf"),
        "text": "ü\0",
        "bytes": b"\0",
        "nested": {"list": [1, {"x": None}], "tuple": (1,)},
        "when": datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC),
        "level": Level.HIGH,
        "id": ObjectId("0123456789abcdef01234567"),
    }
    assert read_bson(write_bson(document)) == {**document, "nested": {"list": [1, {"x": None}], "tuple": [1]}}


def test_bson_dates_are_in_utc_and_have_milliseconds():
    dates = [datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3, 0, 0, 1999, tzinfo=timezone(timedelta(hours=1)))]  # noqa: DTZ001
    assert read_bson(write_bson({"dates": dates}))["dates"] == [
        datetime(2026, 1, 2, 3, tzinfo=UTC),
        datetime(2026, 1, 2, 2, 0, 0, 1000, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("document", "place", "what"),
    [
        ([1], "$", "an array cannot be a BSON document"),
        ({"a": [2**63]}, "$.a[0]", "an integer is larger than 64 bits"),
        ({"a": Decimal("1." + "3" * 34)}, "$.a", "a decimal is longer or larger than BSON's"),
        ({"a": Decimal("1E+7000")}, "$.a", "a decimal is longer or larger than BSON's"),
        ({"a": "\ud800"}, "$.a", "a string holds half of a surrogate pair"),
        ({"\ud800": 1}, "$", "a string holds half of a surrogate pair"),
        ({"a": {"\0": 1}}, "$.a", "a key holds the character U+0000"),
        ({"a": {True: 1}}, "$.a", "a key is a boolean, not a string"),
        ({"a": uuid.UUID(int=1)}, "$.a", "a value of type UUID has no BSON form"),
        ({"a": {1, 2}}, "$.a", "a value of type set has no BSON form"),
        ({"a": Regex("\0")}, "$", "a value of the bson package cannot be written"),
    ],
)
def test_what_bson_cannot_hold(document, place, what):
    with pytest.raises(CodecError) as caught:
        write_bson(document)
    assert (caught.value.where, caught.value.what) == (place, what)
    assert caught.value.why
    assert caught.value.hint
