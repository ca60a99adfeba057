"""MegaQL for Pygments: the lexer that editors, documentation tools and the command line colour queries with.

It is found by the name `megaql` and for `*.mql` files. A maintainer keeps two rules: the words are the vocabulary's, never written down
again here; and no valid query has a token of the kind `Error`, a property that is tested.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pygments.lexer import RegexLexer, bygroups, default, include
from pygments.token import (
    Comment,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from megaql.lang.nodes import Presence, Quantifier
from megaql.lang.tokens import WORD
from megaql.lang.vocabulary import ENVELOPE_FIELDS, FUNCTIONS, KEYWORDS, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where a word ends: `in-box` and `inbox` do not begin with `in`.
_END: Final = r"(?!\w|-+\w)"

#: What may stand between any two tokens.
_BLANK: Final = r"(?:\s|#[^\n]*\n)*"

_CONSTANTS: Final = KEYWORDS & {"true", "false", "null"}
_PRESENCE: Final = {test.value for test in Presence}
_QUANTIFIERS: Final = {quantifier.value for quantifier in Quantifier}
_OPERATORS: Final = KEYWORDS - _CONSTANTS - _PRESENCE - _QUANTIFIERS

_DIGITS: Final = r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?"


def _words(words: Iterable[str]) -> str:
    """Return a regex for whole words in any case."""
    return rf"(?i:{'|'.join(map(re.escape, sorted(words)))}){_END}"


class MegaQLLexer(RegexLexer):
    """Lexer for MegaQL queries and query files."""

    name = "MegaQL"
    aliases: ClassVar[list[str]] = ["megaql"]
    filenames: ClassVar[list[str]] = ["*.mql"]
    mimetypes: ClassVar[list[str]] = ["text/x-megaql"]
    flags = re.MULTILINE

    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"^([\w-]+)(:)", bygroups(Name.Label, Punctuation)),
            include("blank"),
            (_words(_CONSTANTS), Keyword.Constant),
            (_words(_QUANTIFIERS), Keyword, "variable"),
            (_words(_PRESENCE), Keyword),
            (_words({"is"}), Operator.Word, "kind"),
            (_words(_OPERATORS), Operator.Word),
            include("literal"),
            (rf"(?i:count)(?={_BLANK}\()", Name.Function, "count"),
            (rf"(?i:{'|'.join(FUNCTIONS)})(?={_BLANK}\()", Name.Function),
            include("path"),
            (r"[!=]=|[<>]=?|!?~|\?\?|&&|\|\||!", Operator),
            (r"[()\],:]", Punctuation),
        ],
        "blank": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
        ],
        # A path may hold keywords as names, after its dots.
        "path": [
            (rf"@(?:{'|'.join(ENVELOPE_FIELDS)}){_END}", Name.Builtin),
            (rf"@{WORD}", Name),
            (r"\*\*?", Operator),
            (r"\.", Punctuation, "member"),
            (r"\[", Punctuation),
            (r"\]", Punctuation),
            (WORD, Name),
        ],
        "member": [
            include("blank"),
            (WORD, Name.Property, "#pop"),
            default("#pop"),
        ],
        "kind": [
            include("blank"),
            (_words({"not"}), Operator.Word),
            (_words(KINDS), Keyword.Type, "#pop"),
            default("#pop"),
        ],
        # Behind a quantifier: `x in P:`, `x of P:`.
        "variable": [
            include("blank"),
            (WORD, Name.Variable, ("#pop", "range")),
            default("#pop"),
        ],
        "range": [
            include("blank"),
            (_words({"in", "of"}), Keyword, ("#pop", "range-path")),
            default("#pop"),
        ],
        "range-path": [
            include("blank"),
            (r":", Punctuation, "#pop"),
            include("path"),
            include("literal"),
            default("#pop"),
        ],
        # `count(x in P: (…))`.
        "count": [
            include("blank"),
            (r"\(", Punctuation, ("#pop", "variable")),
            default("#pop"),
        ],
        "literal": [
            (r"""(d)("[^"\n]*"|'[^'\n]*')""", bygroups(String.Affix, Literal.Date)),
            (r"""(r)("[^"\n]*"|'[^'\n]*')""", bygroups(String.Affix, String)),
            (r'"', String.Double, "double"),
            (r"'", String.Single, "single"),
            (r"(/(?:[^/\\\n]|\\.)*/)([^\W\d]*)", bygroups(String.Regex, String.Affix)),
            (r"\$[^\W\d]\w*", Name.Variable.Global),
            (rf"-?(?:{_DIGITS}(?:ms|[smhdw]))+(?![\w.])", Number),
            (rf"(?i:{_DIGITS}(?:[KMGT]i?)?B)(?![\w.])", Number),
            (r"-?[0-9]+(?:_[0-9]+)*(?![\w.])", Number.Integer),
            (rf"-?{_DIGITS}(?:_[0-9]+)*(?:[eE][+-]?[0-9]+)?(?![\w.])", Number.Float),
        ],
        "double": [
            (r'[^"\\\n]+', String.Double),
            include("escape"),
            (rf'(")(?:(i){_END})?', bygroups(String.Double, String.Affix), "#pop"),
        ],
        "single": [
            (r"[^'\\\n]+", String.Single),
            include("escape"),
            (rf"(')(?:(i){_END})?", bygroups(String.Single, String.Affix), "#pop"),
        ],
        "escape": [(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[^\n])", String.Escape)],
    }
