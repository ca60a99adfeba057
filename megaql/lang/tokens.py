"""A scanner that never fails: it cuts any text into tokens, so that caps and diagnostics can look at what was typed.

The grammar decides what a query is. These tokens agree with it on where strings, regexes and comments begin and end,
and go beyond it for what people type by mistake: quotes that are not closed, smart quotes, `=~`, `1.2.3`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from megaql.source import Span


class TokenKind(Enum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    STRING = "string"
    OPEN_STRING = "string without its closing quote"
    FOREIGN_STRING = "string in quotes of another kind"
    REGEX = "regex"
    OPEN_REGEX = "regex without its closing slash"
    ENVELOPE = "envelope field"
    PARAM = "parameter"
    OPERATOR = "operator"
    BRACKET = "bracket"
    OTHER = "other"
    END = "end of the query"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text and its place; `END` is empty and stands after the last token."""

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after the last character."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """The place in the source."""
        return Span(self.start, self.end)

    @property
    def word(self) -> str:
        """The text in lower case, as keywords are compared."""
        return self.text.lower()


#: A name or keyword: letters, digits, underscores, and hyphens between them. The grammar's MEMBER.
WORD: Final = r"[^\W\d]\w*(?:-+\w+)*"

_SCANNER: Final = re.compile(
    rf"""(?P<skip>\s+|\#[^\n]*)
    |(?P<STRING>[rd](?:"[^"\n]*"|'[^'\n]*')
        |(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?:i(?!\w|-+\w))?)
    |(?P<OPEN_STRING>[rd]?["'](?:[^\n\\]|\\.)*\\?)
    |(?P<FOREIGN_STRING>[“”„«‟][^“”«»\n]*[“”»]?|[\u2018-\u201b][^\u2018\u2019\n]*[\u2018\u2019]?|`[^`\n]*`?)
    |(?P<REGEX>/(?:[^/\\\n]|\\.)*/[^\W\d]*)
    |(?P<OPEN_REGEX>/(?:[^/\\\n]|\\.)*\\?)
    |(?P<NUMBER>\d{{4}}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?:[:.\d]*)(?:[Zz]|[+-]\d\d:?\d\d)?)?(?![\w-])
        |-?(?:\d[\d_]*(?:\.\d[\w.]*)?[eE][+-]\d+|\d[\w]*(?:\.+\w+)*\.*))
    |(?P<ENVELOPE>@(?:{WORD})?)
    |(?P<PARAM>\$(?:[^\W\d]\w*)?)
    |(?P<WORD>{WORD})
    |(?P<OPERATOR>===|!==|=~|==|!=|<=>|<=|>=|=<|=>|<>|!~|&&|\|\||\?\?|\*\*|\?\.|:=|[-=<>~!&|?*+%:.,;^])
    |(?P<BRACKET>[()\[\]{{}}])
    |(?P<OTHER>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def scan(text: str) -> list[Token]:
    """Return the tokens of a text, spaces and comments left out, with an `END` token last."""
    tokens = [
        Token(TokenKind[found.lastgroup], found.group(), found.start())
        for found in _SCANNER.finditer(text)
        if found.lastgroup and found.lastgroup != "skip"
    ]
    return [*tokens, Token(TokenKind.END, "", tokens[-1].end if tokens else len(text))]
