"""Nondeterministic automata: what a regex, a glob or a test of a part looks for in a text, as steps of a program.

A maintainer keeps one rule: a program is searched for at every place of a text, as RE2 does; `TEXT_START` and `TEXT_END` anchor it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang.automata.charsets import EVERYTHING, CharSet
from megaql.lang.automata.leaves import chars_of, seen_by_re2
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, NotRead, Repeat
from megaql.lang.nodes import TextOperator

if TYPE_CHECKING:
    from megaql.lang.automata.syntax import Tree

#: Steps of one program: bounded repetitions are written out, so that a short regex may need many.
STEPS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Take:
    """Takes one character of the set with this number."""

    chars: int
    to: int


@dataclass(frozen=True, slots=True)
class Check:
    """Goes on without taking a character where the assertion holds."""

    assertion: Assertion
    to: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Goes on in several places at once."""

    to: tuple[int, ...]


#: The number of the step where the search has found something.
FOUND: Final = 0


@dataclass(frozen=True, slots=True)
class Program:
    """Steps by number, the first one standing for success; a search begins at `start`, at any place of the text."""

    steps: tuple[Take | Check | Fork, ...]
    sets: tuple[CharSet, ...]
    start: int


def of_tree(tree: Tree) -> Program:
    """Return the program of a regex; `NotRead` where it would have more than `STEPS`."""
    builder = _Builder()
    return builder.program(builder.tree(tree, FOUND))


def of_part(operator: TextOperator, operand: str) -> Program:
    """Return the program of a string test, as `predicates.text_holds` means it; `NotRead` as above."""
    builder = _Builder()
    match operator:
        case TextOperator.STARTSWITH:
            return builder.program(builder.check(Assertion.TEXT_START, builder.text(operand, FOUND)))
        case TextOperator.CONTAINS:
            return builder.program(builder.text(operand, FOUND))
        case TextOperator.ENDSWITH:
            return builder.program(builder.text(operand, builder.check(Assertion.TEXT_END, FOUND)))
        case TextOperator.LIKE:
            inner = builder.glob(operand, builder.check(Assertion.TEXT_END, FOUND))
            return builder.program(builder.check(Assertion.TEXT_START, inner))
        case _:
            assert_never(operator)


@dataclass(slots=True)
class _Builder:
    """Adds steps from the end of a text to its start: each method returns the step to begin with, given the one after."""

    steps: list[Take | Check | Fork] = field(default_factory=lambda: [Fork(())])
    sets: dict[CharSet, int] = field(default_factory=dict)

    def program(self, start: int) -> Program:
        return Program(tuple(self.steps), tuple(self.sets), start)

    def add(self, step: Take | Check | Fork) -> int:
        if len(self.steps) >= STEPS:
            raise NotRead("is too large")
        self.steps.append(step)
        return len(self.steps) - 1

    def take(self, chars: CharSet, to: int) -> int:
        return self.add(Take(self.sets.setdefault(chars, len(self.sets)), to))

    def check(self, assertion: Assertion, to: int) -> int:
        return self.add(Check(assertion, to))

    def text(self, text: str, to: int) -> int:
        for char in reversed(text):
            to = self.take(CharSet.chars(char), to)
        return to

    def glob(self, pattern: str, to: int) -> int:
        r"""Add the steps of a glob: `*` is any run, `?` one character, `\` takes the next character as itself."""
        for part in reversed(re.findall(r"\\.|.", pattern, re.DOTALL)):
            if part == "*":
                to = self.loop(Dot(newline=True), to)
            elif part == "?":
                to = self.take(EVERYTHING, to)
            else:
                # RE2 is given U+FFFD for a surrogate of the glob, too.
                char = "\ufffd" if "\ud800" <= part[-1] <= "\udfff" else part[-1]
                to = self.take(seen_by_re2(CharSet.chars(char)), to)
        return to

    def loop(self, item: Tree, to: int) -> int:
        """Add a repetition without bounds: a fork that leads through the item back to itself."""
        fork = self.add(Fork(()))
        self.steps[fork] = Fork((self.tree(item, fork), to))
        return fork

    def tree(self, tree: Tree, to: int) -> int:
        match tree:
            case Char() | Dot() | Class():
                return self.take(chars_of(tree), to)
            case Assertion():
                return self.check(tree, to)
            case Concat(items):
                for item in reversed(items):
                    to = self.tree(item, to)
                return to
            case Alternation(items):
                return self.add(Fork(tuple(self.tree(item, to) for item in items)))
            case Repeat(item, low, high):
                return self.repeat(item, low, high, to)
            case _:
                assert_never(tree)

    def repeat(self, item: Tree, low: int, high: int | None, to: int) -> int:
        if high is None:
            to = self.loop(item, to)
        else:
            end = to
            for _ in range(high - low):
                to = self.add(Fork((self.tree(item, to), end)))
        for _ in range(low):
            to = self.tree(item, to)
        return to
