"""Puts values in the place of `$name` parameters: typed, never by pasting text.

Binding happens once, when a query is compiled, and the result is checked like any other tree. `literal` is also how
patterns written in Python get their literals.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NoReturn

from megaql.errors import Diagnostic, QueryCheckError
from megaql.lang import limits, nodes, tree, wellformed
from megaql.lang.vocabulary import nearest
from megaql.source import NO_SPAN, Source, Span

if TYPE_CHECKING:
    from collections.abc import Mapping


class ValueNotSupported(ValueError):  # noqa: N818 - it says what the value is
    """A Python value has no literal: why."""


def bind(clause: nodes.Clause, params: Mapping[str, object], source: Source) -> nodes.Clause:
    """Return the clause with every parameter replaced by the literal of its value.

    Takes what `literal` takes; a string in the place of a regex or a network is one. `source` is the text the spans point
    into. Raises QueryCheckError for a parameter without a value, a value without a parameter, a value of no literal's
    kind, and whatever the values make wrong with the query.
    """
    used = {node.name: node.span for node in reversed(list(tree.walk(clause))) if isinstance(node, nodes.Param)}
    found = [_unbound(name, span, params, used) for name, span in used.items() if name not in params]
    found += [_unused(name, used, source) for name in params if name not in used]
    if found:
        raise QueryCheckError(source, sorted(found, key=lambda one: one.span.start))
    if not used:
        return clause
    regexes = {id(n.regex) for n in tree.walk(clause) if isinstance(n, nodes.Matches)}

    def value_of(param: nodes.Param) -> nodes.Literal:
        value = params[param.name]
        if id(param) in regexes and isinstance(value, str):
            return nodes.Regex(value, span=param.span)
        try:
            return literal(value, param.span)
        except ValueNotSupported as problem:
            _refuse(source, param, str(problem))

    bound = tree.replace(clause, value_of)
    limits.check_tree(bound, source)
    wellformed.check(bound, source)
    return bound


def _refuse(source: Source, param: nodes.Param, problem: str) -> NoReturn:
    raise QueryCheckError(
        source,
        [
            Diagnostic(
                f"the value of ${param.name} cannot stand in a query: {problem}",
                param.span,
                "pass a string, number, boolean, None, date, timedelta, compiled regex, or a list of them",
                code="parameter-value",
            )
        ],
    )


def _unbound(name: str, span: Span, params: Mapping[str, object], used: Mapping[str, Span]) -> Diagnostic:
    known = nearest(name, [given for given in params if given not in used])
    return Diagnostic(
        f"the parameter ${name} has no value",
        span,
        f"did you mean ${known}?" if known else f"give it a value: {name}=..., on the command line -p {name}=...",
        code="unbound-parameter",
        fix=f"${known}" if known else None,
    )


def _unused(name: str, used: Mapping[str, Span], source: Source) -> Diagnostic:
    known = nearest(name, used)
    if known:
        label = f"did you mean {known}= instead of {name}=?"
        return Diagnostic(f"the value {name}= is used by no parameter", used[known], label, code="unused-parameter")
    return Diagnostic(
        f"the value {name}= is used by no parameter",
        Span(0, len(source.text)),
        f"write ${name} where it belongs, or do not pass it",
        code="unused-parameter",
    )


_REGEX_FLAGS: Final = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}


def literal(value: object, span: Span = NO_SPAN) -> nodes.Literal:  # noqa: C901, PLR0912 - one case per kind of value
    """Return the literal of a Python value.

    Takes None, bool, int, float, Decimal, str, datetime (without a zone: UTC), date, timedelta, re.Pattern, an IP network,
    and lists, tuples and sets of these. Raises ValueNotSupported.
    """
    match value:
        case None:
            return nodes.Null(span=span)
        case bool():
            return nodes.Boolean(value, span=span)
        case int():
            return nodes.Number(int(value), span=span)
        case float() | Decimal():
            return _number(value, span)
        case str():
            return nodes.String(str(value), span=span)
        case datetime():
            return nodes.Date(_in_utc(value), span=span)
        case date():
            return nodes.Date(datetime(value.year, value.month, value.day, tzinfo=UTC), date_only=True, span=span)
        case timedelta():
            if value % timedelta(milliseconds=1):
                raise ValueNotSupported("a duration is whole milliseconds")
            return nodes.Duration(value, span=span)
        case re.Pattern():
            return _regex(value, span)
        case ipaddress.IPv4Network() | ipaddress.IPv6Network():
            return nodes.String(str(value), span=span)
        case list() | tuple() | set() | frozenset():
            return _list(value, span)
        case _:
            raise ValueNotSupported(f"there is no literal for a {type(value).__name__}")


def _number(value: float | Decimal, span: Span) -> nodes.Number:
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if not exact.is_finite():
        raise ValueNotSupported(f"{value} is no number to compare with; write 'is nan' for NaN")
    return nodes.Number(exact, span=span)


def _in_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueNotSupported("in UTC the date is outside the years 1 to 9999") from None


def _regex(pattern: re.Pattern[str] | re.Pattern[bytes], span: Span) -> nodes.Regex:
    if not isinstance(pattern.pattern, str):
        raise ValueNotSupported("a regex on bytes matches no text")
    if pattern.flags & re.VERBOSE:
        raise ValueNotSupported("a regex cannot be verbose (re.X); write it without spaces and comments")
    flags = "".join(letter for flag, letter in _REGEX_FLAGS.items() if pattern.flags & flag)
    return nodes.Regex(pattern.pattern, flags, span=span)


def _list(values: list[object] | tuple[object, ...] | set[object] | frozenset[object], span: Span) -> nodes.ListLiteral:
    if len(values) > limits.LIST_ITEMS:
        raise ValueNotSupported(f"a list has at most {limits.LIST_ITEMS:,} items, not {len(values):,}")
    # A set has no order of its own; one that does not vary from run to run makes equal queries print equally.
    ordered = sorted(values, key=repr) if isinstance(values, set | frozenset) else values
    try:
        return nodes.ListLiteral(tuple(literal(item, span) for item in ordered), span=span)
    except RecursionError:
        raise ValueNotSupported("the list contains itself, or lists nested too deep") from None
