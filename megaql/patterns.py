r"""Queries written as Python values: a `dict` that says what a message must hold, with `gt(0)` or `one_of("a", "b")` where a value is not enough.

    pattern({"type": one_of("a", "b"), "user": {"id": gt(0)}})     # type in ["a", "b"] and user.id > 0
    mega(domain="user", name=match(r"^user\."))     # @kind == "mega" and event.domain == "user" and event.name ~ /^user\./

A pattern is partial: a message must have the keys it names, and may have any others. A maintainer keeps one rule: whatever is written here
becomes the match tree that the same query in text gives, so that printing, explaining and storing know one form only. A callable is the
exception: it is explained by its name and can be neither stored nor converted.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NoReturn

from megaql.errors import MegaQLError
from megaql.lang import limits, nodes, tree, vocabulary, wellformed
from megaql.lang.binding import ValueNotSupported, literal
from megaql.lang.nodes import Comparison, Index, Key, Path, Presence, Quantifier, Root, TextOperator
from megaql.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    #: Puts a condition on the values of a path. The number is how many quantifiers stand around it.
    Writer = Callable[["Path", int], nodes.Clause]

__all__ = [
    "Condition",
    "all_",
    "and_",
    "any_",
    "between",
    "contains",
    "empty",
    "endswith",
    "eq",
    "gt",
    "gte",
    "in_",
    "is_",
    "like",
    "lt",
    "lte",
    "match",
    "mega",
    "missing",
    "neq",
    "none_",
    "not_",
    "one_of",
    "or_",
    "pattern",
    "startswith",
]

#: The keywords of `mega`, and the paths they stand for.
MEGA_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("event", "name"),
    "domain": ("event", "domain"),
    "version": ("event", "version"),
    "timestamp": ("event", "timestamp"),
    "subject": ("event", "subject"),
    "publisher": ("event", "publisher"),
    "attributes": ("event", "attributes"),
    "object_type": ("object", "type"),
    "object_id": ("object", "id"),
    "object_version": ("object", "version"),
    "object_current": ("object", "current"),
    "object_previous": ("object", "previous"),
}

#: What every query of `mega` asks for besides its keywords.
IS_MEGA: Final = nodes.Compare(Comparison.EQ, Path((Key("kind"),), Root.ENVELOPE), nodes.String("mega"))


@dataclass(frozen=True, slots=True)
class Condition:
    """What a value must be, without saying where: the result of the functions below."""

    write: Writer


def pattern(values: Mapping[str, Any]) -> Query:
    """Return the query for a pattern.

    A value is compared with `==`; a `dict` describes an object's members; a compiled regex is searched for; a list must be the whole
    array, with conditions or dicts in it element by element; a `set` is what the value may be; `datetime`, `date` and `timedelta` are dates and
    durations; a callable is asked about the value. Raises `MegaQLError` for what has no meaning and `QueryError` for a query the language
    refuses.
    """
    if not isinstance(values, Mapping):
        _refuse(
            f"a pattern is a dict, not {type(values).__name__}",
            "pattern",
            "it says under each key what a message must hold there",
            'write pattern({"type": "a"})',
        )
    if not values:
        _refuse(
            "a pattern needs at least one key",
            "pattern",
            "an empty one would take every message",
            'write what messages must hold, or megaql.compile("true") to take all of them on purpose',
        )
    return _query(lambda: _write(values, Path(()), 0))


def mega(**keywords: Any) -> Query:
    """Return the query for MEGA events with these fields, each keyword with a value as in `pattern`.

    The keywords are `domain name version timestamp subject publisher attributes` and, with `object_` before them, `type id version
    current previous`. Data that only looks like an event does not match. Raises `MegaQLError` for any other keyword.
    """
    if not keywords:
        _refuse("no keyword is given", "mega()", "the query would take every event", "write what events must hold")
    for keyword in keywords:
        if keyword not in MEGA_PATHS:
            near = vocabulary.nearest(keyword, MEGA_PATHS)
            _refuse(
                f"{keyword}= is no field of a MEGA event",
                f"mega({keyword}=…)",
                f"the keywords are {', '.join(MEGA_PATHS)}",
                f"did you mean {near}=?" if near else f'attributes of your own go into attributes={{"{keyword}": …}}',
            )
    return _query(
        lambda: tree.conjunction(
            [
                IS_MEGA,
                *(_write(value, Path(tuple(map(Key, MEGA_PATHS[keyword]))), 0) for keyword, value in keywords.items()),
            ]
        )
    )


def eq(value: object) -> Condition:
    """Equal, as `==` is."""
    return _comparison(Comparison.EQ, value)


def neq(value: object) -> Condition:
    """Not equal, as `!=` is: a missing value is not unequal."""
    return _comparison(Comparison.NE, value)


def gt(value: object) -> Condition:
    """Greater, as `>` is."""
    return _comparison(Comparison.GT, value)


def gte(value: object) -> Condition:
    """Greater or equal, as `>=` is."""
    return _comparison(Comparison.GE, value)


def lt(value: object) -> Condition:
    """Less, as `<` is."""
    return _comparison(Comparison.LT, value)


def lte(value: object) -> Condition:
    """Less or equal, as `<=` is."""
    return _comparison(Comparison.LE, value)


def _comparison(operator: Comparison, value: object) -> Condition:
    return Condition(lambda path, _: nodes.Compare(operator, path, _literal(value, path)))


def between(low: object, high: object) -> Condition:
    """From one value to another, both included, as `between` is."""
    return Condition(lambda path, _: nodes.Between(path, _literal(low, path), _literal(high, path)))


def in_(values: Iterable[object]) -> Condition:
    """Equal to one of the values of a list, tuple or set, as `in` is; conditions, regexes and dicts among them are alternatives."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        _refuse(
            f"in_() takes a list of values, not {type(values).__name__}",
            "in_()",
            "the characters of a string are seldom meant",
            'write in_(["a", "b"]) or one_of("a", "b")',
        )
    options = values if isinstance(values, list | tuple | set | frozenset) else list(values)
    return Condition(lambda path, depth: _one_of(options, path, depth))


