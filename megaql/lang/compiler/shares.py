"""How the steps of a query's budget are shared out among its clauses, so that each can be answered without counting.

The evaluator counts the steps of a whole evaluation and answers UNKNOWN when they run out. A maintainer keeps two rules. Every clause has a
share, all shares together are within the budget, and a clause whose share may not do raises `Slow`: the evaluator takes over. And a generated
function that says "yes" has made sure of every clause that the evaluator would have looked at, those included that an unknown one before
them leaves without effect (`Writer.tail`).
"""

from __future__ import annotations

from typing import Final

from megaql.lang import nodes, tree
from megaql.lang.budget import CHARACTERS, STEPS

#: Elements that a quantifier has steps for, at least: the first of these with which the query is within the budget. The evaluator takes over
#: past its share, and past `ELEMENTS` in any case.
FEW_ELEMENTS: Final = (32, 8, 3)
ELEMENTS: Final = 1_000

#: Items of a list literal that count: with longer ones, values are the evaluator's that must be compared with each.
FEW_ITEMS: Final = 64

#: Steps for the texts that a clause reads, at least.
_READING: Final = 8


def weight(clause: nodes.Clause, few: int) -> int:
    """Return the steps a clause must have: twice what the evaluator takes for single values, short texts and `few` elements."""
    match clause:
        case nodes.And() | nodes.Or():
            return 2 + sum(weight(item, few) for item in clause.items)
        case nodes.Not():
            return 2 + weight(clause.item, few)
        case nodes.Quantified():
            return _weight_of_loop(clause, few)
        case _:
            return 2 * static(clause, few) + _READING


def static(clause: nodes.Clause, few: int) -> int:
    """Return the steps that the evaluator takes at most for a clause whose values are single and whose texts are short."""
    steps = 8
    stack: list[tree.AnyNode] = [clause]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Count):
            steps += _weight_of_loop(node, few)
            continue
        steps += 4
        if isinstance(node, nodes.ListLiteral):
            steps += 4 * min(len(node.items), FEW_ITEMS)
            continue
        if isinstance(node, nodes.Path):
            steps += 2 * len(node.segments)
        elif isinstance(node, nodes.String):
            steps += len(node.value) // CHARACTERS
        stack.extend(tree.children(node))
    return steps


def _weight_of_loop(node: nodes.Quantified | nodes.Count, few: int) -> int:
    return 16 + 4 * len(node.path.segments) + 2 * few * (2 + weight(node.condition, few))


class Share:
    """The steps that the clauses of one generated function have, as a multiple of their weight; there is none where `rate` is below 1."""

    def __init__(self, clause: nodes.Clause, few: int, steps: float = STEPS / 2) -> None:
        self.few = few
        self.rate = steps / weight(clause, few)
        #: What `of` has said of a clause, by its identity: it is asked several times while one is written.
        self._said: dict[int, int] = {}

    @classmethod
    def whole(cls, clause: nodes.Clause) -> Share:
        """Return the share of a whole query."""
        for few in FEW_ELEMENTS:
            share = cls(clause, few)
            if share.rate >= 1:
                break
        return share

    def of(self, clause: nodes.Clause) -> int:
        """Return the steps a clause has."""
        said = self._said.get(id(clause))
        if said is None:
            said = self._said[id(clause)] = int(self.rate * weight(clause, self.few))
        return said

    def characters(self, clause: nodes.Clause) -> int:
        """Return the length of text that a clause may read within its share."""
        return max(0, self.of(clause) - static(clause, self.few)) * CHARACTERS

    def elements(self, node: nodes.Quantified | nodes.Count) -> int:
        """Return how many elements a loop may go through."""
        one = 2 + weight(node.condition, self.few)
        return min(ELEMENTS, int(self.rate * _weight_of_loop(node, self.few) / (2 * one)))

    def inside(self, node: nodes.Quantified | nodes.Count) -> Share:
        """Return the share of the condition of a loop, for one element."""
        steps = self.rate * _weight_of_loop(node, self.few) / 2 / max(1, self.elements(node))
        return Share(node.condition, self.few, steps - 2)
