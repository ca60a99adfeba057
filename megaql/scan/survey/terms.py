"""Values as they are counted: two that a query calls equal are one, and two that it tells apart are two.

A maintainer keeps one rule: a term is short, however long the value, because thousands of them are kept.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.lang import dates
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.kinds import Kind, kind, number, text
from megaql.lang.paths import Found, leaves, resolve
from megaql.lang.reasons import Reason
from megaql.lang.record import MISSING
from megaql.scan.readable import timestamp

if TYPE_CHECKING:
    from megaql.lang.nodes import Path
    from megaql.lang.record import Record

#: Characters that a term keeps of a text; a longer one ends in the mark below, and is still told from others that begin alike.
MAX_TEXT: Final = 120

#: Whole numbers of fewer digits are written without an exponent, and those of fewer bits have fewer digits in any case.
PLAIN_DIGITS: Final = 31
PLAIN_BITS: Final = 100

#: What stands for the rest of a text.
CUT: Final = "…"

#: Kinds of which the value is not counted, only that there is one.
_NAMELESS: Final = {
    Kind.OBJECT: "object",
    Kind.BINARY: "binary",
    Kind.DURATION: "duration",
    Kind.ARRAY: "array",
    Kind.OTHER: "other",
}


class Term(NamedTuple):
    """A value: its kind in one word, its text (none for kinds without), and a digest where the text is cut."""

    kind: str
    text: str = ""
    digest: str = ""

    @property
    def plain(self) -> Any:
        """The value as JSON has it; a number beyond a double's exact ones, a date and a cut text are text."""
        if self.kind == "number":
            return _json_number(self.text)
        return {"null": None, "boolean": self.text == "true"}.get(self.kind, self.text)

    @property
    def label(self) -> str:
        """What people read: texts without quotes, unless they would be taken for something else."""
        if self.kind == "string":
            return json.dumps(self.text, ensure_ascii=False) if _misleading(self.text) else self.text
        return self.text or f"({self.kind})"


ABSENT: Final = Term("missing")
EMPTY: Final = Term("empty array")
UNKNOWN: Final = Term("unknown")


def terms_at(path: Path, record: Record) -> set[Term]:
    """Return the different values that a path leads to; of arrays, what is in them. Never empty: a missing value is one too."""
    budget = Budget()
    try:
        found = {term_of(leaf.value) for one in resolve(path, record, {}, budget) for leaf in leaves(one, budget)}
    except OutOfBudget:
        return {UNKNOWN}
    if len(found) > 1:
        found.discard(ABSENT)
    return found or {EMPTY}


def term_of(value: Any) -> Term:
    """Return a value as it is counted."""
    if value is MISSING:
        return ABSENT
    if isinstance(value, Reason):
        return UNKNOWN
    of = kind(value)
    match of:
        case Kind.STRING:
            return _texted("string", text(value))
        case Kind.BOOLEAN:
            return Term("boolean", "true" if value else "false")
        case Kind.NULL:
            return Term("null", "null")
        case Kind.NUMBER:
            return _texted("number", _number(value))
        case Kind.DATE:
            moment = dates.aware(value)
            return Term("date", timestamp(moment)) if moment is not None else Term("date")
        case _:
            return Term(_NAMELESS[of])


def found_at(path: Path, record: Record) -> list[Found]:
    """Return what a path leads to that is there."""
    try:
        found = resolve(path, record, {}, Budget())
    except OutOfBudget:
        return []
    return [one for one in found if one.value is not MISSING and not isinstance(one.value, Reason)]


def _texted(of: str, whole: str) -> Term:
    if len(whole) <= MAX_TEXT:
        return Term(of, whole)
    digest = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return Term(of, whole[:MAX_TEXT] + CUT, digest)


def _number(value: Any) -> str:
    """Write a number so that equal ones look alike: 5, 5.0 and Decimal("5.00") do. It is exact, which Decimal's own `normalize` is not."""
    found = number(value)
    if found is None:
        return "NaN"
    if isinstance(found, int) and found.bit_length() < PLAIN_BITS:
        return str(found)
    exact = Decimal(found)
    sign, digits, exponent = exact.as_tuple()
    if not isinstance(exponent, int):
        return str(exact)
    kept = "".join(map(str, digits)).rstrip("0")
    if not kept:
        return "0"
    exponent += len(digits) - len(kept)
    if exponent >= 0 and exact.adjusted() < PLAIN_DIGITS:
        return f"{'-' if sign else ''}{kept}{'0' * exponent}"
    return str(Decimal((sign, tuple(map(int, kept)), exponent)))


def _json_number(written: str) -> Any:
    """Return the JSON number for a written one where it says the same, else the text."""
    if written.removeprefix("-").isdigit() and len(written) < 16:
        return int(written)
    try:
        near = float(written)
    except ValueError:
        return written
    return near if repr(near) == written else written


#: Texts that look like another kind of value.
_WORDS: Final = frozenset({"null", "true", "false", "NaN", "Infinity", "-Infinity"})


def _misleading(shown: str) -> bool:
    if not shown or shown != shown.strip() or shown in _WORDS or shown.startswith(("(", '"')):
        return True
    try:
        float(shown)
    except ValueError:
        return dates.read(shown) is not None
    return True
