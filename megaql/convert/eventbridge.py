"""EventBridge event patterns.

Reference: Amazon EventBridge user guide, "Creating event patterns"; aws/event-ruler, which is the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from megaql.convert.dialects import EVENTBRIDGE
from megaql.convert.export import Export, export
from megaql.convert.exporting.target import TO_EVENTBRIDGE
from megaql.convert.importing import reading, rules, writing

if TYPE_CHECKING:
    from megaql.query import Query


def from_pattern(pattern: dict[str, Any] | str) -> Query:
    """Return the query that matches exactly the events an event pattern matches; the pattern is a dict or JSON text.

    Raises `ConvertError` with EventBridge's reason for a pattern that it refuses.
    """
    return writing.query(writing.clause(rules.formula(reading.read(pattern, EVENTBRIDGE), EVENTBRIDGE)))


def to_pattern(query: Query, *, arrays: bool = True) -> Export:
    """Return the event pattern that takes every event the query matches, and as few others as can be.

    `arrays=False` is a promise, see `megaql.convert.export.export`.
    """
    return export(query, TO_EVENTBRIDGE, arrays=arrays)
