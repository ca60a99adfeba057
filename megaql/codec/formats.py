"""The ways in which a body is written: JSON, BSON and Base64, each read and written exactly.

A maintainer keeps three rules. Numbers keep their value: an integer of any size, a fraction as `Decimal`. Readers raise `Unreadable` and nothing
else, whatever the text, and say why without quoting it. And `bson` is imported inside the functions that need it, because it takes longer
to load (30 ms and more) than most commands have to spend.
"""

from __future__ import annotations

import binascii
import json
import re
import sys
from decimal import Context, Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bson.codec_options import CodecOptions

#: How many objects and arrays may stand inside each other, in either format. Python's own reader gives up somewhere near 1,000, depending on its
#: caller; MongoDB allows 100 levels.
MAX_NESTING: Final = 200


class Unreadable(ValueError):  # noqa: N818 - an answer of the readers below, not a fault
    """The text or the bytes are not in this format; the message says why, and quotes nothing."""


# JSON

#: A JSON value that is neither object nor array. Some of them are Base64 as well, by accident.
_SCALAR = re.compile(r"[ \t\r\n]*(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)[ \t\r\n]*")

#: Traps what cannot be kept exactly, whatever context the application has set.
_EXACT = Context(traps=[InvalidOperation])


def is_json_scalar(text: str) -> bool:
    """Tell whether text is a JSON number, `true`, `false` or `null`."""
    return _SCALAR.fullmatch(text) is not None


def read_json(text: str) -> dict[str, Any] | list[Any]:
    """Return the object or array that text is; of a repeated key the last value counts, and a byte order mark is skipped.

    `NaN` and `Infinity` are not JSON. Raises `Unreadable`.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        raise Unreadable("not a JSON object or array")
    document: dict[str, Any] | list[Any]
    try:
        document = _parse_json(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg.lower()} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise Unreadable(_too_deep("JSON")) from None
    if text.count("[") + text.count("{") > MAX_NESTING and nests_deeper(document):
        raise Unreadable(_too_deep("JSON"))
    return document


def fraction(text: str) -> Decimal:
    """Return the exact value of a JSON number that has a fraction or an exponent; raises `Unreadable` if it is out of all bounds."""
    try:
        return Decimal(text, _EXACT)
    except InvalidOperation:
        raise Unreadable("not readable JSON: a number's exponent is out of all bounds") from None


def _long_integer(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:
        return Decimal(text, _EXACT)


def _no_constant(name: str) -> None:
    raise Unreadable(f"not JSON: {name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_float=fraction, parse_constant=_no_constant)

#: For what the first one refuses: Python turns no more than some thousand digits into an int, as that takes quadratic time. A Decimal
#: takes linear time.
_LONG_DECODER = json.JSONDecoder(parse_float=fraction, parse_int=_long_integer, parse_constant=_no_constant)


def _parse_json(text: str) -> Any:
    """Read JSON with msgspec, which takes a quarter of the time, where the program has it loaded: that takes longer than a few documents.

    What it refuses is read as without it: the few texts that only Python's reader accepts, and the wrong ones for their reasons.
    """
    if "msgspec" in sys.modules:
        try:
            return _fast_decode()(text)
        except (ValueError, RecursionError):
            pass
    return _plain_json(text)


def _plain_json(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except (json.JSONDecodeError, Unreadable):
        raise
    except ValueError:
        return _LONG_DECODER.decode(text)


@cache
def _fast_decode() -> Callable[[str], Any]:
    import msgspec  # noqa: PLC0415 - it is loaded, or this is not called

    return msgspec.json.Decoder(float_hook=fraction).decode


def _too_deep(name: str) -> str:
    return f"not readable {name}: nested deeper than {MAX_NESTING} levels"


def nests_deeper(document: dict[str, Any] | list[Any], limit: int = MAX_NESTING) -> bool:
    """Tell whether more than `limit` objects and arrays stand inside each other; it looks no deeper than that."""
    members: Iterable[Any] = document.values() if type(document) is dict else document
    for member in members:
        cls = type(member)
        if cls is dict or cls is list:
            if limit <= 1:
                return True
            # One level more here and not by a call: few documents that are read in part have a third.
            for inner in member.values() if cls is dict else member:
                cls = type(inner)
                if (cls is dict or cls is list) and (limit <= 2 or nests_deeper(inner, limit - 2)):
                    return True
    return False


# Base64

#: The line lengths at which MIME, PEM and Ruby wrap Base64.
_WRAPS: Final = frozenset({60, 64, 76})


def read_base64(text: str) -> bytes:
    """Return the bytes of canonical Base64: the standard alphabet, padded, no stray bits, at least one byte.

    Text in lines as MIME, PEM and Ruby write them is accepted, other white space is not. Raises `Unreadable`.
    """
    try:
        packed = _unwrapped(text).encode("ascii")
        data = binascii.a2b_base64(packed, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Unreadable("not Base64") from None
    if not data or binascii.b2a_base64(data, newline=False) != packed:
        raise Unreadable("not Base64 in its canonical form")
    return data


def _unwrapped(text: str) -> str:
    if "\n" not in text:
        return text
    *full, last = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    lengths = {len(line) for line in full}
    if len(lengths) > 1 or not lengths <= _WRAPS or len(last) > max(lengths, default=len(last)):
        raise Unreadable("not Base64: lines of uneven length")
    return "".join([*full, last])


def write_base64(data: bytes) -> str:
    """Return bytes as Base64 on one line."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