def one_of(*values: object) -> Condition:
    """Equal to one of the values, as with `in_`."""
    return in_(values)


def _one_of(
    options: list[object] | tuple[object, ...] | set[object] | frozenset[object], path: Path, depth: int
) -> nodes.Clause:
    if all(map(_is_plain, options)):
        return nodes.In(path, _literal(options, path))
    if isinstance(options, set | frozenset):
        _refuse(
            "a set holds plain values only",
            _keys(path),
            "it has no order in which conditions could be written",
            "write one_of(…) or or_(…)",
        )
    plain = [value for value in options if _is_plain(value)]
    alternatives = [_write(value, path, depth) for value in options if not _is_plain(value)]
    return tree.disjunction([nodes.In(path, _literal(plain, path)), *alternatives] if plain else alternatives)


def startswith(text: str) -> Condition:
    """A string that begins so, as `startswith` is."""
    return _text_test(TextOperator.STARTSWITH, text)


def endswith(text: str) -> Condition:
    """A string that ends so, as `endswith` is."""
    return _text_test(TextOperator.ENDSWITH, text)


def contains(text: str) -> Condition:
    """A string with this text in it, as `contains` is; for an element of an array write `any_(…)`, or the value alone."""
    return _text_test(TextOperator.CONTAINS, text)


def like(glob: str) -> Condition:
    """A string of this form as a whole, with `*` and `?`, as `like` is."""
    return _text_test(TextOperator.LIKE, glob)


def _text_test(operator: TextOperator, text: str) -> Condition:
    return Condition(lambda path, _: nodes.TextTest(operator, path, _literal(text, path)))


def match(regex: str | re.Pattern[str], flags: str = "") -> Condition:
    """A string in which the regex is found, as with `~`; `flags` are of `i`, `m` and `s`."""
    if isinstance(regex, re.Pattern) and not flags:
        return Condition(lambda path, _: _search(path, regex))
    if not isinstance(regex, str) or set(flags) - set("ims"):
        _refuse(
            "match() takes a regex as a string or compiled, and flags of i, m and s",
            "match()",
            f"it was given {regex!r} and {flags!r}",
            'write match(r"^user\\.", "i")',
        )
    return Condition(lambda path, _: nodes.Matches(path, nodes.Regex(regex, "".join(sorted(set(flags))))))


