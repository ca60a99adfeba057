"""The automata of sets of texts and of their order, and of any language when case does not count."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Generic

from megaql.lang.automata.automaton import ALWAYS, NEVER, Settled, State
from megaql.lang.automata.charsets import LAST, CharSet, Split, all_chars
from megaql.lang.nodes import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.lang.automata.automaton import Automaton


class Ordered:
    """The texts on one side of another text: a state is how far both are the same."""

    def __init__(self, operator: Comparison, operand: str) -> None:
        self._operand = operand
        self._less = ALWAYS if operator in {Comparison.LT, Comparison.LE} else NEVER
        self._more = NEVER if self._less is ALWAYS else ALWAYS
        self._same = operator in {Comparison.LE, Comparison.GE}
        codes = sorted(set(map(ord, operand)))
        gaps = zip([-1, *codes], [*codes, LAST + 1], strict=True)
        ranges = [*((code, code) for code in codes), *((low + 1, high - 1) for low, high in gaps if high - low > 1)]
        self.alphabet = Split.by([CharSet((one,)) for one in ranges])
        self._lowest = {letter: low for low, _, letter in self.alphabet.intervals()}
        self.start: int | Settled = 0

    def move(self, state: int, letter: int) -> int | Settled:
        """Return the state after one more character."""
        if state == len(self._operand):
            return self._more
        one, other = self._lowest[letter], ord(self._operand[state])
        if one == other:
            return state + 1
        return self._less if one < other else self._more

    def accepts(self, state: int) -> bool:
        """Say whether a text that ends here is on the right side; one that is the start of another comes before it."""
        return self._same if state == len(self._operand) else self._less is ALWAYS

    def parts(self, state: int) -> tuple[int, ...]:
        """Return the state, which has no parts."""
        return (state,)

    def covers(self, state: int, other: int) -> bool:
        """Say that no state covers another."""
        return state == other

    def size(self, state: int) -> int:  # noqa: ARG002 - all states are alike
        """Return the size of a state without parts."""
        return 1


class Listed:
    """The texts of a set: a state is the stretch of the sorted texts that begin with what was read, and its length."""

    def __init__(self, texts: frozenset[str]) -> None:
        self._texts = sorted(texts)
        chars = sorted(set().union(*self._texts))
        self.alphabet = Split.by([CharSet.chars(char) for char in chars])
        self._chars = {self.alphabet.class_of(char): char for char in chars}
        self.start: tuple[int, int, int] | Settled = (0, len(texts), 0) if texts else NEVER

    def move(self, state: tuple[int, int, int], letter: int) -> tuple[int, int, int] | Settled:
        """Return the state after one more character."""
        low, high, length = state
        char = self._chars.get(letter)
        if char is None:
            return NEVER

        def next_char(text: str) -> str:
            return text[length : length + 1]

        first = bisect_left(self._texts, char, low, high, key=next_char)
        end = bisect_right(self._texts, char, first, high, key=next_char)
        return (first, end, length + 1) if first < end else NEVER

    def accepts(self, state: tuple[int, int, int]) -> bool:
        """Say whether the text read so far is in the set: it sorts before all that go on."""
        return len(self._texts[state[0]]) == state[2]

    def parts(self, state: tuple[int, int, int]) -> tuple[tuple[int, int, int], ...]:
        """Return the state, which has no parts."""
        return (state,)

    def covers(self, state: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
        """Say that no state covers another."""
        return state == other

    def size(self, state: tuple[int, int, int]) -> int:  # noqa: ARG002 - all states are alike
        """Return the size of a state without parts."""
        return 1


class Folding(Generic[State]):
    """The texts that another automaton accepts once they are casefolded, which turns each character into one or more."""

    def __init__(self, inner: Automaton[State]) -> None:
        self._inner = inner
        self.start = inner.start
        self.alphabet, self._spellings = _folding_to(inner.alphabet)

    def move(self, state: State, letter: int) -> State | Settled:
        """Return the state after one more character."""
        after: State | Settled = state
        for one in self._spellings[letter]:
            if isinstance(after, Settled):
                break
            after = self._inner.move(after, one)
        return after

    def accepts(self, state: State) -> bool:
        """Say whether a text that ends here is in the language."""
        return self._inner.accepts(state)

    def parts(self, state: State) -> Iterable[State]:
        """Return the parts that the state has in the other automaton."""
        return self._inner.parts(state)

    def covers(self, state: State, other: State) -> bool:
        """Say whether one state covers another in the other automaton."""
        return self._inner.covers(state, other)

    def size(self, state: State) -> int:
        """Return the size that the state has in the other automaton."""
        return self._inner.size(state)


#: Alphabets kept for reuse: making one looks at every character that casefolding changes.
CACHED_ALPHABETS: Final = 128


@lru_cache(CACHED_ALPHABETS)
def _folding_to(inner: Split) -> tuple[Split, tuple[tuple[int, ...], ...]]:
    """Return the classes of characters that casefold to the same letters of an alphabet, and these letters for each class."""
    spelled: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for char, folded in _casefolds().items():
        letters = tuple(map(inner.class_of, folded))
        if letters != (inner.class_of(char),):
            spelled.setdefault(letters, []).append((ord(char), ord(char)))
    sets = inner.sets()
    alphabet = Split.by([*sets, *map(CharSet.of, spelled.values())])
    # Each class is in one letter, and in one more set where it is spelled in another way than by this letter.
    spellings = [*((letter,) for letter in range(len(sets))), *spelled]
    return alphabet, tuple(spellings[max(within)] for within in alphabet.within)


@lru_cache(1)
def _casefolds() -> dict[str, str]:
    """Return every character that casefolding changes, with what it becomes."""
    found: dict[str, str] = {}
    text = all_chars()
    for start in range(0, len(text), 256):
        # Most blocks stay as they are, and a block is compared far quicker than its characters.
        block = text[start : start + 256]
        if block.casefold() != block:
            found.update((char, folded) for char in block if (folded := char.casefold()) != char)
    return found
