"""JSON, Base64 and BSON as they are read: exact where they can be, and a reason where they cannot."""

import base64
import decimal
import struct
from datetime import UTC, datetime
from decimal import Decimal

import bson
import pytest
from bson import DatetimeMS, ObjectId

from megaql.codec.formats import MAX_NESTING, Unreadable, is_json_scalar, read_base64, read_bson, read_json


def nested(depth, left="[", right="]"):
    return left * depth + right * depth


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("{}", {}),
        ("[]", []),
        (" \t\r\n{} \n", {}),
        ("\ufeff{}", {}),
        ('{"a": 9007199254740993}', {"a": 9007199254740993}),
        ('{"a": 0.1}', {"a": Decimal("0.1")}),
        ('{"a": 1e400}', {"a": Decimal("1e400")}),
        ('{"a": -1.50}', {"a": Decimal("-1.50")}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('["\\ud800"]', ["\ud800"]),
        ('["\\ud83d\\ude00"]', ["😀"]),
    ],
)
def test_json_is_read(text, document):
    assert read_json(text) == document


def test_json_numbers_have_one_type_each():
    whole, fraction, power = read_json("[1, 1.0, 1e2]")
    assert (type(whole), type(fraction), type(power)) == (int, Decimal, Decimal)
    assert str(fraction) == "1.0"


def test_integers_longer_than_python_converts_stay_exact():
    digits = "7" * 20_000
    document = read_json(f'{{"long": {digits}, "negative": -{digits}, "short": 5}}')
    assert str(document["long"]) == digits
    assert str(document["negative"]) == f"-{digits}"
    assert type(document["short"]) is int


def test_the_callers_decimal_context_does_not_change_what_is_read():
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.InvalidOperation] = False
        assert read_json("[3.14159]") == [Decimal("3.14159")]
        with pytest.raises(Unreadable, match="out of all bounds"):
            read_json("[1e99999999999999999999]")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a JSON object or array"),
        ("1", "not a JSON object or array"),
        ('"text"', "not a JSON object or array"),
        ("\u00a0{}", "not a JSON object or array"),
        ("{} {}", "not JSON: extra data at line 1 column 4"),
        ('{"a": 1,\n"b"', "not JSON: expecting ':' delimiter at line 2 column 4"),
        ("[NaN]", "not JSON: NaN is not a JSON number"),
        ("[-Infinity]", "not JSON: -Infinity is not a JSON number"),
        ("[1e99999999999999999999]", "not readable JSON: a number's exponent is out of all bounds"),
        ("[" * 100_000, "not readable JSON: nested deeper than 200 levels"),
        ('{"a":' * 100_000, "not readable JSON: nested deeper than 200 levels"),
        (nested(MAX_NESTING + 1), "not readable JSON: nested deeper than 200 levels"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_is_not_json_says_why(text, reason):
    with pytest.raises(Unreadable) as caught:
        read_json(text)
    assert str(caught.value) == reason


def test_many_brackets_side_by_side_are_not_deep():
    assert len(read_json("[" + "[]," * 1000 + "[]]")) == 1001
    assert read_json(nested(MAX_NESTING))


@pytest.mark.parametrize("text", ["1", "-1.5e+3", " 1234 ", "true", "false", "null", "0"])
def test_json_scalars(text):
    assert is_json_scalar(text)


@pytest.mark.parametrize("text", ["", "01", "1.", "+1", "True", "nul", '"x"', "{}", "1 2", "٣"])
def test_no_json_scalars(text):
    assert not is_json_scalar(text)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("AA==", b"\x00"),
        ("aGVsbG8=", b"hello"),
        ("aGVsbG8=\n", b"hello"),
        ("aGVsbG8=\r\n", b"hello"),
        ("+/+/", b"\xfb\xff\xbf"),
        (base64.encodebytes(b"x" * 100).decode(), b"x" * 100),
        (base64.encodebytes(b"x" * 57).decode(), b"x" * 57),
    ],
)
def test_base64_is_read(text, data):
    assert read_base64(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "AA",  # no padding
        "AB==",  # stray bits
        "AA==AA==",
        "A===",
        "====",
        "a b=",
        " AAAA",
        "AAAA ",
        "AAAA\n\n",
        "AA\rAA\n",
        "ping\npong",  # lines, but no wrapped Base64
        "-_-_",  # the URL-safe alphabet
        "\uff21\uff21\uff21\uff21",
        "\ud800",
    ],
)
def test_what_is_not_canonical_base64(text):
    with pytest.raises(Unreadable, match=r"^not Base64"):
        read_base64(text)


def test_bson_types():
    when = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    identity = ObjectId()
    document = {"when": when, "id": identity, "data": b"\x00\xff", "long": 2**62, "float": 0.5, "list": [None, True]}
    assert read_bson(bson.encode(document)) == document


def test_bson_decimals_are_decimals():
    read = read_bson(bson.encode({"price": bson.Decimal128("19.90"), "in": [bson.Decimal128("1E+6000")]}))
    assert read == {"price": Decimal("19.90"), "in": [Decimal("1E+6000")]}
    assert type(read["price"]) is Decimal


def test_a_signalling_nan_is_a_nan():
    (value,) = read_bson(bson.encode({"a": bson.Decimal128("sNaN")})).values()
    assert value.is_qnan()


def test_a_bson_date_outside_pythons_years_is_kept():
    (value,) = read_bson(bson.encode({"when": DatetimeMS(2**60)})).values()
    assert value == DatetimeMS(2**60)


def test_database_references_stay_documents():
    document = {"order": {"$ref": "orders", "$id": 5, "more": [{"$ref": "a", "$id": 1, "$db": "d"}]}}
    assert read_bson(bson.encode(document)) == document


def deep_bson(depth):
    data = b"\x05\0\0\0\0"
    for _ in range(depth - 1):
        inner = b"\x03a\0" + data + b"\0"
        data = struct.pack("<i", len(inner) + 4) + inner
    return data


def test_bson_nesting():
    assert read_bson(deep_bson(MAX_NESTING))
    with pytest.raises(Unreadable, match="nested deeper than 200 levels"):
        read_bson(deep_bson(MAX_NESTING + 1))
    with pytest.raises(Unreadable, match="not BSON"):
        read_bson(deep_bson(20_000))
    references = {"$ref": "a", "$id": 1}
    for _ in range(MAX_NESTING // 2):
        references = {"$ref": "a", "$id": {"a": references}}
    with pytest.raises(Unreadable, match="nested deeper than 200 levels"):
        read_bson(bson.encode(references))


WHOLE = bson.encode({"a": "text", "b": {"c": 1}})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05\0\0\0",
        b"\xff\xff\xff\xff\0",
        WHOLE[:-1],
        WHOLE + b"\0",
        WHOLE.replace(b"text", b"te\xff\xfe"),
        WHOLE.replace(b"\x02a", b"\x42a"),
        WHOLE.replace(b"\x05\0\0\0text", b"\x55\0\0\0text"),
    ],
)
def test_what_is_not_one_whole_bson_document(data):
    with pytest.raises(Unreadable, match=r"^not BSON"):
        read_bson(data)
