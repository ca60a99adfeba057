"""Which clause each comment of a text belongs to.

Comments are in no tree, so they are placed by what stands around them. A comment goes to a `Unit`: a clause between `and`s or `or`s, the
condition of a quantifier, a negated clause in parentheses, an item of a list. A maintainer keeps two rules: every comment has one
place; and a text laid out anew gives each comment the same place again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from megaql.lang import nodes, tree
from megaql.lang.tokens import TokenKind, scan
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.lang.tokens import Token
    from megaql.lang.tree import AnyNode

_COMMENT: Final = re.compile(r"#[^\n]*")

#: A comment behind one of these is about what follows.
_OPENING: Final = frozenset({"(", "[", ":", "not", "!"})


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, where it begins, and whether it is about what stands before it on its line."""

    text: str
    start: int
    ends_line: bool


@dataclass(slots=True)
class Unit:
    """What comments can be about: those above it, one at the end of its line, and at the end of its parentheses those below it.

    `span` is its place with all parentheses around it and nothing else.
    """

    node: AnyNode
    span: Span
    inside: tuple[Container, ...] = ()
    above: list[Comment] = field(default_factory=list)
    beside: Comment | None = None
    below: list[Comment] = field(default_factory=list)

    @property
    def remarked(self) -> bool:
        """Whether any comment is about it."""
        return bool(self.above or self.beside or self.below)


@dataclass(frozen=True, slots=True)
class Container:
    """Where units stand one after the other: the whole text, a clause of several, parentheses, a list."""

    span: Span
    units: tuple[Unit, ...]


class Comments:
    """The comments of a query's text by the unit they are about."""

    def __init__(self, text: str, clause: nodes.Clause) -> None:
        self._text = text
        self._tokens = scan(text)
        self._starts = {token.start: place for place, token in enumerate(self._tokens)}
        self._ends = {token.end: place for place, token in enumerate(self._tokens) if token.kind is not TokenKind.END}
        self._partners = _partners(self._tokens)
        self._units: dict[Span, Unit] = {}
        self._alone: list[Unit] = []
        whole = Container(Span(0, len(text)), (self._unit_alone(clause),))
        for comment in _comments(text, self._tokens):
            _place(comment, whole)
        self._settle()

    def about(self, node: AnyNode) -> Unit:
        """Return the unit of a node that can have comments."""
        return self._units[node.span]

    def lift(self, place: int) -> None:
        """Move the comment that begins at a place from beside a unit to above it."""
        for unit in self._units.values():
            if unit.beside is not None and unit.beside.start == place:
                unit.above.append(unit.beside)
                unit.beside = None
        self._settle()

    def in_parentheses(self, node: AnyNode) -> bool:
        """Whether parentheses stand around a node and nothing else."""
        return self._around(node.span) != node.span

    def _unit(self, node: AnyNode) -> Unit:
        unit = Unit(node, self._around(node.span), tuple(self._containers(node)))
        self._units[node.span] = unit
        return unit

    def _containers(self, node: AnyNode) -> Iterator[Container]:
        """Yield the outermost containers of a node."""
        match node:
            case nodes.And() | nodes.Or():
                yield Container(self._around(node.span), tuple(map(self._unit, node.items)))
            case nodes.Not() if self.in_parentheses(node.item):
                yield self._parentheses(node.item)
            case nodes.Quantified() | nodes.Count():
                yield self._parentheses(node.condition)
            case nodes.ListLiteral():
                yield Container(Span(node.span.start + 1, node.span.end - 1), tuple(map(self._unit, node.items)))
            case _:
                for child in tree.children(node):
                    yield from self._containers(child)

    def _parentheses(self, clause: nodes.Clause) -> Container:
        return Container(self._around(clause.span), (self._unit_alone(clause),))

    def _unit_alone(self, clause: nodes.Clause) -> Unit:
        """Return the unit of a clause that has a container of its own."""
        unit = self._unit(clause)
        self._alone.append(unit)
        return unit

    def _settle(self) -> None:
        """Move the comments around a row of clauses to the row where nobody could tell whether they are about its first or last one.

        One at the end of a row of several lines is about its last line.
        """
        for row in self._alone:
            if not isinstance(row.node, nodes.And | nodes.Or):
                continue
            first, last = row.inside[0].units[0], row.inside[0].units[-1]
            row.above += first.above
            row.below[:0] = last.below
            several_lines = "\n" in self._text[row.node.span.start : row.node.span.end]
            about, other = (last, row) if several_lines else (row, last)
            if about.beside is None:
                about.beside, other.beside = other.beside, None
            first.above.clear()
            last.below.clear()

    def _around(self, span: Span) -> Span:
        """Return the place of a node with all parentheses that stand around it and nothing else."""
        first, last = self._starts[span.start], self._ends[span.end]
        while first > 0 and self._partners.get(first - 1) == last + 1:
            first, last = first - 1, last + 1
        return Span(self._tokens[first].start, self._tokens[last].end)


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the index of the closing parenthesis for that of each opening one."""
    partners, opened = {}, []
    for place, token in enumerate(tokens):
        if token.text == "(":
            opened.append(place)
        elif token.text == ")":
            partners[opened.pop()] = place
    return partners


def _comments(text: str, tokens: Sequence[Token]) -> Iterator[Comment]:
    """Yield the comments of a text, which stand between its tokens."""
    end, goes_on, before = 0, True, ""
    for token in tokens:
        until = token.start if token.kind is not TokenKind.END else len(text)
        for found in _COMMENT.finditer(text, end, until):
            same_line = "\n" not in text[end : found.start()]
            yield Comment(found.group().rstrip(), found.start(), ends_line=same_line and not goes_on)
        # After a dot `not` is a name.
        end, goes_on, before = token.end, token.word in _OPENING and before != ".", token.text


def _place(comment: Comment, container: Container) -> None:
    """Give a comment to a unit of a container that it stands in."""
    before, after = None, None
    for unit in container.units:
        if unit.span.start < comment.start < unit.span.end:
            _place_inside(comment, unit)
            return
        if unit.span.end <= comment.start:
            before = unit
        elif after is None:
            after = unit
    if before is not None and comment.ends_line and before.beside is None:
        before.beside = comment
    elif after is not None:
        after.above.append(comment)
    elif before is not None:
        before.below.append(comment)


def _place_inside(comment: Comment, unit: Unit) -> None:
    for inner in unit.inside:
        if inner.units and inner.span.start <= comment.start < inner.span.end:
            _place(comment, inner)
            return
    if comment.ends_line and comment.start >= unit.node.span.end and unit.beside is None:
        unit.beside = comment
    else:
        unit.above.append(comment)
