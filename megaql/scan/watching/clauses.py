"""A place of a message as a clause that asks for what stands there.

A maintainer keeps one rule: the clause is a query that every command takes, and matches the message it was made of; where a value has no form in the
language, or one that is too long for a query, the clause asks whether it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.errors import QueryError
from megaql.lang import nodes
from megaql.lang.binding import ValueNotSupported, literal
from megaql.lang.printer import to_text
from megaql.query import compile as compile_query

if TYPE_CHECKING:
    from megaql.broker.message import Message


def clause_for(message: Message, steps: tuple[str | int, ...], *, envelope: bool = False) -> str:
    """Return the query for one place: `event.name == "x"`, `items[0].sku == "a"`, `@attributes.tenant == "acme"`.

    Empty where no query can name the place, which is below more keys than a path may have.
    """
    segments = tuple(nodes.Key(step) if isinstance(step, str) else nodes.Index(step) for step in steps)
    path = nodes.Path(segments, nodes.Root.ENVELOPE if envelope else nodes.Root.BODY)
    present = nodes.PresenceTest(nodes.Presence.EXISTS, path)
    value = _value(message, steps, envelope=envelope)
    if value is None:
        clause: nodes.Clause = nodes.IsKind(path, nodes.KindName.NULL)
    elif isinstance(value, dict | list):
        clause = present
    else:
        try:
            clause = nodes.Compare(nodes.Comparison.EQ, path, literal(value))
        except ValueNotSupported:
            clause = present
    return next((text for one in (clause, present) if (text := _text(one, message))), "")


def _text(clause: nodes.Clause, message: Message) -> str:
    """Return a clause's text, empty where it is no query of the message."""
    try:
        text = to_text(clause)
        return text if compile_query(text).matches(message) else ""
    except QueryError:
        return ""


def _value(message: Message, steps: tuple[str | int, ...], *, envelope: bool) -> object:
    value: object = message.envelope() if envelope else message.payload.document
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value
