"""Filter criteria of AWS Lambda's event source mappings for SQS queues.

Reference: AWS Lambda developer guide, "Using event filtering with an Amazon SQS event source".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.convert import sqs_records
from megaql.convert.dialects import LAMBDA
from megaql.convert.export import Export, as_criteria, export
from megaql.convert.exporting.target import TO_LAMBDA

if TYPE_CHECKING:
    from megaql.query import Query

#: Filters of one event source mapping: five, ten where the quota was raised.
MAX_FILTERS: Final = 10


def from_filters(criteria: dict[str, Any] | str) -> Query:
    """Return the query that matches exactly the messages that Lambda hands to the function; `criteria` is a dict or JSON text.

    Raises `ConvertError` for criteria that Lambda refuses, and for a filter on what a query does not see.
    """
    return sqs_records.from_criteria(criteria, LAMBDA, MAX_FILTERS)


def to_filters(query: Query, *, arrays: bool = True) -> Export:
    """Return the filter criteria with which Lambda hands over every message the query matches, and as few others as can be.

    `arrays=False` is a promise, see `megaql.convert.export.export`.
    """
    return as_criteria(export(query, TO_LAMBDA, arrays=arrays))
