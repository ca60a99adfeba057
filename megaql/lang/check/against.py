"""A query against samples: paths and values that no sample has, kinds that never fit, tests that never decide.

A maintainer keeps one rule: samples are not all messages. Every finding says how many there were, and none is an error.
"""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

from megaql.lang import literals, nodes
from megaql.lang.actual import clean
from megaql.lang.check.codes import finding
from megaql.lang.check.observed import VALUE_LENGTH
from megaql.lang.check.tests import compared, is_length
from megaql.lang.kinds import Kind
from megaql.lang.nodes import Comparison, Key, Path, Root
from megaql.lang.printer import is_name, path_text
from megaql.lang.tree import walk
from megaql.lang.vocabulary import KEYWORDS, nearest
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.check.observed import Observed, Values
    from megaql.lang.check.page import Page
    from megaql.lang.check.spots import Spot

#: Different values of a path that are taken for all there are, if each came so many times on average.
FEW: Final = 25
TIMES: Final = 4

#: Values that are listed.
LISTED: Final = 5


def against(page: Page) -> Iterator[Diagnostic]:
    """Yield what the samples say about each path and test."""
    seen = page.observed
    if seen is None or not seen.samples_seen:
        return
    told: set[Path] = set()
    for spot in page.alive:
        unknown = [*_unknown_paths(page, seen, spot, told)]
        yield from unknown
        if any(seen.has(path) for path in spot.paths):
            found = [*_unknown_values(page, seen, spot), *_other_kinds(page, seen, spot, told)]
            yield from found
            if not found and not unknown:
                yield from _undecided(page, seen, spot)


#: Tests in which a field `length` that no sample has is told as what it is.
_COMPARING: Final = nodes.Compare | nodes.Between


def _unknown_paths(page: Page, seen: Observed, spot: Spot, told: set[Path]) -> Iterator[Diagnostic]:
    for path in (one for one in walk(spot.clause) if isinstance(one, Path)):
        place = spot.place(path)
        if place not in spot.paths or seen.has(place) or (is_length(path) and isinstance(spot.clause, _COMPARING)):
            continue
        first = next(
            (
                Path(place.segments[:n], place.root)
                for n in range(1, len(place.segments) + 1)
                if not seen.has(Path(place.segments[:n], place.root))
            ),
            place,
        )
        if first in told or not isinstance(first.segments[-1], Key) or _is_not_sampled(seen, first):
            continue
        told.add(first)
        yield _unknown_path(page, seen, spot, path, first)


def _is_not_sampled(seen: Observed, path: Path) -> bool:
    """Whether a path is of the envelope, of which samples often have little: only attributes are told, where there are any."""
    if path.root is Root.BODY:
        return False
    return path.segments[0] != Key("attributes") or len(path.segments) != 2 or not seen.beside(path)


def _unknown_path(page: Page, seen: Observed, spot: Spot, path: Path, first: Path) -> Diagnostic:
    last = path.segments[len(first.segments) - len(spot.place(path).segments) - 1]
    asked = isinstance(spot.clause, nodes.PresenceTest) or _has_fallback(spot.clause, path)
    shown = path_text(first)
    name = first.segments[-1].name if isinstance(first.segments[-1], Key) else ""
    near = nearest(name, seen.beside(first)) if len(name) < 100 else None
    label, fix, fix_span, hint = "", None, None, ""
    if near is not None and near != name:
        label, (fix, fix_span) = f"did you mean {clean(near)}?", _renamed(page, last, near)
    elif path.root is Root.BODY and (way := seen.elsewhere(spot.place(path))) is not None:
        hint = f"there is {path_text(Path(tuple(map(Key, way))))}"
    elif first.root is Root.BODY and (names := seen.beside(first)):
        hint = f"beside it there are {', '.join(clean(one) for one in names[:LISTED])}"
    return finding(
        "unknown-path",
        last.span,
        f"{shown} is {_in_none(seen)}",
        label,
        hint,
        fix=fix,
        fix_span=fix_span,
        severity="note" if asked and near is None else "",
    )


