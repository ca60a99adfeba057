"""From one test of the query to the fields and matchers of a policy.

A maintainer keeps two rules. What holds for *some* value at a path becomes a matcher there; what must hold for *every* value (the negations, and
`missing`) can be tested only where there is one value, because a policy is content with the first element that fits, and sees nothing in an
empty array. And a clause that matches where the path is missing (`a ?? 1`) takes messages without the field.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard, get_args

from megaql.convert.exporting import values, words
from megaql.convert.exporting.values import ABSENT, Asks, Cannot
from megaql.convert.matchers import Exact
from megaql.lang import evaluator, tree
from megaql.lang.nodes import (
    Between,
    Call,
    Compare,
    Comparison,
    Count,
    Default,
    In,
    InCidr,
    IsKind,
    Key,
    KindName,
    ListLiteral,
    Literal,
    Matches,
    Number,
    Path,
    Presence,
    PresenceTest,
    Regex,
    String,
    TextOperator,
    TextTest,
    Truth,
)
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.convert.exporting.branches import Place
    from megaql.convert.exporting.paths import Found, Scope
    from megaql.convert.exporting.target import Target
    from megaql.convert.matchers import Matcher
    from megaql.lang.nodes import Clause, Value


class Tested(NamedTuple):
    """Fields, one of which must hold; `why` says what else they take, and is empty if nothing.

    With `alone` the test may hold for a message without any document.
    """

    fields: tuple[tuple[Place, tuple[Matcher, ...]], ...]
    why: str = ""
    alone: bool = False


class Subject(NamedTuple):
    """What a test is about: a path, the literal that stands in where it is missing, the function around it."""

    node: Value
    path: Path
    fallback: Literal | None = None
    function: str = ""


def tested(clause: Clause, scope: Scope, *, holds: bool) -> Tested:
    """Return the fields for a test that must have the verdict MATCH, or NO_MATCH; `Cannot` if there are none."""
    if isinstance(clause, PresenceTest):
        return _presence(clause, scope, holds=holds)
    subject = _subject(clause)
    found = scope.find(subject.path)
    positive = holds is not is_negated(clause)
    if isinstance(clause, IsKind) and clause.kind is KindName.OBJECT and not positive:
        return _no_object(clause, found, scope)
    if not positive:
        _check_single(clause, subject.path, found.places, scope)
    asks = _asked(clause, subject, scope.target, positive=positive)
    why = asks.why or found.why or _of_arrays(clause, found.places, scope)
    if subject.fallback is not None and _holds_for(clause, subject, subject.fallback, holds=holds):
        return _with_fallback(asks._replace(why=why), subject.path, found.places, scope)
    fields = [(place, asks.matchers) for place in found.places]
    if any(map(scope.is_filled_in, found.places)) and _holds_for(clause, subject, Number(1), holds=holds):
        fields = [(place, (*matchers, ABSENT)) for place, matchers in fields]
        why = why or "where there is no version, only that of a MEGA event is 1"
    return Tested(tuple(fields), why)


def _no_object(clause: IsKind, found: Found, scope: Scope) -> Tested:
    """`is not object` of what is no array: then there is a plain value."""
    if not isinstance(clause.value, Path) or not all(map(scope.flat.is_one, found.places)):
        raise Cannot("a policy does not see arrays and objects, only what is in them")
    asks = values.anything(scope.target, found.why, blank=True)
    return Tested(tuple((place, asks.matchers) for place in found.places), asks.why)


def _with_fallback(asks: Asks, path: Path, places: Sequence[Place], scope: Scope) -> Tested:
    """A test that also holds where there is nothing: of an attribute that may stand in two places, it is enough that one is empty."""
    if not _is_plain(path) or not all(map(scope.flat.is_alone, places)):
        raise Cannot("a policy cannot tell which elements of an array lack it")
    why = asks.why or _of_absence(places, scalar=all(map(scope.flat.is_scalar, places)))
    return Tested(((places[0], (*asks.matchers, ABSENT)),), why, alone=True)


def _is_plain(path: Path) -> bool:
    """Say whether nothing at a path is nothing at its field: an element may be missing where others are."""
    return all(isinstance(segment, Key) for segment in path.segments)


def _of_absence(places: Sequence[Place], *, scalar: bool) -> str:
    """Say what a policy that finds the first of some places empty may still hide."""
    if len(places) > 1:
        return "an attribute of a MEGA event may also stand in the other of two places"
    return "" if scalar else "an object and an empty array count as absent in a policy"


def is_negated(clause: Clause) -> bool:
    """Say whether a test is written with a negated operator."""
    if isinstance(clause, Compare):
        return clause.operator is Comparison.NE
    return bool(getattr(clause, "negated", False))


def _check_single(clause: Clause, path: Path, places: Sequence[Place], scope: Scope) -> None:
    """Refuse a negation where it must hold for no value or for several: a policy takes the first that fits."""
    if not _is_plain(path) or not all(map(scope.flat.is_single, places)):
        raise Cannot("it must hold for every element of an array, and a policy is content with one")
    # Who promises that compared values are plain does not promise that of what is only asked for its kind.
    plain = scope.flat.scalars.__contains__ if isinstance(clause, IsKind) else scope.flat.is_scalar
    if not isinstance(clause, Truth) and not all(map(plain, places)):
        raise Cannot("it also holds for an empty array or an object, in which a policy sees nothing")


def _of_arrays(clause: Clause, places: Sequence[Place], scope: Scope) -> str:
    """Say that a policy looks into an array where the clause does not, whatever the clause itself says of that."""
    looks_at_whole = isinstance(clause, Truth | IsKind)
    return "a policy also looks into an array" if looks_at_whole and not all(map(scope.certain.is_flat, places)) else ""


def _holds_for(clause: Clause, subject: Subject, literal: Literal, *, holds: bool) -> bool:
    """Say whether the clause is as wanted for one value in the place of its subject, at whatever time; `Cannot` if that changes."""
    if any(isinstance(child, Call) and child is not subject.node for child in tree.children(clause)):
        raise Cannot("it depends on the time whether it holds without the field")
    inner = literal if not subject.function else Call(subject.function, (literal,))
    verdict = evaluator.evaluate(_replaced(clause, subject.node, inner), Record())
    return verdict is (Verdict.MATCH if holds else Verdict.NO_MATCH)


def _replaced(clause: Clause, node: Value, literal: Value) -> Clause:
    changes: dict[str, Any] = {
        field.name: literal for field in dataclasses.fields(clause) if getattr(clause, field.name) is node
    }
    return dataclasses.replace(clause, **changes)


# What a test is about


def _subject(clause: Clause) -> Subject:
    """Return what a test with one path in it is about; `Cannot` for one that compares two, or none."""
    subjects = [child for child in tree.children(clause) if not _is_fixed(child)]
    if len(subjects) != 1:
        raise Cannot(
            "a policy compares a field with fixed values only" if subjects else "it does not look at the message"
        )
    (node,) = subjects
    match node:
        case Path():
            return Subject(node, node)
        case Default(path, fallback) if _is_literal(fallback):
            return Subject(node, path, fallback)
        case Call("length", _):
            raise Cannot("a policy has no length()")
        case Call(function, (Path() as path,)):
            return Subject(node, path, function=function)
        case Call(function, (Default(path, fallback),)) if _is_literal(fallback):
            return Subject(node, path, fallback, function)
        case Count():
            raise Cannot("a policy cannot count")
        case _:
            raise Cannot("a policy compares a field with fixed values only")


def _is_literal(node: object) -> TypeGuard[Literal]:
    return isinstance(node, get_args(Literal))


def _is_fixed(node: object) -> bool:
    """Say whether a value stands in the query itself, the time of evaluation included."""
    return _is_literal(node) or (isinstance(node, Call) and all(map(_is_fixed, node.arguments)))


# What it asks


def _asked(clause: Clause, subject: Subject, target: Target, *, positive: bool) -> Asks:  # noqa: C901 - one case per kind of test
    if subject.function:
        return _of_function(clause, subject, target, positive=positive)
    match clause:
        case Compare():
            return _compare(clause, subject.node, target, positive=positive)
        case In(_, ListLiteral(items)):
            return values.listed(target, items) if positive else values.other_than(target, items)
        case In(item, _) if _is_literal(item):
            if not positive:
                raise Cannot("it also holds for an empty array, in which a policy sees nothing")
            asks = values.equal(target, item)
            return asks._replace(why=asks.why or "a policy does not see whether something is an array")
        case Between(_, low, high) if _is_literal(low) and _is_literal(high):
            return values.between(target, low, high, negated=not positive)
        case TextTest(operator, _, String() as operand):
            asks = words.text_test(target, operator, operand)
        case Matches(_, Regex() as regex):
            asks = words.regex(target, regex)
        case InCidr(_, network):
            asks = values.in_cidr(target, network)
        case IsKind(_, kind):
            return _kind(kind, target, positive=positive)
        case Truth():
            return Asks((Exact(value=positive),))
        case _:
            raise Cannot("a policy compares a field with fixed values only")
    return asks if positive else values.not_so(target, asks)


def _compare(clause: Compare, subject: Value, target: Target, *, positive: bool) -> Asks:
    literal = clause.right if clause.left is subject else clause.left
    operator = clause.operator if clause.left is subject else clause.operator.mirrored
    if not _is_literal(literal):
        return values.anything(target, "a policy does not know the time", blank=not positive)
    if operator in {Comparison.EQ, Comparison.NE}:
        return values.equal(target, literal) if positive else values.other_than(target, (literal,))
    return values.ordered(target, operator, literal, negated=not positive)


def _kind(kind: KindName, target: Target, *, positive: bool) -> Asks:
    if positive:
        return values.kind(target, kind)
    return values.anything(target, "a policy cannot ask for every other kind", blank=True)


def _of_function(clause: Clause, subject: Subject, target: Target, *, positive: bool) -> Asks:
    """A function of a plain value needs one to be there; `lower` also says what it is, but for its case."""
    why = f"a policy has no {subject.function}()"
    blank = not positive or _holds_for(clause, subject, String(""), holds=not is_negated(clause))
    if subject.function == "lower" and positive:
        match clause:
            case Compare(Comparison.EQ, left, String() as text) if left is subject.node and text.value:
                return words.lowered(target, TextOperator.LIKE, text, why)
            case TextTest(operator, _, String() as text) if text.value and operator is not TextOperator.LIKE:
                return words.lowered(target, operator, text, why)
    return values.anything(target, why, blank=blank)


# Presence


def _presence(clause: PresenceTest, scope: Scope, *, holds: bool) -> Tested:
    """`exists`, `missing` and `empty`: a policy knows of plain values only, whoever promised that there are no arrays."""
    places, why = scope.find(clause.path)
    scalar = all(place in scope.flat.scalars for place in places)
    match clause.test, holds:
        case (Presence.EXISTS, True) | (Presence.MISSING, False):
            if not scalar:
                raise Cannot("it also holds for objects and empty arrays, which count as absent in a policy")
            asks = values.anything(scope.target, "", blank=True)
            return Tested(tuple((place, asks.matchers) for place in places), why)
        case (Presence.EXISTS, False) | (Presence.MISSING, True):
            matchers: tuple[Matcher, ...] = (ABSENT,)
        case Presence.EMPTY, True:
            matchers = (Exact(None), Exact(""), ABSENT)
        case _:
            raise Cannot("a policy cannot ask for content")
    if not _is_plain(clause.path) or any(step.binder for place in places for step in place):
        raise Cannot("a policy cannot tell which elements of an array lack it")
    # Of an attribute that may stand in two places, both are empty.
    why = why or _of_absence(places, scalar=scalar and scope.flat.is_alone(places[0]))
    return Tested(((places[0], matchers),), why, alone=True)


# For tests of the envelope


def subject_path(clause: Clause) -> Path | None:
    """Return the path that a test is about, `None` if there is not exactly one."""
    try:
        return _subject(clause).path
    except Cannot:
        return None


def asked(clause: Clause, scope: Scope) -> tuple[Matcher, ...]:
    """Return matchers of which one holds for a value for which the clause holds; `Cannot` if there are none."""
    subject = _subject(clause)
    if subject.fallback is not None:
        raise Cannot("a policy has no default for an attribute")
    return _asked(clause, subject, scope.target, positive=True).matchers
