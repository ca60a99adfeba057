"""Lists in `in`, and equalities that would be one: items said twice, lists of one, one path compared again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.editing import without_item
from megaql.lang.check.spots import Sign
from megaql.lang.dates import Moment
from megaql.lang.kinds import Folded, Kind, kind, text
from megaql.lang.operands import literal, lookup_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page
    from megaql.lang.check.spots import Spot

#: Findings about the items of one list.
REPORTED: Final = 20

#: Equalities of one path that are shorter as a list.
REPEATED: Final = 3


def lists(page: Page) -> Iterator[Diagnostic]:
    """Yield what is wrong with the lists that were written in the query."""
    for spot in page.alive:
        match spot.clause:
            case nodes.In(options=nodes.ListLiteral() as options) if page.text(options.span).startswith("["):
                if len(options.items) == 1 and not isinstance(options.items[0], nodes.ListLiteral):
                    yield _one_item(page, spot.clause, options)
                yield from _duplicate_items(page, options)
            case nodes.Or() | nodes.And():
                yield from _repeated(page, spot)


def _one_item(page: Page, test: nodes.In, options: nodes.ListLiteral) -> Diagnostic:
    operator = "!=" if test.negated else "=="
    item = options.items[0].span
    written = f"{page.text(page.left_side(test.span, test.item.span))} {operator} {page.text(item)}"
    return finding(
        "one-item-list",
        options.span,
        "the list has one item",
        f"write {operator} {page.text(item)}",
        fix=written,
        fix_span=test.span,
    )


def _duplicate_items(page: Page, options: nodes.ListLiteral) -> Iterator[Diagnostic]:
    folded = {one.text for item in options.items if isinstance(one := literal(item), Folded)}
    seen: dict[object, nodes.Literal | nodes.Param] = {}
    reported = 0
    for item in options.items:
        value = literal(item)
        key = _key(value)
        if key is None:
            continue
        same = seen.setdefault(key, item)
        covered = kind(value) is Kind.STRING and not isinstance(value, Folded) and text(value).casefold() in folded
        if (same is item and not covered) or reported == REPORTED:
            continue
        reported += 1
        edit = without_item(page, item)
        words = "is in the list already" if same is not item else "is covered by an item that ignores case"
        yield finding(
            "duplicate-item",
            item.span,
            f"{page.short(item.span)} {words}",
            "leave it out",
            fix=edit.fix if edit else None,
            fix_span=edit.fix_span if edit else None,
            related=((same.span, "here"),) if same is not item else (),
        )


def _key(value: object) -> object:
    """Return what equal items have in common, None for items that are not compared with others."""
    if isinstance(value, Folded | Moment):
        return value
    return lookup_key(value)


def _repeated(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield `a == 1 or a == 2 or a == 3`, and the same with `!=` and `and`."""
    operator = nodes.Comparison.EQ if isinstance(spot.clause, nodes.Or) else nodes.Comparison.NE
    found: dict[nodes.Value, list[Spot]] = {}
    for part in spot.parts:
        match part.clause:
            case nodes.Compare(of, left, nodes.Null() | nodes.Boolean() | nodes.Number() | nodes.String()) if (
                of is operator
            ):
                found.setdefault(left, []).append(part)
    for same in found.values():
        if len(same) < REPEATED or spot.sign is Sign.EITHER or len({part.clause for part in same}) < len(same):
            continue
        first, *_, last = same
        tests = [one for part in same if isinstance(one := part.clause, nodes.Compare)]
        word = "in" if operator is nodes.Comparison.EQ else "not in"
        listed = ", ".join(page.text(one.right.span) for one in tests)
        written = f"{page.text(page.left_side(first.clause.span, tests[0].left.span))} {word} [{listed}]"
        whole = first.clause.span.to(last.clause.span)
        alone = len(same) == len(spot.parts) and "(" not in page.text(whole)
        yield finding(
            "repeated-equality",
            whole,
            f"{page.short(tests[0].left.span)} is compared with {len(same)} values",
            f"write {written}" if len(written) <= 80 else f"write {word} [...]",
            fix=written if alone else None,
        )
