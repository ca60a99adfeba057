"""What is asked of a solver and what it answers: demands on the verdicts of clauses, and the three outcomes.

A maintainer keeps one rule: a want is a set of verdicts, and Kleene's logic on wants follows from that on verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record


class Want(Enum):
    """What the verdict of a clause must be; the value is the set of verdicts that will do."""

    MATCH = frozenset({Verdict.MATCH})
    NO_MATCH = frozenset({Verdict.NO_MATCH})
    NOT_MATCH = frozenset({Verdict.NO_MATCH, Verdict.UNKNOWN})
    NOT_NO_MATCH = frozenset({Verdict.MATCH, Verdict.UNKNOWN})

    @property
    def negated(self) -> Want:
        """What is wanted of a clause when this is wanted of its negation."""
        return _NEGATED[self]


_NEGATED: Final = {
    Want.MATCH: Want.NO_MATCH,
    Want.NO_MATCH: Want.MATCH,
    Want.NOT_MATCH: Want.NOT_NO_MATCH,
    Want.NOT_NO_MATCH: Want.NOT_MATCH,
}


class Demand(NamedTuple):
    """A clause, and what its verdict must be. The clause has no parameters left."""

    clause: Clause
    want: Want


@dataclass(frozen=True, slots=True)
class Impossible:
    """No record satisfies the demands, proven for every record that is evaluated within its step budget."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A record that satisfies the demands, confirmed by the evaluator.

    `now` is the time at which it does, `None` where the clauses do not read the clock.
    """

    record: Record
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nobody can say, and why, in words that end a sentence."""

    reason: str


Outcome: TypeAlias = Impossible | Witness | Undecided


@dataclass(frozen=True, slots=True)
class Limit:
    """What one search may cost: ways through the `or`s, looks at a test for a value, and the items of all lists.

    An evaluation counts as ten looks.
    """

    branches: int = 400
    looks: int = 40_000
    items: int = 2_000


#: A few milliseconds for what people write, some 100 for the worst.
DEFAULT_LIMIT: Final = Limit()
