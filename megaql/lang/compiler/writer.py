"""Python expressions for clauses: one that is true exactly where a clause has the wanted verdict, MATCH or NO_MATCH.

A maintainer keeps two rules. An expression that is false says only that the verdict is another one; one that is true has looked at, or made
sure of, all that the evaluator would have looked at (see `shares`). That is what `tail` is for: where an unknown clause makes a
junction false, and the function may still come out true, the rest of the junction is looked at for the budget's sake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.lang import nodes
from megaql.lang.compiler import arrays, loops, operators, values
from megaql.lang.compiler.operators import NEGATED, Operand
from megaql.lang.compiler.places import Head, Places
from megaql.lang.compiler.reference import reference
from megaql.lang.nodes import Comparison, Root
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.lang.compiler.operators import Leaf
    from megaql.lang.compiler.shares import Share
    from megaql.lang.compiler.unit import Function, Unit


class Writer:
    """Writes the expression of one generated function. `variables` are the names that quantifiers' variables have in it."""

    def __init__(
        self, unit: Unit, share: Share, variables: Mapping[str, str], *, mega: bool, head: Head | None = None
    ) -> None:
        self.unit = unit
        self.share = share
        self.places = Places(unit, head or Head(), variables, mega=mega)

    def clause(self, node: nodes.Clause, want: Verdict, *, thorough: bool = False, tail: str = "") -> str:
        """Return the expression for a clause and the verdict that is wanted of it.

        `thorough` says that the whole function may be true where this is false, and `tail` is an expression, itself always false, to
        evaluate where this is false because the clause is unknown.
        """
        match node:
            case nodes.And():
                written = self._junction(node.items, want, every=want is Verdict.MATCH, thorough=thorough)
            case nodes.Or():
                written = self._junction(node.items, want, every=want is Verdict.NO_MATCH, thorough=thorough)
            case nodes.Not():
                return self.clause(node.item, want.negated, thorough=thorough, tail=tail)
            case nodes.Truth(nodes.Boolean(value)):
                return str(value is (want is Verdict.MATCH))
            case nodes.Quantified():
                written = loops.quantified(self, node, want, thorough=thorough)
            case _:
                return self._test(node, want, tail)
        return f"({written} or {tail})" if tail else written

    def _junction(self, items: Sequence[nodes.Clause], want: Verdict, *, every: bool, thorough: bool) -> str:
        """Return what is true where `every` item has the verdict, or some item.

        Places that the first item has named are named for what stands after the junction as well; those of later items, which may not
        be evaluated, only for the items after them.
        """
        written: list[str] = []
        named = self.places.named
        for position, item in enumerate(items, 1):
            last = position == len(items)
            rest = self.tail(items[position:]) if every and thorough and not last else ""
            inside = thorough or not (every or last)
            written.append(self.clause(item, want, thorough=inside, tail=rest))
            if position == 1:
                named = dict(self.places.named)
        self.places.named = named
        return f"({(' and ' if every else ' or ').join(written)})"

    def tail(self, clauses: Sequence[nodes.Clause]) -> str:
        """Return an expression that is false after making sure that the clauses are within their shares. It is compiled on first use."""
        parameters = self.parameters()

        def make() -> Function:
            unit = self.unit.beside()
            name = unit.fresh("t")
            lines = [
                Writer(unit, self.share, self.places.variables, mega=self.places.mega).clause(
                    part, Verdict.MATCH, thorough=True
                )
                for clause in clauses
                for part in _parts(clause)
            ]
            body = "".join(f"    {line}\n" for line in lines)
            unit.add(f"def {name}({', '.join([*Head(), *self.places.variables.values()])}):\n{body}    return False\n")
            return unit.compile(name)

        return f"{self.unit.later(make)}({parameters})"

    def inside(self, share: Share, variables: Mapping[str, str]) -> Writer:
        """Return a writer for the function of a condition inside this one."""
        return Writer(self.unit, share, variables, mega=self.places.mega)

    def parameters(self) -> str:
        """Return the arguments for functions that are told all there is: the head, and the variables."""
        return ", ".join([*self.places.head, *self.places.variables.values()])

    def ask(self, node: nodes.Clause, want: Verdict) -> str:
        """Return the expression that asks the evaluator about one clause."""
        return f"{self.unit.constant(self._reference(node, want))}({self.parameters()})"

    def _reference(self, node: nodes.Clause, want: Verdict) -> Function:
        return reference(node, want, tuple(self.places.variables), self.share.of(node))

    # Clauses of values

    def _test(self, node: nodes.Clause, want: Verdict, tail: str) -> str:
        leaf = operators.leaf(node)
        written = self._leaf(node, leaf, want, tail) if leaf else self._pair(node, want, tail)
        if written is not None:
            return written
        asked = self.ask(node, want)
        return f"({asked} or {tail})" if tail else asked

    def _leaf(self, node: nodes.Clause, leaf: Leaf, want: Verdict, tail: str) -> str | None:
        """Return a clause about one value; what its class leaves open is asked of the evaluator."""
        named = dict(self.places.named)
        fetched = self.value(leaf.value)
        test = fetched and leaf.write(self.unit, Operand(*fetched, self.share.characters(node)))
        if not fetched or not test:
            self.places.named = named
            return None
        holds = (want is Verdict.MATCH) is not leaf.negated
        return test.joined(fetched[1], self._others(node, leaf, want), tail, holds=holds)

    def value(self, node: nodes.Value) -> tuple[str, str] | None:
        """Return the expression for a value, to be evaluated next, and its name from then on."""
        if isinstance(node, nodes.Count):
            return loops.count(self, node)
        return values.fetch(self.places, node)

    def _others(self, node: nodes.Clause, leaf: Leaf, want: Verdict) -> str:
        """Return what asks about values of other classes: arrays may be gone through here, the rest is the evaluator's."""
        path = leaf.value
        place = (
            self.places.of(path)
            if leaf.each and isinstance(path, nodes.Path) and path.root is not Root.ENVELOPE
            else None
        )
        if place is None:
            return self.ask(node, want)
        start = None if place[0] == self.places.head.body else [*self.places.variables.values()].index(str(place[0]))
        through = arrays.Through(place[1:], start, self.share.of(node), (want is Verdict.MATCH) is not leaf.negated)
        general, unit = self._reference(node, want), self.unit
        return f"{unit.later(lambda: arrays.asker(unit.beside(), leaf, through, general))}({self.parameters()})"

    def _pair(self, node: nodes.Clause, want: Verdict, tail: str) -> str | None:
        """Return a comparison of two paths, for values of one class that has one order."""
        if not isinstance(node, nodes.Compare):
            return None
        named = dict(self.places.named)
        left = self.value(node.left)
        right = left and self.value(node.right)
        if not left or not right:
            self.places.named = named
            return None
        holds = (want is Verdict.MATCH) is not (node.operator is Comparison.NE)
        operator = "==" if node.operator is Comparison.NE else node.operator.value
        sign = operator if holds else NEGATED[operator]
        cls = self.unit.fresh("c")
        asked = f"({cls} := type({left[0]})) is type({right[0]}) and ({cls} is str or {cls} is int)"
        quick, ask = f"{left[1]} {sign} {right[1]}", self.ask(node, want)
        present = f"{left[1]} is not M is not {right[1]} or {left[1]} is ODD or {right[1]} is ODD"
        rest = f"({present}) and {ask}"
        return f"({quick} if {asked} else {rest} or {tail})" if tail else f"({quick} if {asked} else {rest})"


def _parts(clause: nodes.Clause) -> list[nodes.Clause]:
    """Return the clauses of a junction that are no junctions themselves, at any depth."""
    found: list[nodes.Clause] = []
    stack = [clause]
    while stack:
        node = stack.pop()
        match node:
            case nodes.And() | nodes.Or():
                stack.extend(reversed(node.items))
            case nodes.Not():
                stack.append(node.item)
            case _:
                found.append(node)
    return found
