"""How two queries relate: does one imply, overlap or exclude the other, with records that show it; and the same for many queries.

A maintainer keeps one rule: true and false are proven, false of "implies" and true of "overlaps" by a record that the evaluator
confirmed, and everything else is `None`. The claims are about every record that is evaluated within its step budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from megaql.lang.record import MISSING, Record
from megaql.lang.solve import Demand, Impossible, Want, Witness, solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.lang.nodes import Clause


@dataclass(frozen=True, slots=True)
class Found:
    """Whether some record has two verdicts: the record, if there is one, and whether it takes an array where a path meets one unasked."""

    possible: bool | None
    record: Record | None = None
    through_array: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """How a first query relates to a second one.

    `both` is about records that match both, `first_only` about those that match the first and not the second, `second_only` the other
    way round. `arrays` says whether records were allowed in which a path meets an array that the query does not ask for.
    """

    both: Found
    first_only: Found
    second_only: Found
    arrays: bool = True

    @property
    def implies(self) -> bool | None:
        """Whether the second matches every record that the first matches."""
        return _not(self.first_only.possible)

    @property
    def implied(self) -> bool | None:
        """Whether the first matches every record that the second matches."""
        return _not(self.second_only.possible)

    @property
    def overlaps(self) -> bool | None:
        """Whether some record matches both."""
        return self.both.possible

    @property
    def excludes(self) -> bool | None:
        """Whether no record matches both."""
        return _not(self.both.possible)

    @property
    def equivalent(self) -> bool | None:
        """Whether both match the same records."""
        if self.implies is False or self.implied is False:
            return False
        return True if self.implies and self.implied else None

    @property
    def summary(self) -> str:
        """The relation as one or two sentences."""
        sentence = _SENTENCES.get((self.implies, self.implied, self.overlaps), "")
        return " ".join(filter(None, (sentence or self._piecewise(), self._through_arrays())))

    def _piecewise(self) -> str:
        """Say what is known where something is not."""
        known = [
            _PIECES[name][value]
            for name, value in (("overlaps", self.overlaps), ("implies", self.implies), ("implied", self.implied))
            if value is not None
        ]
        unknown = [
            _PIECES[name][None]
            for name, value in (("overlaps", self.overlaps), ("implies", self.implies), ("implied", self.implied))
            if value is None
        ]
        return " ".join([*known, f"It cannot be told {', or '.join(unknown)}."])

    def _through_arrays(self) -> str:
        if self.both.through_array:
            return "They meet only where a path of theirs leads to several values of an array."
        if self.first_only.through_array or self.second_only.through_array:
            return "The difference is only in messages in which a path of theirs leads to several values of an array."
        return ""

    def to_dict(self) -> dict[str, object]:
        """Return the answers, and the records under `witnesses` as `{"body": …, "envelope": …}`, as they are: not all values are JSON."""
        witnesses = {
            name: as_dict(found.record)
            for name, found in (
                ("both", self.both),
                ("first_only", self.first_only),
                ("second_only", self.second_only),
            )
            if found.record is not None
        }
        return {
            "implies": self.implies,
            "implied": self.implied,
            "overlaps": self.overlaps,
            "excludes": self.excludes,
            "equivalent": self.equivalent,
            "arrays": self.arrays,
            "through_arrays": self.both.through_array
            or self.first_only.through_array
            or self.second_only.through_array,
            "summary": self.summary,
            "witnesses": witnesses,
        }

    def __str__(self) -> str:
        return self.summary


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def as_dict(record: Record) -> dict[str, object]:
    """Return a record as `{"body": …, "envelope": …}`, without the body that text and blobs lack; the values stay as they are."""
    body = {} if record.body is MISSING else {"body": record.body}
    return {**body, "envelope": dict(record.envelope)}


#: What to say where everything is known, by (implies, implied, overlaps).
_SENTENCES: Final[Mapping[tuple[bool | None, bool | None, bool | None], str]] = {
    (True, True, True): "Both match the same messages.",
    (True, True, False): "Neither can ever match.",
    (True, False, True): "The second matches every message that the first matches, and others too.",
    (False, True, True): "The first matches every message that the second matches, and others too.",
    (True, False, False): "The first can never match, and the second can.",
    (False, True, False): "The second can never match, and the first can.",
    (False, False, False): "No message matches both.",
    (False, False, True): "Some messages match both, and each matches some that the other does not.",
}

_PIECES: Final[Mapping[str, Mapping[bool | None, str]]] = {
    "overlaps": {
        True: "Some messages match both.",
        False: "No message matches both.",
        None: "whether some message matches both",
    },
    "implies": {
        True: "The second matches every message that the first matches.",
        False: "The first matches some that the second does not.",
        None: "whether the first matches some that the second does not",
    },
    "implied": {
        True: "The first matches every message that the second matches.",
        False: "The second matches some that the first does not.",
        None: "whether the second matches some that the first does not",
    },
}


def relate(first: Clause, second: Clause, *, arrays: bool = True, now: datetime | None = None) -> Relation:
    """Compare two clauses.

    With `arrays=False`, only records count in which no path meets an array that the clauses do not ask for: what people mean who say that
    `status == "a"` and `status == "b"` exclude each other. `now` is the time at which clauses that read the clock are confirmed.
    """
    now = datetime.now(UTC) if now is None else now
    return Relation(
        both=find([Demand(first, Want.MATCH), Demand(second, Want.MATCH)], arrays=arrays, now=now),
        first_only=find([Demand(first, Want.MATCH), Demand(second, Want.NOT_MATCH)], arrays=arrays, now=now),
        second_only=find([Demand(second, Want.MATCH), Demand(first, Want.NOT_MATCH)], arrays=arrays, now=now),
        arrays=arrays,
    )


def find(demands: Sequence[Demand], *, arrays: bool = True, now: datetime | None = None) -> Found:
    """Look for a record on which all demands hold, one without arrays first."""
    plain = solve(demands, arrays=False, now=now)
    if isinstance(plain, Witness):
        return Found(possible=True, record=plain.record)
    if not arrays:
        return Found(possible=False if isinstance(plain, Impossible) else None)
    outcome = solve(demands, arrays=True, now=now)
    match outcome:
        case Witness(record):
            return Found(possible=True, record=record, through_array=isinstance(plain, Impossible))
        case Impossible():
            return Found(possible=False)
        case _:
            return Found(possible=None)
