"""From a query to its alternatives: the ways in which it can match, and what each of them requires.

A maintainer keeps two rules. Only what must be true of some value is a requirement: a negation holds for an empty array too, so it requires
nothing. And what is not understood requires nothing, which is always right.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.lang import evaluator, nodes, operands, regexes, searches, tree
from megaql.lang.dates import Moment
from megaql.lang.kinds import Folded
from megaql.lang.nodes import Comparison, Deep, Quantifier, Root, TextOperator
from megaql.lang.record import Record
from megaql.lang.regexes import PatternError
from megaql.lang.verdict import Verdict
from megaql.router.requirements import (
    EndsWith,
    Finds,
    Line,
    OneOf,
    OneOfFolded,
    Place,
    Present,
    StartsWith,
    Within,
    Word,
    arranged,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.router.requirements import Key, Requirement

#: Alternatives that one query is split into; `or` past it requires nothing.
ALTERNATIVES: Final = 32

#: Keys that one `in` is looked up by; a longer list requires only that there is a value.
KEYS: Final = 500

#: The longest text that is looked for together with others; for a longer one, a string is enough. Code points.
LITERAL: Final = 100

#: For each way a clause can match, what that requires.
Ways: TypeAlias = "list[tuple[Requirement, ...]]"

_ANYTHING: Final[Ways] = [()]


def alternatives(clause: nodes.Clause) -> list[tuple[Requirement, ...]]:
    """Return for each way a clause can match what that requires, the most telling first; `[()]` where that is nothing."""
    ways = [arranged(list(way)) for way in _Reading({}).ways(clause)]
    return list(dict.fromkeys(ways)) if all(ways) else list(_ANYTHING)


class _Reading:
    """Reads clauses; `variables` are the names of quantifiers, each with the place whose elements it stands for."""

    def __init__(self, variables: Mapping[str, Place | None]) -> None:
        self.variables = variables

    def ways(self, clause: nodes.Clause, *, negated: bool = False) -> Ways:
        match clause:
            case nodes.Not(item):
                return self.ways(item, negated=not negated)
            case nodes.And(items) | nodes.Or(items):
                parts = [self.ways(item, negated=negated) for item in items]
                return _every(parts) if isinstance(clause, nodes.And) is not negated else _any(parts)
            case nodes.Quantified(quantifier, variable, path, condition):
                # What must hold for one element: that the condition does, or for `not all` that its negation does.
                chosen = (quantifier, negated)
                if chosen in _ONE_ELEMENT:
                    inner = _Reading({**self.variables, variable: self.place(path)})
                    return inner.ways(condition, negated=chosen == (Quantifier.ALL, True))
                return _ANYTHING
            case _:
                return [tuple(self._leaf(clause, negated=negated))]

    def _leaf(self, clause: nodes.Clause, *, negated: bool) -> Sequence[Requirement]:  # noqa: C901 - one case per kind of clause
        if negated is not _is_negative(clause):
            return ()
        if _has_default(clause) and not _needs_its_path(clause, negated=negated):
            return ()
        match clause:
            case nodes.Compare():
                return self._comparison(clause)
            case nodes.In():
                return self._in(clause)
            case nodes.Matches(value, nodes.Regex() as regex):
                return self._found(value, regex)
            case nodes.TextTest():
                return self._text_test(clause)
            case nodes.Between(value, low, high):
                return self._between(value, low, high)
            case nodes.Truth(value):
                return [OneOf(place, (Word.TRUE,))] if (place := self.place(value)) else ()
            case nodes.IsKind(value) | nodes.InCidr(value):
                return self._present(value)
            case nodes.PresenceTest(_, path) | nodes.Opaque(_, _, path):
                return self._present(path)
            case _:
                return ()

    def place(self, value: nodes.Value) -> Place | None:
        """Return the place of a path's values, or one that holds more; `None` for other values and paths without names."""
        if isinstance(value, nodes.Default):
            value = value.path
        if not isinstance(value, nodes.Path) or any(isinstance(segment, Deep) for segment in value.segments):
            return None
        names = tuple(segment.name for segment in value.segments if isinstance(segment, nodes.Key))
        if value.root is Root.VARIABLE:
            start = self.variables.get(names[0])
            return None if start is None else Place((*start.names, *names[1:]), start.envelope)
        return Place(names, value.root is Root.ENVELOPE) if names else None

    def _present(self, value: nodes.Value) -> Sequence[Requirement]:
        if isinstance(value, nodes.Call) and len(value.arguments) == 1:
            return self._present(value.arguments[0])
        return [Present(place)] if (place := self.place(value)) else ()

    def _comparison(self, clause: nodes.Compare) -> Sequence[Requirement]:
        value, other, operator = clause.left, clause.right, clause.operator
        if isinstance(value, nodes.Literal):
            value, other, operator = other, value, operator.mirrored
        if not isinstance(other, nodes.Literal):
            return (*self._present(value), *self._present(other))
        literal = operands.literal(other)
        if operator in (Comparison.EQ, Comparison.NE):
            return self._equal(value, literal)
        return self._ordered(value, literal if operator in _FROM else None, literal if operator in _UP_TO else None)

    def _equal(self, value: nodes.Value, literal: object) -> Sequence[Requirement]:
        if isinstance(value, nodes.Call) and value.function == "lower" and isinstance(literal, str):
            place = self.place(value.arguments[0]) if len(value.arguments) == 1 else None
            return [OneOfFolded(place, (literal.casefold(),))] if place else ()
        place = self.place(value)
        if place is not None and isinstance(literal, Folded):
            return [OneOfFolded(place, (literal.text,))]
        if place is not None and (key := _key(literal)) is not None:
            return [OneOf(place, (key,))]
        return self._ordered(value, literal, literal) if isinstance(literal, Moment) else self._present(value)

    def _in(self, clause: nodes.In) -> Sequence[Requirement]:
        if not isinstance(clause.options, nodes.ListLiteral):
            if isinstance(clause.item, nodes.Literal):
                return self._equal(clause.options, operands.literal(clause.item))
            return (*self._present(clause.item), *self._present(clause.options))
        place = self.place(clause.item)
        if place is None or len(clause.options.items) > KEYS:
            return self._present(clause.item)
        literals = [operands.literal(item) for item in clause.options.items]
        folded = [item.text for item in literals if isinstance(item, Folded)]
        keys = [key for key in map(_key, literals) if key is not None]
        if folded and len(folded) == len(literals):
            return [OneOfFolded(place, tuple(dict.fromkeys(folded)))]
        if keys and len(keys) == len(literals):
            return [OneOf(place, tuple(dict.fromkeys(keys)))]
        return [Present(place)]

    def _between(self, value: nodes.Value, low: nodes.Value, high: nodes.Value) -> Sequence[Requirement]:
        if not (isinstance(low, nodes.Literal) and isinstance(high, nodes.Literal)):
            return self._present(value)
        return self._ordered(value, operands.literal(low), operands.literal(high))

    def _ordered(self, value: nodes.Value, low: object, high: object) -> Sequence[Requirement]:
        """Return what an order requires, with `None` for no bound on a side."""
        place = self.place(value)
        if place is None:
            return self._present(value)
        for line, classes in _LINES.items():
            ends = [end for end in (low, high) if end is not None]
            # To Python a boolean is a number and a casefolded text a tuple; neither is on any line.
            if ends and all(isinstance(end, classes) and not isinstance(end, bool) for end in ends):
                return [Within(place, line, _from(low), _up_to(high))]  # type: ignore[arg-type] # just checked
        return [Present(place)]

    def _found(self, value: nodes.Value, regex: nodes.Regex) -> Sequence[Requirement]:
        try:
            search = searches.search(regex)
        except PatternError:
            return self._present(value)
        if isinstance(search, searches.Text) and search.operator != "in":
            return self._search(value, search)
        place = self.place(value)
        return [Finds(place, regex)] if place else self._present(value)

    def _text_test(self, clause: nodes.TextTest) -> Sequence[Requirement]:
        if not isinstance(clause.operand, nodes.String):
            return (*self._present(clause.value), *self._present(clause.operand))
        text = clause.operand.value
        contains = clause.operator is TextOperator.CONTAINS
        if clause.operand.fold or (contains and not 0 < len(text) <= LITERAL):
            return self._present(clause.value)
        if contains:
            return self._found(clause.value, nodes.Regex(regexes.escaped(text)))
        if clause.operator is TextOperator.LIKE:
            try:
                return self._search(clause.value, searches.glob(text))
            except PatternError:
                return self._present(clause.value)
        starts = clause.operator is TextOperator.STARTSWITH
        return self._search(clause.value, searches.Text("startswith" if starts else "endswith", text))

    def _search(self, value: nodes.Value, search: searches.Search) -> Sequence[Requirement]:
        place = self.place(value)
        match search:
            case searches.Text("==", text) if place is not None:
                return [OneOf(place, (text,))]
            case searches.Text("startswith", text) if place is not None and text:
                return [StartsWith(place, text)]
            case searches.Text("endswith", text) if place is not None and text:
                return [EndsWith(place, text)]
            case _:
                return self._present(value)


