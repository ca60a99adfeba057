"""Matchers at a path as clauses: what one leaf has to be.

A matcher holds if it does for some leaf, and a positive operator holds if it does for some element, so most matchers are one operator. Those that
ask two things of the same leaf, or whether it is one at all, need a variable for it: `any c of count: (c > 0 and c <= 5)`.

A maintainer keeps one rule: a clause made here is MATCH exactly where the matcher holds. Whether it is NO_MATCH or UNKNOWN elsewhere is of no
account, so none may be negated, except the absence of a leaf, which is written with tests that know no UNKNOWN.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, assert_never

from megaql.convert.importing import folding
from megaql.convert.matchers import (
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Matcher,
    Numeric,
    Prefix,
    Suffix,
    Wildcard,
)
from megaql.lang import nodes, printer, tree
from megaql.lang.nodes import Comparison, KindName, Presence, Quantifier, Root, TextOperator
from megaql.lang.vocabulary import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPARISONS: Final = {
    "=": Comparison.EQ,
    "<": Comparison.LT,
    "<=": Comparison.LE,
    ">": Comparison.GT,
    ">=": Comparison.GE,
}


def some(path: nodes.Path, matchers: Sequence[Matcher], taken: frozenset[str]) -> nodes.Clause:
    """Return the clause that one of the matchers holds for some leaf at a path; `taken` are the variables around it."""
    listed = [item for matcher in matchers if (item := _item(matcher)) is not None]
    clauses: list[nodes.Clause] = []
    for matcher in matchers:
        if _item(matcher) is None:
            clauses.append(_one(path, matcher, taken))
        elif listed:
            clauses.append(_equals(path, listed))
            listed = []
    return tree.disjunction(clauses)


def _item(matcher: Matcher) -> nodes.Literal | None:
    """Return the literal that says a matcher in `==` and `in`, if one does."""
    match matcher:
        case Exact(value):
            return _literal(value)
        case EqualsIgnoreCase(text) if folding.is_casefold(text):
            return nodes.String(text, fold=True)
        case _:
            return None


def _literal(value: bool | str | int | Decimal | None) -> nodes.Null | nodes.Boolean | nodes.String | nodes.Number:
    match value:
        case None:
            return nodes.Null()
        case bool():
            return nodes.Boolean(value)
        case str():
            return nodes.String(value)
        case int() | Decimal():
            return nodes.Number(value)
    assert_never(value)


def _equals(value: nodes.Value, items: Sequence[nodes.Literal], *, negated: bool = False) -> nodes.Clause:
    if len(items) == 1:
        return nodes.Compare(Comparison.NE if negated else Comparison.EQ, value, items[0])
    return nodes.In(value, nodes.ListLiteral(tuple(items)), negated=negated)


def _one(path: nodes.Path, matcher: Matcher, taken: frozenset[str]) -> nodes.Clause:
    match matcher:
        case Prefix() | Suffix() | Wildcard() | EqualsIgnoreCase():
            return _text(path, matcher)
        case Cidr(network):
            return nodes.InCidr(path, nodes.String(network))
        case Numeric():
            return _numeric(path, matcher, taken)
        case Exists():
            return _any_leaf(path, (), taken)
        case AnythingBut(excluded):
            return _any_leaf(path, excluded, taken)
        case Exact():
            return _equals(path, [_literal(matcher.value)])
    assert_never(matcher)


def _text(
    value: nodes.Path, matcher: Prefix | Suffix | Wildcard | EqualsIgnoreCase, *, negated: bool = False
) -> nodes.Clause:
    match matcher:
        case Wildcard(text):
            # A question mark is nothing special there and any one character here.
            return nodes.TextTest(TextOperator.LIKE, value, nodes.String(text.replace("?", r"\?")), negated=negated)
        case Prefix(text, fold) | Suffix(text, fold):
            is_prefix = isinstance(matcher, Prefix)
            operator = TextOperator.STARTSWITH if is_prefix else TextOperator.ENDSWITH
            if not fold:
                return nodes.TextTest(operator, value, nodes.String(text), negated=negated)
            if folding.is_lower(text, is_prefix=is_prefix):
                return nodes.TextTest(operator, _lower(value), nodes.String(text.lower()), negated=negated)
            ends = ("^", "") if is_prefix else ("", "$")
        case EqualsIgnoreCase(text):
            if folding.is_lower(text):
                return _equals(_lower(value), [nodes.String(text.lower())], negated=negated)
            ends = ("^", "$")
    return nodes.Matches(value, nodes.Regex(f"{ends[0]}{folding.regex(text)}{ends[1]}"), negated=negated)


def _lower(value: nodes.Path) -> nodes.Call:
    return nodes.Call("lower", (value,))


def _numeric(path: nodes.Path, matcher: Numeric, taken: frozenset[str]) -> nodes.Clause:
    if [operator for operator, _ in matcher.bounds] == [">=", "<="]:
        low, high = (nodes.Number(number) for _, number in matcher.bounds)
        return nodes.Between(path, low, high)
    if len(matcher.bounds) == 1:
        return _bounded(path, matcher)[0]
    variable = variable_for(path, taken)
    return nodes.Quantified(
        Quantifier.ANY, variable, path, tree.conjunction(_bounded(_variable(variable), matcher)), spread=True
    )


def _bounded(value: nodes.Path, matcher: Numeric) -> list[nodes.Clause]:
    return [nodes.Compare(_COMPARISONS[operator], value, nodes.Number(number)) for operator, number in matcher.bounds]


def _any_leaf(path: nodes.Path, excluded: Sequence[Matcher], taken: frozenset[str]) -> nodes.Clause:
    """Some leaf that none of the excluded matchers holds for. A leaf of another kind than they are about is one."""
    variable = variable_for(path, taken)
    value = _variable(variable)
    conditions: list[nodes.Clause] = []
    items = [_item(matcher) for matcher in excluded]
    plain = [item for item in items if item is not None]
    if plain:
        conditions.append(_equals(value, plain, negated=True))
    tests = [
        _text(value, matcher, negated=True)
        for matcher, item in zip(excluded, items, strict=True)
        if item is None and isinstance(matcher, Prefix | Suffix | Wildcard | EqualsIgnoreCase)
    ]
    if tests:
        no_text = nodes.IsKind(value, KindName.STRING, negated=True)
        conditions.append(tree.disjunction([no_text, tree.conjunction(tests)]))
    conditions.append(nodes.IsKind(value, KindName.OBJECT, negated=True))
    return nodes.Quantified(Quantifier.ANY, variable, path, tree.conjunction(conditions), spread=True)


def absent(path: nodes.Path, steps: int, taken: frozenset[str], *, quantifiers: int) -> nodes.Clause:
    """Return the clause that there is no leaf at a path: nothing at all, or only objects and empty arrays.

    The last `steps` keys of the path may lead through arrays, of which each element is asked by itself, since one that lacks the rest would make
    the whole UNKNOWN. No more than `quantifiers` are put inside one another; past that, keys are asked together.
    """
    first = len(path.segments) - min(steps, max(quantifiers, 1)) + 1
    head = nodes.Path(path.segments[:first], path.root)
    rest = path.segments[first:]
    variable = variable_for(head, taken)
    found = _leaf_below(variable, rest, taken | {variable})
    return nodes.Or(
        (
            nodes.PresenceTest(Presence.MISSING, path),
            nodes.Quantified(Quantifier.NONE, variable, head, found, spread=True),
        )
    )


def _leaf_below(
    variable: str, keys: tuple[nodes.Key | nodes.Index | nodes.Each | nodes.Deep, ...], taken: frozenset[str]
) -> nodes.Clause:
    value = _variable(variable)
    if not keys:
        return nodes.IsKind(value, KindName.OBJECT, negated=True)
    next_step = nodes.Path((*value.segments, keys[0]), Root.VARIABLE)
    inner = variable_for(next_step, taken)
    return nodes.And(
        (
            nodes.PresenceTest(Presence.EXISTS, nodes.Path((*value.segments, *keys), Root.VARIABLE)),
            nodes.Quantified(
                Quantifier.ANY, inner, next_step, _leaf_below(inner, keys[1:], taken | {inner}), spread=True
            ),
        )
    )


def _variable(name: str) -> nodes.Path:
    return nodes.Path((nodes.Key(name),), Root.VARIABLE)


def variable_for(path: nodes.Path, taken: frozenset[str]) -> str:
    """Return a name for what a path leads to: the first letter of its last key, or more of it, that no variable around has."""
    last = path.segments[-1]
    word = last.name if isinstance(last, nodes.Key) else ""
    # A key of one letter would have its variable named like itself.
    letter = word[:1].lower() if len(word) > 1 else "x"
    candidates = [letter, word, "x", *(f"x{number}" for number in range(2, len(taken) + 3))]
    return next(
        candidate
        for candidate in candidates
        if candidate not in taken and printer.is_name(candidate) and candidate.lower() not in KEYWORDS
    )
