"""Mistakes about what a condition is: several values for one, conditions taken for values, an operator in two pieces, `isn't`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang.mistakes.failure import COMPARISONS, Failure, replace
from megaql.lang.tokens import TokenKind
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

_LITERALS: Final = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.PARAM})
_TEXT_OPERATORS: Final = frozenset({"startswith", "endswith", "contains", "like"})


def alternatives_in_brackets(failure: Failure) -> Diagnostic | None:
    """`a == ("x" or "y")`, `a == ["x" or "y"]`."""
    stack = failure.open_brackets()
    if failure.token.word not in ("or", "||", "|") or failure.before.kind not in _LITERALS or not stack:
        return None
    place = failure.tokens.index(stack[-1])
    operator, whole = failure.tokens[place - 1], failure.operand_after(place - failure.index - 1)
    if place == 0 or operator.text not in ("==", "=", "!=") or whole is None:
        return None
    inside = [token for token in failure.tokens[place + 1 :] if token.end < whole.end]
    items = [token.text for token in inside if token.kind in _LITERALS]
    if any(token.kind not in _LITERALS and token.word not in ("or", "||", "|") for token in inside):
        return None
    fix = f"{'not ' if operator.text == '!=' else ''}in [{', '.join(items)}]"
    return replace(Span(operator.start, whole.end), "a value is one value; 'in' takes several", fix, "alternatives")


def compared_with_any(failure: Failure) -> Diagnostic | None:
    """`a == any("x", "y")`, `a = any(["x"])`, `a contains any ["x", "y"]`."""
    first = failure.token.text == "=" and failure.after.word == "any"
    operator, word = (failure.token, failure.after) if first else (failure.before, failure.token)
    if not first and operator.word == "any":
        operator, word = failure.at(-2), operator
    values = failure.operand_after(1 if first else failure.tokens.index(word) - failure.index)
    if word.word != "any" or values is None or failure.slice(values)[:1] not in ("(", "["):
        return None
    if operator.word in _TEXT_OPERATORS:
        label = f"write one test for each, joined with or: a {operator.word} ... or a {operator.word} ..."
        return Diagnostic(f"'{operator.word}' takes one text", Span(operator.start, values.end), label, code="any")
    if operator.text not in ("==", "="):
        return None
    fix = f"in [{failure.slice(values).strip('()[] ')}]"
    return replace(Span(operator.start, values.end), "a value is one value; 'in' takes several", fix, "alternatives")


def compared_condition(failure: Failure) -> Diagnostic | None:
    """`(a > 5) == true`, `a is null == false`, `a > 5 == true`."""
    token, after = failure.token, failure.after
    if not failure.wants_joint or token.text not in COMPARISONS or after.word not in ("true", "false"):
        return None
    holds = (after.word == "true") is (token.text not in ("!=", "<>", "!=="))
    return Diagnostic(
        f"a condition is not compared with {after.word}",
        Span(token.start, after.end),
        "leave it out" if holds else "leave it out, and write not (...) around the condition",
        code="compared-condition",
        fix="" if holds else None,
    )


def operator_in_pieces(failure: Failure) -> Diagnostic | None:
    """`a = = 1`, `a > = 1`, `a < > 1`."""
    for first, second in ((failure.token, failure.after), (failure.before, failure.token)):
        pieces = first.text + second.text
        if pieces in ("==", "!=", "<=", ">=", "<>") and TokenKind.OPERATOR is first.kind is second.kind:
            fix = pieces.replace("<>", "!=")
            return replace(
                Span(first.start, second.end), f"the operator {fix} is written in one piece", fix, "operator"
            )
    return None


def apostrophe(failure: Failure) -> Diagnostic | None:
    """`a isn't null`, `a doesn't contain "x"`."""
    token, after = failure.token, failure.after
    if token.kind is not TokenKind.WORD or token.text[-1] != "n" or not after.text.startswith("'t"):
        return None
    span = Span(token.start, after.start + 2)
    if token.word == "isn":
        return replace(span, "the apostrophe would open a string", "is not", "apostrophe")
    label = "write not before the operator: a not contains ..."
    return Diagnostic("the apostrophe would open a string", span, label, code="apostrophe")


def is_before_operator(failure: Failure) -> Diagnostic | None:
    """`a is not like "x*"`, `a is in [1]`: `is` took the operator for a kind."""
    operator, word = failure.before, failure.at(-2)
    negated = word.word == "not"
    start = failure.at(-3) if negated else word
    if operator.word not in {*_TEXT_OPERATORS, "in", "between"} or start.word != "is" or not failure.wants_joint:
        return None
    if failure.token.kind not in _LITERALS and failure.token.text not in ("[", "("):
        return None
    fix = f"{'not ' if negated else ''}{operator.word}"
    message = f"'is' asks for a kind of value; '{operator.word}' stands without it"
    return replace(Span(start.start, operator.end), message, fix, "unknown-operator")


def exists_with_elements(failure: Failure) -> Diagnostic | None:
    """`exists x in items: (…)`."""
    word = failure.at(-2)
    if failure.token.word != "in" or word.word != "exists" or not failure.wants_joint:
        return None
    return replace(word.span, "'exists' asks for a path; a condition on elements begins with any", "any", "quantifier")


def quantifier_in_parentheses(failure: Failure) -> Diagnostic | None:
    """`any(x in items: x.a > 5)`."""
    inside = failure.operand_after(-1)
    if failure.token.text != "(" or failure.before.word not in ("any", "all", "none", "one") or inside is None:
        return None
    found = re.fullmatch(r"\(\s*(\w+)\s+in\s+([^\s:]+)\s*:\s*(.+?)\s*\)", failure.slice(inside), re.DOTALL)
    if found is None:
        return None
    condition = found[3] if found[3].startswith("(") and found[3].endswith(")") else f"({found[3]})"
    fix = f"{failure.before.text} {found[1]} in {found[2]}: {condition}"
    place = Span(failure.before.start, inside.end)
    return replace(place, "only the condition of a quantifier goes in parentheses", fix, "quantifier")


RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    alternatives_in_brackets,
    compared_with_any,
    compared_condition,
    operator_in_pieces,
    apostrophe,
    is_before_operator,
    exists_with_elements,
    quantifier_in_parentheses,
)
