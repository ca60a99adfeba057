"""Whether facts about a whole record can hold: split into chains of one value at each place, each refuted or given values.

A maintainer keeps one rule: facts that want "every" and facts at places with one value only go into every chain; of the facts that want
"some" value among several, each goes into a chain of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.lang.kinds import Kind
from megaql.lang.nodes import (
    Clause,
    Compare,
    Count,
    Deep,
    Each,
    In,
    Index,
    IsKind,
    Key,
    KindName,
    ListLiteral,
    Path,
    Presence,
    PresenceTest,
    Quantified,
    Quantifier,
    Root,
)
from megaql.lang.record import MISSING
from megaql.lang.solve import regions
from megaql.lang.solve.demands import Demand, Want
from megaql.lang.solve.facts import Answer, Fact, Status
from megaql.lang.solve.places import (
    PROBE,
    Element,
    Form,
    Leaf,
    as_written,
    canonical,
    element_of,
    leads_to_elements,
    paths_in,
    replace_value,
    rewrite,
    substitute,
)
from megaql.lang.solve.probes import UNKNOWABLE, Grade, Test, Work, read
from megaql.lang.solve.profiles import Profile, profile
from megaql.lang.solve.trees import Tree, grow
from megaql.lang.solve.values import SCALARS, judge, whole_number
from megaql.lang.tree import children
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from megaql.lang.tree import AnyNode

#: The verdicts that will do.
Allowed: TypeAlias = frozenset[Verdict]

#: What is wanted of each plain test.
Facts: TypeAlias = Mapping[Clause, Allowed]


@dataclass(frozen=True, slots=True)
class Chain:
    """Values for one chain: the body, the envelope, and what paths with `**` should find, by the path."""

    body: object = MISSING
    envelope: Mapping[str, object] = field(default_factory=dict)
    deep: tuple[tuple[Path, object], ...] = ()


class Places:
    """What is known of the places of a query: where arrays may stand, and the tests there."""

    def __init__(self, clauses: Iterable[Clause], *, arrays: bool, now: datetime, work: Work, form: Form) -> None:
        self.arrays = arrays
        self.form = form
        self.work = work
        self.now = now
        self.asked = {as_written(self.named(place)) for clause in clauses for place in _asked(clause)}
        self._tests: dict[Clause, Test] = {}
        self._profiles: dict[Clause, Profile] = {}

    def named(self, place: Path) -> Path:
        """Return a place by its one name: in a MEGA event, attributes have two."""
        return canonical(place) if self.form is Form.EVENT else place

    def test(self, clause: Clause) -> Test:
        """Return a plain test as a function of its place."""
        if clause not in self._tests:
            self._tests[clause] = read(rewrite(clause, self.named))
        return self._tests[clause]

    def fact(self, test: Test, allowed: Allowed, *, result: bool = False, elsewhere: bool = False) -> Fact:
        """Return a test with the verdicts that are allowed as a fact about its place."""
        clause = test.clause
        if clause not in self._profiles:
            about = test.of_result if test.grade is Grade.CALL else test.probe
            self._profiles[clause] = profile(about or clause, self.now)
        return Fact(test, allowed, self._profiles[clause], self.now, self.work, result=result, elsewhere=elsewhere)

    def seen(self) -> Iterator[Path]:
        """Yield the places of the tests that were looked at."""
        for test in self._tests.values():
            yield from (test.place,) if test.grade not in {Grade.FREE, Grade.FIXED} else paths_in(test.clause)

    def free(self) -> list[Path]:
        """Return the places of tests that compare several."""
        tests = [test for test in self._tests.values() if test.grade is Grade.FREE]
        return list(dict.fromkeys(path for test in tests for path in paths_in(test.clause)))

    def reads_clock(self) -> bool:
        """Say whether a test that was looked at depends on the time."""
        return any(test.clock for test in self._tests.values())

    def of_count(self, clause: Clause) -> tuple[Count, Test] | None:
        """Return a comparison of a count with a constant as a test of the count; `None` for any other test."""
        match clause:
            case Compare(_, Count() as count, _) | Compare(_, _, Count() as count):
                of_result = replace_value(clause, count, PROBE)
                if list(paths_in(of_result)) == [PROBE]:
                    return count, Test(clause, Grade.CALL, of_result=of_result)
        return None

    def may_be_array(self, place: Path) -> bool:
        """Say whether the value at a place may be an array."""
        if place.segments and isinstance(place.segments[-1], Leaf):
            return False
        return (self.arrays and place.root is Root.BODY) or as_written(place) in self.asked

    def several(self, test: Test, pinned: Sequence[Path], single: Collection[Path] = ()) -> bool:
        """Say whether a test may look at several values, once the elements at the pinned places are chosen.

        The `single` places are known to hold no array.
        """
        place = test.place
        segments = place.segments
        start = max((len(pin.segments) for pin in pinned if within(place, pin)), default=0)
        for length in range(start, len(segments) + (not test.of_whole)):
            following = segments[length] if length < len(segments) else None
            if isinstance(following, Index):
                continue
            through = Path(segments[:length], place.root)
            if isinstance(following, Deep) or (self.may_be_array(through) and as_written(through) not in single):
                return True
        return False


def within(place: Path, pin: Path) -> bool:
    """Say whether a place is at a chosen element or in it."""
    return place.root is pin.root and place.segments[: len(pin.segments)] == pin.segments


def _asked(node: AnyNode) -> Iterator[Path]:
    """Yield the places at which a query asks for an array: with a quantifier, `[n]`, `[*]`, `in`, a list or `is array`."""
    if isinstance(node, Quantified | Count):
        if not node.spread and not leads_to_elements(node.path):
            yield node.path
        yield from _asked(node.path)
        yield from _asked(substitute(node.condition, node.variable, element_of(node)))
        return
    if isinstance(node, Path):
        for length, segment in enumerate(node.segments):
            if isinstance(segment, Each | Index) and not isinstance(segment, Leaf):
                yield Path(node.segments[:length], node.root)
    elif _is_about_arrays(node):
        yield from paths_in(node)
    for part in children(node):
        yield from _asked(part)


def _is_about_arrays(node: AnyNode) -> bool:
    match node:
        case IsKind(kind=KindName.ARRAY):
            return True
        case In(options=ListLiteral() as options):
            return any(isinstance(part, ListLiteral) for part in (node.item, *options.items))
        case In():
            return True
        case Compare():
            return any(isinstance(part, ListLiteral) for part in children(node))
        case _:
            return False


#: The kinds of values that fields of the envelope have; of the others, any.
_ENVELOPE: Final[Mapping[str, tuple[Kind, ...]]] = {
    **dict.fromkeys(("id", "group_id", "dedup_id", "sequence", "topic", "subject", "queue", "body"), (Kind.STRING,)),
    **dict.fromkeys(("sent_at", "first_received_at"), (Kind.DATE,)),
    **dict.fromkeys(("receive_count", "size"), (Kind.NUMBER,)),
}

#: What `@kind` is, by the form of the body, and what `@format` is.
_KINDS: Final = {
    Form.ANY: ("data", "text", "blob", "mega"),
    Form.OTHER: ("data", "text", "blob"),
    Form.EVENT: ("mega",),
}
_FORMATS: Final = ("json", "bson", "base64", "text")


def chain(
    places: Places, facts: Iterable[tuple[Test, Allowed]], *, elsewhere: frozenset[Clause]
) -> tuple[Status, Chain]:
    """Return whether one chain can satisfy all facts, and its values. Of the facts `elsewhere`, the place may have values in other chains."""
    body = Tree(arrays=places.may_be_array(Path(())), loose=places.arrays)
    envelope = Tree()
    deep: dict[Path, Tree] = {}
    for test, allowed in facts:
        segments = test.place.segments
        last = max((number for number, segment in enumerate(segments, 1) if isinstance(segment, Deep)), default=0)
        if last:
            tree = deep.setdefault(test.place, Tree(arrays=True, loose=True))
        else:
            tree = envelope if test.place.root is Root.ENVELOPE else body
            for length, segment in enumerate(segments, 1):
                tree = tree.at([Each() if isinstance(segment, Element) else segment])
                tree.arrays = places.may_be_array(Path(segments[:length], test.place.root))
        tree.facts.append(places.fact(test, allowed, elsewhere=test.clause in elsewhere))
    grown = grow(body, must_be=True, kinds=()) if body.branches else Answer(Status.YES, {})
    if grown.status is not Status.YES:
        grown = max(grow(body), grown, key=lambda answer: answer.status)
    status, around = _envelope(envelope, {"kind": _KINDS[places.form], "format": _FORMATS})
    status = min(status, grown.status)
    found: list[tuple[Path, object]] = []
    for path, tree in deep.items():
        answer = grow(tree)
        if answer.status is Status.NO and all(fact.holds(UNKNOWABLE) for fact in tree.facts):
            answer = Answer(Status.MAYBE)
        status = min(status, answer.status)
        found.append((path, answer.value))
    return status, Chain(grown.value, around, tuple(found))


def _envelope(tree: Tree, words: Mapping[str, tuple[str, ...]]) -> tuple[Status, dict[str, object]]:
    """Return values for fields of the envelope; those with `words` have one of them."""
    status = Status.YES
    fields: dict[str, object] = {}
    for segment, branch in tree.branches.items():
        name = segment.name if isinstance(segment, Key) else ""
        if name in words and not branch.branches:
            known = [Answer(judge(Kind.STRING, branch.facts, word), word) for word in (*words[name], MISSING)]
            answer = max(known, key=lambda one: one.status)
        else:
            answer = grow(branch, kinds=_ENVELOPE.get(name, SCALARS))
        status = min(status, answer.status)
        if answer.value is not MISSING:
            fields[name] = answer.value
    return status, fields


def single_places(places: Places, facts: Facts) -> set[Path]:
    """Return the places that hold no array, because every value there is of a kind that is asked for."""
    found: dict[Path, list[Fact]] = {}
    for clause, allowed in facts.items():
        if isinstance(clause, IsKind) and places.test(clause).grade is Grade.PLAIN:
            test = places.test(clause)
            found.setdefault(as_written(test.place), []).append(places.fact(test, allowed))
    return {place for place, some in found.items() if not all(fact.holds([]) for fact in some)}


def split(places: Places, facts: Facts, pinned: Sequence[Path]) -> tuple[dict[Clause, Allowed], dict[Clause, Allowed]]:
    """Sort facts by what they want: of every value and of places with one value, or of some value among several.

    `empty` is the negation of "some value with content", so it wants the other way round. Of what is wanted to be UNKNOWN, some is and
    none matches.
    """
    every, some = _split(places, facts, pinned, ())
    single = single_places(places, every)
    return _split(places, facts, pinned, single) if single else (every, some)


def _split(
    places: Places, facts: Facts, pinned: Sequence[Path], single: Collection[Path]
) -> tuple[dict[Clause, Allowed], dict[Clause, Allowed]]:
    every: dict[Clause, Allowed] = {}
    some: dict[Clause, Allowed] = {}
    for clause, allowed in facts.items():
        test = places.test(clause)
        if test.grade in {Grade.FREE, Grade.FIXED}:
            continue
        turned = isinstance(clause, PresenceTest) and clause.test is Presence.EMPTY
        base, top = (Verdict.MATCH, Verdict.NO_MATCH) if turned else (Verdict.NO_MATCH, Verdict.MATCH)
        if base not in allowed and (test.grade is Grade.ELEMENTS or places.several(test, pinned, single)):
            some[clause] = allowed
            if top not in allowed:
                every[clause] = allowed | {base}
        else:
            every[clause] = allowed
    return every, some


def fixed_hold(places: Places, facts: Facts) -> bool:
    """Say whether tests without paths have the verdicts that are wanted, and each count can be a number as it is wanted."""
    for clause, allowed in facts.items():
        test = places.test(clause)
        if test.grade is Grade.FIXED and test.on((), places.now) not in allowed:
            return False
        found = places.of_count(clause)
        if found is not None and not allowed & _verdicts(
            places.fact(found[1], allowed, result=True), facts.get(_any(found[0]))
        ):
            return False
    return all(answer.status is not Status.NO for _, answer in _counts(places, facts))


def _any(count: Count) -> Quantified:
    return Quantified(Quantifier.ANY, count.variable, count.path, count.condition, count.spread)


def _verdicts(fact: Fact, some: Allowed | None) -> Allowed:
    """Return the verdicts that a comparison with a count may have, by what is wanted of `any` over the same elements.

    Where none matches and none is unknown, the count is 0. Where one matches, it is 1 or more, or not known exactly between such numbers.
    """
    if some == Want.NO_MATCH.value:
        return frozenset({fact.verdict((0,))})
    if some != Want.MATCH.value:
        return frozenset(Verdict)
    numbers = [n for n in regions.numbers([1, *fact.known.numbers]) if n >= 1 and n == int(n)]
    found = frozenset(fact.verdict((int(n),)) for n in numbers)
    return found if len(found) == 1 else found | {Verdict.UNKNOWN}


def counted(places: Places, facts: Facts) -> list[tuple[Path, int]]:
    """Return how many elements at a place should satisfy a condition, by the comparisons with their count and by `one`."""
    several = [
        (clause.path, 2)
        for clause, allowed in facts.items()
        if isinstance(clause, Quantified) and clause.quantifier is Quantifier.ONE and Verdict.MATCH not in allowed
    ]
    counts = _counts(places, facts)
    return [*several, *((count.path, answer.value) for count, answer in counts if isinstance(answer.value, int))]


def counted_demands(places: Places, facts: Facts) -> list[Demand]:
    """Return what follows from the comparisons with counts: where only 0 will do, there is none, and where 0 will not, there is one."""
    found: list[Demand] = []
    for count, answer in _counts(places, facts):
        any_ = _any(count)
        want = Want.NO_MATCH if answer.value == 0 else Want.MATCH
        if answer.status is Status.YES and not facts.get(any_, frozenset(Verdict)) <= want.value:
            found.append(Demand(any_, want))
    return found


def _counts(places: Places, facts: Facts) -> Iterator[tuple[Count, Answer]]:
    """Yield each count with a number that satisfies all comparisons with it: 0 only if no other does, `MAYBE` if some do besides 0.

    Of a count that is not known exactly a comparison may be UNKNOWN, so those that allow it are left out.
    """
    counts: dict[Count, list[Fact]] = {}
    for clause, allowed in facts.items():
        found = places.of_count(clause)
        if found is not None and Verdict.UNKNOWN not in allowed:
            counts.setdefault(found[0], []).append(places.fact(found[1], allowed, result=True))
    for count, some in counts.items():
        answer = whole_number(some)
        zero = all(fact.holds(0) for fact in some)
        if zero and answer.status is not Status.NO:
            more = whole_number(some, least=1)
            answer = Answer(Status.YES, 0) if more.status is Status.NO else Answer(Status.MAYBE, more.value)
        yield count, answer
