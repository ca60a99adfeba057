"""Formulas over paths as clauses: where a variable is needed, and for what.

Two leaves under one object have to stand in the same one, which may be an element of an array: `any d of detail: (d.state == "x" and d.kind == "y")`.
A leaf that shares its way with no other needs no variable: `detail.state == "x"` says the same.

A maintainer keeps two rules. A variable stands for as many steps as all that use it share, around as little as possible. And a variable has nothing
to stand for where its path leads nowhere, so what holds without it is said beside it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from megaql.convert.importing import leaves
from megaql.convert.importing.rules import Absent, All, Atom, Formula, Keys, One, Some, atoms
from megaql.errors import ConvertError, QueryLimitError
from megaql.lang import nodes, tree
from megaql.lang.limits import QUANTIFIER_NESTING
from megaql.lang.nodes import Quantifier, Root
from megaql.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Where the paths of a pattern start in a record, for patterns about the whole body.
BODY: Final[Mapping[Keys, nodes.Path]] = {(): nodes.Path((), Root.BODY)}
#: The same for patterns about message attributes.
ATTRIBUTES: Final[Mapping[Keys, nodes.Path]] = {(): nodes.Path((nodes.Key("attributes"),), Root.ENVELOPE)}

#: The body is a document, be it an event or other data.
HAS_DOCUMENT: Final = nodes.In(
    nodes.Path((nodes.Key("kind"),), Root.ENVELOPE),
    nodes.ListLiteral((nodes.String("mega"), nodes.String("data"))),
)


def clause(formula: Formula, start: Mapping[Keys, nodes.Path] = BODY) -> nodes.Clause:
    """Return the clause for a formula. `start` maps beginnings of its paths to what they are in a record; none of these is an array."""
    return _Scope(start, frozenset(start)).write(formula)


def query(clause: nodes.Clause) -> Query:
    """Return the query that a clause makes; raises `ConvertError` for one that is larger than a query may be."""
    try:
        return Query(clause)
    except QueryLimitError as error:
        raise ConvertError(
            "The pattern is too large for one query.",
            why=error.diagnostics[0].message,
            hint="ask for fewer fields under one object, or split the pattern",
        ) from None


def without(formula: Formula, lead: Keys) -> Formula | None:
    """Return what a formula asks where nothing stands at a path; `None` if it cannot hold then."""
    match formula:
        case All(items):
            left = [without(item, lead) for item in items]
            kept = tuple(item for item in left if item is not None)
            return All(kept) if len(kept) == len(items) else None
        case One(items):
            kept = tuple(item for item in (without(item, lead) for item in items) if item is not None)
            return One(kept) if kept else None
        case _:
            return None if lead in _leads(formula) or (not lead and isinstance(formula, Some)) else formula


def _leads(atom: Atom) -> Iterator[Keys]:
    """Yield the paths of objects that an atom stands under together with others, the shortest first."""
    settled = len(atom.path) - 1 if isinstance(atom, Some) else atom.beside
    return (atom.path[:count] for count in range(1, settled + 1))


@dataclass(frozen=True, slots=True)
class _Scope:
    """The paths that something stands for already, with what it is."""

    known: Mapping[Keys, nodes.Path]
    #: The known ones that are no arrays, and so always settled.
    fixed: frozenset[Keys]
    taken: frozenset[str] = frozenset()

    def write(self, formula: Formula) -> nodes.Clause:
        match formula:
            case All(items):
                return tree.conjunction([self._group(group) for group in self._groups(items)])
            case One(items):
                return tree.disjunction([self.write(item) for item in items])
            case Some(path, matchers):
                found = self._reach(path, len(path) - 1)
                return leaves.some(found, matchers, self.taken)
            case Absent(path, beside):
                lead = self._nearest(path, beside)
                left = QUANTIFIER_NESTING - len(self.taken)
                return leaves.absent(self._reach(path, beside), len(path) - len(lead), self.taken, quantifiers=left)

    def _reach(self, path: Keys, limit: int) -> nodes.Path:
        """Return a path from the nearest known object on the way to it, no further than its first `limit` keys."""
        lead = self._nearest(path, limit)
        base = self.known[lead]
        return replace(base, segments=(*base.segments, *map(nodes.Key, path[len(lead) :])))

    def _nearest(self, path: Keys, limit: int) -> Keys:
        return max(
            (lead for lead in self.known if lead == path[: len(lead)] and (len(lead) <= limit or lead in self.fixed)),
            key=len,
        )

    def _next(self, atom: Atom) -> Keys | None:
        """Return the first object on the way to an atom that nothing stands for yet."""
        nearest = self._nearest(atom.path, len(atom.path) - 1)
        return next((lead for lead in _leads(atom) if len(lead) > len(nearest)), None)

    def _groups(self, items: Sequence[Formula]) -> list[tuple[Formula, ...]]:
        """Put together what stands under the same objects, in the order of the items."""
        groups: list[tuple[list[Formula], set[Keys]]] = []
        for item in items:
            leads = {lead for atom in atoms(item) if (lead := self._next(atom))}
            together = [group for group in groups if group[1] & leads]
            first = together[0] if together else ([], set())
            if not together:
                groups.append(first)
            for other in together[1:]:
                groups.remove(other)
                first[0].extend(other[0])
                first[1].update(other[1])
            first[0].append(item)
            first[1].update(leads)
        return [tuple(group) for group, _ in groups]

    def _group(self, items: tuple[Formula, ...]) -> nodes.Clause:
        if len(items) == 1:
            return self.write(items[0])
        together = All(items)
        leads = Counter(lead for item in items for lead in {self._next(atom) for atom in atoms(item)} if lead)
        shared = leads.most_common(1)[0][0]
        under = [list(_leads(atom)) for atom in atoms(together) if self._next(atom) == shared]
        lead = next(lead for lead in reversed(under[0]) if all(lead in others for others in under))
        found = self._any(lead, together)
        left = without(together, lead)
        return found if left is None else tree.disjunction([found, self.write(left)])

    def _any(self, lead: Keys, formula: Formula) -> nodes.Clause:
        """Return `any x of …: (…)` with the variable for what stands at a path."""
        path = self._reach(lead, len(lead) - 1)
        variable = leaves.variable_for(path, self.taken)
        stands_for = nodes.Path((nodes.Key(variable),), Root.VARIABLE)
        inside = _Scope({**self.known, lead: stands_for}, self.fixed, self.taken | {variable})
        return nodes.Quantified(Quantifier.ANY, variable, path, inside.write(formula), spread=True)
