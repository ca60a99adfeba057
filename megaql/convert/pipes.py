"""Filter criteria of EventBridge Pipes whose source is an SQS queue.

Reference: Amazon EventBridge user guide, "Event filtering in Amazon EventBridge Pipes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.convert import sqs_records
from megaql.convert.dialects import PIPES
from megaql.convert.export import Export, as_criteria, export
from megaql.convert.exporting.target import TO_PIPES

if TYPE_CHECKING:
    from megaql.query import Query

#: Filters of one pipe.
MAX_FILTERS: Final = 5


def from_filters(criteria: dict[str, Any] | str) -> Query:
    """Return the query that matches exactly the messages that a pipe takes; `criteria` is a dict or JSON text.

    Raises `ConvertError` for criteria that Pipes refuses, and for a filter on what a query does not see.
    """
    return sqs_records.from_criteria(criteria, PIPES, MAX_FILTERS)


def to_filters(query: Query, *, arrays: bool = True) -> Export:
    """Return the filter criteria with which a pipe takes every message the query matches, and as few others as can be.

    `arrays=False` is a promise, see `megaql.convert.export.export`.
    """
    return as_criteria(export(query, TO_PIPES, arrays=arrays))
