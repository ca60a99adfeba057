"""A place of a message as a clause that asks for what stands there.

A maintainer keeps one rule: the clause matches the message it was made of; where a value has no form in the language, the clause asks whether it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.lang import nodes
from megaql.lang.binding import ValueNotSupported, literal
from megaql.lang.printer import to_text
from megaql.query import Query

if TYPE_CHECKING:
    from megaql.broker.message import Message


def clause_for(message: Message, steps: tuple[str | int, ...], *, envelope: bool = False) -> str:
    """Return the query for one place: `event.name == "x"`, `items[0].sku == "a"`, `@attributes.tenant == "acme"`."""
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
    return to_text(clause if Query(clause).matches(message) else present)


def _value(message: Message, steps: tuple[str | int, ...], *, envelope: bool) -> object:
    value: object = message.envelope() if envelope else message.payload.document
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value