#: The quantifiers, and whether each is negated, that hold only if something holds for one element.
_ONE_ELEMENT: Final = {
    (Quantifier.ANY, False),
    (Quantifier.ONE, False),
    (Quantifier.NONE, True),
    (Quantifier.ALL, True),
}

_FROM: Final = {Comparison.GT, Comparison.GE}
_UP_TO: Final = {Comparison.LT, Comparison.LE}

_LINES: Final[dict[Line, type | tuple[type, ...]]] = {Line.NUMBERS: (int, Decimal), Line.TEXTS: str, Line.DATES: Moment}


def _every(parts: list[Ways]) -> Ways:
    """Join the ways of clauses that must all match; a clause that would make too many is left out, which requires less."""
    joined: Ways = [()]
    for ways in sorted(parts, key=len):
        if len(joined) * len(ways) <= ALTERNATIVES:
            joined = [(*one, *more) for one in joined for more in ways]
    return joined


def _any(parts: list[Ways]) -> Ways:
    """Return the ways of clauses one of which must match; equalities of one place are one way."""
    keys: dict[tuple[type, Place], list[Key]] = {}
    ways: Ways = []
    for way in (way for part in parts for way in part):
        match way:
            case (OneOf(place, several) | OneOfFolded(place, several),):
                keys.setdefault((type(way[0]), place), []).extend(several)
            case ():
                return _ANYTHING
            case _:
                ways.append(way)
    for (cls, place), listed in keys.items():
        ways.append((cls(place, tuple(dict.fromkeys(listed))) if len(listed) <= KEYS else Present(place),))
    return ways if len(ways) <= ALTERNATIVES else _ANYTHING


