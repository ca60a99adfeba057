"""The values that came nearest to what a clause asks, kept while any number of messages goes by.

A maintainer keeps one rule: memory is bounded and the counts are still exact. A value that is left out is no nearer than all that are kept, and
those only come nearer; so no value is ever left out and later taken in with a part of its count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.actual import Actual
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.kinds import describe
from megaql.lang.nearness import FAR, Nearness, to_bound, to_regex, to_text_test, to_value
from megaql.lang.nodes import Between, Call, Compare, Comparison, In, ListLiteral, Matches, Regex, TextTest
from megaql.lang.operands import literal
from megaql.lang.paths import Found, leaves
from megaql.lang.reasons import LITERALS, Reason
from megaql.lang.record import MISSING
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.lang.nodes import Value
    from megaql.lang.trace import Note

#: Distinct values kept of one clause.
KEPT: Final = 64

#: Pairs of a value and what it is measured against that are looked at in one message for one clause.
MEASURED: Final = 100


@dataclass(slots=True)
class NearValue:
    """A value as people and as JSON are shown it, how near it came, how many messages had it, and the first of them.

    `against` is the other value where both sides of the clause come from the message. `alone` counts the messages that nothing else kept out.
    """

    shown: str
    plain: object
    kind: str
    against: str
    nearness: Nearness
    example: Any
    count: int = 0
    alone: int = 0


class NearValues:
    """The nearest values of one clause."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], NearValue] = {}
        self._worst = FAR
        #: Messages whose value is not among those kept.
        self.others = 0

    def add(self, note: Note, example: Any, *, alone: bool, wanted: Verdict) -> None:
        """Count the value of one message that came nearest to the wanted verdict; nothing where the clause found none."""
        best = closest(note, wanted)
        if best is None:
            return
        value, against, near = best
        actual = Actual("", value.value, describe(value.value))
        other = Actual("", against.value, "").shown if against is not None else ""
        key = actual.kind, actual.shown, other
        if key not in self._kept:
            if not self._has_room(near):
                self.others += 1
                return
            self._kept[key] = NearValue(actual.shown, actual.to_dict()["value"], actual.kind, other, near, example)
        self._kept[key].count += 1
        self._kept[key].alone += alone

    def _has_room(self, near: Nearness) -> bool:
        """Make room for a value that is nearer than the farthest of those kept."""
        if len(self._kept) < KEPT:
            return True
        # Only ever too far: what was kept since it was computed came nearer.
        if near[:2] >= self._worst[:2]:
            return False
        key, worst = max(self._kept.items(), key=lambda item: (item[1].nearness[:2], -item[1].count))
        self._worst = worst.nearness
        if near[:2] >= self._worst[:2]:
            return False
        self.others += worst.count
        del self._kept[key]
        return True

    def nearest(self) -> list[NearValue]:
        """Return the values kept, the nearest first, and of those equally near the most frequent."""
        return sorted(self._kept.values(), key=lambda one: (one.nearness[:2], -one.count))


def closest(note: Note, wanted: Verdict) -> tuple[Found, Found | None, Nearness] | None:
    """Return the value of a clause that came nearest to the wanted verdict, and what it was measured against where that stands in the message too."""
    return min(islice(_measured(note, wanted), MEASURED), key=lambda one: one[2][:2], default=None)


def _measured(note: Note, wanted: Verdict) -> Iterator[tuple[Found, Found | None, Nearness]]:
    """Yield the values of a clause that come from the message, each with the one it was measured against where that does as well."""
    node, operands = note.node, note.finding.operands
    equality = isinstance(node, Compare) and node.operator in {Comparison.EQ, Comparison.NE}
    negated = node.operator is Comparison.NE if isinstance(node, Compare) else getattr(node, "negated", False)
    if (equality or isinstance(node, In | Matches | TextTest)) and negated is (wanted is Verdict.MATCH):
        # It was to be another value and is this one: there is nothing to measure.
        yield from ((one, None, FAR) for one in _single(operands[0] if operands else ()))
        return
    match node:
        case Compare(left=left, right=right) if len(operands) == 2:
            measure = to_value if equality else to_bound
            if _is_fixed(left):
                yield from _against(operands[1], operands[0], measure, fixed=True)
            else:
                yield from _against(operands[0], operands[1], measure, fixed=_is_fixed(right))
        case Between(low=low, high=high) if len(operands) == 3:
            fixed = _is_fixed(low) and _is_fixed(high)
            yield from _against(operands[0], (*operands[1], *operands[2]), to_bound, fixed=fixed)
        case In(options=ListLiteral(items=items)) if operands:
            listed = [Found(literal(item)) for item in items[:MEASURED]]
            yield from _against(operands[0], listed, to_value, fixed=True)
        case In() if len(operands) == 2:
            yield from _against(operands[0], operands[1], to_value, fixed=False)
        case Matches(regex=Regex() as regex) if operands:
            yield from ((one, None, to_regex(one.value, regex)) for one in _single(operands[0]))
        case TextTest(operator=test, operand=operand) if len(operands) == 2:
            measure = partial(to_text_test, test)
            yield from _against(operands[0], operands[1], measure, fixed=_is_fixed(operand))
        case _:
            yield from ((one, None, FAR) for found in operands for one in _single(found))


def _is_fixed(node: Value) -> bool:
    """Whether a value is the same for every message of a run."""
    return isinstance(node, LITERALS) or (isinstance(node, Call) and node.function in {"now", "ago"})


def _against(
    values: Sequence[Found], bounds: Sequence[Found], measure: Callable[[object, object], Nearness], *, fixed: bool
) -> Iterator[tuple[Found, Found | None, Nearness]]:
    for value in _single(values):
        for bound in _single(bounds):
            yield value, None if fixed else bound, measure(value.value, bound.value)


def _single(found: Sequence[Found]) -> Iterator[Found]:
    """Yield values one by one, arrays of the message opened."""
    budget = Budget(MEASURED)
    for one in found:
        if one.value is MISSING or isinstance(one.value, Reason):
            continue
        if one.where is None:
            yield one
            continue
        try:
            yield from leaves(one, budget)
        except OutOfBudget:
            return
