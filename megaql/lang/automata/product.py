"""Walks several automata over the same text at once, cheapest characters first.

A maintainer keeps one rule: the walk leaves out only states from which no text can come that all required automata accept and all
forbidden ones refuse; so when it ends without a text, there is none.
"""

from __future__ import annotations

import itertools
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.lang.automata.automaton import ALWAYS, Settled
from megaql.lang.automata.charsets import Split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.lang.automata.automaton import Automaton


class OutOfMoves(Exception):  # noqa: N818 - control flow between a walk and its caller
    """The walk has taken as many moves as it may."""


def texts(required: Sequence[Automaton[Any]], forbidden: Sequence[Automaton[Any]], *, limit: int) -> Iterator[str]:
    """Yield texts that all required automata accept and no forbidden one, the best first; `OutOfMoves` after `limit` moves.

    One text at most comes for each state of the automata together, so the end means that only these states accept.
    """
    sides = [*(_Side(one, wanted=True) for one in required), *(_Side(one, wanted=False) for one in forbidden)]
    letters = _letters([side.automaton.alphabet for side in sides])
    # The prices of the states at the start are left open, so that a text may come back to one of them.
    prices: dict[tuple[int, ...], int] = {}
    # What is cheapest comes first, and among that what has the least to escape from.
    todo: list[tuple[int, int, str, tuple[int, ...] | None]]
    todo = [(0, 0, "", start) for start in itertools.product(*(side.start for side in sides))]
    heapify(todo)
    passed = _Passed(sides)
    while todo:
        price, _, text, state = heappop(todo)
        if state is None:
            yield text
            continue
        if price > prices.get(state, price):
            continue
        if all(side.fits(one) for side, one in zip(sides, state, strict=True)):
            if text:
                yield text
            else:
                heappush(todo, (_PRICE_EMPTY, 0, text, None))
        if passed.covers(state):
            continue
        limit -= len(letters)
        if limit < 0:
            raise OutOfMoves
        for letter, after in _ways(sides, letters, state):
            total = price + letter.price
            if total < prices.get(after, total + 1):
                prices[after] = total
                weight = sum(side.weight(one) for side, one in zip(sides, after, strict=True))
                heappush(todo, (total, weight, text + letter.char, after))


def _ways(
    sides: Sequence[_Side], letters: Sequence[_Letter], state: tuple[int, ...]
) -> Iterator[tuple[_Letter, tuple[int, ...]]]:
    """Yield what each letter leads to: nothing, or one state for each choice of parts."""
    for letter in letters:
        ways = [side.move(one, move) for side, one, move in zip(sides, state, letter.moves, strict=True)]
        yield from ((letter, after) for after in itertools.product(*ways))


#: The state of a side that every text fits from here.
_DONE: Final = -1


class _Side:
    """One automaton of the walk: its states as numbers, and whether its texts are wanted or not.

    What is wanted is reached if any part of a state leads there, so the walk takes the parts one by one. What is unwanted has to be
    escaped by all parts at once.
    """

    def __init__(self, automaton: Automaton[Any], *, wanted: bool) -> None:
        self.automaton = automaton
        self.wanted = wanted
        self._states: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._moves: list[dict[int, tuple[int, ...]]] = []
        self.start = self._numbered(automaton.start)

    def _numbered(self, state: Any) -> tuple[int, ...]:
        """Return the numbers of a state's parts; none where no text can come from it that fits."""
        if isinstance(state, Settled):
            return (_DONE,) if (state is ALWAYS) is self.wanted else ()
        return tuple(map(self._number, self.automaton.parts(state) if self.wanted else (state,)))

    def _number(self, state: Any) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self._moves.append({})
        return number

    def move(self, state: int, letter: int) -> tuple[int, ...]:
        if state == _DONE:
            return (_DONE,)
        moves = self._moves[state]
        if letter not in moves:
            moves[letter] = self._numbered(self.automaton.move(self._states[state], letter))
        return moves[letter]

    def fits(self, state: int) -> bool:
        return state == _DONE or self.automaton.accepts(self._states[state]) is self.wanted

    def weight(self, state: int) -> int:
        return 0 if self.wanted or state == _DONE else self.automaton.size(self._states[state])

    def is_as_good(self, state: int, other: int) -> bool:
        """Say whether it is plain that every text fits from one state that fits from another."""
        if state in {other, _DONE}:
            return True
        if self.wanted or other == _DONE:
            return False
        return self.automaton.covers(self._states[other], self._states[state])


#: States passed that a new one is compared with.
_COMPARED: Final = 64


class _Passed:
    """The states that the walk went on from: it need not do so from one that is no better.

    That is what keeps a gap of many characters cheap on the side that is unwanted, where a state has many parts.
    """

    def __init__(self, sides: Sequence[_Side]) -> None:
        self._unwanted = [side for side in sides if not side.wanted]
        self._seen: dict[tuple[int, ...], list[tuple[int, ...]]] = {}

    def covers(self, state: tuple[int, ...]) -> bool:
        """Say whether a state is no better than one passed before; if it is better, it is passed now."""
        wanted = len(state) - len(self._unwanted)
        seen = self._seen.setdefault(state[:wanted], [])
        new = state[wanted:]
        if any(
            all(side.is_as_good(one, other) for side, one, other in zip(self._unwanted, old, new, strict=True))
            for old in seen[:_COMPARED]
        ):
            return True
        seen.append(new)
        return False


class _Letter(NamedTuple):
    """What moves all sides alike: the most readable of these characters, its price, and each side's letter for it."""

    char: str
    price: int
    moves: tuple[int, ...]


def _letters(alphabets: Sequence[Split]) -> list[_Letter]:
    sources = [(chars, letter) for alphabet in alphabets for letter, chars in enumerate(alphabet.sets())]
    together = Split.by([chars for chars, _ in sources])
    chosen: dict[int, str] = {}
    for char in _READABLE:
        chosen.setdefault(together.class_of(char), char)
    for low, high, letter in together.intervals():
        if letter not in chosen or _price(chosen[letter]) > _PRICE_PRINTABLE:
            beginning = map(chr, range(low, min(high, low + _LOOKED_AT) + 1))
            chosen[letter] = min([*beginning, *chosen.get(letter, "")], key=_price)
    # Each class lies in exactly one letter of each alphabet, and the sources come alphabet by alphabet.
    moves = [tuple(sources[one][1] for one in sorted(within)) for within in together.within]
    return [_Letter(char, _price(char), moves[letter]) for letter, char in sorted(chosen.items())]


#: The characters that people read most easily, best first.
_READABLE: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/,;@#+=!?()[]{}<>&%$*'`|~^\"\\ "

#: Code points of a stretch that are looked at for one that can be seen.
_LOOKED_AT: Final = 64

#: The price of the empty text: one plain character tells more.
_PRICE_EMPTY: Final = 15

_PRICE_PRINTABLE: Final = 16


def _price(char: str) -> int:
    """Return what a character adds to the price of a text: what cannot be seen costs as much as several letters."""
    if "a" <= char <= "z":
        return 10
    if char.isascii() and char.isprintable():
        return 11 if char.isalnum() else 12
    if char.isprintable():
        return _PRICE_PRINTABLE
    return 200 if "\ud800" <= char <= "\udfff" else 40
