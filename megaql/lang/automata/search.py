"""Looks for a text that is in some languages and in none of others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from megaql.lang.automata.languages import holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.lang.automata.languages import Language


class Nothing(Enum):
    """The answer that there is no such text, proven."""

    NOTHING = "nothing"


NOTHING: Final = Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class Undecided:
    """The answer that nobody can say, and why, in words that end a sentence."""

    reason: str


#: Transitions between states that one search may take.
LIMIT: Final = 20_000


def find(
    require: Sequence[Language], forbid: Sequence[Language] = (), *, limit: int = LIMIT
) -> str | Nothing | Undecided:
    """Return a text in all required languages and no forbidden one: a short and readable one.

    `NOTHING` is a proof that there is none. `limit` bounds the work, in transitions; past it the answer is `Undecided`.
    """
    if limit > 0 and all(holds(one, "") for one in require) and not any(holds(one, "") for one in forbid):
        return ""
    return Undecided("these tests of text are not looked into")
