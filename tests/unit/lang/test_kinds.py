"""What kind of value everything is that a document can hold."""

import uuid
from collections import OrderedDict, UserDict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum

import pytest
from bson import SON, Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from megaql.lang import kinds
from megaql.lang.kinds import CountRange, Folded, Kind
from megaql.lang.record import MISSING


class Colour(IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "kind", "described"),
    [
        (MISSING, Kind.MISSING, "missing"),
        (None, Kind.NULL, "null"),
        (True, Kind.BOOLEAN, "a boolean"),
        (1, Kind.NUMBER, "a number"),
        (Colour.RED, Kind.NUMBER, "a number"),
        (Int64(1), Kind.NUMBER, "a number"),
        (1.5, Kind.NUMBER, "a number"),
        (float("nan"), Kind.NUMBER, "NaN"),
        (Decimal("sNaN"), Kind.NUMBER, "NaN"),
        (Decimal128("NaN"), Kind.NUMBER, "NaN"),
        (Decimal128("Infinity"), Kind.NUMBER, "a number"),
        (CountRange(1, 2), Kind.NUMBER, "a number"),
        ("x", Kind.STRING, "a string"),
        (Text("x"), Kind.STRING, "a string"),
        (Folded("x"), Kind.STRING, "a string"),
        (ObjectId(), Kind.STRING, "a string"),
        (uuid.uuid4(), Kind.STRING, "a string"),
        (datetime(2026, 1, 2, tzinfo=UTC), Kind.DATE, "a date"),
        (date.min, Kind.DATE, "a date"),
        (DatetimeMS(0), Kind.DATE, "a date"),
        (timedelta(1), Kind.DURATION, "a duration"),
        ([], Kind.ARRAY, "an array"),
        ((), Kind.ARRAY, "an array"),
        ({}, Kind.OBJECT, "an object"),
        (SON(), Kind.OBJECT, "an object"),
        (OrderedDict(), Kind.OBJECT, "an object"),
        (UserDict(), Kind.OBJECT, "an object"),
        (b"", Kind.BINARY, "binary data"),
        (Binary(b""), Kind.BINARY, "binary data"),
        (Code("x"), Kind.OTHER, "a BSON Code"),
        (Regex("x"), Kind.OTHER, "a BSON Regex"),
        (Timestamp(1, 1), Kind.OTHER, "a BSON Timestamp"),
        (MinKey(), Kind.OTHER, "a BSON MinKey"),
        (MaxKey(), Kind.OTHER, "a BSON MaxKey"),
        (DBRef("c", 1), Kind.OTHER, "a BSON DBRef"),
        ({1}, Kind.OTHER, "a Python set"),
        (1j, Kind.OTHER, "a Python complex"),
    ],
)
def test_kind(value, kind, described):
    assert kinds.kind(value) is kind
    assert kinds.describe(value) == described


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (0.1, Decimal("0.1")),
        (1e23, Decimal("1e23")),
        (-0.0, 0),
        (2**53 + 1, 2**53 + 1),
        (Decimal128("1.10"), Decimal("1.1")),
        (float("-inf"), Decimal("-Infinity")),
        (float("nan"), None),
        (Decimal("sNaN"), None),
    ],
)
def test_a_float_counts_as_its_shortest_decimal(value, exact):
    assert kinds.number(value) == exact


@pytest.mark.parametrize("text", ["5", "-5", "+5", "007", "1.5", ".5", "5.", "1e3", "1E-3", "-1.5e+3"])
def test_numbers_in_text(text):
    assert kinds.read_number(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", " 5", "5 ", "1_0", "0x1", "NaN", "inf", "1e", "e1", ".", "-", "٣", "1e1234567890"]
)
def test_other_text_is_no_number(text):
    assert kinds.read_number(text) is None
