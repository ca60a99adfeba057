"""Negated tests of paths that may be missing: a message without the path is unknown, and so not delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.spots import Sign, Spot
from megaql.lang.nodes import Key, Path, Presence, Root
from megaql.lang.printer import to_text
from megaql.lang.tree import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page
    from megaql.lang.tree import AnyNode

#: Fields of the envelope that every message has.
_ALWAYS: Final = frozenset({"id", "size", "kind"})

_KIND: Final = Path((Key("kind"),), Root.ENVELOPE)
_IN_EVERY_EVENT: Final = frozenset({Path((Key("event"), Key(name))) for name in ("name", "timestamp")})


def negation(page: Page) -> Iterator[Diagnostic]:
    """Yield each path once whose absence a negated test does not take care of."""
    told: set[Path] = set()
    for spot in page.alive:
        if not spot.is_test or not _is_negated(spot):
            continue
        bare = [path for path in dict.fromkeys(_bare(spot.clause)) if spot.place(path) not in told]
        loose = [path for path in bare if _may_be_missing(path) and not _is_guarded(spot, spot.place(path))]
        told.update(spot.place(path) for path in loose)
        if loose:
            yield from _finding(page, spot, loose)


def _is_negated(spot: Spot) -> bool:
    """Whether a test has to fail, or is negated and has to hold."""
    match spot.clause:
        case nodes.PresenceTest() | nodes.Opaque():
            return False
        case nodes.Compare(operator=operator):
            negated = operator is nodes.Comparison.NE
        case clause:
            negated = getattr(clause, "negated", False)
    return spot.sign is (Sign.HOLDS if negated else Sign.FAILS)


def _bare(node: AnyNode) -> Iterator[Path]:
    """Yield the paths of a test that have no fallback, those of a count's condition apart."""
    if isinstance(node, Path):
        yield node
    elif not isinstance(node, nodes.Default | nodes.Count):
        for one in children(node):
            yield from _bare(one)


def _may_be_missing(path: Path) -> bool:
    head = path.segments[0]
    if path.root is Root.VARIABLE:
        return len(path.segments) > 1
    return not (path.root is Root.ENVELOPE and isinstance(head, Key) and head.name in _ALWAYS)


def _is_guarded(spot: Spot, path: Path) -> bool:
    """Whether a clause beside the test, or beside one around it, takes care of messages without the path."""
    inner = spot
    for around in spot.around():
        beside = [one for one in around.parts if one is not inner]
        if around.is_joined and around.needs_all and any(_needs(one, path) for one in beside):
            return True
        if around.is_joined and not around.needs_all and any(_takes_absence(one, path) for one in beside):
            return True
        inner = around
    return False


def _needs(spot: Spot, path: Path) -> bool:
    """Whether a clause, being as its sign says, means that a path is there."""
    clause = spot.clause
    if isinstance(clause, nodes.Not) or (spot.is_joined and spot.needs_all):
        return any(_needs(one, path) for one in spot.parts)
    if isinstance(clause, nodes.PresenceTest):
        test = Presence.EXISTS if spot.sign is Sign.HOLDS else Presence.MISSING
        empty = spot.sign is Sign.FAILS and clause.test is Presence.EMPTY
        return (clause.test is test or empty) and any(_within(one, path) for one in spot.paths)
    if isinstance(clause, nodes.Quantified):
        return spot.sign is Sign.HOLDS and any(_within(one, path) for one in spot.paths)
    if not spot.is_test or _is_negated(spot) or spot.sign is Sign.EITHER:
        return False
    mega = path in _IN_EVERY_EVENT and clause == nodes.Compare(nodes.Comparison.EQ, _KIND, nodes.String("mega"))
    return mega or any(_within(spot.place(one), path) for one in _bare(clause))


def _takes_absence(spot: Spot, path: Path) -> bool:
    """Whether a clause, being as its sign says, takes messages without a path."""
    clause = spot.clause
    if isinstance(clause, nodes.Not) or spot.is_joined:
        return any(_takes_absence(one, path) for one in spot.parts)
    if not isinstance(clause, nodes.PresenceTest):
        return False
    absent = clause.test is not Presence.EXISTS if spot.sign is Sign.HOLDS else clause.test is Presence.EXISTS
    return absent and any(_within(path, one) for one in spot.paths)


def _within(path: Path, outer: Path) -> bool:
    """Whether a path leads to a place or into it."""
    return path.root is outer.root and path.segments[: len(outer.segments)] == outer.segments


def _finding(page: Page, spot: Spot, paths: list[Path]) -> Iterator[Diagnostic]:
    seen = page.observed
    missing = [path for path in paths if seen is None or seen.missing(spot.place(path))]
    if not missing:
        return
    path = missing[0]
    name = page.text(path.span) or to_text(path)
    severity, count = "note", ""
    if seen is not None:
        severity, count = "warning", f" ({seen.missing(spot.place(path)):,} of {seen.samples})"
    whole = _negation_of(spot)
    where = "are unknown here, and not delivered" if not spot.places else "are unknown here"
    yield finding(
        "unguarded-negation",
        spot.clause.span if whole is None else whole.clause.span,
        f"{'elements' if path.root is Root.VARIABLE else 'messages'} without {name}{count} {where}",
        "",
        f"to take them too, write (missing {name} or {page.short(whole.clause.span)})" if whole is not None else "",
        severity=severity,
    )


def _negation_of(spot: Spot) -> Spot | None:
    """Return the negated test, or the `not` around it; None where a quantifier is what negates it."""
    if spot.sign is Sign.HOLDS:
        return spot
    for around in spot.around():
        if isinstance(around.clause, nodes.Not):
            return around
        if not around.is_joined:
            return None
    return None