def not_(value: object) -> Condition:
    """The negation of a condition or a value: UNKNOWN stays UNKNOWN."""
    return Condition(lambda path, depth: nodes.Not(_write(value, path, depth)))


def and_(*values: object) -> Condition:
    """All of the conditions."""
    _need(values, "and_")
    return Condition(lambda path, depth: tree.conjunction([_write(value, path, depth) for value in values]))


def or_(*values: object) -> Condition:
    """At least one of the conditions."""
    _need(values, "or_")
    return Condition(lambda path, depth: tree.disjunction([_write(value, path, depth) for value in values]))


def any_(*value: object) -> Condition:
    """Any value at all, as `exists` asks for; with a condition, an array with an element that it holds for.

    `any_({"sku": "x", "quantity": gt(1)})` asks for one element with both, which two keys of a plain dict do not.
    """
    if not value:
        return Condition(lambda path, _: nodes.PresenceTest(Presence.EXISTS, path))
    if len(value) > 1:
        _refuse(
            "any_() takes one condition", "any_()", "all of them would have to hold", "join them with and_() or or_()"
        )
    return _quantified(Quantifier.ANY, value[0])


def all_(value: object) -> Condition:
    """An array with no element that the condition does not hold for, as `all` is; an empty one is such."""
    return _quantified(Quantifier.ALL, value)


def none_(value: object) -> Condition:
    """An array with no element that the condition holds for, as `none` is."""
    return _quantified(Quantifier.NONE, value)


def _quantified(quantifier: Quantifier, value: object) -> Condition:
    def write(path: Path, depth: int) -> nodes.Clause:
        # The names of variables inside one another differ, so that the inner one hides nothing.
        variable = "item" if depth == 0 else f"item{depth + 1}"
        element = Path((Key(variable),), Root.VARIABLE)
        return nodes.Quantified(quantifier, variable, path, _write(value, element, depth + 1))

    return Condition(write)


def empty() -> Condition:
    """Missing, null, `""`, `[]` or `{}`, as `empty` asks for."""
    return Condition(lambda path, _: nodes.PresenceTest(Presence.EMPTY, path))


def missing() -> Condition:
    """Not there at all, as `missing` asks for."""
    return Condition(lambda path, _: nodes.PresenceTest(Presence.MISSING, path))


def is_(kind: str) -> Condition:
    """Of a kind, as `is` asks for: `is_("string")`, and `null number boolean array object nan`."""
    try:
        name = nodes.KindName(kind)
    except ValueError:
        near = vocabulary.nearest(kind, vocabulary.KINDS) if isinstance(kind, str) else None
        _refuse(
            f"{kind!r} is no kind",
            "is_()",
            f"the kinds are {', '.join(vocabulary.KINDS)}",
            f'did you mean is_("{near}")?' if near else 'write is_("string")',
        )
    return Condition(lambda path, _: nodes.IsKind(path, name))


def _write(value: Any, path: Path, depth: int) -> nodes.Clause:
    """Write what a pattern says about the value at a path."""
    if any(value is function for function in (any_, empty, missing)):
        value = value()
    if isinstance(value, Query):
        _refuse(
            "a query is no value of a pattern",
            _keys(path),
            "its paths start at the message, not at this key",
            'join whole queries with & and |, as in mega(name="x") & query',
        )
    match value:
        case Condition(write):
            return write(path, depth)
        case Mapping():
            return _members(value, path, depth)
        case re.Pattern():
            return _search(path, value)
        case set() | frozenset():
            return _one_of(value, path, depth)
        case list() | tuple() if not _is_plain(value):
            return _elements(value, path, depth)
        case _ if callable(value):
            return nodes.Opaque(_name_of(value, path), value, path)
        case _:
            return nodes.Compare(Comparison.EQ, path, _literal(value, path))


def _is_plain(value: object) -> bool:
    """Whether a value of a pattern is one that a message could hold: no condition, and none in it."""
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    return not (isinstance(value, Condition | Mapping | re.Pattern | Query) or callable(value))


