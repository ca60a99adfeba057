"""The automaton of a regex, a glob or a part: the steps of a program that may come next.

A maintainer keeps one rule: an assertion is answered when both of its sides are known, so a state remembers what stood before it and
opens its assertions with what comes next.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang.automata.automaton import ALWAYS, NEVER
from megaql.lang.automata.charsets import LAST, NONE, CharSet, Split
from megaql.lang.automata.nfa import FOUND, Check, Fork, Take
from megaql.lang.automata.syntax import Assertion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.lang.automata.automaton import Settled
    from megaql.lang.automata.nfa import Program


class Place(Enum):
    """What stands on one side of a place in a text, as far as assertions can tell."""

    EDGE = "the end of the text"
    NEWLINE = "a line break"
    WORD = "a word character"
    OTHER = "another character"


_LINES: Final = frozenset({Assertion.LINE_START, Assertion.LINE_END})
_WORDS: Final = frozenset({Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY})
_NEWLINE: Final = CharSet.chars("\n")
_WORD: Final = CharSet.of([(48, 57), (65, 90), (95, 95), (97, 122)])

#: RE2 looks at bytes, and between those of one character it sees a place that is no word boundary.
_SEVERAL_BYTES: Final = CharSet(((0x80, LAST),))


def _holds(assertion: Assertion, before: Place, after: Place) -> bool:
    match assertion:
        case Assertion.TEXT_START:
            return before is Place.EDGE
        case Assertion.TEXT_END:
            return after is Place.EDGE
        case Assertion.LINE_START:
            return before in {Place.EDGE, Place.NEWLINE}
        case Assertion.LINE_END:
            return after in {Place.EDGE, Place.NEWLINE}
        case Assertion.WORD_BOUNDARY | Assertion.NO_WORD_BOUNDARY:
            return ((before is Place.WORD) is not (after is Place.WORD)) is (assertion is Assertion.WORD_BOUNDARY)
        case _:
            assert_never(assertion)


_State = tuple[frozenset[int], Place]


class Searching:
    """The texts in which a program finds something: a state is the steps that may come next, and what stood before.

    Success anywhere settles the rest, so that the state before a success is never kept.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._opened: dict[tuple[frozenset[int], Place, Place], frozenset[int]] = {}
        begin = self._spread([program.start])
        self.start: _State | Settled = ALWAYS if FOUND in begin else (begin, Place.EDGE)
        asked = {step.assertion for step in program.steps if isinstance(step, Check)}
        marks = [_NEWLINE if asked & _LINES else NONE, _WORD if asked & _WORDS else NONE]
        marks.append(_SEVERAL_BYTES if FOUND in self._open(begin, Place.OTHER, Place.OTHER) else NONE)
        self.alphabet = Split.by([*program.sets, *marks])
        newline, word, several = range(len(program.sets), len(program.sets) + len(marks))
        self._places = [
            Place.NEWLINE if newline in within else Place.WORD if word in within else Place.OTHER
            for within in self.alphabet.within
        ]
        self._finds_inside = [several in within for within in self.alphabet.within]
        self._restart = self._later(begin)

    def _later(self, begin: frozenset[int]) -> frozenset[int]:
        """Return what the search begins with behind the first character: nothing where it needs the start of the text."""
        places = set(self._places)
        opened = any(self._open(begin, before, after) for before in places for after in {*places, Place.EDGE})
        return begin if opened else frozenset()

    def move(self, state: _State, letter: int) -> _State | Settled:
        """Return the state after one more character."""
        steps, before = state
        place, within = self._places[letter], self.alphabet.within[letter]
        ready = self._open(steps, before, place)
        if FOUND in ready or self._finds_inside[letter]:
            return ALWAYS
        taken = self._spread(
            step.to
            for number in ready
            if isinstance(step := self._program.steps[number], Take) and step.chars in within
        )
        after = taken | self._restart
        if FOUND in after:
            return ALWAYS
        return (after, place) if after else NEVER

    def accepts(self, state: _State) -> bool:
        """Say whether something is found at the end of the text."""
        steps, before = state
        return FOUND in self._open(steps, before, Place.EDGE)

    def parts(self, state: _State) -> Iterable[_State]:
        """Return one state for each step that may come next."""
        steps, before = state
        return ((frozenset([step]), before) for step in sorted(steps))

    def covers(self, state: _State, other: _State) -> bool:
        """Say whether all steps that may come next in another state may also come in this one."""
        return state[1] is other[1] and state[0] >= other[0]

    def size(self, state: _State) -> int:
        """Return the number of steps that may come next."""
        return len(state[0])

    def _open(self, steps: frozenset[int], before: Place, after: Place) -> frozenset[int]:
        """Return the steps that take a character, or succeed, once all assertions between these places are answered."""
        key = steps, before, after
        if key not in self._opened:
            todo, seen = list(steps), set(steps)
            while todo:
                step = self._program.steps[todo.pop()]
                if isinstance(step, Check) and _holds(step.assertion, before, after):
                    new = self._spread([step.to]) - seen
                    seen |= new
                    todo += new
            self._opened[key] = frozenset(one for one in seen if not isinstance(self._program.steps[one], Check))
        return self._opened[key]

    def _spread(self, steps: Iterable[int]) -> frozenset[int]:
        """Return the steps that forks lead to, the forks themselves left out."""
        todo, seen = list(steps), set[int]()
        while todo:
            number = todo.pop()
            if number not in seen:
                seen.add(number)
                step = self._program.steps[number]
                if isinstance(step, Fork):
                    todo.extend(step.to)
        return frozenset(one for one in seen if one == FOUND or not isinstance(self._program.steps[one], Fork))
