"""What a test of text asks, as matchers: parts, globs, regexes and texts in lower case.

A maintainer keeps one rule: where a service has no word for a test, it is asked for a part that every such text has, the longest there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from megaql.convert.exporting import texts
from megaql.convert.exporting.values import (
    PRESENT,
    Asks,
    Cannot,
    any_string,
    anything,
    check_text,
    first,
    folded,
    string,
)
from megaql.convert.importing import folding
from megaql.convert.matchers import EqualsIgnoreCase, Prefix, Suffix, Wildcard
from megaql.lang import regexes
from megaql.lang.nodes import Regex, String, TextOperator

if TYPE_CHECKING:
    from megaql.convert.exporting.target import Target
    from megaql.convert.exporting.texts import Shape
    from megaql.convert.matchers import Matcher


def text_test(target: Target, operator: TextOperator, operand: String) -> Asks:
    """`startswith`, `endswith`, `contains` and `like` with a literal."""
    text = operand.value
    check_text(text)
    if operand.fold:
        return _folded_test(target, operator, text)
    match operator:
        case TextOperator.STARTSWITH:
            return _prefix(target, text)
        case TextOperator.ENDSWITH:
            return _suffix(target, text)
        case TextOperator.CONTAINS:
            return _contains(target, text)
        case TextOperator.LIKE:
            return _like(target, text)
        case _:
            assert_never(operator)


def _prefix(target: Target, text: str) -> Asks:
    return Asks((Prefix(text),)) if text else any_string(target)


def _suffix(target: Target, text: str) -> Asks:
    return Asks((Suffix(text),)) if text else any_string(target)


def _contains(target: Target, text: str) -> Asks:
    if not text:
        return any_string(target)
    why = f"{target.dialect.service} has no wildcard to look inside a text"
    return first(target, Asks((Wildcard(f"*{texts.escaped(text)}*"),)), Asks((PRESENT,), why))


def _like(target: Target, glob: str) -> Asks:
    _check_sure(glob)
    shape = texts.of_glob(glob)
    if glob == "*":
        return any_string(target)
    if shape.exact:
        return _shaped(target, shape, glob)
    pattern, exact = texts.wildcard(glob)
    same = Asks((Wildcard(pattern),), "" if exact else "a wildcard has no sign for one character")
    return first(target, same, _shaped(target, shape, glob))


def _check_sure(text: str) -> None:
    if "\ufffd" in text:
        raise Cannot("U+FFFD also stands for a lone surrogate in a message")


def _shaped(target: Target, shape: Shape, source: str) -> Asks:
    """Ask for the longest literal part of a text."""
    why = "" if shape.exact else f"a policy tests the plain start or end of {source} only"
    if shape.whole:
        return string(target, shape.start)
    if shape.inside:
        return _with(_contains(target, shape.inside), why)
    if not shape.start and not shape.end:
        return anything(target, f"a policy cannot test {source}", blank=True)
    return Asks((Prefix(shape.start) if len(shape.start) >= len(shape.end) else Suffix(shape.end),), why)


def _with(asks: Asks, why: str) -> Asks:
    return asks._replace(why=asks.why or why)


def _folded_test(target: Target, operator: TextOperator, text: str) -> Asks:
    why = f"{target.dialect.service} does not ignore case there"
    loose = anything(target, why, blank=not text or operator is TextOperator.LIKE)
    starts, ends = operator is TextOperator.STARTSWITH, operator is TextOperator.ENDSWITH
    if not (starts or ends) or not text:
        return loose
    spelled = texts.spellings(text, open_start=ends, open_end=starts)
    if spelled is None:
        return loose
    matchers = tuple((Prefix if starts else Suffix)(spelling, fold=True) for spelling in spelled)
    exact = "" if texts.keeps_case(text) else f"{target.dialect.service} ignores case in its own way"
    return first(target, Asks(matchers, exact), loose)


def lowered(target: Target, operator: TextOperator, literal: String, why: str) -> Asks:
    """`lower(…)` of a value equal to a text (`LIKE`), or beginning or ending with it: by letters in either case, and by more if need be."""
    text = literal.value
    is_prefix = operator is TextOperator.STARTSWITH
    makers: dict[TextOperator, Matcher] = {
        TextOperator.LIKE: EqualsIgnoreCase(text),
        TextOperator.STARTSWITH: Prefix(text, fold=True),
        TextOperator.ENDSWITH: Suffix(text, fold=True),
    }
    same = makers.get(operator)
    if same and text == text.lower() and folding.is_lower(text, is_prefix=is_prefix) and target.takes(same):
        return Asks((same,))
    asks = folded(target, text) if operator is TextOperator.LIKE else _folded_test(target, operator, text)
    return asks._replace(why=asks.why or why)


def regex(target: Target, node: Regex) -> Asks:
    """`~ /regex/`."""
    source = f"/{node.pattern}/"
    shape = texts.of_regex(node)
    blank = regexes.search(node, "")
    if shape is None:
        return anything(target, f"a policy cannot test {source}", blank=blank)
    check_text(shape.start + shape.inside + shape.end)
    if "i" not in node.flags:
        return (
            anything(target, f"a policy cannot test {source}", blank=blank)
            if _is_bare(shape)
            else _shaped(target, shape, source)
        )
    if shape.whole:
        return _with(folded(target, shape.start), "RE2 ignores case in its own way")
    operator = TextOperator.STARTSWITH if shape.start else TextOperator.ENDSWITH if shape.end else TextOperator.CONTAINS
    text = shape.start or shape.end or shape.inside
    if not text:
        return anything(target, f"a policy cannot test {source}", blank=blank)
    return _with(_folded_test(target, operator, text), f"a policy tests the plain start or end of {source} only")


def _is_bare(shape: Shape) -> bool:
    return not (shape.whole or shape.start or shape.inside or shape.end)
