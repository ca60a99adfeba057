"""Single tests that cannot mean what they say: true of everything, about values and kinds that never come, habits of other languages.

A maintainer keeps one rule: a fix here keeps the meaning, or mends what can only be a slip; what is a guess is a label without a fix.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from megaql.lang import literals, nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.never import never, other_value
from megaql.lang.check.spots import Sign, Spot
from megaql.lang.printer import to_text
from megaql.lang.solve import Demand
from megaql.lang.tree import walk
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page


def single_tests(page: Page) -> Iterator[Diagnostic]:
    """Yield what is to say about each test by itself."""
    for spot in page.alive:
        if not spot.is_test:
            continue
        yield from _never(page, spot)
        yield from _vacuous(page, spot)
        yield from _values(page, spot)
        yield from _null(page, spot)
        yield from _texts(page, spot)
        yield from _names(page, spot)


def _never(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield a test whose positive form never holds, where that is not what keeps the query from matching."""
    why = never(page, spot.clause)
    if why is None:
        return
    yield finding(
        why.code or "vacuous-clause",
        why.span,
        f"'{page.short(spot.clause.span)}' can only have one answer: {why.words}",
        why.label,
        fix=why.fix,
        fix_span=why.fix_span,
    )


def _vacuous(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield a test that is true of whatever it can be asked about."""
    if isinstance(spot.clause, nodes.PresenceTest) or _is_constant(spot.clause) or never(page, spot.clause) is not None:
        return
    opposite = Sign.HOLDS if spot.sign is Sign.FAILS else Sign.FAILS
    if page.questions.impossible(Demand(spot.asked, opposite.want), arrays=False):
        path = next(iter(spot.paths), None)
        answer = "false" if spot.sign is Sign.FAILS else "true"
        hint = f"to ask only whether it is there, write exists {to_text(path)}" if path is not None else ""
        yield finding(
            "vacuous-clause",
            spot.clause.span,
            f"'{page.short(spot.clause.span)}' is {answer} of every value that it can be asked about",
            "",
            hint,
        )


def _is_constant(clause: nodes.Clause) -> bool:
    return not any(isinstance(one, nodes.Path | nodes.Call) for one in walk(clause))


def _values(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield literals that are never met or are probably meant as others."""
    for value, constant in compared(spot.clause):
        if (
            isinstance(spot.clause, nodes.In)
            and isinstance(constant, nodes.String)
            and (why := other_value(value, constant))
        ):
            yield finding("envelope-value", constant.span, why.words, why.label, fix=why.fix)
        if (
            isinstance(constant, nodes.String)
            and _is_event_name(value)
            and not re.fullmatch(r"[a-z0-9._-]+", constant.value)
        ):
            if not constant.fold:
                yield finding(
                    "event-name",
                    constant.span,
                    "names of MEGA events have lower-case letters, digits, '.', '-' and '_' only",
                    ""
                    if not re.fullmatch(r"[a-z0-9._-]+", constant.value.lower())
                    else f'did you mean "{constant.value.lower()}"?',
                )
        elif (
            isinstance(constant, nodes.String)
            and constant.value in {"true", "false", "null"}
            and isinstance(value, nodes.Path)
            and not _was_seen(page, spot.place(value))
        ):
            yield finding(
                "quoted-word",
                constant.span,
                f"{page.short(constant.span)} is a text of {len(constant.value)} letters, not {constant.value}",
                f"without quotes it is {constant.value}",
            )


def _null(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield a comparison with null where absence may be meant; not where the samples have null there."""
    match spot.clause:
        case nodes.Compare(nodes.Comparison.EQ, nodes.Path() as path, nodes.Null()) if (
            spot.sign is Sign.HOLDS
            and not _asks_presence(spot)
            and not (page.observed is not None and page.observed.has_null(spot.place(path)))
        ):
            text = page.text(path.span)
            yield finding(
                "null-comparison",
                spot.clause.span,
                f"this holds only where {text} is there and null, not where it is missing",
                "",
                f"for absence write missing {text}; for both, {text} ?? null == null",
            )


def _was_seen(page: Page, path: nodes.Path) -> bool:
    """Whether samples have a path, so that they say whether its values are of the kind."""
    return page.observed is not None and page.observed.has(path)


def _asks_presence(spot: Spot) -> bool:
    """Whether a clause beside a test asks for the presence of its path, so that whoever wrote it knows the difference."""
    return any(
        isinstance(one.clause, nodes.PresenceTest) and one.clause.path in spot.paths
        for around in spot.around()
        for one in around.parts
    )


def compared(clause: nodes.Clause) -> Iterator[tuple[nodes.Value, nodes.Value]]:
    """Yield the values that a test asks for equality with literals, each with a literal."""
    match clause:
        case nodes.Compare(nodes.Comparison.EQ | nodes.Comparison.NE, left, right):
            yield left, right
            yield right, left
        case nodes.In(item=item, options=nodes.ListLiteral(items)):
            for one in items[:COMPARED_ITEMS]:
                yield item, one


#: Items of one list that are looked at one by one.
COMPARED_ITEMS: Final = 200


def _is_event_name(value: nodes.Value) -> bool:
    return value == nodes.Path((nodes.Key("event"), nodes.Key("name")))


def _texts(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield globs and regexes that are something simpler, or not what they look like."""
    match spot.clause:
        case nodes.TextTest(nodes.TextOperator.LIKE, value, nodes.String() as glob):
            if set("*?\\") & set(glob.value):
                return
            if "%" in glob.value:
                meant = literals.write_string(glob.value.replace("%", "*"), fold=glob.fold)
                yield finding(
                    "sql-wildcard", glob.span, "% is only a percent sign in a glob; * is any text", f"write {meant}"
                )
                return
            operator = "!=" if spot.clause.negated else "=="
            yield _equality(
                page, spot, "no-wildcard", "the glob has no * and no ?", operator=operator, value=value, exact=glob
            )
        case nodes.Matches(value, nodes.Regex(pattern, "") as regex):
            literal = _LITERAL.fullmatch(pattern)
            if literal:
                exact = nodes.String(literal[1].replace("\\", ""))
                operator = "!=" if spot.clause.negated else "=="
                yield _equality(
                    page, spot, "regex-literal", "the regex is one text", operator=operator, value=value, exact=exact
                )
            elif _DOTTED.fullmatch(pattern):
                meant = f"/{pattern.replace('.', chr(92) + '.')}/"
                yield finding(
                    "regex-dot", regex.span, "a dot in a regex is any character", f"for a full stop, write {meant}"
                )


_LITERAL: Final = re.compile(r"\^((?:[A-Za-z0-9_-]|\\[.-])+)\$")
_DOTTED: Final = re.compile(r"\^?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\$?")


def _equality(
    page: Page, spot: Spot, code: str, words: str, *, operator: str, value: nodes.Value, exact: nodes.String
) -> Diagnostic:
    """Return a finding that a text test is an equality, which has the same matches where the test has to hold."""
    written = literals.write_string(exact.value, fold=exact.fold)
    span = spot.clause.span
    left = page.left_side(span, value.span)
    keeps = spot.sign is (Sign.HOLDS if operator == "==" else Sign.FAILS)
    place = Span(left.end, span.end)
    return finding(
        code,
        place,
        words,
        f"write {operator} {written}",
        fix=f"{page.text(left)} {operator} {written}" if keeps else None,
        fix_span=span,
    )


def _names(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield names that read like something else, unless samples have them."""
    if not isinstance(spot.clause, nodes.Compare | nodes.Between):
        return
    for path in (one for one in walk(spot.clause) if isinstance(one, nodes.Path)):
        plain = page.text(path.span)
        last = path.segments[-1]
        if _was_seen(page, spot.place(path)) or not isinstance(last, nodes.Key):
            continue
        if len(path.segments) == 1 and (since := _SINCE.fullmatch(plain)) is not None:
            if since[1] or not _asks_equality(spot.clause):
                meant = f"ago({since[1].lower()})" if since[1] else "now()"
                words = f"{plain} is the name of a field here" + ("; there is no arithmetic" if since[1] else "")
                yield finding("no-arithmetic", path.span, words, f"write {meant}", fix=meant)
        elif is_length(path):
            outer = page.text(Span(path.span.start, last.span.start)).rstrip(". ")
            sure = page.observed is not None
            yield finding(
                "length-field",
                path.span,
                f"{plain} is a field named {last.name}" + (", which no sample has" if sure else ""),
                f"for how long it is, write length({outer})",
                fix=f"length({outer})" if sure else None,
                severity="warning" if sure else "",
            )


def _asks_equality(clause: nodes.Clause) -> bool:
    return isinstance(clause, nodes.Compare) and clause.operator in {nodes.Comparison.EQ, nodes.Comparison.NE}


def is_length(path: nodes.Path) -> bool:
    """Whether a path of the body reads like asking how long something is."""
    last = path.segments[-1]
    named = isinstance(last, nodes.Key) and last.name in {"length", "size"}
    return named and len(path.segments) > 1 and path.root is not nodes.Root.ENVELOPE


_SINCE: Final = re.compile(r"now(?:-((?:\d+(?:ms|[smhdw]))+))?", re.IGNORECASE)