def _is_negative(clause: nodes.Clause) -> bool:
    """Say whether a clause holds because something does not hold for any value."""
    match clause:
        case nodes.Compare(operator):
            return operator is Comparison.NE
        case nodes.PresenceTest(test):
            return test is not nodes.Presence.EXISTS
        case _:
            return bool(getattr(clause, "negated", False))


def _has_default(clause: nodes.Clause) -> bool:
    return any(isinstance(node, nodes.Default) for node in tree.walk(clause))


def _needs_its_path(clause: nodes.Clause, *, negated: bool) -> bool:
    """Say whether a clause with a default cannot match by the default alone."""
    values = [node for node in tree.walk(clause) if isinstance(node, nodes.Path | nodes.Call | nodes.Count)]
    if len(values) > 1:
        return False
    tested = nodes.Not(clause) if negated else clause
    return evaluator.evaluate(tested, Record()) is not Verdict.MATCH


def _key(literal: object) -> Key | None:
    """Return what a value that equals a literal is looked up by; `None` for what cannot be looked up."""
    match literal:
        case None:
            return Word.NULL
        case bool():
            return Word.TRUE if literal else Word.FALSE
        case str() | int() | Decimal():
            return literal
        case _:
            return None


def _from(bound: object) -> object:
    return bound.start if isinstance(bound, Moment) else bound


def _up_to(bound: object) -> object:
    """Return the last instant of a date, or the first one after its day; `None` where no date is after it."""
    if not isinstance(bound, Moment):
        return bound
    try:
        return bound.start + timedelta(days=1) if bound.whole_day else bound.start
    except OverflowError:
        return None
