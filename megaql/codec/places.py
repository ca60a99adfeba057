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

#: Steps of a place that a message shows.
SHOWN_STEPS: Final = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def member(place: str, key: object) -> str:
    """Return the place of an object's member: `$.event.name`, `$["weird key"]`."""
    text = str(key)
    return f"{place}.{text}" if _NAME.fullmatch(text) else f"{place}[{json.dumps(text)}]"


#: A place on the way into a document, cheap to make at every step: the outer place and the key or position in it; `None` is the document.
Trail = tuple["Trail", object] | None


def place_of(trail: Trail) -> str:
    """Return the place a trail leads to, or its beginning if that is very deep."""
    steps = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    place = ROOT
    for step in steps[: -SHOWN_STEPS - 1 : -1]:
        place = f"{place}[{step}]" if isinstance(step, int) else member(place, step)
    return f"{place}…" if len(steps) > SHOWN_STEPS else place


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
