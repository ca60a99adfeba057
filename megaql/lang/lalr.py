"""A parser that runs on tables: from a text to a syntax tree, and what could follow where it stops.

Lark makes the tables (`megaql.lang.tables`); to run them takes no more than this, and importing lark takes longer than most commands. A
maintainer keeps one rule: this parser says what lark's own says on every text, trees, places and refusals; a test compares them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Match: TypeAlias = Callable[[str, int], re.Match[str] | None]

#: The terminal that stands for the end of the text.
END: Final = "$END"


class Shape(TypedDict):
    """A rule: what it makes of the parts it was read from.

    `origin` is the rule's own name, `size` how many parts it has. `kept` are those that become children: a part's index, whether its children take
    its place, and how many optional parts that are not there come before it as None; `nones` come last. With `single`,
    one child stands for itself, without a tree named `name` around it.
    """

    origin: str
    size: int
    name: str
    single: bool
    kept: list[tuple[int, bool, int]]
    nones: int


class Tables(TypedDict):
    """A grammar as tables, all plain JSON. What is ignored begins like no token.

    `terminals` are names and regexes, in the order in which they are tried. `actions` has for each state what to do on a terminal: go to state n, or
    for -1-n reduce by rule n. `gotos` has for each state where a rule that was read there leads to. State 0 is the first, `end` the one
    in which all is read.
    """

    grammar: str
    end: int
    terminals: dict[str, str]
    ignored: list[str]
    rules: list[Shape]
    actions: list[dict[str, int]]
    gotos: list[dict[str, int]]


class Token(str):
    """A piece of the text, the terminal it is, and its offsets."""

    __slots__ = ("end", "start", "type")

    type: str
    start: int
    end: int


class Tree:
    """A rule that was read. Its offsets are those of its parts; the outer ones also those of a rule around it that made no tree of its own."""

    __slots__ = ("children", "data", "end", "outer_end", "outer_start", "start")

    def __init__(self, data: str, children: list[Part], start: int, end: int) -> None:
        self.data = data
        self.children = children
        self.start = self.outer_start = start
        self.end = self.outer_end = end


#: A child of a tree. An optional part that is not there is None, which only the rules that have such parts look for.
Part: TypeAlias = Tree | Token


class Stop(Exception):  # noqa: N818 - a text that is no query is what a parser is for
    """The text cannot go on like this: at which offset (None: it ends too early), and the terminals that could stand there."""

    def __init__(self, offset: int | None, expected: frozenset[str]) -> None:
        super().__init__(offset)
        self.offset = offset
        self.expected = expected


class _State(NamedTuple):
    stack: list[int]
    parts: list[Part]


class Parser:
    """A parser of one grammar. Any number of threads may use it at once."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._actions = tables["actions"]
        self._rules = [
            (shape["size"], shape["origin"], None if _passes_on(shape) else shape) for shape in tables["rules"]
        ]
        ignored = "|".join(f"(?:{tables['terminals'][name]})" for name in tables["ignored"])
        self._gap: Match = re.compile(f"(?:{ignored})+").match
        self._scanners: dict[int, list[tuple[str, Match]]] = {}

    def parse(self, text: str) -> Tree:
        """Return the tree of a text, or raise `Stop`."""
        state = self._read(text)
        if not self._advance(END, state.stack, state.parts):
            raise Stop(None, frozenset(self._actions[state.stack[-1]]))
        (tree,) = state.parts
        if not isinstance(tree, Tree):
            raise TypeError("the first rule of a grammar makes a tree")
        return tree

    def expected(self, beginning: str) -> frozenset[str]:
        """Return the terminals that can follow the beginning of a text, `END` where it is whole.

        Where the end of the beginning has cut a word or number short, these are what it could have been.
        """
        try:
            stack = self._read(beginning).stack
        except Stop as stop:
            return stop.expected
        return frozenset(
            terminal for terminal in self._actions[stack[-1]] if self._advance(terminal, stack.copy(), None)
        )

    def _read(self, text: str) -> _State:
        """Read all of a text but its end."""
        stack, parts = [0], list[Part]()
        offset = 0
        while token := self._next(text, offset, stack[-1]):
            if not self._advance(token.type, stack, parts):
                raise Stop(token.start, frozenset(self._actions[stack[-1]]))
            parts.append(token)
            offset = token.end
        return _State(stack, parts)

    def _next(self, text: str, offset: int, state: int) -> Token | None:
        """Return the next token of those that can follow in a state; None at the end."""
        terminals = self._scanners.get(state) or self._scanner(state)
        gap = self._gap(text, offset)
        offset = gap.end() if gap else offset
        if offset == len(text):
            return None
        token = _token(terminals, text, offset)
        if token is None:
            raise Stop(offset, frozenset(self._actions[state]) - {END})
        return token

    def _scanner(self, state: int) -> list[tuple[str, Match]]:
        """Return the terminals that can follow in a state.

        Each is a regex of its own: one regex of them all would find a token sooner, and takes longer to make than most queries to read.
        """
        allowed = self._actions[state].keys()
        return self._scanners.setdefault(
            state,
            [(name, re.compile(regex).match) for name, regex in self._tables["terminals"].items() if name in allowed],
        )

    def _advance(self, terminal: str, stack: list[int], parts: list[Part] | None) -> bool:
        """Reduce what a terminal completes and go on by it; False where it cannot stand. The parts may be left out."""
        actions, gotos = self._actions, self._tables["gotos"]
        while True:
            action = actions[stack[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                stack.append(action)
                return True
            size, origin, shape = self._rules[-1 - action]
            if size:
                del stack[-size:]
            if shape is not None and parts is not None:
                first = len(parts) - size
                parts[first:] = [_shaped(shape, parts[first:])]
            stack.append(gotos[stack[-1]][origin])
            if terminal == END and stack[-1] == self._tables["end"]:
                return True


def _passes_on(shape: Shape) -> bool:
    """Say whether a rule makes of its one part that part: most of the rules that a text goes through do."""
    return (
        shape["single"]
        and shape["size"] == 1
        and [*map(tuple, shape["kept"])] == [(0, False, 0)]
        and not shape["nones"]
    )


def _token(terminals: list[tuple[str, Match]], text: str, offset: int) -> Token | None:
    """Return the token that stands at an offset, the first that fits."""
    for name, match in terminals:
        if found := match(text, offset):
            token = Token(found.group())
            token.type, token.start, token.end = name, *found.span()
            return token
    return None


def _shaped(shape: Shape, parts: Sequence[Part]) -> Part:
    """Return what a rule makes of its parts."""
    children = list[Part]()
    for index, spread, nones in shape["kept"]:
        children += [None] * nones  # type: ignore[list-item]  # see Part
        part = parts[index]
        if spread and isinstance(part, Tree):
            children += part.children
        else:
            children.append(part)
    children += [None] * shape["nones"]  # type: ignore[list-item]  # see Part
    start, end = _outer_start(parts[0]), _outer_end(parts[-1])
    if not shape["single"] or len(children) != 1:
        return Tree(shape["name"], children, start, end)
    (child,) = children
    if isinstance(child, Tree):
        child.outer_start, child.outer_end = start, end
    return child


def _outer_start(part: Part) -> int:
    return part.outer_start if isinstance(part, Tree) else part.start


def _outer_end(part: Part) -> int:
    return part.outer_end if isinstance(part, Tree) else part.end
