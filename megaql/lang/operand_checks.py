"""Whether the operands of a clause are something its operator can use, and whether literals have a text."""

from __future__ import annotations

import ipaddress
from datetime import UTC, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.errors import Diagnostic
from megaql.lang import literals, nodes
from megaql.lang.printer import to_text
from megaql.lang.vocabulary import FUNCTIONS, SIZE_UNITS
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.lang.tree import AnyNode

Found: TypeAlias = "Iterator[Diagnostic]"

_LITERALS: Final = (
    nodes.Null
    | nodes.Boolean
    | nodes.Number
    | nodes.String
    | nodes.Regex
    | nodes.Date
    | nodes.Duration
    | nodes.Size
    | nodes.ListLiteral
)

_NAMES: Final = {
    nodes.Null: "null",
    nodes.Boolean: "a boolean",
    nodes.Number: "a number",
    nodes.String: "a string",
    nodes.Regex: "a regex",
    nodes.Date: "a date",
    nodes.Duration: "a duration",
    nodes.Size: "a size",
    nodes.ListLiteral: "a list",
    nodes.Path: "a path",
    nodes.Param: "a parameter",
    nodes.Default: "a path with a default",
    nodes.Call: "a function call",
    nodes.Count: "a count",
}


def describe(node: AnyNode) -> str:
    """Return what a value is, as errors call it: "a string"."""
    return _NAMES.get(type(node), "a clause")


def operand_mistakes(node: AnyNode, source: Source) -> Found:  # noqa: C901, PLR0912 - one case per kind of node
    """Yield what is wrong with one node, what is inside it apart."""
    match node:
        case nodes.Or() | nodes.And():
            yield from _joined(node)
        case nodes.Truth():
            yield from _bare(node.value)
        case nodes.Compare():
            yield from _regex_beside(node.operator.value, node.left, node.right)
        case nodes.Between():
            yield from _regex_beside("between", node.value, node.low, node.high)
        case nodes.In():
            yield from _options(node, source)
        case nodes.Matches():
            yield from _regex_beside("~", node.value)
            yield from _pattern(node, source)
        case nodes.IsKind():
            yield from _regex_beside("is", node.value)
        case nodes.Call():
            yield from _regex_beside(f"{node.function}()", *node.arguments)
        case nodes.TextTest():
            yield from _text_operand(node)
        case nodes.InCidr():
            yield from _regex_beside("in cidr", node.value)
            yield from _network(node.network)
        case nodes.Default(fallback=nodes.Regex()):
            yield Diagnostic("a regex is no value", node.fallback.span, "use it with ~", code="regex")
        case nodes.ListLiteral():
            for item in node.items:
                if not isinstance(item, _LITERALS | nodes.Param) or isinstance(item, nodes.Regex):
                    yield Diagnostic(
                        f"a list holds literals, not {describe(item)}", item.span, "write a value", code="list-item"
                    )
        case _:
            yield from _literal(node)


def _joined(node: nodes.Or | nodes.And) -> Found:
    word = "or" if isinstance(node, nodes.Or) else "and"
    if len(node.items) < 2 or any(isinstance(item, type(node)) for item in node.items):
        yield Diagnostic(f"an '{word}' joins two or more clauses, none of them an '{word}'", node.span, code="joined")
    yield from _loose_values(node, word)


def _loose_values(node: nodes.Or | nodes.And, word: str) -> Found:
    """`a == "x" or "y"`: values that were meant as further operands of the comparison before them."""
    for place, item in enumerate(node.items):
        loose: list[nodes.Value] = []
        for following in node.items[place + 1 :]:
            if not isinstance(following, nodes.Truth) or not _is_loose(following.value):
                break
            loose.append(following.value)
        meant = _meant(item, loose, word) if loose else None
        if meant:
            yield Diagnostic(
                f"'{word}' joins whole conditions, and {to_text(loose[0])} alone is not one",
                item.span.to(loose[-1].span),
                f"write {meant}",
                code="loose-value",
                fix=meant,
            )


