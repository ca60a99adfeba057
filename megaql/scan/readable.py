"""Payloads as plain JSON that people read: exact where JSON can be, Extended JSON (relaxed) where it cannot.

A maintainer keeps one rule: this form is for reading only. A record's `body` is what a message is made from again.
"""

from __future__ import annotations

import base64
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

#: Integers with more bits than this (about 1,000 digits) are shown as text: few JSON readers take them. Bits.
MAX_READABLE_BITS: Final = 3_320


def readable(value: object) -> Any:
    """Return a decoded payload as `dict`, `list`, `str`, `int`, `float`, `bool` and `None`, all of which JSON can say.

    Numbers JSON has no exact form for become `{"$numberDecimal": …}` or `{"$numberDouble": "NaN"}`, dates `{"$date": …}`, bytes
    `{"$binary": …}`, and BSON's own types what `bson.json_util` makes of them. The codec bounds the nesting (`MAX_NESTING`).
    """
    match value:
        case str() | None | bool():
            return value
        case dict():
            return {key: readable(item) for key, item in value.items()}
        case Decimal():
            return _decimal(value)
        case list() | tuple():
            return [readable(item) for item in value]
        case int():
            return int(value) if value.bit_length() <= MAX_READABLE_BITS else {"$numberDecimal": str(Decimal(value))}
        case float():
            return value if math.isfinite(value) else {"$numberDouble": _double_name(value)}
        case datetime():
            return {"$date": timestamp(value)}
        case bytes():
            return {"$binary": {"base64": base64.b64encode(value).decode("ascii"), "subType": "00"}}
        case _:
            return _extended(value)


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 text in UTC with milliseconds where there are any; a time without zone is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    unit = "milliseconds" if aware.microsecond % 1000 == 0 else "microseconds"
    return aware.isoformat(timespec=unit if aware.microsecond else "seconds").replace("+00:00", "Z")


def _decimal(value: Decimal) -> Any:
    """Return the float whose shortest text is this number, or Extended JSON where there is none."""
    if value.is_finite() and math.isfinite(number := float(value)) and Decimal(repr(number)) == value:
        return number
    return {"$numberDecimal": str(value)}


def _double_name(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _extended(value: object) -> Any:
    """Return Extended JSON for a BSON type; the value itself shows that bson is installed and loaded."""
    from bson.json_util import RELAXED_JSON_OPTIONS, default  # noqa: PLC0415 - only payloads from BSON need it

    try:
        return default(value, RELAXED_JSON_OPTIONS)
    except TypeError:
        return str(value)
