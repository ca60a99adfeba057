"""Walks several automata over the same text at once, cheapest characters first.

A maintainer keeps one rule: the walk leaves out only states from which no text can come that all required automata accept and all
forbidden ones refuse; so when it ends without a text, there is none.
"""

from __future__ import annotations

from heapq import heappop, heappush
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
    start = tuple(side.start for side in sides)
    if _HOPELESS in start:
        return
    letters = _letters([side.automaton.alphabet for side in sides])
    prices = {start: 0}
    todo: list[tuple[int, str, tuple[int, ...] | None]] = [(0, "", start)]
    while todo:
        price, text, state = heappop(todo)
        if state is None:
            yield text
            continue
        if price > prices[state]:
            continue
        if all(side.fits(one) for side, one in zip(sides, state, strict=True)):
            if text:
                yield text
            else:
                heappush(todo, (_PRICE_EMPTY, text, None))
        limit -= len(letters)
        if limit < 0:
            raise OutOfMoves
        for char, cost, moves in letters:
            after = tuple(side.move(one, move) for side, one, move in zip(sides, state, moves, strict=True))
            total = price + cost
            if _HOPELESS not in after and total < prices.get(after, total + 1):
                prices[after] = total
                heappush(todo, (total, text + char, after))


#: States of a side: no text can come from here that fits, or every text does.
_HOPELESS: Final = -1
_DONE: Final = -2


class _Side:
    """One automaton of the walk: its states as numbers, and whether its texts are wanted or not."""

    def __init__(self, automaton: Automaton[Any], *, wanted: bool) -> None:
        self.automaton = automaton
        self._wanted = wanted
        self._states: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._moves: list[dict[int, int]] = []
        self.start = self._number(automaton.start)

    def _number(self, state: Any) -> int:
        if isinstance(state, Settled):
            return _DONE if (state is ALWAYS) is self._wanted else _HOPELESS
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self._moves.append({})
        return number

    def move(self, state: int, letter: int) -> int:
        if state == _DONE:
            return _DONE
        moves = self._moves[state]
        if letter not in moves:
            moves[letter] = self._number(self.automaton.move(self._states[state], letter))
        return moves[letter]

    def fits(self, state: int) -> bool:
        return state == _DONE or self.automaton.accepts(self._states[state]) is self._wanted


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
