"""What one evaluation may cost, so that no message can stall a consumer.

A maintainer keeps one rule: every loop over something a message contains pays for each turn. Past the budget the result is UNKNOWN,
never NO_MATCH: nobody looked at the rest.
"""

from __future__ import annotations

from typing import Final

#: Steps one query may take on one message: a value selected, a pair of values compared, `CHARACTERS` of text read. About a second.
STEPS: Final = 300_000

#: Code points that may be searched or casefolded for one step.
CHARACTERS: Final = 1024

#: Values that `**` visits for one path, counted in document order.
DEEP_VISITS: Final = 10_000


class OutOfBudget(Exception):  # noqa: N818 - control flow inside the evaluator, never seen outside
    """The budget is used up; the evaluator turns this into UNKNOWN."""


class Budget:
    """The steps that are left; `spend` is the only way to use them."""

    __slots__ = ("left",)

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps off; `OutOfBudget` where there are not as many left."""
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget

    def spend_on(self, *texts: str) -> None:
        """Pay for reading texts as a whole; short ones are free beside the step that led to them."""
        self.spend(sum(map(len, texts)) // CHARACTERS)
