"""What is known to be wanted of one place: facts, each a test with the verdicts that are allowed for the value there.

A maintainer keeps one rule: `settles` may say that a fact is decided by one value for its whole region only where that is so for every
value of the region; `holds` is always right for the value itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.lang.kinds import Kind
from megaql.lang.record import MISSING
from megaql.lang.solve.probes import EVALUATION, WHOLE, Grade, Test, Work
from megaql.lang.solve.profiles import Profile, Texts

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.lang.verdict import Verdict


class Status(IntEnum):
    """Whether something is possible."""

    NO = 0
    MAYBE = 1
    YES = 2


class Answer(NamedTuple):
    """Whether a value is possible at a place, and the best that was found: `MISSING` for no value."""

    status: Status
    value: object = MISSING


REFUTED: Final = Answer(Status.NO)

#: What kind of result a function has for a kind of value; for all other kinds there is none.
RESULTS: Final[dict[str, dict[Kind, Kind]]] = {
    "number": {Kind.NUMBER: Kind.NUMBER, Kind.STRING: Kind.NUMBER},
    "lower": {Kind.STRING: Kind.STRING},
    "upper": {Kind.STRING: Kind.STRING},
    "length": dict.fromkeys((Kind.STRING, Kind.OBJECT, Kind.ARRAY, Kind.BINARY), Kind.NUMBER),
    "size": dict.fromkeys((Kind.STRING, Kind.BINARY), Kind.NUMBER),
    "date": dict.fromkeys((Kind.STRING, Kind.DATE), Kind.DATE),
    "epoch": {Kind.NUMBER: Kind.DATE},
    "epoch_ms": {Kind.NUMBER: Kind.DATE},
    "age": dict.fromkeys((Kind.STRING, Kind.DATE), Kind.DURATION),
    "ago": {Kind.DURATION: Kind.DATE},
}


@dataclass(slots=True)
class Fact:
    """A test of the value at a place, or with `result` of what the test's function gives for it. `known` is what it compares with.

    `wraps` is how many arrays stand around the value: the test is of the array. Each holds the value `copies` times, so that it equals
    no list that the query writes. `elsewhere` says that the place may have values in other chains, so that none in this one settles nothing.
    """

    test: Test
    allowed: frozenset[Verdict]
    known: Profile
    now: datetime
    work: Work
    wraps: int = 0
    result: bool = False
    elsewhere: bool = False

    @property
    def copies(self) -> int:
        """How long an array has to be to differ from all lists of the test."""
        return 1 + longest(self.known.lists) if self.known.lists else 1

    @property
    def texts(self) -> Texts:
        """How the test tells texts at the place apart."""
        if self.test.grade is Grade.CALL and not self.result:
            return Texts.UNCLEAR if Kind.STRING in RESULTS.get(self.test.function, {}) else Texts.ALIKE
        if self.test.grade is Grade.ELEMENTS and not self.wraps and not self.test.spread:
            return Texts.ALIKE
        if self.test.grade is not Grade.PLAIN and not self.result:
            return Texts.UNCLEAR
        alike = self.known.of_whole if self.wraps else self.known.of_elements
        return Texts.ALIKE if alike else self.known.texts

    def holds(self, *values: object) -> bool:
        """Say whether the verdict on a record whose place leads to these values is allowed."""
        for _ in range(self.wraps):
            values = tuple([value] * self.copies for value in values)
        return self.verdict(values) in self.allowed

    def verdict(self, values: tuple[object, ...]) -> Verdict:
        """Ask the evaluator, once for each value."""
        self.work.spend()
        key = (self.result, tuple((type(value), repr(value)) for value in values))
        if key not in self.test.answers:
            self.work.spend(EVALUATION)
            answer = self.test.on_result if self.result else self.test.on
            self.test.answers[key] = answer(values, self.now)
        return self.test.answers[key]

    def settles(self, of: Kind) -> bool:
        """Say whether one value of a region of this kind speaks for all of them."""
        if of is Kind.STRING:
            return self.texts in {Texts.ALIKE, Texts.BY_PLACE}
        if self.result or self.test.grade is Grade.PLAIN:
            return True
        if self.test.grade is Grade.ELEMENTS:
            return of is not Kind.ARRAY and not self.wraps and not self.test.spread
        if self.test.grade is Grade.CALL:
            known = RESULTS.get(self.test.function, {of: of})
            return of not in known or (self.test.function == "number" and of is Kind.NUMBER)
        return False

    @property
    def certain(self) -> bool:
        """Whether the verdict on a value that is fully known is the verdict at all times and beside all other values."""
        return self.test.grade in {Grade.PLAIN, Grade.CALL} and not self.test.clock

    @property
    def looks_into(self) -> bool:
        """Whether the fact is on a function's result for the value at the place."""
        return self.test.grade is Grade.CALL and not self.result

    @property
    def of_array(self) -> bool:
        """Whether the fact is on a function's result for an array itself, so that it says nothing about an element."""
        return self.looks_into and self.test.function in WHOLE

    def wrapped(self) -> Fact:
        """Return the fact as one about an element of the array that it is about."""
        return replace(self, wraps=self.wraps + 1)

    def of_result(self) -> Fact:
        """Return the fact as one about the function's result."""
        return replace(self, result=True, wraps=0)


def longest(lists: list[list[object]]) -> int:
    """Return the length of the longest list, lists inside lists included."""
    length = 0
    stack: list[object] = list(lists)
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            length = max(length, len(one))
            stack.extend(one)
    return length
