"""Which condition a place in a text belongs to, by its tokens alone: the text need not be a query.

A condition reaches from one `and` or `or` to the next of the same parenthesis. Brackets of lists, calls and paths belong to the condition
they stand in; so do parentheses after an operator, whatever was meant by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang.tokens import Token, TokenKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.source import Span

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
#: Words and signs that join conditions.
JOINTS: Final = frozenset({"and", "or", "&&", "||"})
_OPEN: Final = frozenset({TokenKind.OPEN_STRING, TokenKind.OPEN_REGEX})


def is_whole(tokens: Sequence[Token]) -> bool:
    """Return whether everything that was opened is closed, so that a mistake in one condition leaves the others as they are."""
    stack: list[str] = []
    for token in tokens:
        if token.kind in _OPEN:
            return False
        if token.kind is TokenKind.BRACKET:
            if token.text in _CLOSING:
                stack.append(_CLOSING[token.text])
            elif not stack or stack.pop() != token.text:
                return False
    return not stack


def condition_around(tokens: Sequence[Token], place: Span) -> Span | None:
    """Return the condition that a place is in, `not` included, or None where the place is in no single one.

    For a joint with nothing on one side it is the joint itself. The tokens must be whole.
    """
    conditions = _conditions(tokens, _group_around(tokens, place))
    found = next((one for one in conditions if one.start <= place.start and place.end <= one.end), None)
    if found is not None:
        return found
    joint = next((token for token in tokens if token.start <= place.start < token.end and token.word in JOINTS), None)
    return joint.span if joint is not None and place.end <= joint.end else None


def _group_around(tokens: Sequence[Token], place: Span) -> int:
    """Return the index of the first token in the innermost parenthesis around a place that holds conditions."""
    stack: list[int | None] = [0]
    for index, token in enumerate(tokens):
        if token.start >= place.start:
            break
        if token.kind is TokenKind.BRACKET:
            if token.text in _CLOSING:
                stack.append(index + 1 if _holds_conditions(tokens, index) else None)
            elif token.end <= place.start:
                stack.pop()
    return next(start for start in reversed(stack) if start is not None)


def _holds_conditions(tokens: Sequence[Token], index: int) -> bool:
    if tokens[index].text != "(":
        return False
    before = tokens[index - 1] if index else None
    if before is None or before.text in (":", "!", "("):
        return before is None or before.text != "(" or _holds_conditions(tokens, index - 1)
    return before.word in JOINTS | {"not"} and not _is_key(tokens, index - 1)


def _conditions(tokens: Sequence[Token], first: int) -> list[Span]:
    """Return the conditions of the parenthesis that begins before a token."""
    found: list[Span] = []
    current: Span | None = None
    depth, between = 0, False
    for index in range(first, len(tokens)):
        token = tokens[index]
        if token.kind is TokenKind.END:
            break
        if token.kind is TokenKind.BRACKET:
            depth += 1 if token.text in _CLOSING else -1
            if depth < 0:
                break
        keyword = not depth and not _is_key(tokens, index)
        joins = keyword and token.word in JOINTS and not (between and token.word == "and")
        if keyword and token.word in (*JOINTS, "between"):
            between = token.word == "between"
        if joins:
            found += [current] if current else []
            current = None
        else:
            current = current.to(token.span) if current else token.span
    return [*found, current] if current else found


def _is_key(tokens: Sequence[Token], index: int) -> bool:
    return index > 0 and tokens[index - 1].text == "."
