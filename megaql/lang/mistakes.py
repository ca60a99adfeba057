"""From "the parser stopped here" to a sentence that says what was probably meant.

The recognisers in the `mistakes_…` modules are tried in order; each looks for one habit and returns a diagnostic or None.
Where none knows better, the fallback says what could stand there, in words of the language reference. A maintainer keeps
lark's words (terminal names, states) out of every message, and gives each recogniser a case in `tests/golden`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lark.exceptions import UnexpectedInput, UnexpectedToken

from megaql.errors import Diagnostic, QuerySyntaxError
from megaql.lang import grammar, mistakes_borrowed, mistakes_operators, mistakes_quotes, mistakes_values
from megaql.lang.failure import Failure
from megaql.lang.tokens import Token, TokenKind
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: In order: what is not closed hides everything after it, so it goes first; then the more special habits.
_RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    *mistakes_quotes.RECOGNISERS,
    *mistakes_borrowed.RECOGNISERS,
    *mistakes_values.RECOGNISERS,
    *mistakes_operators.RECOGNISERS,
)


def syntax_error(source: Source, tokens: Sequence[Token], stop: UnexpectedInput) -> QuerySyntaxError:
    """Return the error for a text that is no query, from its tokens and where the parser stopped."""
    failure = _locate(source, tokens, stop)
    found = next(filter(None, (recognise(failure) for recognise in _RECOGNISERS)), None)
    return QuerySyntaxError(source, [found or _fallback(failure)], incomplete=_incomplete(failure))


def _locate(source: Source, tokens: Sequence[Token], stop: UnexpectedInput) -> Failure:
    offset: int | None = stop.pos_in_stream
    if isinstance(stop, UnexpectedToken) and stop.token.type == "$END":
        offset = None  # lark puts the end of the text at the start of the last token
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
    spellings = (word for name in failure.expected for word in _SPELLINGS.get(name, ()))
    return any(word.startswith(rest.lower()) for word in spellings)


def _fallback(failure: Failure) -> Diagnostic:
    token, expected = failure.token, _in_words(failure)
    if token.kind is TokenKind.END:
        message = f"the query ends after '{failure.before.text}', and {expected} is missing"
        return Diagnostic(message, Span(token.start, token.start), f"add {expected} here", code="unexpected-end")
    return Diagnostic(
        f"'{_shortened(token.text)}' cannot stand here", token.span, f"expected {expected}", code="unexpected"
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


#: What can stand somewhere, as readers of the language reference call it: the first terminal of a row that is expected
#: speaks for the row.
_WORDS: Final = (
    (("_CIDR",), "a list in brackets or a path to one"),
    (("PRESENCE",), "a condition"),
    (("NAME", "NUMBER"), "a value"),
    (("NAME", "ENVELOPE"), "a path"),
    (("NAME",), "a name"),
    (("NUMBER", "STRING"), "a literal"),
    (("STRING", "MEMBER"), "a key"),
    (("STRING", "NUMBER", "STAR"), "an index, a quoted key or *"),
    (("REGEX",), "a regex between slashes"),
    (("STRING", "RAW"), "a string"),
    (("KIND",), "a kind such as null or string"),
    (("COMPARISON", "TEXT_OPERATOR", "_IN"), "an operator"),
    (("TEXT_OPERATOR", "_IN"), "an operator such as in, like or between"),
    (("COLON",), "':'"),
    (("LPAR",), "'('"),
    (("RPAR",), "')'"),
    (("RSQB",), "']'"),
    (("COMMA",), "','"),
    (("_OR", "_AND"), "'and' or 'or'"),
    (("_AND",), "'and'"),
    (("_IN",), "'in'"),
)


def _in_words(failure: Failure) -> str:
    found: list[str] = []
    named: set[str] = set()
    for terminals, words in _WORDS:
        if failure.expected.issuperset(terminals) and not named & set(terminals):
            found.append(words)
            named |= set(terminals)
            if terminals[0] in ("_CIDR", "PRESENCE") or "NAME" in terminals:
                break
    if len(found) < 2:
        return found[0] if found else "the end of the query"
    return ", ".join(found[:-1]) + " or " + found[-1]
