"""How large a query may be: every cap as a named constant, each with an error of its own.

Text is checked before the parser sees it (`check_length`, `check_tokens`), a tree however it was made before anything
recurses into it (`check_tree`). So recursion never walks anything hostile, and the parser, which is slow, nothing that
is far over a cap. `check_tree` decides: what is checked before it refuses nothing that it would let pass. Caps at run
time are in `megaql.lang.budget`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic, QueryLimitError
from megaql.lang import nodes
from megaql.lang.tokens import TokenKind
from megaql.lang.tree import AnyNode, children
from megaql.lang.vocabulary import KEYWORDS
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from megaql.lang.tokens import Token

#: A query's text, in bytes of UTF-8.
SOURCE_BYTES: Final = 16 * 1024

#: Clauses, calls and lists inside one another; in text, open parentheses and brackets and `not` after `not`.
NESTING: Final = 64

#: Clauses and values of one query. The items of a list and the segments of a path have caps of their own.
NODES: Final = 1_000

#: Items of one list literal.
LIST_ITEMS: Final = 10_000

#: Items of all list literals of a query together.
ALL_LIST_ITEMS: Final = 100_000

#: A regex as written between its slashes, in bytes of UTF-8.
REGEX_BYTES: Final = 1024

#: Quantifiers and counts inside one another: each multiplies the work by the length of an array.
QUANTIFIER_NESTING: Final = 3

#: Segments of one path.
PATH_SEGMENTS: Final = 64

#: Digits of one number. Python itself refuses to read integers of more than 4,300 digits.
NUMBER_DIGITS: Final = 1_000

#: The largest power of ten of a number, either way: what a BSON Decimal128 holds. `1e999999999` as an integer would fill
#: the memory.
NUMBER_EXPONENT: Final = 6_144

#: The largest array index, either way.
INDEX: Final = 2**31 - 1

#: The text of a query's JSON form, in bytes of UTF-8.
JSON_BYTES: Final = 1024 * 1024

#: Commas, brackets and braces in that text, those in strings too: what can be counted before it is read. All list items
#: that are allowed have one or two each in a text of this length. A query past it keeps the other caps only with tens of
#: thousands of empty lists, or of commas in strings.
JSON_PARTS: Final = 2 * ALL_LIST_ITEMS

#: Keys of one object in the JSON form; no node has more than five.
JSON_KEYS: Final = 64

#: Objects and arrays inside one another in the JSON form: each level of a query takes up to three.
JSON_NESTING: Final = 4 * NESTING

#: Values of all kinds in the JSON form.
JSON_VALUES: Final = 4 * ALL_LIST_ITEMS

#: What a diagnostic shows of a tree that has no text.
CODE_SOURCE: Final = Source("(a query without text)")


def check_length(source: Source) -> None:
    """Check the length of a text, before anything else looks at it."""
    length = len(source.text)
    if length * 4 > SOURCE_BYTES:  # no code point takes more than four bytes
        length = len(source.text.encode("utf-8", "surrogatepass"))
    if length > SOURCE_BYTES:
        raise _exceeded(
            source,
            Span(0, 0),
            "length",
            f"the query is {length:,} bytes long; at most {SOURCE_BYTES:,} are allowed",
            "pass long lists as parameters, a in $ids, or split the query",
        )


def check_tokens(source: Source, tokens: Sequence[Token]) -> None:
    """Check a text by its tokens: the nesting exactly, so that building its tree may recurse, the rest roughly."""
    _check_nesting(source, tokens)
    _check_paths(source, tokens)
    _check_count(source, tokens)


def _check_nesting(source: Source, tokens: Sequence[Token]) -> None:
    depth = negations = 0
    for previous, token in zip([None, *tokens], tokens, strict=False):
        if token.kind is TokenKind.BRACKET and token.text in "([{":
            # The bracket of a path, as in a[0], holds no other one.
            depth += not _opens_a_segment(previous, token)
        elif token.kind is TokenKind.BRACKET:
            depth -= depth > 0
        negations = negations + 1 if token.word in ("not", "!") else 0
        if depth + negations > NESTING:
            raise _exceeded(source, token.span, *_NESTED)


def _check_paths(source: Source, tokens: Sequence[Token]) -> None:
    """Check the segments of each path, its first name not counted: after `of` it cannot be told from a leading dot."""
    segments = first = 0
    previous: Token | None = None
    for token in tokens:
        # Inside a path a keyword is a name: .in[0].
        if token.text == "." or (token.text == "[" and segments) or _opens_a_segment(previous, token):
            if not segments:
                first = (previous if previous and _ends_a_name(previous) else token).start
            segments += previous is None or previous.text != "."  # .[0] is one
        elif token.text != "]" and not (previous and previous.text in (".", "[")):
            if segments > PATH_SEGMENTS and previous:
                raise _exceeded(source, Span(first, previous.end), *_LONG_PATH)
            segments = 0
        previous = token


def _check_count(source: Source, tokens: Sequence[Token]) -> None:
    """Check the smallest number of nodes that a text can have.

    Each condition has two or more, and one more with an operator between values; each argument of a call is one.
    """
    counted = 2
    lists: list[bool] = []  # for each open bracket, whether it is a list: its items are no nodes
    before: Token | None = None
    previous: Token | None = None
    for token in tokens:
        if token.text == "[":
            lists.append(not _opens_a_segment(previous, token))
        elif token.text == "]":
            del lists[-1:]
        elif previous is None or previous.text != ".":  # what follows a dot is a key: a.and
            counted += 2 * (token.word in _JOINTS) + (token.word in _OPERATORS)
        if previous and previous.text == "(" and before and _ends_a_name(before):
            counted += token.text != ")"  # the first argument
        elif token.text == ",":
            counted += not any(lists)
        if counted > NODES:
            raise _exceeded(source, token.span, *_MANY_NODES)
        before, previous = previous, token


_JOINTS: Final = frozenset({"and", "or", "&&", "||"})
_OPERATORS: Final = frozenset(
    {"in", "~", "!~"} | {word.value for words in (nodes.Comparison, nodes.TextOperator) for word in words}
)


def check_digits(source: Source, number: str, span: Span) -> None:
    """Check the text of a number before it is read, since reading very long ones is slow or refused by Python."""
    _, _, exponent = number.lower().partition("e")
    if len(number) > NUMBER_DIGITS:
        raise _exceeded(source, span, *_LONG_NUMBER)
    if len(exponent.lstrip("+-0")) > len(str(NUMBER_EXPONENT)):
        raise _exceeded(source, span, *_LARGE_NUMBER)


_LONG_NUMBER: Final = ("number-length", f"a number has more than {NUMBER_DIGITS:,} digits", "write it as a string")
_LARGE_NUMBER: Final = (
    "number-size",
    f"a number is beyond 1e{NUMBER_EXPONENT} or finer than 1e-{NUMBER_EXPONENT}",
    "write a number within these bounds, which are those of BSON's decimals",
)
_MANY_NODES: Final = (
    "nodes",
    f"the query has more than {NODES:,} clauses and values",
    "split the query, or use a in [...]",
)
_LONG_PATH: Final = ("path-length", f"a path has more than {PATH_SEGMENTS} segments", "use .** to reach deep values")
_NESTED: Final = ("nesting", f"the query is nested more than {NESTING} levels deep", "split the query")


def _opens_a_segment(previous: Token | None, token: Token) -> bool:
    return token.text == "[" and previous is not None and _ends_a_name(previous)


def _ends_a_name(token: Token) -> bool:
    if token.kind is TokenKind.WORD:
        return token.word not in KEYWORDS
    return token.text in ("]", ".", "**") or token.kind in (TokenKind.ENVELOPE, TokenKind.STRING)


def check_tree(clause: nodes.Clause, source: Source | None = None) -> None:
    """Check the caps of a tree, however it was made: from text, from JSON, in code, with parameters bound.

    `source` is the text that the spans of its nodes point into; without one, the error says what and not where.
    """
    counted = items = 0
    stack: list[tuple[AnyNode, int, int, bool]] = [(clause, 0, 0, True)]
    while stack:
        node, depth, quantifiers, counts = stack.pop()
        inside = children(node)
        counted += counts
        is_list = isinstance(node, nodes.ListLiteral)
        items += len(inside) if is_list else 0
        quantifiers += isinstance(node, nodes.Quantified | nodes.Count)
        # `count(x in a: (…))` opens two parentheses; so whatever fits as a tree fits as text.
        depth += 2 if isinstance(node, nodes.Count) else bool(inside)
        found = _excess(node, counted, items, depth, quantifiers)
        if found:
            raise _exceeded(source or CODE_SOURCE, node.span if source else _CODE_SPAN, *found)
        stack.extend((child, depth, quantifiers, not is_list) for child in reversed(inside))


_CODE_SPAN: Final = Span(0, len(CODE_SOURCE.text))


def _excess(node: AnyNode, counted: int, items: int, depth: int, quantifiers: int) -> tuple[str, str, str] | None:
    """Return the code, message and way out of the cap that a node exceeds, given what was seen up to it."""
    if counted > NODES:
        return _MANY_NODES
    if depth > NESTING + 1:
        return _NESTED
    if quantifiers > QUANTIFIER_NESTING:
        return (
            "quantifier-nesting",
            f"quantifiers are nested more than {QUANTIFIER_NESTING} levels deep; each multiplies the work",
            "reach down with a path: a[*].b or a.**.b",
        )
    if items > ALL_LIST_ITEMS:
        return "list-length", f"the lists of the query have more than {ALL_LIST_ITEMS:,} items", "split the query"
    return _excess_of_literal(node)


def _excess_of_literal(node: AnyNode) -> tuple[str, str, str] | None:
    match node:
        case nodes.ListLiteral() if len(node.items) > LIST_ITEMS:
            return (
                "list-length",
                f"a list has {len(node.items):,} items; at most {LIST_ITEMS:,} are allowed",
                "split it",
            )
        case nodes.Path() if len(node.segments) > PATH_SEGMENTS:
            return _LONG_PATH
        case nodes.Path() if any(isinstance(s, nodes.Index) and abs(s.position) > INDEX for s in node.segments):
            return "index", f"an array index is beyond {INDEX:,}", "no array is that long"
        case nodes.Regex() if len(node.pattern.encode("utf-8", "surrogatepass")) > REGEX_BYTES:
            return (
                "regex-length",
                f"a regex is longer than {REGEX_BYTES:,} bytes",
                "split it with 'or', or use in [...]",
            )
        case nodes.Number() | nodes.Size():
            return number_excess(node.value if isinstance(node, nodes.Number) else node.units)
        case _:
            return None


def number_excess(value: int | Decimal) -> tuple[str, str, str] | None:
    """Return the code, message and way out where a number is too long or too large, and None for a usable one."""
    if isinstance(value, int):
        # Bits first: counting the decimal digits of a huge integer is the slow operation that the cap prevents.
        too_long = value.bit_length() > NUMBER_DIGITS * 3.4
    else:
        if value.is_finite() and abs(value.adjusted()) > NUMBER_EXPONENT:
            return _LARGE_NUMBER
        too_long = len(value.as_tuple().digits) > NUMBER_DIGITS
    if too_long:
        return _LONG_NUMBER
    return None


def _exceeded(source: Source, span: Span, code: str, message: str, hint: str) -> QueryLimitError:
    return QueryLimitError(source, [Diagnostic(message, span, hint=hint, code=code)])
