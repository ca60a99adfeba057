r"""From a query's tree to a document: where its lines may end, and how each part is spelled.

The tree says what is written, so that two texts of one meaning have one layout; the text is only asked for what people choose: the
comments, and the spelling of literals (`24h` is not made `1d`, nor `r"\d"` `"\\d"`). A maintainer keeps one rule on
parentheses: they stand where they are needed, and where a reader would have to know what binds tighter: around `and` in `or`, around what
`not` negates if an operator is in it, around `??` beside an operator.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from megaql.lang import nodes
from megaql.lang.layout.document import HARD, LINE, SOFT, Break, Doc, Indent, Remark, group, separated
from megaql.lang.printer import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.lang.layout.comments import Comment, Comments
    from megaql.lang.tree import AnyNode

Scope: TypeAlias = frozenset[str]

_NO_VARIABLES: Final[Scope] = frozenset()

Test: TypeAlias = (
    nodes.Compare | nodes.In | nodes.Matches | nodes.TextTest | nodes.Between | nodes.IsKind | nodes.InCidr
)


def document_of(text: str, clause: nodes.Clause, comments: Comments) -> Doc:
    """Return the document of a query, from its text, its tree, and the comments of the text."""
    return _Writer(text, comments).unit(clause, _NO_VARIABLES)


class _Writer:
    """Makes documents of one query's parts; `scope` in its methods holds the variables that are visible."""

    def __init__(self, text: str, comments: Comments) -> None:
        self._text = text
        self._comments = comments

    def unit(self, clause: nodes.Clause, scope: Scope, lead: str = "", *, within: type | None = None) -> Doc:
        """Return a clause with the comments about it, `lead` between those above and itself."""
        unit = self._comments.about(clause)
        body = self._operand(clause, scope, within)
        return (*_above(unit.above), lead, body, *_beside(unit.beside), *_below(unit.below))

    def _operand(self, clause: nodes.Clause, scope: Scope, within: type | None) -> Doc:
        """Return a clause, in parentheses where `within` is what it stands in and a reader wants them."""
        if within is None:
            return self.clause(clause, scope)
        match clause:
            case nodes.Or() | nodes.And():
                return _parentheses(self.clause(clause, scope))
            case nodes.Truth():
                return self._side(clause.value, scope)
            case _:
                return self.clause(clause, scope)

    def clause(self, clause: nodes.Clause, scope: Scope) -> Doc:
        """Return a clause without parentheses around it."""
        match clause:
            case nodes.Or():
                return self._chain("or ", clause, scope)
            case nodes.And():
                return self._chain("and ", clause, scope)
            case nodes.Not():
                return "not ", self._negated(clause.item, scope)
            case nodes.PresenceTest():
                return _broken_before(clause.test.value, path_text(clause.path, scope))
            case nodes.Quantified():
                return self._each(f"{clause.quantifier.value} ", clause, scope)
            case nodes.Truth():
                return self._value(clause.value, scope)
            case nodes.Opaque():
                raise TypeError("a Python function has no text")
            case _:
                return self._test(clause, scope)

    def _chain(self, word: str, clause: nodes.Or | nodes.And, scope: Scope) -> Doc:
        first, *rest = clause.items
        further = (self.unit(item, scope, word, within=type(clause)) for item in rest)
        return group(separated([self.unit(first, scope, within=type(clause)), *further], LINE))

    def _negated(self, item: nodes.Clause, scope: Scope) -> Doc:
        wrapped = self._comments.in_parentheses(item)
        if wrapped and self._comments.about(item).remarked:
            return _parentheses(self.unit(item, scope))
        match item:
            case nodes.Truth():
                return self._side(item.value, scope)
            case nodes.Not() | nodes.PresenceTest() | nodes.Quantified():
                return self.clause(item, scope)
            case _:
                return _parentheses(self.clause(item, scope))

    def _each(self, head: str, node: nodes.Quantified | nodes.Count, scope: Scope) -> Doc:
        word = "of" if node.spread else "in"
        path = f"{path_text(node.path, scope)}: ("
        condition = self.unit(node.condition, scope | {node.variable})
        return group((_broken_before(f"{head}{node.variable} {word}", path), Indent((SOFT, condition)), SOFT, ")"))

    def _test(self, test: Test, scope: Scope) -> Doc:
        no = "not " if not isinstance(test, nodes.Compare) and test.negated else ""
        match test:
            case nodes.Compare():
                return self._infix(test.left, test.operator.value, test.right, scope)
            case nodes.In():
                return self._infix(test.item, f"{no}in", test.options, scope)
            case nodes.Matches():
                return self._infix(test.value, "!~" if no else "~", test.regex, scope)
            case nodes.TextTest():
                return self._infix(test.value, f"{no}{test.operator.value}", test.operand, scope)
            case nodes.InCidr():
                return self._infix(test.value, f"{no}in cidr", test.network, scope)
            case nodes.IsKind():
                return _broken_before(self._side(test.value, scope), f"is {no}{test.kind.value}")
            case nodes.Between():
                low, high = self._side(test.low, scope), self._side(test.high, scope)
                return _broken_before(self._side(test.value, scope), (f"{no}between ", low, LINE, "and ", high))
        assert_never(test)

    def _infix(self, left: nodes.Value, operator: str, right: nodes.Value, scope: Scope) -> Doc:
        """Return two sides and what stands between them: the right side is broken inside, if it can be, else before the operator."""
        first, second = self._side(left, scope), self._side(right, scope)
        if isinstance(right, nodes.ListLiteral | nodes.Count):
            return first, _broken_before("", ""), f"{operator} ", second
        return _broken_before(first, (f"{operator} ", second))

    def _side(self, value: nodes.Value, scope: Scope) -> Doc:
        """Return a value as it stands beside an operator or a word."""
        document = self._value(value, scope)
        return ("(", document, ")") if isinstance(value, nodes.Default) else document

    def _value(self, value: nodes.Value, scope: Scope) -> Doc:
        match value:
            case nodes.Path():
                return path_text(value, scope)
            case nodes.Default():
                return self._infix(value.path, "??", value.fallback, scope)
            case nodes.Call(arguments=()):
                return f"{value.function}()"
            case nodes.Call():
                arguments = separated([self._value(argument, scope) for argument in value.arguments], (",", LINE))
                return group((f"{value.function}(", Indent((SOFT, arguments)), SOFT, ")"))
            case nodes.Count():
                return self._each("count(", value, scope), ")"
            case nodes.ListLiteral():
                return self._list(value)
            case _:
                return self._spelled(value)

    def _list(self, value: nodes.ListLiteral) -> Doc:
        """Return a list; where it does not fit, its lines are filled, or each item has its own if there are comments among them."""
        if not value.items:
            return "[]"
        units = [self._comments.about(item) for item in value.items]
        items = [self._value(item, _NO_VARIABLES) for item in value.items]
        if any(unit.remarked for unit in units):
            lines = [
                (*_above(unit.above), item, ",", *_beside(unit.beside), *_below(unit.below))
                for unit, item in zip(units, items, strict=True)
            ]
            return group(("[", Indent((SOFT, separated(lines, LINE))), SOFT, "]"))
        filled = (items[0], *((",", group((LINE, item))) for item in items[1:]))
        return group(("[", Indent((SOFT, filled)), Break("", ending=","), "]"))

    def _spelled(self, literal: AnyNode) -> str:
        """Return a literal as it is written in the text, but for the case of its letters and the kind of its quotes."""
        text = self._text[literal.span.start : literal.span.end]
        match literal:
            case nodes.Null() | nodes.Boolean() | nodes.Number():
                return text.lower()
            case nodes.Size():
                return f"{text.rstrip(string.ascii_letters)}{literal.unit}"
            case nodes.String() | nodes.Date():
                return _double_quoted(text)
            case _:
                return text