def _is_loose(value: nodes.Value) -> bool:
    return isinstance(value, _LITERALS) and not isinstance(value, nodes.Boolean)


def _meant(item: nodes.Clause, loose: list[nodes.Value], word: str) -> str | None:
    """Return the clause that was meant by a test and loose values after it."""
    match item:
        case nodes.Compare(operator=nodes.Comparison.EQ | nodes.Comparison.NE) if isinstance(item.right, _LITERALS):
            equal = item.operator is nodes.Comparison.EQ
            if equal and word == "and":
                return None
            options = ", ".join(map(to_text, (item.right, *loose)))
            return f"{to_text(item.left)} {'' if equal else 'not '}in [{options}]"
        case nodes.TextTest():
            start = f"{to_text(item.value)} {'not ' if item.negated else ''}{item.operator.value} "
            return f" {word} ".join(start + to_text(value) for value in (item.operand, *loose))
        case _:
            return None


def _bare(value: nodes.Value) -> Found:
    match value:
        case nodes.Boolean() | nodes.Param() | nodes.Path() | nodes.Default():
            return
        case nodes.Call() if value.function not in FUNCTIONS:
            return  # reported where the call is looked at
        case nodes.Call() | nodes.Count():
            name = value.function if isinstance(value, nodes.Call) else "count"
            yield Diagnostic(
                f"{name}() gives no true or false, so it is not a condition by itself",
                value.span,
                f"compare it: {name}(...) == ...",
                code="bare-value",
            )
        case _:
            yield Diagnostic(
                f"{describe(value)} by itself is not a condition",
                value.span,
                "compare it with something",
                code="bare-value",
            )


def _regex_beside(operator: str, *operands: nodes.Value) -> Found:
    for operand in operands:
        if isinstance(operand, nodes.Regex):
            label = "write a path before it" if operator == "~" else "match it with ~"
            yield Diagnostic(f"'{operator}' does not take a regex", operand.span, label, code="regex")


def _options(node: nodes.In, source: Source) -> Found:
    options = node.options
    if isinstance(options, nodes.Default):
        options = options.fallback
    match options:
        case nodes.ListLiteral() | nodes.Path() | nodes.Param() | nodes.Call():
            yield from _regex_beside("in", node.item)
        case nodes.String() if "/" in options.value and _network_of(options.value):
            yield Diagnostic(
                "'in' looks in a list, not in a network",
                options.span,
                f"write cidr before it: in cidr {to_text(options)}",
                code="in-operand",
                fix=f"cidr {to_text(options)}",
            )
        case nodes.Regex() | nodes.Count():
            yield Diagnostic(
                f"'in' looks in a list, not in {describe(options)}",
                options.span,
                "write a list: [...]",
                code="in-operand",
            )
        case _:
            parenthesised = source.text[max(0, options.span.start - 1) : options.span.start] == "("
            place = Span(options.span.start - 1, options.span.end + 1) if parenthesised else options.span
            message = f"'in' looks in a list, not in {describe(options)}"
            if parenthesised:
                message = "a list is written in square brackets"
            fix = f"[{to_text(options)}]"
            yield Diagnostic(message, place, f"replace with {fix}", code="in-operand", fix=fix)


def _pattern(node: nodes.Matches, source: Source) -> Found:
    regex: nodes.Value = node.regex  # binding may have put any literal there
    if isinstance(regex, nodes.Param):
        return
    if not isinstance(regex, nodes.Regex):
        yield Diagnostic(
            f"'~' takes a regex, not {describe(regex)}", node.span, "write it between slashes: /.../", code="regex"
        )
        return
    from megaql.lang import regexes  # noqa: PLC0415 - RE2 and what is about it take long to import, and most queries have no regex

    problem = regexes.check(regex)
    if problem:
        place = regex.span
        if source.text.startswith("/", place.start):  # not where a parameter stood
            start, end = (
                literals.offset_in_literal(regex.pattern, offset)
                for offset in (problem.offset, problem.offset + problem.length)
            )
            place = Span(regex.span.start + start, regex.span.start + end)
        yield Diagnostic(problem.message, place, problem.hint, code="regex")