def _renamed(page: Page, segment: nodes.Node, name: str) -> tuple[str | None, Span | None]:
    """Return the edit that changes one name of a path, none where either takes quotes."""
    text = page.text(segment.span)
    mark = text[:1] if text[:1] in (".", "@") else ""
    plain = is_name(name) and is_name(text.removeprefix(mark)) and name.lower() not in KEYWORDS
    return (mark + name if plain else None), segment.span


def _has_fallback(clause: nodes.Clause, path: Path) -> bool:
    return any(isinstance(one, nodes.Default) and one.path == path for one in walk(clause))


def _unknown_values(page: Page, seen: Observed, spot: Spot) -> Iterator[Diagnostic]:
    """Yield texts that are none of the few that the samples have."""
    for value, constant in compared(spot.clause):
        if (
            not isinstance(value, Path)
            or not isinstance(constant, nodes.String)
            or page.text(constant.span)[:1] not in "\"'"
        ):
            continue
        values = seen.values(spot.place(value))
        if values is None or not values.texts or values.more_texts:
            continue
        texts = {one.casefold(): one for one in values.texts}
        if constant.value in values.texts or (constant.fold and constant.value.casefold() in texts):
            continue
        total = sum(values.texts.values())
        same = texts.get(constant.value.casefold())
        if same is None and (len(texts) > FEW or total < TIMES * len(texts)):
            continue
        yield _unknown_value(page, seen, value, constant, values=values, same=same)


def _unknown_value(
    page: Page, seen: Observed, path: Path, constant: nodes.String, *, values: Values, same: str | None
) -> Diagnostic:
    near = same or _near(constant.value, values.texts)
    written = literals.write_string(near) if near is not None else None
    listed = [literals.write_string(one) for one, _ in values.texts.most_common(LISTED + 1)]
    hint = f"it is {', '.join(listed[:LISTED])}{' or others' if len(listed) > LISTED else ''}"
    return finding(
        "unknown-value",
        constant.span,
        f"{page.text(path.span)} is never {page.short(constant.span)} in {seen.every}",
        f"did you mean {clean(written)}?" if written else "",
        clean(hint),
        fix=written if same else None,
        severity="" if written else "note",
    )


def _near(word: str, texts: Iterable[str]) -> str | None:
    """Return the text that is one or two slips of the keyboard away; no fix, since it may be a value that is yet to come."""
    if len(word) < SHORTEST or len(word) > VALUE_LENGTH:
        return None
    near = get_close_matches(word, texts, n=1, cutoff=CLOSE)
    return near[0] if near and not any(map(str.isdigit, word)) else None


#: How long a value is at least for a slip to be told from another value, and how much of it is the same at least.
SHORTEST: Final = 4
CLOSE: Final = 0.66


_ORDERINGS: Final = frozenset({Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE})

_KINDS: Final = {
    nodes.Number: Kind.NUMBER,
    nodes.Size: Kind.NUMBER,
    nodes.Boolean: Kind.BOOLEAN,
    nodes.String: Kind.STRING,
    nodes.Date: Kind.DATE,
    nodes.Duration: Kind.DURATION,
}


def _other_kinds(page: Page, seen: Observed, spot: Spot, told: set[Path]) -> Iterator[Diagnostic]:
    """Yield paths whose values are all of a kind that their test is never true of."""
    if isinstance(spot.clause, nodes.Quantified):
        yield from _no_array(page, seen, spot, spot.clause)
        return
    for path, wanted in _wanted(spot.clause):
        values = seen.values(spot.place(path))
        of = values.kind if values is not None else None
        if values is None or of is None or of in wanted or spot.place(path) in told:
            continue
        if Kind.DATE in wanted and of is Kind.STRING:
            continue
        told.add(spot.place(path))
        name = page.text(path.span)
        want = next(iter(wanted))
        label, fix = _conversion(page, spot, path, of=of, want=want, values=values)
        yield finding(
            "kind-in-samples",
            path.span,
            f"{name} is {of.value}, not {want.value}, in {_that_have_it(seen, values)}",
            label,
            fix=fix,
        )


