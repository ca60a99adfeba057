"""What samples have at the paths of a query: counted in one pass, in memory that does not grow with their number.

A maintainer keeps one rule: everything that is kept of a sample has a cap, and what was cut off is never mistaken for what is not there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.check.parameters import has_parameter
from megaql.lang.evaluator import decide
from megaql.lang.kinds import Kind, kind, read_number, text
from megaql.lang.nodes import Key, Path, Root
from megaql.lang.paths import leaves, resolve
from megaql.lang.reasons import Reason
from megaql.lang.record import MISSING
from megaql.lang.verdict import Verdict
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.lang.check.spots import Spot
    from megaql.lang.nodes import Clause
    from megaql.lang.paths import Found
    from megaql.lang.record import Record

#: Paths of a query that are followed, with the paths on the way to them.
PATHS: Final = 300

#: Different texts that are kept of one path.
VALUES: Final = 100

#: Code points of a text that is kept.
VALUE_LENGTH: Final = 80

#: Values of one path that are looked at in one sample.
LOOKED_AT: Final = 50

#: Names that are kept of all samples, to find the one that was meant, and how many values are visited for them in one sample.
NAMES: Final = 2_000
VISITS: Final = 300

#: Samples after the first ones bring few names that are new; later ones are not searched.
SEARCHED: Final = 2_000

#: Steps that following one path in one sample may take.
STEPS: Final = 20_000


@dataclass(slots=True)
class Values:
    """What one path led to: in how many samples to something, at some place to nothing, to an array, to which kinds and texts."""

    present: int = 0
    missing: int = 0
    arrays: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    more_texts: bool = False
    numeric: bool = True

    @property
    def kind(self) -> Kind | None:
        """The one kind of all values, null apart; None where there are several."""
        kinds = [one for one in self.kinds if one is not Kind.NULL]
        return kinds[0] if len(kinds) == 1 else None

    def add(self, found: list[Found], budget: Budget) -> None:
        """Take what the path leads to in one more sample."""
        values = [one.value for one in found if one.value is not MISSING and not isinstance(one.value, Reason)]
        self.present += bool(values)
        self.missing += len(values) < len(found) or not found
        self.arrays += any(kind(one) is Kind.ARRAY for one in values)
        single = [leaf.value for one in found for leaf in islice(leaves(one, budget), LOOKED_AT)][:LOOKED_AT]
        single = [one for one in single if one is not MISSING and not isinstance(one, Reason)]
        for of in {kind(one) for one in single}:
            self.kinds[of] += 1
        for value in {text(one) for one in single if kind(one) is Kind.STRING}:
            self.numeric = self.numeric and read_number(value[:1_000]) is not None
            if value in self.texts or (len(self.texts) < VALUES and len(value) <= VALUE_LENGTH):
                self.texts[value] += 1
            else:
                self.more_texts = True


class Observed:
    """What many samples have: `samples` is their number. Fed with `add`, asked afterwards."""

    def __init__(self, spots: Iterable[Spot]) -> None:
        self.samples_seen = 0
        self._values: dict[Path, Values] = {}
        self._undecided: dict[Clause, str] = {}
        for spot in spots:
            for path in spot.paths:
                for length in range(1, len(path.segments) + 1):
                    outer = Path(path.segments[:length], path.root)
                    if len(self._values) < PATHS and path.root is not Root.VARIABLE:
                        self._values.setdefault(outer, Values())
            if spot.is_test and not spot.places and not has_parameter(spot.clause):
                self._undecided[spot.clause] = ""
        self._names: dict[tuple[str, ...], None] = {}
        self._attributes: dict[str, None] = {}
        self._events = False

    @property
    def samples(self) -> str:
        """How many samples there were, in words."""
        return counted(self.samples_seen, "sample")

    @property
    def every(self) -> str:
        """All samples, in words."""
        return "the one sample" if self.samples_seen == 1 else f"all {self.samples}"

    def add(self, record: Record) -> None:
        """Look at one more sample."""
        self.samples_seen += 1
        for path, values in self._values.items():
            budget = Budget(STEPS)
            try:
                values.add(resolve(path, record, {}, budget), budget)
            except OutOfBudget:
                continue
        for clause in list(self._undecided):
            found = decide(clause, record)
            if found.verdict is Verdict.UNKNOWN:
                self._undecided[clause] = self._undecided[clause] or found.reason
            else:
                del self._undecided[clause]
        if self.samples_seen <= SEARCHED:
            self._search(record)

    def _search(self, record: Record) -> None:
        self._events = self._events or record.mega
        attributes = record.envelope.get("attributes")
        if kind(attributes) is Kind.OBJECT:
            self._attributes.update(dict.fromkeys(islice(_names_of(attributes), NAMES - len(self._attributes))))
        for names in islice(_names_in(record.body), VISITS):
            if len(self._names) < NAMES:
                self._names[names] = None

    def values(self, path: Path) -> Values | None:
        """Return what a path led to, None for one that was not followed."""
        return self._values.get(path)

    def has(self, path: Path) -> bool:
        """Whether a path led to something in some sample, or was not followed."""
        values = self._values.get(path)
        return values is None or values.present > 0

    def missing(self, path: Path) -> int:
        """Return in how many samples a path, or a part of it, led nowhere."""
        values = self._values.get(path)
        return 0 if values is None else values.missing

    def has_array(self, path: Path) -> bool:
        """Whether a path led to an array in some sample."""
        values = self._values.get(path)
        return values is not None and values.arrays > 0

    def has_null(self, path: Path) -> bool:
        """Whether a path led to null in some sample."""
        values = self._values.get(path)
        return values is not None and Kind.NULL in values.kinds

    def undecided(self, clause: Clause) -> str:
        """Return why a test was unknown in the first sample, if it was in all of them."""
        return self._undecided.get(clause, "") if self.samples_seen else ""

    def beside(self, path: Path) -> list[str]:
        """Return the names that stand where the last one of a path does not."""
        if path.root is Root.ENVELOPE:
            return [*self._attributes]
        outer = _written(path)[:-1]
        places = [outer, ("event", "attributes")] if self._events and outer == ("event",) else [outer]
        return list(dict.fromkeys(names[-1] for names in self._names if names[:-1] in places))

    def elsewhere(self, path: Path) -> tuple[str, ...] | None:
        """Return another way to the last name of a path, the shortest."""
        last = _written(path)[-1:]
        return min((names for names in self._names if names[-1:] == last), key=len, default=None)


def _written(path: Path) -> tuple[str, ...]:
    return tuple(one.name for one in path.segments if isinstance(one, Key))


def _names_of(value: Any) -> Iterator[str]:
    return (name for name in value if isinstance(name, str))


def _names_in(body: object) -> Iterator[tuple[str, ...]]:
    """Yield the ways to the members of a body, outermost first, what is in arrays as if it stood in their place."""
    level: list[tuple[tuple[str, ...], Any]] = [((), body)]
    while level:
        following: list[tuple[tuple[str, ...], Any]] = []
        for way, value in level:
            if kind(value) is Kind.ARRAY:
                following += [(way, one) for one in islice(value, LOOKED_AT)]
            elif kind(value) is Kind.OBJECT:
                for name in islice(_names_of(value), VISITS):
                    yield (*way, name)
                    following.append(((*way, name), value[name]))
        level = following[:VISITS]