def _elements(values: Sequence[Any], path: Path, depth: int) -> nodes.Clause:
    """Write a list with conditions in it: an array of that length, and what each of its elements must be."""
    length = nodes.Compare(Comparison.EQ, nodes.Call("length", (path,)), nodes.Number(len(values)))
    elements = (Path((*path.segments, Index(place)), path.root) for place in range(len(values)))
    return tree.conjunction(
        [
            nodes.IsKind(path, nodes.KindName.ARRAY),
            length,
            *(_write(value, element, depth) for value, element in zip(values, elements, strict=True)),
        ]
    )


def _name_of(function: Callable[..., object], path: Path) -> str:
    """Return what a callable is explained by; one whose answer could not be a verdict is refused."""
    called = function.func if isinstance(function, functools.partial) else function
    if isinstance(called, type):
        _refuse(
            f"the class {called.__name__} is no condition",
            _keys(path),
            "calling it would make an object of nearly any value",
            'for the kind of a value write is_("string"); for anything else, a function that says True or False',
        )
    if getattr(called, "__module__", None) == __name__:
        _refuse(
            f"{called.__name__} is not called",
            _keys(path),
            "as a condition it would be asked about the value, and answer with another condition",
            f"write {called.__name__}(…); only any_, empty and missing may stand without parentheses",
        )
    if inspect.iscoroutinefunction(called) or inspect.iscoroutinefunction(type(called).__call__):
        _refuse(
            "an async function is no condition",
            _keys(path),
            "a verdict is given at once",
            "ask a plain function here, and do what takes time in the handler",
        )
    name = str(getattr(called, "__qualname__", type(called).__qualname__))
    code = getattr(called, "__code__", None)
    if code is not None and name.endswith("<lambda>"):
        return f"lambda at {PurePath(code.co_filename).name}:{code.co_firstlineno}"
    return name


def _members(values: Mapping[Any, Any], path: Path, depth: int) -> nodes.Clause:
    if not values:
        return nodes.IsKind(path, nodes.KindName.OBJECT)
    clauses = []
    for name, value in values.items():
        if not isinstance(name, str):
            _refuse(
                f"a key of a pattern is a string, not {type(name).__name__}",
                _keys(path),
                "members of JSON objects have names",
                f'write "{name}" for a member of that name',
            )
        clauses.append(_write(value, Path((*path.segments, Key(name)), path.root), depth))
    return tree.conjunction(clauses)


def _search(path: Path, regex: re.Pattern[str]) -> nodes.Clause:
    compiled = _literal(regex, path)
    if not isinstance(compiled, nodes.Regex):
        raise TypeError(f"{regex!r} has become no regex")
    return nodes.Matches(path, compiled)


def _literal(value: object, path: Path) -> nodes.Literal:
    try:
        return literal(value)
    except ValueNotSupported as problem:
        _refuse(
            f"a value of the class {type(value).__name__} cannot stand in a pattern",
            _keys(path),
            str(problem),
            "use strings, numbers, booleans, None, dates, timedelta, lists, dicts, regexes, or the functions of megaql.patterns",
        )


def _need(values: tuple[object, ...], name: str) -> None:
    if not values:
        _refuse(
            f"{name}() needs at least one condition",
            f"{name}()",
            "there is nothing to ask",
            f"write {name}(gt(1), lt(9))",
        )


def _keys(path: Path) -> str:
    """Name a place in a pattern: the keys and the places in lists that lead to it."""
    steps = [
        one.name if isinstance(one, Key) else one.position for one in path.segments if isinstance(one, Key | Index)
    ]
    return "pattern" + "".join(f"[{step!r}]" for step in steps)


def _refuse(what: str, where: str, why: str, hint: str) -> NoReturn:
    raise MegaQLError(what, where=where, why=why, hint=hint)


def _query(write: Callable[[], nodes.Clause]) -> Query:
    try:
        query = Query(write())
    except RecursionError:
        _refuse(
            "the pattern is nested too deep, or contains itself",
            "pattern",
            f"a query has at most {limits.NESTING} levels",
            "ask about fewer levels",
        )
    wellformed.check(query.node)
    return query