def _text_operand(node: nodes.TextTest) -> Found:
    name, operand = node.operator.value, node.operand
    yield from _regex_beside(name, node.value)
    if node.operator is nodes.TextOperator.LIKE:
        yield from _glob(operand)
        return
    fallback = operand.fallback if isinstance(operand, nodes.Default) else operand
    if isinstance(fallback, _LITERALS) and not isinstance(fallback, nodes.String):
        contains = node.operator is nodes.TextOperator.CONTAINS
        if isinstance(fallback, nodes.Regex):
            label = "match it with ~"
        elif contains and isinstance(fallback, nodes.ListLiteral):
            label = f"for any one of several, write {to_text(node.value)} in {to_text(fallback)}"
        elif contains:
            label = f"to look for an element of an array, write {to_text(node.value)} == {to_text(fallback)}"
        elif isinstance(fallback, nodes.ListLiteral) and fallback.items:
            label = "write " + " or ".join(
                f"{to_text(node.value)} {name} {to_text(item)}" for item in fallback.items[:3]
            )
        else:
            label = "write a string in quotes"
        yield Diagnostic(
            f"'{name}' compares text, and {describe(fallback)} is not text", fallback.span, label, code="text-operand"
        )


def _glob(operand: nodes.Value) -> Found:
    if isinstance(operand, nodes.Param):
        return
    if not isinstance(operand, nodes.String):
        yield Diagnostic(
            f"'like' takes a glob in quotes, not {describe(operand)}",
            operand.span,
            'write it as a string: like "order-*"',
            code="glob-operand",
        )
        return
    glob = operand.value
    if not set("*?\\") & set(glob) and (glob.startswith("%") or glob.endswith("%")):
        meant = literals.write_string(glob.replace("%", "*"), fold=operand.fold)
        yield Diagnostic(
            "'like' takes a glob: * means any text, and % is only a percent sign",
            operand.span,
            f"replace with {meant}",
            'for a percent sign, write "\\\\%"',
            "sql-wildcard",
            fix=meant,
        )


def _network(network: nodes.Value) -> Found:
    if isinstance(network, nodes.Param):
        return
    if not isinstance(network, nodes.String) or network.fold:
        yield Diagnostic(
            "'in cidr' takes a network in quotes", network.span, 'write one: "10.0.0.0/8"', code="cidr-operand"
        )
    elif not _network_of(network.value):
        yield Diagnostic(
            f"{to_text(network)[:60]} is not an IPv4 or IPv6 network",
            network.span,
            'write one as an address and a prefix length: "10.0.0.0/8"',
            code="cidr-operand",
        )


def _network_of(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _literal(node: AnyNode) -> Found:
    """Literals that have no text, which only trees made in code can hold."""
    wrong = ""
    match node:
        case nodes.Number() if isinstance(node.value, bool) or (
            isinstance(node.value, Decimal) and not node.value.is_finite()
        ):
            wrong = f"{node.value} is no number a query can hold"
        case nodes.Duration() if node.value % timedelta(milliseconds=1):
            wrong = f"{node.value} is finer than a millisecond"
        case nodes.Size() if node.unit.lower() not in SIZE_UNITS or not 0 <= node.units < float("inf"):
            wrong = f"{node.units} {node.unit} is no size"
        case nodes.Date() if node.value.tzinfo is None:
            wrong = f"{node.value} has no time zone"
        case nodes.Date() if node.date_only and node.value.astimezone(UTC).timetz() != _MIDNIGHT:
            wrong = f"{node.value} is not midnight UTC, where a day starts"
        case nodes.Regex() if node.flags != "".join(sorted(set(node.flags) & set("ims"))):
            wrong = f"the flags {node.flags!r} are not a sorted choice of i, m and s"
    if wrong:
        yield Diagnostic(wrong, node.span, code="literal")


_MIDNIGHT: Final = time(0, tzinfo=UTC)
