"""Parts of a payload as message attributes, so that a topic can filter by them whatever the body is.

A maintainer keeps one rule: an attribute has every plain value that a query finds at its path, through arrays too, and there is none where there is
no such value. A filter policy that asks the attribute is then never stricter than a query that asks the path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.writers import write_json
from megaql.errors import BrokerError
from megaql.lang import paths
from megaql.lang.budget import Budget
from megaql.lang.kinds import Kind, kind
from megaql.lang.nodes import Key, Path
from megaql.lang.record import MISSING
from megaql.query import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.broker.outgoing import Attribute
    from megaql.codec.payloads import Payload

#: Keys joined by dots, in the characters that an attribute's name may have.
_PATH: Final = re.compile(r"(?!AWS\.|Amazon\.)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.IGNORECASE)
_LONGEST: Final = 256
#: More steps than any payload of a message takes.
_UNBOUNDED: Final = 1 << 62

#: Strings that SNS takes as they are; others travel in an array, where JSON escapes them.
_PLAIN: Final = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
#: Numbers that are taken as a `Number` everywhere: no exponents, no more digits than SQS promises.
_NUMBER: Final = re.compile(r"-?\d{1,19}(?:\.\d{1,18})?")


def path_of(name: str) -> Path:
    """Return the path of the body that a name stands for; `BrokerError` for what cannot be a name of an attribute."""
    if isinstance(name, str) and _PATH.fullmatch(name) and len(name) <= _LONGEST:
        return Path(tuple(map(Key, name.split("."))))
    raise BrokerError(
        f"{name!r:.100} cannot be exposed",
        where="expose",
        why="its attribute has the path as its name: letters, digits, - and _, with dots between them",
        hint='name a path of the payload without places and wildcards: expose=["event.name", "event.domain"]',
        code="InvalidParameterValue",
    )


def paths_of(names: Sequence[str]) -> dict[str, Path]:
    """Return the paths of names; `BrokerError` for one text in the place of several, and as `path_of`."""
    return {name: path_of(name) for name in ([names] if isinstance(names, str) else names)}


def attributes(
    payload: Payload | dict[str, Any] | list[Any] | str | bytes, exposed: Mapping[str, Path]
) -> dict[str, Attribute]:
    """Return the attributes that expose parts of a payload; a path that leads to no plain value has none."""
    record = record_of(payload)
    made: dict[str, Attribute] = {}
    for name, path in exposed.items():
        found = paths.resolve(path, record, {}, Budget(_UNBOUNDED))
        if values := [_plain(name, value) for value in _leaves([one.value for one in found])]:
            made[name] = _attribute(values)
    return made


def _leaves(values: list[Any]) -> Iterator[object]:
    """Yield the values that are no arrays and no objects, through arrays however deep."""
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting.extend(reversed(value))
        elif not (isinstance(value, Mapping) or value is MISSING):
            yield value


def _plain(name: str, value: object) -> object:
    """Return a value as JSON has it; `BrokerError` for one that no filter policy could ask for."""
    match kind(value):
        case Kind.NULL | Kind.BOOLEAN:
            return value
        case Kind.STRING:
            return str(value)  # an ObjectId is text to a query
        case Kind.NUMBER if (number := _exact(value)) is not None:
            return number
        case Kind.DATE if isinstance(value, datetime):
            return json.loads(write_json([value]))[0]
    raise BrokerError(
        f"{name} cannot be exposed",
        where="expose",
        why=f"there is a value of type {type(value).__name__}, which a filter policy cannot ask for",
        hint="leave the path out, or send the value as text or as a number",
        code="InvalidAttributeValue",
    )


def _exact(value: Any) -> int | Decimal | None:
    """Return a number as it is compared, `None` for one that is none or infinite."""
    if isinstance(value, int):
        return int(value)
    number = (
        Decimal(repr(value))
        if isinstance(value, float)
        else value
        if isinstance(value, Decimal)
        else value.to_decimal()
    )
    return number if number.is_finite() else None


def _attribute(values: list[object]) -> Attribute:
    """Return values as an attribute: one text or number as it is, everything else as an array."""
    if len(values) == 1:
        (value,) = values
        if isinstance(value, str) and _PLAIN.fullmatch(value):
            return {"DataType": "String", "StringValue": value}
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        if isinstance(value, int | Decimal) and _NUMBER.fullmatch(text):
            return {"DataType": "Number", "StringValue": text}
    return {"DataType": "String.Array", "StringValue": write_json(values)}
