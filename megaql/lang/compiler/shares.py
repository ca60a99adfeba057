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

#: Elements that a quantifier has steps for, at least. The evaluator takes over past its share, and past `ELEMENTS` in any case.
FEW_ELEMENTS: Final = 32
ELEMENTS: Final = 1_000

#: Steps for the texts that a clause reads, at least.
_READING: Final = 8


def weight(clause: nodes.Clause) -> int:
    """Return the steps a clause must have: twice what the evaluator takes for single values and short texts."""
    match clause:
        case nodes.And() | nodes.Or():
            return 2 + sum(map(weight, clause.items))
        case nodes.Not():
            return 2 + weight(clause.item)
        case nodes.Quantified():
            return _weight_of_loop(clause)
        case _:
            return 2 * static(clause) + _READING


def static(clause: nodes.Clause) -> int:
    """Return the steps that the evaluator takes at most for a clause whose values are single and whose texts are short."""
    steps = 8
    stack: list[tree.AnyNode] = [clause]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Count):
            steps += _weight_of_loop(node)
            continue
        steps += 4
        if isinstance(node, nodes.Path):
            steps += 2 * len(node.segments)
        elif isinstance(node, nodes.String):
            steps += len(node.value) // CHARACTERS
        stack.extend(tree.children(node))
    return steps


def _weight_of_loop(node: nodes.Quantified | nodes.Count) -> int:
    return 16 + 4 * len(node.path.segments) + 2 * FEW_ELEMENTS * (2 + weight(node.condition))


class Share:
    """The steps that the clauses of one generated function have, as a multiple of their weight."""

    def __init__(self, clause: nodes.Clause, steps: float = STEPS / 2) -> None:
        self.rate = steps / weight(clause)

    def of(self, clause: nodes.Clause) -> int:
        """Return the steps a clause has."""
        return int(self.rate * weight(clause))

    def characters(self, clause: nodes.Clause) -> int:
        """Return the length of text that a clause may read within its share."""
        return max(0, self.of(clause) - static(clause)) * CHARACTERS

    def elements(self, node: nodes.Quantified | nodes.Count) -> int:
        """Return how many elements a loop may go through."""
        return min(ELEMENTS, int(self.rate * _weight_of_loop(node) / (2 * (2 + weight(node.condition)))))

    def inside(self, node: nodes.Quantified | nodes.Count) -> Share:
        """Return the share of the condition of a loop, for one element."""
        steps = self.rate * _weight_of_loop(node) / 2 / max(1, self.elements(node))
        return Share(node.condition, steps - 2)
