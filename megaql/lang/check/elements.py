"""Two conditions on one array that two different elements may meet, where one element was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.spots import Sign
from megaql.lang.nodes import Each, Index, Key, Path, Root
from megaql.lang.tree import walk
from megaql.lang.vocabulary import KEYWORDS
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page
    from megaql.lang.check.spots import Spot


def elements(page: Page) -> Iterator[Diagnostic]:
    """Yield the tests of one `and` that ask about elements of one array."""
    arrays = frozenset(_arrays(page))
    for spot in page.alive:
        if not isinstance(spot.clause, nodes.And) or spot.sign is not Sign.HOLDS:
            continue
        groups: dict[Path, list[tuple[Spot, Path]]] = {}
        for part in spot.parts:
            paths = [one for one in walk(part.clause) if isinstance(one, Path)]
            if (
                part.is_test
                and len(paths) == 1
                and not isinstance(part.clause, nodes.PresenceTest)
                and not _is_negated(part)
            ):
                array = _array_of(page, part, paths[0], arrays)
                if array is not None:
                    groups.setdefault(array, []).append((part, paths[0]))
        for array, tests in groups.items():
            if len(tests) > 1 and not _same_equality(tests):
                yield _finding(page, array, tests)


def _is_negated(spot: Spot) -> bool:
    """Whether a test is about all elements already."""
    clause = spot.clause
    return getattr(clause, "negated", False) or getattr(clause, "operator", None) is nodes.Comparison.NE


def _arrays(page: Page) -> Iterator[Path]:
    """Yield the places that the query itself takes for arrays."""
    for spot in page.spots:
        if isinstance(spot.clause, nodes.Quantified) and not spot.clause.spread:
            yield _plain(spot.place(spot.clause.path))
        for path in spot.paths:
            for position, segment in enumerate(path.segments):
                if isinstance(segment, Each | Index) and position:
                    yield _plain(Path(path.segments[:position], path.root))


def _plain(path: Path) -> Path:
    """Return a path without `[*]`, which changes nothing before a name."""
    return Path(tuple(one for one in path.segments if not isinstance(one, Each)), path.root)


def _array_of(page: Page, spot: Spot, path: Path, arrays: frozenset[Path]) -> Path | None:
    """Return the longest part of a path, as written, that leads to an array before its end."""
    if any(isinstance(one, Index | nodes.Deep) for one in path.segments):
        return None
    for length in range(len(path.segments) - 1, 0, -1):
        outer = Path(path.segments[:length], path.root)
        if path.root is Root.VARIABLE and length == 1:
            return None
        place = spot.place(outer)
        if _plain(place) in arrays or (page.observed is not None and page.observed.has_array(place)):
            return _plain(outer)
    return None


def _same_equality(tests: Sequence[tuple[Spot, Path]]) -> bool:
    """Whether all ask for values of one path, as `tags.name == "a" and tags.name == "b"` does on purpose."""
    return len({path for _, path in tests}) == 1 and all(
        isinstance(part.clause, nodes.Compare) and part.clause.operator is nodes.Comparison.EQ for part, _ in tests
    )


def _finding(page: Page, array: Path, tests: Sequence[tuple[Spot, Path]]) -> Diagnostic:
    first, second = tests[0][0].clause.span, tests[1][0].clause.span
    variable = _variable(page, array)
    head = _text_before(page, tests[0][1], array)
    inside = " and ".join(_with_variable(page, part, path, array, variable) for part, path in tests)
    return finding(
        "split-element",
        second,
        f"another element of {head} may meet this than the one that meets '{page.short(first)}'",
        "may be another element",
        f"for one element with {'both' if len(tests) == 2 else 'all of them'}, write any {variable} in {head}: ({inside})",
        related=((first, "one element"),),
    )


def _rest(path: Path, array: Path) -> int:
    """Return the position of the first segment of a path beyond its array, `[*]` passed over."""
    names = len(array.segments)
    position = 0
    for segment in path.segments:
        if not isinstance(segment, Each):
            if not names:
                break
            names -= 1
        position += 1
    return position


def _text_before(page: Page, path: Path, array: Path) -> str:
    last = path.segments[_rest(path, array) - 1]
    start = page.text(Span(path.span.start, last.span.end))
    return (
        start.removesuffix("]").rstrip().removesuffix("*").rstrip().removesuffix("[")
        if isinstance(last, Each)
        else start
    )


def _with_variable(page: Page, part: Spot, path: Path, array: Path, variable: str) -> str:
    """Return the text of a test with a variable in the place of the array's element."""
    span = part.clause.span
    last = path.segments[_rest(path, array) - 1]
    return page.text(Span(span.start, path.span.start)) + variable + page.text(Span(last.span.end, span.end))


def _variable(page: Page, array: Path) -> str:
    """Choose a name for an element: the singular of the array's name, unless it is taken."""
    last = next((one.name for one in reversed(array.segments) if isinstance(one, Key)), "")
    name = last.removesuffix("s") if last.endswith("s") and len(last) > 3 and last.isidentifier() else "x"
    taken = {token.text for token in page.tokens} | KEYWORDS | {"of", "count"}
    return next(one for one in (name, "x", "each", *_SPARE) if one.lower() not in taken)


#: Names for an element where the better ones are taken.
_SPARE: Final = tuple(f"x{number}" for number in range(1, 1_000))
