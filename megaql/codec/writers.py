"""Documents as JSON text and as BSON bytes: the writers, which refuse what would not come back as it went.

A maintainer keeps one rule: a value that a format cannot hold is an error that names its trail, never a silent approximation. The one
exception is BSON's own: its dates have milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, DecimalException
from json.encoder import encode_basestring
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.formats import MAX_NESTING
from megaql.codec.places import Trail, kind, place_of
from megaql.codec.protocol import write_timestamp
from megaql.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable

#: What SQS does not accept in a body, or UTF-8 cannot hold, although JSON allows it inside a string: written as an escape.
_ESCAPED = re.compile("[\ud800-\udfff\ufffe\uffff]")

_INT64_END: Final = 2**63


def refuse(trail: Trail, what: str, why: str, hint: str) -> CodecError:
    """Return the error for a value that cannot be written; it never shows the value."""
    return CodecError(what, where=place_of(trail), why=why, hint=hint)


def _check_depth(trail: Trail, depth: int) -> None:
    if depth > MAX_NESTING:
        raise refuse(
            trail,
            f"a document is nested deeper than {MAX_NESTING} levels",
            "readers give up at such a depth, and a document that holds itself never ends",
            "flatten the document, or send the inner part as text of its own",
        )


def _check_key(trail: Trail, key: object) -> str:
    if not isinstance(key, str):
        raise refuse(
            trail,
            f"a key is {kind(key)}, not a string",
            "keys are strings in JSON and BSON, and a reader would get another key than was sent",
            "convert the key with str()",
        )
    return key


# JSON


def write_json(document: object) -> str:
    """Return a value as compact JSON, numbers exact, dates as ISO 8601 text; every character is one SQS accepts.

    Raises `CodecError` for what has no JSON form: NaN, bytes, the further types of BSON.
    """
    parts: list[str] = []
    _json_value(document, None, 0, parts.append)
    return "".join(parts)


def _json_value(value: Any, trail: Trail, depth: int, put: Callable[[str], None]) -> None:
    if isinstance(value, str):
        put(_json_string(value))
    elif value is None or value is True or value is False:
        put({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, (int, float, Decimal)):
        put(_json_number(value, trail))
    elif isinstance(value, Mapping):
        _check_depth(trail, depth + 1)
        separator = "{"
        for key, inner in value.items():
            put(f"{separator}{_json_string(_check_key(trail, key))}:")
            _json_value(inner, (trail, key), depth + 1, put)
            separator = ","
        put("}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        _check_depth(trail, depth + 1)
        separator = "["
        for position, inner in enumerate(value):
            put(separator)
            _json_value(inner, (trail, position), depth + 1, put)
            separator = ","
        put("]" if value else "[]")
    elif isinstance(value, datetime):
        put(f'"{write_timestamp(value)}"')
    else:
        raise refuse(
            trail,
            f"{kind(value)} has no JSON form",
            "JSON has strings, numbers, booleans, null, arrays and objects",
            "send the payload as BSON (bson=True), or convert the value to a string",
        )


def _json_string(text: str) -> str:
    quoted = encode_basestring(text)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted) if _ESCAPED.search(quoted) else quoted


def _json_number(number: float | Decimal, trail: Trail) -> str:
    if isinstance(number, int):
        try:
            return int.__repr__(number)
        except ValueError:  # Python refuses to write integers of thousands of digits in one go
            return str(Decimal(number))
    if isinstance(number, Decimal) and number.is_finite():
        return str(number)
    if isinstance(number, float) and isfinite(number):
        return float.__repr__(number)
    raise refuse(
        trail,
        "a number is NaN or infinite",
        "JSON has no such numbers",
        "leave the value out, send null, or send the payload as BSON (bson=True)",
    )


# BSON


def write_bson(document: object) -> bytes:
    """Return an object as a BSON document; decimals as Decimal128, dates to the millisecond, a date without zone as UTC.

    Raises `CodecError` for what BSON cannot hold: an array as the whole document, an integer beyond 64 bits, a decimal
    of more than 34 digits.
    """
    if not isinstance(document, Mapping):
        raise refuse(
            None,
            f"{kind(document)} cannot be a BSON document",
            "BSON documents are objects",
            "send it as JSON (bson=False), or put it into an object",
        )
    import bson  # noqa: PLC0415 - costs 30 ms, which only BSON has to pay
    from bson.errors import BSONError  # noqa: PLC0415 - as above

    plain = _bson_value(document, None, 0)
    try:
        return bytes(bson.encode(plain))
    except (BSONError, ValueError, OverflowError, TypeError):
        # What is left to go wrong is inside the library's own types: a Regex with U+0000, a Code with a scope of anything.
        raise refuse(
            None,
            "a value of the bson package cannot be written",
            "the package refuses it, and does not say where it stands",
            "convert values of the package's own types to plain ones",
        ) from None


def _bson_value(value: Any, trail: Trail, depth: int) -> Any:
    if value is None or isinstance(value, (bool, float, bytes, datetime)):
        return value
    if isinstance(value, str):
        return _bson_string(value, trail)
    if isinstance(value, int):
        return _bson_integer(value, trail)
    if isinstance(value, Decimal):
        return _bson_decimal(value, trail)
    if isinstance(value, Mapping):
        _check_depth(trail, depth + 1)
        return {_bson_key(trail, key): _bson_value(inner, (trail, key), depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        _check_depth(trail, depth + 1)
        return [_bson_value(inner, (trail, position), depth + 1) for position, inner in enumerate(value)]
    if type(value).__module__.partition(".")[0] == "bson":
        return value
    raise refuse(
        trail,
        f"{kind(value)} has no BSON form",
        "BSON has strings, numbers, booleans, null, dates, bytes, arrays, objects and the types of the bson package",
        "convert the value to one of them",
    )


def _bson_string(text: str, trail: Trail) -> str:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise refuse(
                trail,
                "a string holds half of a surrogate pair",
                "BSON's strings are UTF-8, which cannot hold it",
                "send the payload as JSON (bson=False), or repair the text",
            ) from None
    return text


def _bson_key(trail: Trail, key: object) -> str:
    text = _bson_string(_check_key(trail, key), trail)
    if "\0" in text:
        raise refuse(
            trail,
            "a key holds the character U+0000",
            "it ends a key in BSON",
            "send the payload as JSON (bson=False), or rename the key",
        )
    return text


def _bson_integer(number: int, trail: Trail) -> int:
    if not -_INT64_END <= number < _INT64_END:
        raise refuse(
            trail,
            "an integer is larger than 64 bits",
            "BSON's integers end there",
            "send the payload as JSON (bson=False), or the number as a string or a Decimal",
        )
    return number


def _bson_decimal(number: Decimal, trail: Trail) -> Any:
    from bson.decimal128 import Decimal128  # noqa: PLC0415 - costs 30 ms, which only BSON has to pay

    try:
        return Decimal128(number)
    except (DecimalException, ValueError):
        raise refuse(
            trail,
            "a decimal is longer or larger than BSON's",
            "Decimal128 holds 34 digits and exponents to 6,111",
            "send the payload as JSON (bson=False), or the number as a string",
        ) from None
