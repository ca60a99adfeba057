"""Reads the nodes of the JSON form: one function per node, found by the key that says what an object is.

The nesting of the form is capped before (`jsonread.document_of`), so recursion is safe. Whether the nodes mean anything
together is checked afterwards, as for any other tree.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from megaql.lang import limits, literals, nodes
from megaql.lang.jsonread import Json, Object, choice, fields, flag, items, shown, text, wrong
from megaql.lang.vocabulary import nearest
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_N = TypeVar("_N")
_T = TypeVar("_T")
_NEGATED: Final = ("negated",)


def clause(value: Json, where: str) -> nodes.Clause:
    """Read a clause from a JSON value and its data path."""
    return _by_key(value, where, _CLAUSES, "a condition")


def _by_key(value: Json, where: str, table: Mapping[str, Callable[[Object, str], _N]], name: str) -> _N:
    if not isinstance(value, dict):
        raise wrong(where, f"{name} belongs here, not {shown(value)}", f"an object with one of: {', '.join(table)}")
    kind = next((key for key in table if key in value), None)
    if kind is not None:
        return table[kind](value, where)
    keys = [str(key) for key in list(value)[:5]]
    known = next(filter(None, (nearest(key, table) for key in keys)), None)
    label = f"did you mean {known}?" if known else f"write one of: {', '.join(table)}"
    found = f"with the keys {', '.join(map(shown, keys))}" if keys else "without keys"
    raise wrong(where, f"an object {found} is not {name}", label)


def _value(value: Json, where: str) -> nodes.Value:
    match value:
        case dict():
            return _by_key(value, where, _VALUES, "a value")
        case list():
            return nodes.ListLiteral(tuple(_literal(item, f"{where}[{place}]") for place, item in enumerate(value)))
        case None:
            return nodes.Null()
        case bool():
            return nodes.Boolean(value)
        case int() | Decimal():
            return nodes.Number(value)
        case float():
            return nodes.Number(Decimal(repr(value)))
        case str():
            return nodes.String(value)
    raise wrong(where, f"{shown(value)} is no JSON value")


def _part(value: Object, key: str, where: str) -> nodes.Value:
    return _value(value[key], f"{where}.{key}")


def _literal(value: Json, where: str) -> nodes.Literal | nodes.Param:
    node = _value(value, where)
    if isinstance(node, nodes.Path | nodes.Default | nodes.Call | nodes.Count):
        raise wrong(where, "a literal belongs here", "a string, number, boolean, null, list or date")
    return node


def _path(value: Object, key: str, where: str) -> nodes.Path:
    node = _part(value, key, where)
    if not isinstance(node, nodes.Path):
        raise wrong(f"{where}.{key}", "a path belongs here", '{"path": ["event", "name"]}')
    return node


# Clauses


def _or(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "or")
    return nodes.Or(tuple(clause(*item) for item in items(value, "or", where)))


def _and(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "and")
    return nodes.And(tuple(clause(*item) for item in items(value, "and", where)))


def _not(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "not")
    return nodes.Not(clause(value["not"], f"{where}.not"))


def _compare(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "compare", "left", "right")
    operator = choice(value, "compare", where, nodes.Comparison)
    return nodes.Compare(operator, _part(value, "left", where), _part(value, "right", where))


def _in(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "in", "options", optional=_NEGATED)
    return nodes.In(_part(value, "in", where), _part(value, "options", where), flag(value, "negated", where))


def _matches(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "matches", "regex", optional=_NEGATED)
    regex = _part(value, "regex", where)
    if not isinstance(regex, nodes.Regex | nodes.Param):
        raise wrong(f"{where}.regex", "a regex belongs here", '{"regex": "x", "flags": "i"}')
    return nodes.Matches(_part(value, "matches", where), regex, flag(value, "negated", where))


def _text_test(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "text", "value", "operand", optional=_NEGATED)
    return nodes.TextTest(
        choice(value, "text", where, nodes.TextOperator),
        _part(value, "value", where),
        _part(value, "operand", where),
        flag(value, "negated", where),
    )


def _between(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "between", "low", "high", optional=_NEGATED)
    low, high = _part(value, "low", where), _part(value, "high", where)
    return nodes.Between(_part(value, "between", where), low, high, flag(value, "negated", where))


def _is_kind(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "is", "value", optional=_NEGATED)
    kind = choice(value, "is", where, nodes.KindName)
    return nodes.IsKind(_part(value, "value", where), kind, flag(value, "negated", where))


def _cidr(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "cidr", "value", optional=_NEGATED)
    network = _part(value, "cidr", where)
    if not isinstance(network, nodes.String | nodes.Param):
        raise wrong(f"{where}.cidr", "a network in a string belongs here", '"10.0.0.0/8"')
    return nodes.InCidr(_part(value, "value", where), network, flag(value, "negated", where))


def _presence(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "presence", "path")
    return nodes.PresenceTest(choice(value, "presence", where, nodes.Presence), _path(value, "path", where))


def _quantified(value: Object, where: str) -> nodes.Clause:
    looked_at = _looked_at(value)
    fields(value, where, "quantifier", "variable", looked_at, "where")
    return nodes.Quantified(
        choice(value, "quantifier", where, nodes.Quantifier),
        text(value, "variable", where),
        _path(value, looked_at, where),
        clause(value["where"], f"{where}.where"),
        spread=looked_at == "of",
    )


def _looked_at(value: Object) -> str:
    """Return the key under which a quantifier has its path."""
    return "of" if "of" in value else "in"


def _truth(value: Object, where: str) -> nodes.Clause:
    fields(value, where, "truth")
    return nodes.Truth(_part(value, "truth", where))


# The key of a quantifier comes before "in", which it has as well.
_CLAUSES: Final[dict[str, Callable[[Object, str], nodes.Clause]]] = {
    "or": _or,
    "and": _and,
    "not": _not,
    "compare": _compare,
    "matches": _matches,
    "text": _text_test,
    "between": _between,
    "is": _is_kind,
    "cidr": _cidr,
    "presence": _presence,
    "quantifier": _quantified,
    "in": _in,
    "truth": _truth,
}


# Values


def _segments(value: Object, key: str, where: str) -> nodes.Path:
    fields(value, where, key)
    root = {"path": nodes.Root.BODY, "envelope": nodes.Root.ENVELOPE, "element": nodes.Root.VARIABLE}[key]
    return nodes.Path(tuple(_segment(*item) for item in items(value, key, where)), root)


def _segment(value: Json, where: str) -> nodes.Key | nodes.Index | nodes.Each | nodes.Deep:
    if isinstance(value, str):
        return nodes.Key(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return nodes.Index(value)
    if value == {"wildcard": "each"}:
        return nodes.Each()
    if value == {"wildcard": "deep"}:
        return nodes.Deep()
    raise wrong(
        where,
        f"{shown(value)} is no segment of a path",
        'a key, an index, {"wildcard": "each"} or {"wildcard": "deep"}',
    )


def _default(value: Object, where: str) -> nodes.Value:
    fields(value, where, "default", "path")
    return nodes.Default(_path(value, "path", where), _literal(value["default"], f"{where}.default"))


def _call(value: Object, where: str) -> nodes.Value:
    fields(value, where, "call", "arguments")
    return nodes.Call(text(value, "call", where), tuple(_value(*item) for item in items(value, "arguments", where)))


def _count(value: Object, where: str) -> nodes.Value:
    looked_at = _looked_at(value)
    fields(value, where, "count", looked_at, "where")
    return nodes.Count(
        text(value, "count", where),
        _path(value, looked_at, where),
        clause(value["where"], f"{where}.where"),
        spread=looked_at == "of",
    )


def _param(value: Object, where: str) -> nodes.Value:
    fields(value, where, "param")
    name = text(value, "param", where)
    if not name.isidentifier():
        raise wrong(f"{where}.param", f"'{shown(name)}' is no name of a parameter")
    return nodes.Param(name)


def _number(value: Object, where: str) -> nodes.Value:
    return nodes.Number(_written(value, "number", where, _NUMBER, literals.read_number))


def _string(value: Object, where: str) -> nodes.Value:
    fields(value, where, "string", optional=("fold",))
    return nodes.String(text(value, "string", where), flag(value, "fold", where))


def _regex(value: Object, where: str) -> nodes.Value:
    fields(value, where, "regex", optional=("flags",))
    flags = text(value, "flags", where) if "flags" in value else ""
    return nodes.Regex(text(value, "regex", where), flags)


def _date(value: Object, where: str) -> nodes.Value:
    return _written(value, "date", where, _ANYTHING, lambda written: literals.read_date(f'd"{written}"'))


def _duration(value: Object, where: str) -> nodes.Value:
    return nodes.Duration(_written(value, "duration", where, _DURATION, literals.read_duration))


def _size(value: Object, where: str) -> nodes.Value:
    return _written(value, "size", where, _SIZE, literals.read_size)


_ANYTHING: Final = re.compile(".*", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?")
_DURATION: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?(?:ms|[smhdw]))+")
_SIZE: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[KMGT]i?)?B")


def _written(value: Object, key: str, where: str, shape: re.Pattern[str], read: Callable[[str], _T]) -> _T:
    """Return what the text of a literal under the only key means."""
    fields(value, where, key)
    written, place = text(value, key, where), f"{where}.{key}"
    limits.check_digits(Source(place), written, Span(0, len(place)))
    if not shape.fullmatch(written):
        raise wrong(place, f"'{shown(written)}' is no {key}")
    try:
        return read(written)
    except literals.LiteralError as error:
        raise wrong(place, error.message, error.label) from None


_VALUES: Final[dict[str, Callable[[Object, str], nodes.Value]]] = {
    "envelope": lambda value, where: _segments(value, "envelope", where),
    "element": lambda value, where: _segments(value, "element", where),
    "default": _default,
    "path": lambda value, where: _segments(value, "path", where),
    "call": _call,
    "count": _count,
    "param": _param,
    "number": _number,
    "string": _string,
    "regex": _regex,
    "date": _date,
    "duration": _duration,
    "size": _size,
}
