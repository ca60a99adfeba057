"""Asks the solver, as often as a check may: what cannot be paid for is "not proven".

A maintainer keeps one rule: what a check costs is bounded by counting questions and what they are about, never by a clock, so that the
same query has the same findings everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang.nodes import Count, Key, Matches, Path, Quantified, Root, TextTest
from megaql.lang.solve import Impossible, Limit, solve
from megaql.lang.tree import walk

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause
    from megaql.lang.solve import Demand

#: What all questions of one check may cost: a question about a clause of a few words costs 1, some milliseconds.
BUDGET: Final = 80

#: Clauses and values for which a question costs one more.
NODES_FOR_ONE: Final = 20

#: What costs one more by itself: an automaton has to be made of it, or elements.
_COSTLY: Final = Count | Matches | Quantified | TextTest

#: How far the solver goes for one question: a few milliseconds; it takes less for most.
LIMIT: Final = Limit(branches=60, looks=4_000, items=400)

#: How a key begins that stands for a quantifier's variable. No message has it, and it may hold any value, as an element may.
FREE: Final = "\0variable "


class Questions:
    """The questions of one check and their answers."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._left = budget
        self._answers: dict[tuple[frozenset[Demand], bool], bool] = {}
        self._sizes: dict[Clause, int] = {}
        self._roots: dict[Clause, frozenset[bool]] = {}

    def impossible(self, *demands: Demand, arrays: bool = True) -> bool:
        """Say whether it is proven that no record satisfies the demands; `arrays` as in `solve`.

        Nothing is proven about a variable beside other paths of the body: the body may be an array, which holds no key beside it.
        """
        if self._left <= 0:
            return False
        asked = frozenset(demands), arrays
        if len(frozenset().union(*(self._about(demand.clause) for demand in demands))) > 1:
            return False
        if asked not in self._answers:
            cost = 1 + sum(self._size(demand.clause) for demand in demands) // NODES_FOR_ONE
            if cost > self._left:
                return False  # a smaller question may still be asked
            self._left -= cost
            self._answers[asked] = isinstance(solve(demands, arrays=arrays, limit=LIMIT), Impossible)
        return self._answers[asked]

    def _size(self, clause: Clause) -> int:
        if clause not in self._sizes:
            self._sizes[clause] = sum(NODES_FOR_ONE if isinstance(one, _COSTLY) else 1 for one in walk(clause))
        return self._sizes[clause]

    def _about(self, clause: Clause) -> frozenset[bool]:
        """Return whether a clause looks at variables, at other paths of the body, at both or none."""
        if clause not in self._roots:
            paths = [one for one in walk(clause) if isinstance(one, Path) and one.root is Root.BODY]
            self._roots[clause] = frozenset(_is_free(path) for path in paths)
        return self._roots[clause]


def _is_free(path: Path) -> bool:
    head = path.segments[0]
    return isinstance(head, Key) and head.name.startswith(FREE)