# BSON

#: A document's length, its end, and nothing in it: the shortest BSON there is.
_SHORTEST_BSON: Final = 5


def is_bson_like(data: bytes) -> bool:
    """Tell whether bytes begin with their own length and end as a BSON document does, as 1 in 10¹² blobs does by accident."""
    return len(data) >= _SHORTEST_BSON and int.from_bytes(data[:4], "little") == len(data) and data[-1] == 0


def read_bson(data: bytes) -> dict[str, Any]:
    """Return the document that bytes are, all of them; Decimal128 becomes `Decimal`, dates are aware and in UTC.

    Other types of BSON stay `bson`'s own: ObjectId, Timestamp, Regex, Binary and so on. Raises `Unreadable`.
    """
    if not is_bson_like(data):
        raise Unreadable("not BSON")
    import bson  # noqa: PLC0415 - see the module's rules

    try:
        document: dict[str, Any] = bson.decode(data, codec_options=bson_options())
        if b"$ref" in data:
            document = _without_references(document)
    except Exception:  # noqa: BLE001 - whatever a hostile document makes the library raise, it means one thing here
        raise Unreadable("not BSON: its length fits, its content does not") from None
    if data.count(b"\x03") + data.count(b"\x04") > MAX_NESTING and nests_deeper(document):
        raise Unreadable(_too_deep("BSON"))
    return document


@cache
def bson_options() -> CodecOptions[dict[str, Any]]:
    """Return how documents are read: aware dates, dates outside Python's years as `DatetimeMS`, exact decimals."""
    from bson.codec_options import (  # noqa: PLC0415 - see the module's rules
        CodecOptions,
        DatetimeConversion,
        TypeDecoder,
        TypeRegistry,
    )
    from bson.decimal128 import Decimal128  # noqa: PLC0415 - see the module's rules

    class DecimalDecoder(TypeDecoder):
        bson_type = Decimal128

        def transform_bson(self, value: Any) -> Decimal:
            number: Decimal = value.to_decimal()
            # A signalling NaN raises wherever it is compared, and means no more than a quiet one.
            return Decimal("NaN") if number.is_snan() else number

    return CodecOptions(
        document_class=dict,
        tz_aware=True,
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
        type_registry=TypeRegistry([DecimalDecoder()]),
    )


def _without_references(value: Any) -> Any:
    """Turn the library's DBRef objects back into the plain documents they were sent as, so that paths lead into them."""
    from bson.dbref import DBRef  # noqa: PLC0415 - see the module's rules

    if isinstance(value, DBRef):
        value = dict(value.as_doc())
    if isinstance(value, dict):
        return {key: _without_references(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_without_references(element) for element in value]
    return value
