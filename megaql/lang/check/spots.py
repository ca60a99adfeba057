"""The clauses of a query, each in its place: what is around it, what it asks about, and which verdict of it helps the query to match.

A maintainer keeps two rules. A place knows by its `sign` which verdict of it helps the query to match, and a lint that says "without it
nothing changes" has asked for that verdict. And `asked` is what may be given to the solver: variables are no variables there, and tests
with parameters are free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, assert_never, cast

from megaql.lang import nodes
from megaql.lang.check.parameters import any_verdict, is_any_verdict
from megaql.lang.check.questions import FREE
from megaql.lang.nodes import Key, Path, Root
from megaql.lang.solve import Want
from megaql.lang.solve.places import substitute
from megaql.lang.tree import children

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from megaql.lang.nodes import Clause
    from megaql.lang.tree import AnyNode


class Sign(Enum):
    """Which verdict of a clause helps the query to match: MATCH, NO_MATCH, or now one and now the other."""

    HOLDS = "holds"
    FAILS = "fails"
    EITHER = "either"

    @property
    def negated(self) -> Sign:
        """The sign of what a negation is about."""
        return _NEGATED[self]

    @property
    def want(self) -> Want:
        """The verdict that helps; for either, that the clause holds."""
        return Want.NO_MATCH if self is Sign.FAILS else Want.MATCH


_NEGATED: Final = {Sign.HOLDS: Sign.FAILS, Sign.FAILS: Sign.HOLDS, Sign.EITHER: Sign.EITHER}


@dataclass(frozen=True, eq=False)
class Spot:
    """A clause of the query in its place.

    `asked` is the clause with every variable as a key of the body that no message has (`questions.FREE`), and every test that waits for a
    parameter as one of the envelope (`any_verdict`). `places` are the paths that lead to what the variables stand for. Two spots are never equal.
    """

    clause: Clause
    asked: Clause
    sign: Sign
    parent: Spot | None = None
    places: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def parts(self) -> tuple[Spot, ...]:
        """The clauses directly inside, those of counts too."""
        return tuple(self._parts())

    def _parts(self) -> Iterator[Spot]:
        if is_any_verdict(self.asked):
            if isinstance(self.clause, nodes.Quantified):
                asked = self._freed(any_verdict(self.clause.condition))
                yield self._condition(self.clause, asked, _quantified(self.clause.quantifier, self.sign))
            return
        # `asked` has the shape of `clause` down to what is free: only paths are others.
        for one, other in zip(children(self.clause), children(self.asked), strict=True):
            if isinstance(self.clause, nodes.And | nodes.Or | nodes.Not):
                sign = self.sign.negated if isinstance(self.clause, nodes.Not) else self.sign
                clause, asked = cast("tuple[Clause, Clause]", (one, other))
                yield Spot(clause, asked, sign, self, self.places)
            elif isinstance(self.clause, nodes.Quantified):
                if one is self.clause.condition:
                    yield self._condition(self.clause, other, _quantified(self.clause.quantifier, self.sign))
            else:
                yield from self._counted(one, other)

    def _counted(self, value: AnyNode, asked: AnyNode) -> Iterator[Spot]:
        """Yield the conditions of the counts in a value."""
        if isinstance(value, nodes.Count) and isinstance(asked, nodes.Count):
            yield self._condition(value, asked.condition, Sign.EITHER)
            return
        for one, other in zip(children(value), children(asked), strict=True):
            yield from self._counted(one, other)

    def _freed(self, clause: Clause) -> Clause:
        """Return a condition with the variables of the quantifiers around this clause as keys."""
        for variable in self.places:
            clause = substitute(clause, variable, Path((Key(FREE + variable),)))
        return clause

    def _condition(self, node: nodes.Quantified | nodes.Count, asked: AnyNode, sign: Sign) -> Spot:
        free = Path((Key(FREE + node.variable),))
        freed = substitute(cast("Clause", asked), node.variable, free)
        return Spot(node.condition, freed, sign, self, {**self.places, node.variable: self.place(node.path)})

    def place(self, path: Path) -> Path:
        """Return a path with what its variable stands for written out; a name on an array is applied to its elements."""
        if path.root is not Root.VARIABLE:
            return path
        head = path.segments[0]
        around = self.places.get(head.name) if isinstance(head, Key) else None
        return path if around is None else Path((*around.segments, *path.segments[1:]), around.root)

    @property
    def needs_all(self) -> bool:
        """Whether all the clauses inside have to be as their sign says: an `and` that has to hold, an `or` that has not to."""
        return isinstance(self.clause, nodes.And if self.sign is not Sign.FAILS else nodes.Or)

    @property
    def is_joined(self) -> bool:
        """Whether it is an `and` or an `or`."""
        return isinstance(self.clause, nodes.And | nodes.Or)

    @property
    def is_test(self) -> bool:
        """Whether it is a clause without clauses of its own; a count's condition is not one."""
        return not isinstance(self.clause, nodes.And | nodes.Or | nodes.Not | nodes.Quantified)

    def around(self) -> Iterator[Spot]:
        """Yield the clauses around this one, the innermost first."""
        spot = self.parent
        while spot is not None:
            yield spot
            spot = spot.parent

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The places it asks about, those of conditions inside apart, each once; with variables written out."""
        return tuple(dict.fromkeys(self.place(path) for path in _own_paths(self.clause)))


def _quantified(quantifier: nodes.Quantifier, sign: Sign) -> Sign:
    """Return the sign of a quantifier's condition: with `one`, another element that meets it may do good or harm."""
    match quantifier:
        case nodes.Quantifier.ANY | nodes.Quantifier.ALL:
            return sign
        case nodes.Quantifier.NONE:
            return sign.negated
        case nodes.Quantifier.ONE:
            return Sign.EITHER
    assert_never(quantifier)


def _own_paths(node: AnyNode) -> Iterator[Path]:
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Path):
            yield current
        elif isinstance(current, nodes.Quantified | nodes.Count):
            stack.append(current.path)
        else:
            stack.extend(reversed(children(current)))
