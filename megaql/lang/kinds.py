"""What kind of value something is, for every value a document or a query can hold.

A maintainer keeps two rules. Kinds are asked here and nowhere else, because Python's own types mislead: `bool` is an `int`, BSON's
`Code` is a `str`, and a `Decimal128` is no number to Python. And BSON's types are known by name, so that the language does not
import `bson`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, NamedTuple
from uuid import UUID

from megaql.lang.dates import Moment
from megaql.lang.record import Missing


class Kind(Enum):
    """The kinds of values; the value is how a sentence names one."""

    MISSING = "missing"
    NULL = "null"
    BOOLEAN = "a boolean"
    NUMBER = "a number"
    STRING = "a string"
    DATE = "a date"
    DURATION = "a duration"
    ARRAY = "an array"
    OBJECT = "an object"
    BINARY = "binary data"
    OTHER = "another kind of value"


class Folded(NamedTuple):
    """The text of `"x"i`, already casefolded: whatever it meets is casefolded as well."""

    text: str


class CountRange(NamedTuple):
    """A count that is not known exactly: at least `low`, at most `high`."""

    low: int
    high: int


#: BSON's classes by module and name. ObjectId and UUID have no literal in the language and are read as their text.
_BSON: Final = {
    ("bson.objectid", "ObjectId"): Kind.STRING,
    ("bson.decimal128", "Decimal128"): Kind.NUMBER,
    ("bson.datetime_ms", "DatetimeMS"): Kind.DATE,
    ("bson.binary", "Binary"): Kind.BINARY,
    ("bson.code", "Code"): Kind.OTHER,
}

#: Python's classes, the more special ones first.
_PYTHON: Final = (
    (Missing, Kind.MISSING),
    (Folded, Kind.STRING),
    (CountRange, Kind.NUMBER),
    (bool, Kind.BOOLEAN),
    ((int, float, Decimal), Kind.NUMBER),
    ((str, UUID), Kind.STRING),
    ((date, Moment), Kind.DATE),
    (timedelta, Kind.DURATION),
    ((list, tuple), Kind.ARRAY),
    (Mapping, Kind.OBJECT),
    ((bytes, bytearray, memoryview), Kind.BINARY),
    (type(None), Kind.NULL),
)


#: The kinds of classes seen so far: one dictionary access for every value after the first of its class.
_SEEN: Final[dict[type, Kind]] = {}


def kind(value: object) -> Kind:
    """Return the kind of any value."""
    cls = type(value)
    return _SEEN.get(cls) or _SEEN.setdefault(cls, _kind_of_class(cls))


def _kind_of_class(cls: type) -> Kind:
    for base in cls.__mro__:
        if (base.__module__, base.__name__) in _BSON:
            return _BSON[base.__module__, base.__name__]
    return next((of for classes, of in _PYTHON if issubclass(cls, classes)), Kind.OTHER)


def describe(value: object) -> str:
    """Name the kind of a value as a sentence does: `a string`, `null`, `NaN`, `a BSON MinKey`."""
    of = kind(value)
    if of is Kind.NUMBER and not isinstance(value, CountRange) and number(value) is None:
        return "NaN"
    if of is Kind.OTHER:
        cls = type(value)
        return f"a BSON {cls.__name__}" if cls.__module__.startswith("bson") else f"a Python {cls.__name__}"
    return str(of.value)


def number(value: Any) -> int | Decimal | None:
    """Return a number's exact value, or `None` for NaN; `value` is of the kind NUMBER and no `CountRange`.

    A float stands for the shortest decimal that reads back as it, which is what its JSON text says: the float `0.1` equals the
    literal `0.1`. Infinities are larger and smaller than every other number.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else Decimal(repr(float(value)))
    exact = value if isinstance(value, Decimal) else value.to_decimal()
    return None if exact.is_nan() else exact


_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")


def read_number(text: str) -> Decimal | None:
    """Read the text of a decimal number, sign and exponent allowed, exactly; `None` for any other text.

    Strict: no spaces around it, no digit separators, no hexadecimal, no `Infinity`.
    """
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def text(value: object) -> str:
    """Return the text of a value of the kind STRING."""
    if isinstance(value, Folded):
        return value.text
    return value if isinstance(value, str) else str(value)
