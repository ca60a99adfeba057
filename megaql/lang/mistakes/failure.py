"""The place where a text stopped being a query, seen as tokens: what recognisers of mistakes look at.

Recognisers ask about what was typed (`token`, `before`, `after`, operands as text) and about what could have stood there
(`wants_…`), never about the parser's states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang.tokens import Token, TokenKind
from megaql.lang.vocabulary import KEYWORDS
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Operators that compare, the foreign ones included.
COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "=", "===", "!==", "<>", "=<", "=>"})

_VALUE_KINDS: Final = frozenset(
    {
        TokenKind.WORD,
        TokenKind.NUMBER,
        TokenKind.STRING,
        TokenKind.FOREIGN_STRING,
        TokenKind.ENVELOPE,
        TokenKind.PARAM,
        TokenKind.REGEX,
    }
)
_LITERAL_WORDS: Final = frozenset({"true", "false", "null"})
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_OPENING: Final = {close: opening for opening, close in _CLOSING.items()}


@dataclass(frozen=True, slots=True)
class Failure:
    """A text's tokens, which of them could not stand where it does, and the terminals that could."""

    source: Source
    tokens: Sequence[Token]
    index: int
    expected: frozenset[str]

    @property
    def token(self) -> Token:
        """The token that could not stand there; of kind `END` where the text ended too early."""
        return self.tokens[self.index]

    def at(self, distance: int) -> Token:
        """Return the token so far from the failing one, an `END` token past either end."""
        place = self.index + distance
        return self.tokens[place] if 0 <= place < len(self.tokens) else Token(TokenKind.END, "", 0)

    @property
    def before(self) -> Token:
        """The token before the failing one."""
        return self.at(-1)

    @property
    def after(self) -> Token:
        """The token after the failing one."""
        return self.at(1)

    @property
    def glued(self) -> bool:
        """Whether nothing stands between the failing token and the one before it."""
        return self.index > 0 and self.before.end == self.token.start

    # What could have stood there

    @property
    def wants_operator(self) -> bool:
        """Whether a value ended before the failing token, so that an operator could follow."""
        return "COMPARISON" in self.expected

    @property
    def wants_joint(self) -> bool:
        """Whether a whole condition ended before the failing token, so that only `and` or `or` could follow."""
        return "_OR" in self.expected and not self.wants_operator

    @property
    def wants_value(self) -> bool:
        """Whether a value or a condition could begin there."""
        return "NUMBER" in self.expected and "NAME" in self.expected

    @property
    def wants_condition(self) -> bool:
        """Whether a condition could begin there."""
        return "PRESENCE" in self.expected

    @property
    def wants_literal(self) -> bool:
        """Whether a literal could stand there, and no path."""
        return "DATE" in self.expected and "NAME" not in self.expected

    # Text

    def text(self, start: int, end: int) -> str:
        """Return the source between two offsets."""
        return self.source.text[start:end]

    def operand_before(self, distance: int = 0) -> Span | None:
        """Return the place of the value that ends before the token at a distance from the failing one.

        A value is what is written without a space: a path with its brackets, a call, a literal.
        """
        place = last = self.index + distance - 1
        start: int | None = None
        while place >= 0:
            token = self.tokens[place]
            if token.text in _OPENING:
                place = self._opening(place)
                if place < 0:
                    return None
            elif not self._in_value(place):
                break
            start = self.tokens[place].start
            place -= 1
            if place >= 0 and self.tokens[place].end != start:
                break
        return None if start is None else Span(start, self.tokens[last].end)

    def operand_after(self, distance: int = 0) -> Span | None:
        """Return the place of the value that begins after the token at a distance from the failing one."""
        place = first = self.index + distance + 1
        end: int | None = None
        while place < len(self.tokens):
            token = self.tokens[place]
            if token.text in _CLOSING:
                place = self._closing(place)
                if place < 0:
                    return None
            elif not self._in_value(place):
                break
            end = self.tokens[place].end
            place += 1
            if place < len(self.tokens) and self.tokens[place].start != end:
                break
        return None if end is None else Span(self.tokens[first].start, end)

    def _in_value(self, place: int) -> bool:
        token = self.tokens[place]
        if token.kind is TokenKind.WORD and token.word in KEYWORDS - _LITERAL_WORDS:
            return self._text_at(place - 1) == "."
        return token.kind in _VALUE_KINDS or token.text in (".", "**")

    def slice(self, span: Span) -> str:
        """Return the source of a place."""
        return self.source.text[span.start : span.end]

    def open_brackets(self, until: int | None = None) -> list[Token]:
        """Return the brackets that are open before the failing token, or before another index, innermost last."""
        stack: list[Token] = []
        for token in self.tokens[: self.index if until is None else until]:
            if token.kind is TokenKind.BRACKET:
                if token.text in _CLOSING:
                    stack.append(token)
                elif stack and _CLOSING[stack[-1].text] == token.text:
                    stack.pop()
        return stack

    def never_closed(self, bracket: Token) -> bool:
        """Return whether an opening bracket has no closing one in the whole text."""
        return self._closing(self.tokens.index(bracket)) < 0

    def _text_at(self, place: int) -> str:
        return self.tokens[place].text if place >= 0 else ""

    def _opening(self, place: int) -> int:
        depth = 0
        for index in range(place, -1, -1):
            token = self.tokens[index]
            if token.kind is TokenKind.BRACKET:
                depth += 1 if token.text in _OPENING else -1
            if depth == 0:
                return index
        return -1

    def _closing(self, place: int) -> int:
        depth = 0
        for index in range(place, len(self.tokens)):
            token = self.tokens[index]
            if token.kind is TokenKind.BRACKET:
                depth += 1 if token.text in _CLOSING else -1
            if depth == 0:
                return index
        return -1


def replace(span: Span, message: str, fix: str, code: str, hint: str = "") -> Diagnostic:
    """Return a diagnostic whose fix is certain: "replace with …" beside the caret."""
    return Diagnostic(message, span, f"replace with {fix}", hint, code, fix=fix)
