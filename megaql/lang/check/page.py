"""What lints look at: a query with its text, the clauses in it, and words for parts of it.

A maintainer keeps one rule: a lint reads the query here and nowhere else, so that all of them agree on what is alive and what is written.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from megaql.lang import tokens
from megaql.lang.check.parameters import any_verdict
from megaql.lang.check.spots import Sign, Spot
from megaql.source import Span

if TYPE_CHECKING:
    from megaql.lang.check.observed import Observed
    from megaql.lang.check.questions import Questions
    from megaql.lang.nodes import Clause
    from megaql.source import Source


class Page:
    """A query as lints see it. `dead` are the clauses that were found never to hold, which nothing else is said about."""

    def __init__(
        self, clause: Clause, source: Source, questions: Questions, observed: Observed | None, *, written: bool
    ) -> None:
        self.source = source
        self.questions = questions
        self.observed = observed
        #: Whether people wrote the text, parentheses and all, or it was printed from a tree.
        self.written = written
        self.root = Spot(clause, any_verdict(clause), Sign.HOLDS)
        self.dead: set[Spot] = set()

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """All clauses, each before those in it, in the order of the text."""
        found: list[Spot] = []
        stack = [self.root]
        while stack:
            spot = stack.pop()
            found.append(spot)
            stack.extend(reversed(spot.parts))
        return tuple(found)

    @cached_property
    def alive(self) -> tuple[Spot, ...]:
        """The clauses that are not in one that never holds."""
        return tuple(spot for spot in self.spots if not self.is_dead(spot))

    def is_dead(self, spot: Spot) -> bool:
        """Whether a clause, or one around it, was found never to hold."""
        return bool(self.dead) and (spot in self.dead or any(one in self.dead for one in spot.around()))

    @cached_property
    def tokens(self) -> tuple[tokens.Token, ...]:
        """The tokens of the text."""
        return tuple(tokens.scan(self.source.text))

    def text(self, span: Span) -> str:
        """Return what is written at a place."""
        return self.source.text[span.start : span.end]

    def left_side(self, test: Span, value: Span) -> Span:
        """Return the place of what a test begins with, the parentheses around its value included."""
        ends = (one.end for one in self.tokens if one.text == ")" and value.end <= one.start < test.end)
        end = value.end
        for closing in ends:
            if self.text(Span(end, closing)).strip() != ")":
                break
            end = closing
        return Span(test.start, end)

    def short(self, span: Span) -> str:
        """Return what is written at a place, on one line, cut where it is long."""
        words = " ".join(self.text(span).split())
        return words if len(words) <= SHOWN else f"{words[:SHOWN]} …"


#: Code points shown of a piece of a query in a sentence.
SHOWN: Final = 60