def _that_have_it(seen: Observed, values: Values) -> str:
    if values.present == seen.samples_seen:
        return seen.every
    return f"all that have it, {values.present:,} of {seen.samples}"


def _in_none(seen: Observed) -> str:
    return "not in the one sample" if seen.samples_seen == 1 else f"in none of the {seen.samples}"


def _wanted(clause: nodes.Clause) -> Iterator[tuple[Path, frozenset[Kind]]]:
    """Yield the paths of a test, each with the kinds that it can be true of."""
    match clause:
        case nodes.Compare(_, Path() as path, constant) | nodes.Compare(_, constant, Path() as path) if (
            type(constant) in _KINDS
        ):
            yield path, frozenset({_KINDS[type(constant)]})
        case nodes.Between(value=Path() as path, low=low) if type(low) in _KINDS:
            yield path, frozenset({_KINDS[type(low)]})
        case nodes.In(item=Path() as path, options=nodes.ListLiteral(items=items)) if items:
            kinds = {_KINDS.get(type(one)) for one in islice(items, 1_000)}
            if None not in kinds and len(kinds) == 1:
                yield path, frozenset(one for one in kinds if one is not None)
        case (
            nodes.Matches(value=Path() as path)
            | nodes.TextTest(value=Path() as path)
            | nodes.InCidr(value=Path() as path)
        ):
            yield path, frozenset({Kind.STRING})
        case nodes.Truth(value=Path() as path):
            yield path, frozenset({Kind.BOOLEAN})
        case _:
            return


def _conversion(page: Page, spot: Spot, path: Path, *, of: Kind, want: Kind, values: Values) -> tuple[str, str | None]:
    """Return what to write for a value of another kind, with the fix of the path where it is certain."""
    name = page.text(path.span)
    if want is Kind.NUMBER and of is Kind.STRING:
        written = f"number({name})"
        return f"write {written}", written if values.numeric and not values.more_texts else None
    if want is Kind.DATE and of is Kind.NUMBER:
        return f"write epoch({name}), or epoch_ms({name}) for milliseconds", None
    literal = next((right for _, right in compared(spot.clause) if isinstance(right, nodes.String)), None)
    if want is Kind.STRING and literal is not None and of in {Kind.NUMBER, Kind.BOOLEAN}:
        return f"write {literal.value} without quotes" if len(literal.value) < 40 else "", None
    if want is Kind.BOOLEAN and isinstance(spot.clause, nodes.Truth):
        return "compare it, or write exists " + name, None
    return "", None


def _no_array(page: Page, seen: Observed, spot: Spot, node: nodes.Quantified) -> Iterator[Diagnostic]:
    values = seen.values(spot.place(node.path))
    if node.spread or values is None or values.arrays or not values.kinds or _ends_open(node.path):
        return
    name = page.text(node.path.span)
    of = values.kind
    start = page.text(Span(node.span.start, node.path.span.start))
    fix = start.rstrip().removesuffix("in") + "of " if start.rstrip().endswith(" in") else None
    yield finding(
        "kind-in-samples",
        node.path.span,
        f"{name} is {of.value if of else 'no array'}, not an array, in {_that_have_it(seen, values)}",
        f"write {node.quantifier.value} {node.variable} of {name} for values that are no arrays",
        fix=fix,
        fix_span=Span(node.span.start, node.path.span.start) if fix else None,
    )


def _ends_open(path: Path) -> bool:
    return isinstance(path.segments[-1], nodes.Each | nodes.Deep)


def _undecided(page: Page, seen: Observed, spot: Spot) -> Iterator[Diagnostic]:
    reason = seen.undecided(spot.clause) if spot.is_test and not spot.places else ""
    if reason and not all(not seen.has(path) for path in spot.paths) and not _only_missing(reason):
        yield finding(
            "never-decides",
            spot.clause.span,
            f"'{page.short(spot.clause.span)}' is unknown for {seen.every}",
            "",
            f"in the first one, {clean(reason)}",
        )


def _only_missing(reason: str) -> bool:
    return reason.endswith(" is missing")
