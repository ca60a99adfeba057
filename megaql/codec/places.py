"""Places in a document and kinds of values, as the codec's messages name them.

A message says where and what kind, never the value itself: bodies stay out of errors and logs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

#: The document itself.
ROOT: Final = "$"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def member(place: str, key: object) -> str:
    """Return the place of an object's member: `$.event.name`, `$["weird key"]`."""
    text = str(key)
    return f"{place}.{text}" if _NAME.fullmatch(text) else f"{place}[{json.dumps(text)}]"


def element(place: str, position: int) -> str:
    """Return the place of an array's element: `$.items[2]`."""
    return f"{place}[{position}]"


def kind(value: object) -> str:
    """Return what sort of value it is, with its article: `"a string"`, `"null"`."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float() | Decimal():
            return "a number"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "an array"
        case _:
            return f"a value of type {type(value).__name__}"
