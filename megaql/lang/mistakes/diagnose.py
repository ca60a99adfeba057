"""From "the parser stopped here" to a sentence that says what was probably meant.

The recognisers in the modules beside this one are tried in order; each looks for one habit and returns a diagnostic or None.
Where none knows better, the fallback says what could stand there, in words of the language reference. A maintainer keeps
the parser's words (terminal names, states) out of every message, and gives each recogniser a case in `tests/golden`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic, QuerySyntaxError
from megaql.lang import grammar
from megaql.lang.mistakes import borrowed, conditions, operators, quotes, values
from megaql.lang.mistakes.failure import Failure
from megaql.lang.tokens import Token, TokenKind
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: In order: what is not closed hides everything after it, so it goes first; then the more special habits.
_RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    *quotes.RECOGNISERS,
    *conditions.RECOGNISERS,
    *borrowed.RECOGNISERS,
    *values.RECOGNISERS,
    *operators.RECOGNISERS,
)


def syntax_error(source: Source, tokens: Sequence[Token], stop: int | None) -> QuerySyntaxError:
    """Return the error for a text that is no query, from its tokens and the offset where the parser stopped, None for the end."""
    failure = _locate(source, tokens, stop)
    found = next(filter(None, (recognise(failure) for recognise in _RECOGNISERS)), None)
    return QuerySyntaxError(source, [_apart(found or _fallback(failure), source.text)], incomplete=_incomplete(failure))


def _apart(diagnostic: Diagnostic, text: str) -> Diagnostic:
    """Keep the words of a fix apart from the text around its place: `a|b` must not become `aorb`."""
    fix, span = diagnostic.fix, diagnostic.span
    if not fix:
        return diagnostic
    before, after = text[: span.start][-1:], text[span.end :][:1]
    left = " " if fix[0].isalpha() and _in_word(before) else ""
    right = " " if fix[-1].isalpha() and _in_word(after) else ""
    return dataclasses.replace(diagnostic, fix=f"{left}{fix}{right}")


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _locate(source: Source, tokens: Sequence[Token], offset: int | None) -> Failure:
    index = len(tokens) - 1
    if offset is not None:
        index = next((place for place, token in enumerate(tokens) if offset < token.end), index)
    # The token's own start, since the parser may have read a part of it: the == of a ===.
    beginning = source.text[: tokens[index].start]
    return Failure(source, tokens, index, grammar.expected(beginning))


#: A word that a terminal can be, for each terminal that is one; what it can begin with, for a literal.
_SPELLINGS: Final = {
    "_OR": ("or", "||"),
    "_AND": ("and", "&&"),
    "NOT": ("not",),
    "_IN": ("in",),
    "OF": ("of",),
    "_CIDR": ("cidr",),
    "_IS": ("is",),
    "_BETWEEN": ("between",),
    "TEXT_OPERATOR": ("startswith", "endswith", "contains", "like"),
    "COMPARISON": ("==", "!="),
    "MATCHES": ("!~",),
    "TRUE": ("true",),
    "FALSE": ("false",),
    "NULL": ("null",),
    "DATE": ('d"',),
    "RAW": ('r"',),
    "ENVELOPE": ("@id",),
    "PARAM": ("$name",),
    "DEEP": ("**",),
    "_DEFAULT": ("??",),
}

#: The beginning of a number, a duration or a size that is none yet.
_HALF_NUMBER: Final = re.compile(
    r"-?(?:\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?)?|(?:\d+(?:ms|[smhdw]))*\d+|\d[\d_]*(?:\.\d*)?[KMGT]i?)?", re.IGNORECASE
)


def _incomplete(failure: Failure) -> bool:
    """Return whether more text at the end could make this a query."""
    token = failure.token
    rest = failure.source.text[token.start :]
    if token.kind is TokenKind.END:
        return True
    if token.kind in (TokenKind.OPEN_STRING, TokenKind.OPEN_REGEX):
        opened = "REGEX" if token.kind is TokenKind.OPEN_REGEX else "STRING"
        return opened in failure.expected and token.end == len(failure.source.text)
    if "NUMBER" in failure.expected and _HALF_NUMBER.fullmatch(rest):
        return True
    if not rest.strip("-") and failure.glued and failure.before.kind in (TokenKind.WORD, TokenKind.ENVELOPE):
        return True  # the name goes on after its hyphen: detail-
    spellings = (word for name in failure.expected for word in _SPELLINGS.get(name, ()))
    return any(word.startswith(rest.lower()) for word in spellings)


def _fallback(failure: Failure) -> Diagnostic:
    token, expected = failure.token, _expected(failure)
    words = " or ".join(what for what, _ in expected) or "the end of the query"
    if token.kind is TokenKind.END:
        label = f"write {words} here" + (f", such as {expected[0][1]}" if expected and expected[0][1] else "")
        message = f"the query ends too early: {words} is missing after '{_shortened(failure.before.text)}'"
        return Diagnostic(message, Span(token.start, token.start), label, code="unexpected-end")
    return Diagnostic(f"unexpected '{_shortened(token.text)}'", token.span, f"expected {words}", code="unexpected")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


#: What can stand somewhere: terminals that must all be possible, what readers of the language reference call that, an
#: example. A row's terminals are not looked at again by later rows, and nothing follows a row of values.
_WORDS: Final = (
    (("_CIDR",), "a list", '["a", "b"]'),
    (("PRESENCE",), "a condition", 'event.name == "x"'),
    (("NAME", "NUMBER"), "a value", '"x", 5 or $name'),
    (("NAME", "ENVELOPE"), "a path", "event.name"),
    (("NAME",), "a name for the element", "item"),
    (("NUMBER", "STRING", "STAR"), "an index, a key in quotes or *", '0, "key" or *'),
    (("NUMBER", "STRING"), "a literal", '"x", 5 or $name'),
    (("STRING", "MEMBER"), "a key", "name"),
    (("REGEX",), "a regex", "/x/"),
    (("STRING", "RAW"), "a network", '"10.0.0.0/8"'),
    (("KIND",), "a kind of value", "null or string"),
    (("COMPARISON", "TEXT_OPERATOR", "_IN"), "an operator", ""),
    (("TEXT_OPERATOR", "_IN"), "an operator", "in, like or between"),
    (("COLON",), "':'", ""),
    (("LPAR",), "'('", ""),
    (("RPAR",), "')'", ""),
    (("RSQB",), "']'", ""),
    (("COMMA",), "','", ""),
    (("_OR", "_AND"), "'and' or 'or'", ""),
    (("_AND",), "'and'", ""),
    (("_IN",), "'in'", ""),
)


def _expected(failure: Failure) -> list[tuple[str, str]]:
    """Return what could stand at the failure, in words and with an example each."""
    found: list[tuple[str, str]] = []
    named: set[str] = set()
    for terminals, words, example in _WORDS:
        if failure.expected.issuperset(terminals) and not named & set(terminals):
            found.append((words, example))
            named |= set(terminals)
            if terminals[0] in ("_CIDR", "PRESENCE", "NAME"):
                break
    return found
