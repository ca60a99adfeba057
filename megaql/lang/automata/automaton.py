"""What a deterministic automaton is here: made state by state as a search asks for them.

A maintainer keeps one rule: within one letter of an automaton's alphabet, every character moves every state alike.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.lang.automata.charsets import Split


class Settled(Enum):
    """States that no further character changes: every continuation is in the language, or none is."""

    ALWAYS = True
    NEVER = False


ALWAYS: Final = Settled.ALWAYS
NEVER: Final = Settled.NEVER

State = TypeVar("State")


class Automaton(Protocol[State]):
    """An automaton over letters, which are classes of code points by number."""

    alphabet: Split
    start: State | Settled

    def move(self, state: State, letter: int, /) -> State | Settled:
        """Return the state after one more character; states are hashable and compare by value."""

    def accepts(self, state: State, /) -> bool:
        """Say whether a text that ends here is in the language."""

    def parts(self, state: State, /) -> Iterable[State]:
        """Return states that accept together what this one does: there are few small ones, and very many sets of them."""

    def covers(self, state: State, other: State, /) -> bool:
        """Say whether it is plain that this state accepts all that the other one does; those that are equal need not be asked about."""

    def size(self, state: State, /) -> int:
        """Return a number that is smaller for states that others cover."""
