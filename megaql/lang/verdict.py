"""The three results of a query, and Kleene's three-valued logic on them.

A maintainer keeps one rule: UNKNOWN is not a kind of NO_MATCH. Its negation is UNKNOWN again, so that a query and its negation
are never both delivered, and a message that lacks what a query asks about is delivered by neither.
"""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """Whether a query matches a message; only MATCH delivers it."""

    MATCH = "match"
    NO_MATCH = "no match"
    UNKNOWN = "unknown"

    @property
    def negated(self) -> Verdict:
        """Kleene's `not`."""
        return _NEGATED[self]

    def __str__(self) -> str:
        return self.value


_NEGATED = {
    Verdict.MATCH: Verdict.NO_MATCH,
    Verdict.NO_MATCH: Verdict.MATCH,
    Verdict.UNKNOWN: Verdict.UNKNOWN,
}
