"""Whether a single value, no array and no object with known members, can satisfy the facts about one place.

Each kind is cut into regions by the constants of the facts, and one value of each region is shown to the evaluator. A maintainer keeps
one rule: `NO` needs every region of the kind refuted by facts that this region settles.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.lang import dates
from megaql.lang.dates import Moment
from megaql.lang.kinds import Kind
from megaql.lang.solve import regions
from megaql.lang.solve.facts import REFUTED, RESULTS, Answer, Fact, Status
from megaql.lang.solve.probes import UNKNOWABLE
from megaql.lang.solve.texts import possible_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

#: Scalar kinds, the ones of JSON first.
SCALARS: Final = (
    Kind.STRING,
    Kind.NUMBER,
    Kind.BOOLEAN,
    Kind.NULL,
    Kind.DATE,
    Kind.DURATION,
    Kind.BINARY,
    Kind.OTHER,
)

_NAN: Final = float("nan")

#: A date that is none of the years 1 to 9999.
_FAR: Final = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))


def possible(facts: Sequence[Fact], kinds: Collection[Kind] = SCALARS) -> Answer:
    """Return whether a scalar of these kinds can satisfy all facts. The kinds that the facts compare with are tried first."""
    best = REFUTED
    mentioned = _mentioned(facts)
    for of in sorted(kinds, key=lambda one: one not in mentioned):
        answer = possible_of(of, facts)
        if answer.status is Status.YES:
            return answer
        best = max(best, answer, key=lambda one: one.status)
    if Kind.NUMBER in kinds and (status := judge(Kind.NUMBER, facts, _NAN)) > best.status:
        return Answer(status, _NAN)
    return best


def _mentioned(facts: Sequence[Fact]) -> set[Kind]:
    found: set[Kind] = set()
    for fact in facts:
        known = fact.known
        found |= {
            of
            for of, some in (
                (Kind.NUMBER, known.numbers),
                (Kind.STRING, known.cuts or known.languages or known.moments or known.addresses),
                (Kind.DURATION, known.durations),
            )
            if some
        }
    return found


def possible_of(of: Kind, facts: Sequence[Fact]) -> Answer:
    """Return whether a value of one kind can satisfy all facts; of numbers, NaN stands apart."""
    results = _results(of, facts)
    if results is None:
        return REFUTED
    if of is Kind.STRING:
        made = [_as_text(function, result, facts[0].now) for function, result in results]
        return possible_text(facts, [*_texts(facts), *(text for text in made if text is not None)])
    best = REFUTED
    for value in (*_representatives(of, facts), *_arguments(of, results, facts)):
        status = judge(of, facts, value)
        if status is Status.YES and of is not Kind.OTHER:
            return Answer(status, value)
        if status > best.status:
            best = Answer(Status.MAYBE, value)
    return best


def judge(of: Kind, facts: Sequence[Fact], value: object) -> Status:
    """Say whether one value satisfies the facts (`YES`), or whether another one of its region may (`MAYBE`)."""
    status = Status.YES
    for fact in facts:
        if not fact.holds(value):
            if fact.settles(of):
                return Status.NO
            status = Status.MAYBE
    return status


def _representatives(of: Kind, facts: Sequence[Fact]) -> Iterable[object]:
    match of:
        case Kind.NUMBER:
            return regions.numbers(n for fact in facts for n in fact.known.numbers)
        case Kind.DATE:
            instants = regions.instants(moment for fact in facts for moment in _moments(fact))
            wrap = any(fact.result for fact in facts)
            return [Moment(instant) for instant in instants] if wrap else [*instants, _FAR]
        case Kind.DURATION:
            return regions.durations(length for fact in facts for length in fact.known.durations)
        case _:
            return _FEW[of]


_FEW: Final[dict[Kind, tuple[object, ...]]] = {
    Kind.BOOLEAN: (True, False),
    Kind.NULL: (None,),
    Kind.BINARY: (b"x", b""),
    Kind.OTHER: (1j,),
}


def _moments(fact: Fact) -> Iterator[Moment]:
    """Yield the dates that a fact compares with; beside a date, texts are read as one."""
    yield from fact.known.moments
    if fact.result:
        for text in fact.known.cuts:
            instant = dates.read(text)
            if instant is not None:
                yield Moment(instant)


def _results(of: Kind, facts: Sequence[Fact]) -> list[tuple[str, Any]] | None:
    """Return a result for each function that the facts apply to a value of this kind; `None` where one can have none."""
    asked: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.looks_into:
            asked.setdefault(fact.test.function, []).append(fact)
    found: list[tuple[str, Any]] = []
    for function, some in asked.items():
        into = RESULTS.get(function, {}).get(of)
        if into is None:
            continue
        on_results = [fact.of_result() for fact in some]
        answer = whole_number(on_results) if function in {"length", "size"} else possible(on_results, (into,))
        if answer.status is not Status.NO:
            found.append((function, answer.value))
        elif not all(fact.holds(UNKNOWABLE) for fact in on_results):
            return None
    return found


def length_of_array(facts: Sequence[Fact]) -> int | None:
    """Return a length that an array may have by the facts about it, 0 where none is asked for; `None` where it can have none."""
    results = _results(Kind.ARRAY, facts)
    if results is None or any(
        fact.looks_into and fact.test.function == "size" and not fact.holds([]) for fact in facts
    ):
        return None
    return max((min(int(length), 10_000) for _, length in results if isinstance(length, int)), default=0)


def has_results(of: Kind, facts: Sequence[Fact]) -> bool:
    """Say whether the functions of the facts can give what is wanted for a value of a kind."""
    return _results(of, facts) is not None


def whole_number(facts: Sequence[Fact], least: int = 0) -> Answer:
    """Return whether a count can satisfy the facts: a whole number from `least` on."""
    constants: list[int | Decimal] = [least, *(n for fact in facts for n in fact.known.numbers)]
    best = REFUTED
    for number in regions.numbers(constants):
        if number < least or number != int(number):
            continue
        status = judge(Kind.NUMBER, facts, int(number))
        if status > best.status:
            best = Answer(status, int(number))
    return best


def _texts(facts: Sequence[Fact]) -> list[str]:
    """Return texts that are read as dates and addresses of each region, and other texts worth trying."""
    moments = [moment for fact in facts for moment in _moments(fact)]
    found = [regions.iso(instant) for instant in regions.instants(moments)] if moments else []
    addresses = [address for fact in facts for address in fact.known.addresses]
    return [*found, *addresses, "192.0.2.1", "2001:db8::1"] if addresses else found


def _as_text(function: str, result: Any, now: datetime) -> str | None:
    """Return a text for which a function has this result."""
    match function:
        case "number":
            return str(result)
        case "lower" | "upper":
            return str(result)
        case "length" | "size":
            return "x" * min(int(result), 10_000)
        case "date":
            return str(regions.iso(result.start))
        case "age":
            with contextlib.suppress(OverflowError):
                return regions.iso(now - result)
    return None


def _arguments(of: Kind, results: Sequence[tuple[str, Any]], facts: Sequence[Fact]) -> Iterator[object]:
    """Yield values of a kind for which functions have these results."""
    for function, result in results:
        match function, of:
            case "date", Kind.DATE:
                yield result.start
            case "age", Kind.DATE:
                with contextlib.suppress(OverflowError):
                    yield facts[0].now - result
            case (("epoch" | "epoch_ms"), Kind.NUMBER):
                seconds = Decimal(result.start.timestamp())
                yield seconds * 1000 if function == "epoch_ms" else seconds
            case (("length" | "size"), Kind.BINARY):
                yield b"x" * min(result, 10_000)
