"""The values a clause found, as people and JSON are shown them: where, what, and of which kind.

A maintainer keeps one rule: whatever the value, what is shown is short and plain: no control characters, no lone surrogates, no
megabytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from megaql.lang import dates, literals
from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Kind, describe, kind, number, text
from megaql.lang.nodes import Call, Count, Default, Path
from megaql.lang.paths import location
from megaql.lang.printer import to_text
from megaql.lang.reasons import Reason
from megaql.lang.record import MISSING
from megaql.lang.tree import children
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.lang.findings import Finding
    from megaql.lang.nodes import Clause, Value
    from megaql.lang.paths import Found

#: Values shown of one clause; the one that decided is always among them.
SHOWN_VALUES: Final = 8

#: Code points shown of one value.
SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class Actual:
    """A value that a clause found: its place (`$.items[2].price`), the value, and its kind (`a number`, `missing`)."""

    location: str
    value: object
    kind: str

    @property
    def shown(self) -> str:
        """The value in JSON's notation where it has one, shortened."""
        return _shown(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: scalars of JSON as they are, other values as text."""
        if self.value is MISSING:
            return {"location": self.location, "kind": self.kind}
        return {"location": self.location, "value": _plain(self.value), "kind": self.kind}

    def __str__(self) -> str:
        if self.value is MISSING:
            return f"{self.location} is missing"
        if self.value is None:
            return f"{self.location} = null"
        return f"{self.location} = {self.shown}, {self.kind}"


def actual_values(node: Clause, finding: Finding) -> tuple[Actual, ...]:
    """Return what the values of a clause led to, the first ones and the one that decided, literals left out."""
    # Places are written for what is shown only: each may be thousands of steps long.
    shown = list(islice(_placed(node, finding), SHOWN_VALUES))
    decider = finding.decider
    if decider is None or isinstance(decider.value, Reason):
        pass
    elif decider.where and all(one is not decider for _, one in shown):
        # An element inside an array that a path led to, or one after those that are shown.
        shown = [*shown[: SHOWN_VALUES - 1], (location(decider.where), decider)]
    return tuple(Actual(place, found.value, describe(found.value)) for place, found in shown)


def _placed(node: Clause, finding: Finding) -> Iterator[tuple[str, Found]]:
    for operand, found in zip(operands(node), finding.operands, strict=False):
        for one in found:
            if not isinstance(one.value, Reason) and (place := _place(operand, one)):
                yield place, one


def operands(node: Clause) -> tuple[Any, ...]:
    """Return the values of a clause that its finding's `operands` are about."""
    path = getattr(node, "path", None)
    return (path,) if isinstance(path, Path) else children(node)


def _place(operand: Value, found: Found) -> str:
    """Name a value: by its place, or for what was computed by what it was computed from; `""` for a literal."""
    match operand:
        case Path():
            return location(found.where)
        case Call(function=function) if found.where:
            return f"{function}({location(found.where)})"
        case Call() | Count() | Default():
            return location(found.where) or to_text(operand)
        case _:
            return ""


def _shown(value: Any) -> str:
    match kind(value):
        case Kind.STRING:
            whole = text(value)
            quoted = f'"{whole[:SHOWN_CHARACTERS].translate(_QUOTED)}"'
            return quoted if len(whole) <= SHOWN_CHARACTERS else f"{quoted}... ({len(whole):,} characters)"
        case Kind.ARRAY:
            return _shown_array(value)
        case Kind.OBJECT:
            return counted(len(value), "member")
        case Kind.BINARY:
            return counted(len(value), "byte")
        case Kind.NULL:
            return "null"
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.NUMBER:
            return f"{value.low} to {value.high}" if isinstance(value, CountRange) else _shown_number(value)
        case Kind.DATE:
            instant = value.start if isinstance(value, Moment) else dates.aware(value)
            return clean(str(value)) if instant is None else instant.isoformat().replace("+00:00", "Z")
        case Kind.DURATION:
            return literals.write_duration(value)
        case _:
            # The text of a foreign class is its own affair and may be anything.
            return f"({describe(value)})"


def _shown_array(value: Any) -> str:
    """Write a short array of scalars whole, since its elements are what a clause was about; else say how long it is."""
    if len(value) <= SHOWN_VALUES and all(kind(element) in _SCALARS for element in value):
        whole = f"[{', '.join(map(_shown, value))}]"
        if len(whole) <= SHOWN_CHARACTERS:
            return whole
    return counted(len(value), "element")


_SCALARS: Final = frozenset({Kind.NULL, Kind.BOOLEAN, Kind.NUMBER, Kind.STRING, Kind.DATE, Kind.DURATION})


def _shown_number(value: object) -> str:
    exact = number(value)
    if exact is None:
        return "NaN"
    if isinstance(exact, int) and exact.bit_length() > 4 * SHOWN_CHARACTERS:
        return f"an integer of {exact.bit_length():,} bits"
    digits = str(exact)
    return digits if len(digits) <= SHOWN_CHARACTERS else f"{digits[:SHOWN_CHARACTERS]}... ({len(digits):,} characters)"


#: Integers past this lose digits in readers that know doubles only, so JSON gets their text.
_JSON_INTEGERS: Final = 2**53


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _JSON_INTEGERS:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Decimal) and value.is_finite() and Decimal(repr(float(value))) == value:
        return float(value)
    if kind(value) is Kind.STRING:
        whole = clean(text(value))
        return whole if len(whole) <= SHOWN_CHARACTERS else f"{whole[:SHOWN_CHARACTERS]}..."
    return _shown(value)


def clean(words: str) -> str:
    """Return text that any terminal and any encoder takes: lone surrogates become U+FFFD, control characters their escapes."""
    return "".join(_CONTROLS.get(char, char) for char in words)


_CONTROLS: Final = {
    **{chr(code): "\ufffd" for code in range(0xD800, 0xE000)},
    **{chr(code): f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\r\t"},
}

#: How a string in quotes is shown: each character that needs it is escaped once.
_QUOTED: Final = str.maketrans({**_CONTROLS, '"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