_ESCAPED: Final = re.compile(r"\\(.)")


def _double_quoted(text: str) -> str:
    """Return a literal in quotes of its own kind in double ones, if nothing in it has to be escaped for that."""
    prefix, quote, rest = text.partition("'")
    inner, _, suffix = rest.rpartition("'")
    if not quote or len(prefix) > 1 or '"' in text:
        return text
    if not prefix:
        inner = _ESCAPED.sub(lambda found: "'" if found[1] == "'" else found[0], inner)
    return f'{prefix}"{inner}"{suffix}'


def _broken_before(first: Doc, second: Doc) -> Doc:
    """Return two documents, of which the second one begins an indented line where it does not fit behind the first one."""
    return first, group(Indent((LINE, second)))


def _parentheses(inner: Doc) -> Doc:
    return group(("(", Indent((SOFT, inner)), SOFT, ")"))


def _above(comments: Sequence[Comment]) -> Iterator[Doc]:
    for comment in comments:
        yield from (Remark(comment.text, comment.start), HARD)


def _beside(comment: Comment | None) -> Iterator[Doc]:
    if comment is not None:
        yield Remark(comment.text, comment.start)


def _below(comments: Sequence[Comment]) -> Iterator[Doc]:
    for comment in comments:
        yield from (HARD, Remark(comment.text, comment.start))
