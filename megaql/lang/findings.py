"""What the evaluator finds about one clause: the verdict, and enough to explain it without evaluating twice.

A maintainer keeps one rule: a finding holds what was found, and words are made of it only when they are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from megaql.lang.reasons import Reason
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from megaql.lang.paths import Found

#: Whether an operator holds for one value, or why nobody can say.
Answer: TypeAlias = bool | Reason


class Finding(NamedTuple):
    """The verdict of a clause.

    `cause` says why it is UNKNOWN. `decider` is the value that made it MATCH, or of several the first that is unknown.
    `operands` are what the clause's values led to, in the order of the text.
    """

    verdict: Verdict
    cause: Reason | None = None
    decider: Found | None = None
    operands: tuple[Sequence[Found], ...] = ()

    @property
    def reason(self) -> str:
        """Why the verdict is UNKNOWN, as a sentence; `""` for the other two."""
        return "" if self.cause is None else str(self.cause)

    def negated(self) -> Finding:
        """Return the finding of the negated clause: the same values decided it."""
        return self._replace(verdict=self.verdict.negated)


def any_of(attempts: Iterable[tuple[Answer, Found]], *operands: Sequence[Found]) -> Finding:
    """Fold the answers for several values as Kleene's `or` does: the first that holds decides, then what is unknown."""
    cause: Reason | None = None
    unknown: Found | None = None
    for answer, found in attempts:
        if answer is True:
            return Finding(Verdict.MATCH, None, found, operands)
        if cause is None and isinstance(answer, Reason):
            cause, unknown = answer, found
    if cause is not None:
        return Finding(Verdict.UNKNOWN, cause, unknown, operands)
    return Finding(Verdict.NO_MATCH, None, None, operands)
