"""How far messages get in a query: a step for each clause of its outermost `and` or `or`.

A maintainer keeps one rule: the steps are those of `megaql.lang.nearmiss`, which finds out more and takes a hundred times as long.
"""

from __future__ import annotations

from itertools import accumulate
from operator import and_, or_
from typing import TYPE_CHECKING

from megaql.lang.compiler.matcher import Matcher
from megaql.lang.nearmiss import Step
from megaql.lang.nodes import And, Or
from megaql.lang.printer import to_text

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record


class Funnel:
    """Counts, of an `and`, the messages for which a clause and all before it hold; of an `or`, those for which it or one before it holds."""

    def __init__(self, clause: Clause) -> None:
        self.connective = "or" if isinstance(clause, Or) else "and"
        items = clause.items if isinstance(clause, And | Or) else (clause,)
        self._join = or_ if isinstance(clause, Or) else and_
        self._texts = [
            f"({to_text(item)})" if isinstance(clause, And) and isinstance(item, Or) else to_text(item)
            for item in items
        ]
        self._matchers = [Matcher(item) for item in items]
        self._passed = [0] * len(items)

    def add(self, record: Record, now: datetime) -> None:
        """Count a message."""
        holds = [matcher.matches(record, now) for matcher in self._matchers]
        for place, passed in enumerate(accumulate(holds, self._join)):
            self._passed[place] += passed

    def steps(self) -> list[Step]:
        """Return the steps in the order of the text."""
        return [Step(text, count) for text, count in zip(self._texts, self._passed, strict=True)]
