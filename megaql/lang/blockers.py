"""The clauses that kept a message out, read off a tree of verdicts: those that did it alone, and all that had a part in it.

A maintainer keeps one rule: this is the only place that says what blocks, so that `explain`, `peek --why-not` and the counts over many
messages agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from megaql.lang.nodes import And, Not, Or
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.lang.nodes import Clause


class Judged(Protocol):
    """A clause with its verdict, and the clauses in it."""

    @property
    def node(self) -> Clause:
        """The clause."""
        ...

    @property
    def verdict(self) -> Verdict:
        """What it came to."""
        ...

    @property
    def children(self) -> Sequence[Self]:
        """The clauses in it, in the order of the text."""
        ...


T = TypeVar("T", bound=Judged)


def blockers(whole: T) -> Iterator[T]:
    """Yield the clauses that alone kept the message out: had one of them held, the query would have matched.

    Nothing for a match, and where two clauses would have to change. A clause under `not` blocks by holding.
    """
    return (one for one, _ in _blocking(whole, Verdict.MATCH, alone=True))


def involved(whole: T) -> Iterator[tuple[T, Verdict]]:
    """Yield the clauses that kept the message out, alone or with others, each with what it should have been: MATCH or NO_MATCH."""
    return _blocking(whole, Verdict.MATCH, alone=False)


def _blocking(one: T, wanted: Verdict, *, alone: bool) -> Iterator[tuple[T, Verdict]]:
    """Yield the clauses that stand between a clause and the wanted verdict."""
    if one.verdict is wanted:
        return
    match one.node:
        case Not():
            yield from _blocking(one.children[0], wanted.negated, alone=alone)
        case And() | Or():
            others = [child for child in one.children if child.verdict is not wanted]
            every = (wanted is Verdict.MATCH) is isinstance(one.node, And)
            if not alone or not every or len(others) == 1:
                for child in others:
                    yield from _blocking(child, wanted, alone=alone)
        case _:
            yield one, wanted
