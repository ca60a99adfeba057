"""Paths as columns and placeholders: what `--fields`, `--sort` and `--template` name, and its value in a message.

A maintainer keeps one rule: a field is read with the query language's own paths, so that what a column shows is what a query compares.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import typer

from megaql.errors import QueryError
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.nodes import Path, PresenceTest, Root
from megaql.lang.parser import parse
from megaql.lang.paths import resolve
from megaql.lang.printer import to_text
from megaql.lang.reasons import Reason
from megaql.lang.record import MISSING
from megaql.lang.tree import walk
from megaql.scan.readable import readable, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.message import Message
    from megaql.lang.nodes import Clause

#: A list of fields is cut at commas outside quotes.
_FIELD: Final = re.compile(r"""(?:[^,"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+""")


@dataclass(frozen=True, slots=True)
class Field:
    """A path and its canonical text, which heads its column."""

    text: str
    path: Path

    def values(self, message: Message) -> list[Any]:
        """Return the plain values the path leads to; none where it is missing."""
        try:
            found = resolve(self.path, message.record(), {}, Budget())
        except OutOfBudget:
            return []
        return [one.value for one in found if one.value is not MISSING and not isinstance(one.value, Reason)]

    def value(self, message: Message) -> Any:
        """Return what JSON shows of the path: its value, a list where there are several, null where it is missing.

        A time of the envelope is plain text, as in a record; only a date of a payload has to say that it is one.
        """
        plain = self.path.root is Root.ENVELOPE
        values = [
            timestamp(value) if plain and isinstance(value, datetime) else readable(value)
            for value in self.values(message)
        ]
        return values[0] if len(values) == 1 else values or None

    def text_of(self, message: Message) -> str:
        """Return what a person reads: strings and times without quotes, anything else as JSON, nothing where it is missing."""
        values = [
            timestamp(value) if isinstance(value, datetime) else readable(value) for value in self.values(message)
        ]
        return ", ".join(value if isinstance(value, str) else _json(value) for value in values)

    def sort(self, messages: Sequence[Message], *, descending: bool = False) -> list[Message]:
        """Return messages in the order of this field's first value: numbers, times, texts, anything else; missing ones always last."""
        keyed = [
            (_sort_key(values[0] if values else MISSING), message)
            for message in messages
            for values in [self.values(message)]
        ]
        keyed.sort(key=lambda pair: pair[0], reverse=descending)
        return [message for key, message in keyed if key != _LAST] + [message for key, message in keyed if key == _LAST]


#: The key of a missing value.
_LAST: Final = (9, "")


def _sort_key(value: object) -> tuple[int, Any]:
    """Return a key that orders any two values."""
    match value:
        case bool():
            return 3, str(value)
        case int() | float() | Decimal() if value == value:  # noqa: PLR0124 - NaN is not equal to itself
            return 0, value
        case datetime():
            return 1, value.timestamp()
        case str():
            return 2, value
        case _:
            return _LAST if value is MISSING else (4, _json(readable(value)))


def read_field(text: str, option: str) -> Field:
    """Read one path, or tell which option has none."""
    if not text.strip():
        raise typer.BadParameter("a path is missing; write event.name, items[0].sku or @id", param_hint=option)
    try:
        clause = parse(f"exists {text.strip()}")
    except QueryError as error:
        raise typer.BadParameter(
            f"{text.strip()!r} is no path ({error.diagnostics[0].message}); write event.name, items[0].sku or @id",
            param_hint=option,
        ) from None
    if not isinstance(clause, PresenceTest):
        raise typer.BadParameter(f"{text.strip()!r} is more than a path", param_hint=option)
    return Field(to_text(clause.path), clause.path)


def read_fields(text: str) -> list[Field]:
    """Read the comma-separated paths of `--fields`."""
    return [read_field(part, "--fields") for part in _FIELD.findall(text) if part.strip()]


def fields_of(clause: Clause) -> list[Field]:
    """Return the paths a query asks about, each once, in the order of the text; the variables of quantifiers left out."""
    fields: dict[str, Field] = {}
    for node in walk(clause):
        if isinstance(node, Path) and node.root is not Root.VARIABLE:
            text = to_text(node)
            fields.setdefault(text, Field(text, node))
    return list(fields.values())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
