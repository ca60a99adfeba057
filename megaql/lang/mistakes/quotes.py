# ruff: noqa: RUF001 - characters that look alike are what this module is about
"""Mistakes of delimiters: quotes, slashes and brackets that are not closed or are of a wrong kind, unseen characters.

What is not closed is shown at its opening, where the reader must look, and not where the parser noticed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang import literals
from megaql.lang.mistakes.failure import Failure, replace
from megaql.lang.tokens import TokenKind
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

#: Characters that stand for an operator elsewhere.
_SYMBOLS: Final = {
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "≡": "==",
    "＝": "==",
    "∈": "in",
    "∉": "not in",
    "∧": "and",
    "∨": "or",
    "¬": "not",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "，": ",",
    "：": ":",
    "（": "(",
    "）": ")",
    "＂": '"',
    "´": "'",
}


def quote_in_text(failure: Failure) -> Diagnostic | None:
    """`'it's'`: a quote inside a string ends it, and the rest of the text stands behind it."""
    string, word = failure.before, failure.token
    if string.kind is not TokenKind.STRING or not failure.glued or word.kind is not TokenKind.WORD:
        return None
    quote = string.text[-1]
    rest = failure.tokens[failure.index :]
    if not any(token.kind is TokenKind.OPEN_STRING and token.text[0] == quote for token in rest):
        return None
    other = "'" if quote == '"' else '"'
    return Diagnostic(
        "the text goes on after its closing quote",
        Span(string.end - 1, string.end),
        f"write \\{quote} for a quote inside the text, or put it between {other}...{other}",
        code="quote-in-text",
    )


def doubled_quote(failure: Failure) -> Diagnostic | None:
    """`'it''s'`: SQL's way to write a quote inside a string."""
    string, token = failure.before, failure.token
    quote = token.text[:1]
    both = string.kind is TokenKind.STRING is token.kind and failure.glued
    if not both or string.text[0] != quote or string.text[-1] != quote:
        return None
    fix = f"{string.text[:-1]}\\{token.text}"
    return replace(
        Span(string.start, token.end), f"two quotes are no quote inside a string; write \\{quote}", fix, "quote-in-text"
    )


def open_string(failure: Failure) -> Diagnostic | None:
    """`"x`: no closing quote on its line."""
    token = failure.token
    if token.kind is not TokenKind.OPEN_STRING:
        return None
    opening = token.text.lstrip("rd")[0]
    place = token.start + token.text.index(opening)
    hint = "a string ends on its line; write \\n for a line break" if "\n" in failure.source.text[token.end :] else ""
    if not failure.wants_value and failure.glued and failure.before.kind in (TokenKind.STRING, TokenKind.WORD):
        message, label = "a quote too many", "leave it out, or close the string it was meant to open"
        return Diagnostic(message, Span(place, place + 1), label, code="open-string")
    return Diagnostic(
        "a string is not closed", Span(place, place + 1), f"add {opening} where the text ends", hint, "open-string"
    )


def open_regex(failure: Failure) -> Diagnostic | None:
    """`~ /x`: no closing slash on its line."""
    token = failure.token
    if token.kind is not TokenKind.OPEN_REGEX or failure.wants_operator or failure.wants_joint:
        return None
    return Diagnostic(
        "a regex is not closed", Span(token.start, token.start + 1), "add / where the regex ends", code="open-regex"
    )


def slash_in_regex(failure: Failure) -> Diagnostic | None:
    """`~ /a/b/`: a slash ends the regex."""
    token, before = failure.token, failure.before
    slashes = token.kind in (TokenKind.REGEX, TokenKind.OPEN_REGEX) or token.text == "/"
    if not slashes or before.kind is not TokenKind.REGEX or not failure.glued:
        return None
    slash = before.start + before.text.rindex("/")
    return Diagnostic(
        "this slash ends the regex", Span(slash, slash + 1), "write \\/ for a slash inside it", code="slash-in-regex"
    )


def foreign_quotes(failure: Failure) -> Diagnostic | None:
    """Typographic quotes and backticks."""
    token = failure.token
    if token.kind is not TokenKind.FOREIGN_STRING:
        return None
    inner = token.text.strip("“”„‟«»‘’‚‛`")
    fix = literals.write_string(inner)
    if token.text[0] == "`":
        if failure.wants_value and not failure.before.text.endswith(("=", "<", ">")):
            fix = inner if inner.isidentifier() else f".{fix}"
        elif re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?|true|false|null", inner):
            fix = inner  # a literal of JMESPath
        return replace(token.span, "backticks do not delimit anything here", fix, "backticks")
    return replace(token.span, "typographic quotes do not delimit a string", fix, "smart-quotes")


def wrong_closing(failure: Failure) -> Diagnostic | None:
    """`)` where nothing or another bracket is open."""
    token = failure.token
    if token.text not in (")", "]", "}"):
        return None
    stack = failure.open_brackets()
    if not stack:
        opening = {")": "(", "]": "[", "}": "{"}[token.text]
        return Diagnostic(
            f"'{token.text}' closes nothing", token.span, f"leave it out, or open it with {opening}", code="closing"
        )
    closing = {"(": ")", "[": "]", "{": "}"}[stack[-1].text]
    if closing != token.text:
        return Diagnostic(
            f"'{stack[-1].text}' is not closed before '{token.text}'",
            stack[-1].span,
            f"close it with {closing}",
            code="closing",
        )
    return None


def open_bracket(failure: Failure) -> Diagnostic | None:
    """`(a == 1`: a bracket that could be closed here and never is."""
    stack = failure.open_brackets()
    if not stack or not failure.expected & {"RPAR", "RSQB"} or not failure.never_closed(stack[-1]):
        return None
    if failure.wants_value or failure.wants_literal:
        return None
    bracket = stack[-1]
    at_joint = failure.token.word in ("and", "or", "&&", "||", "==", "!=", "<", "<=", ">", ">=")
    if failure.token.kind is not TokenKind.END and not at_joint:
        return None
    name = "parenthesis" if bracket.text == "(" else "bracket"
    closing = ")" if bracket.text == "(" else "]"
    return Diagnostic(f"this {name} is not closed", bracket.span, f"add {closing} where it ends", code="open-bracket")


def symbols(failure: Failure) -> Diagnostic | None:
    """Mathematical symbols, wide punctuation, and characters nobody sees."""
    token = failure.token
    if token.kind is not TokenKind.OTHER:
        return None
    char = token.text
    if char in _SYMBOLS:
        return replace(token.span, f"'{char}' is not a character of the language", _SYMBOLS[char], "symbol")
    if char == "\\":
        return Diagnostic("a backslash belongs inside quotes", token.span, "leave it out", code="symbol")
    if unicodedata.combining(char):
        message = f"a name does not hold the combining character U+{ord(char):04X}"
        label = 'put the key in quotes: a["..."], or ."..." at the start of a path'
        return Diagnostic(
            message, token.span, label, "a letter and its accent in one character need no quotes", "symbol"
        )
    if not char.isprintable():
        name = unicodedata.name(char, "a control character").lower()
        return Diagnostic(
            f"there is an invisible character here, U+{ord(char):04X} ({name})",
            token.span,
            "leave it out",
            code="invisible",
        )
    return Diagnostic(
        f"'{char}' is not a character of the language",
        token.span,
        "put it in quotes if it is text",
        code="symbol",
    )


RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    quote_in_text,
    doubled_quote,
    open_string,
    slash_in_regex,
    open_regex,
    foreign_quotes,
    wrong_closing,
    open_bracket,
    symbols,
)
