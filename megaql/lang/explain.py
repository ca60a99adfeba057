"""Why a query matches a message or does not: what the evaluator's run noted, clause by clause, in words.

A maintainer keeps one rule: an explanation says what the run found (`trace`), and is never a second reading of the language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from megaql.lang import regexes
from megaql.lang.actual import Actual, actual_values
from megaql.lang.blockers import blockers
from megaql.lang.kinds import text
from megaql.lang.nearkeys import NearKeys
from megaql.lang.nearness import Form
from megaql.lang.nearvalues import closest
from megaql.lang.nodes import And, Compare, In, ListLiteral, Matches, Not, Or, Quantified, Regex
from megaql.lang.operands import literal
from megaql.lang.paths import location
from megaql.lang.printer import cut, to_text
from megaql.lang.reasons import Reason, advise
from megaql.lang.record import MISSING
from megaql.lang.trace import Note, trace
from megaql.lang.verdict import Verdict
from megaql.lang.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from megaql.lang.findings import Finding
    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record

#: Pairs of values that are looked at for what would make them comparable.
ADVISED_PAIRS: Final = 10

#: Columns that the text of an explanation fits in.
WIDTH: Final = 80


class Remark(NamedTuple):
    """Something that an explanation says of a clause, and what it is: a value, a reason, a hint, or which element decided."""

    kind: Literal["found", "reason", "hint", "decided"]
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clause's part in the verdict.

    `reason` says why the verdict is UNKNOWN, `hint` what to write for a comparison that different kinds kept from holding. `actual` is
    what the clause's values led to, `decided_by` the place of the one that decided. `element` is the place of the array element that a
    quantifier's condition was asked about. `children` are the clauses inside, in the order of the text; of a quantifier they are what was found
    about the first elements, then the one that tells most (`trace`) and the last one, and `omitted` is the number of those left out. `matched` is the part of a string in
    which a regex was found.
    """

    node: Clause
    verdict: Verdict
    reason: str = ""
    hint: str = ""
    actual: tuple[Actual, ...] = ()
    decided_by: str = ""
    element: str = ""
    children: tuple[Explanation, ...] = ()
    omitted: int = 0
    matched: str = ""

    @property
    def clause(self) -> str:
        """The clause's canonical text."""
        return to_text(self.node)

    @property
    def shown_clause(self) -> str:
        """The clause's text, cut where it would fill the screen; `clause` is all of it."""
        return cut(self.clause)

    @property
    def omission(self) -> str:
        """How many elements were looked at and are not among `children`, as a remark before the last two of them."""
        return f"… {self.omitted:,} more element{'s' if self.omitted > 1 else ''} …"

    @property
    def remarks(self) -> Iterator[Remark]:
        """What is said beneath the clause: nothing for `and`, `or` and `not`, whose clauses say it."""
        if isinstance(self.node, And | Or | Not):
            return
        # Each element is named and explained below.
        actuals = () if self.children and isinstance(self.node, Quantified) else self.actual
        found = (
            str(one) for one in actuals if not (one.value is MISSING and _says_the_same(one.location, self.reason))
        )
        # A default is found once for each element that lacks the path.
        yield from (Remark("found", words) for words in dict.fromkeys(found))
        if self.matched:
            yield Remark("found", f"found in it: {self.matched}")
        if isinstance(self.node, Quantified) and not self.children and not self.reason:
            yield Remark("found", "there are no elements")
        if self.reason:
            yield Remark("reason", f"because {self.reason}")
        if self.hint:
            yield Remark("hint", f"hint: {self.hint}")
        if self.decided_by and len(self.children or self.actual) > 1:
            yield Remark("decided", f"decided by {self.decided_by}")

    def blockers(self) -> tuple[Explanation, ...]:
        """Return the clauses that alone kept the message out: had one of them held, the query would have matched.

        Empty for a match, and where two clauses would have to change. A clause under `not` blocks by holding.
        """
        return tuple(blockers(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as JSON values; parts that say nothing are left out."""
        parts: dict[str, Any] = {
            "clause": self.clause,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "hint": self.hint,
            "element": self.element,
            "actual": [actual.to_dict() for actual in self.actual],
            "matched": self.matched,
            "decided_by": self.decided_by,
            "children": [child.to_dict() for child in self.children],
            "omitted": self.omitted,
        }
        return {name: value for name, value in parts.items() if value}

    def __str__(self) -> str:
        return "\n".join(_lines(self, 0))


def explain(clause: Clause, record: Record, *, now: datetime | None = None) -> Explanation:
    """Evaluate a clause on a record and keep what every part of it found. Never raises for any data."""
    return explained(trace(clause, record, now=now), record)


def explained(note: Note, record: Record) -> Explanation:
    """Put what a trace noted about a record into words."""
    decider = note.finding.decider
    return Explanation(
        note.node,
        note.verdict,
        note.finding.reason,
        _hint(note, record),
        actual_values(note.node, note.finding),
        location(decider.where) if decider is not None else "",
        location(note.element.where) if note.element is not None else "",
        tuple(explained(child, record) for child in note.children),
        note.omitted,
        _matched(note),
    )


def _matched(note: Note) -> str:
    """Return the part of the string that a regex matched, where it is not the whole string."""
    node, decider = note.node, note.finding.decider
    if (
        not isinstance(node, Matches)
        or not isinstance(node.regex, Regex)
        or decider is None
        or note.finding.cause is not None
    ):
        return ""
    whole = text(decider.value)
    part = regexes.found(node.regex, whole)
    return "" if part is None or part == whole else Actual("", part, "").shown


def _says_the_same(place: str, reason: str) -> bool:
    """Whether a reason that something is missing names the place; it does not where the path ended before its last step."""
    path, _, rest = reason.rpartition(" is missing")
    return not rest and bool(path) and _last_step(path) == _last_step(place)


def _last_step(path: str) -> str:
    return re.split(r"[.\[]", path)[-1]


def _hint(note: Note, record: Record) -> str:
    """Say what would make the clause hold where little is missing: a function, another kind of literal, the flag i, another key."""
    finding = note.finding
    advice = finding.cause.hint if finding.cause is not None else _advice(note.node, finding)
    if advice or isinstance(note.node, And | Or | Not):
        return advice
    if finding.verdict is not Verdict.MATCH and (instead := NearKeys().instead(note, record)) is not None:
        return f"there is {location(instead[1])}"
    if finding.verdict is Verdict.NO_MATCH and (near := closest(note, Verdict.MATCH)) is not None and near[2].form:
        return _FORMS[near[2].form]
    return ""


_FORMS: Final = {
    Form.CASE: 'only case differs, which "…"i and /…/i ignore',
    Form.SPACES: "only the spaces around it differ",
}


def _advice(node: Clause, finding: Finding) -> str:
    """Say what would make values comparable that are of different kinds; `==` and `in` only call them different."""
    match node:
        case Compare(left=left, right=right) if finding.operands:
            pairs = [(one.value, other.value) for one in finding.operands[0] for other in finding.operands[1]]
            advice = next(
                (advice for pair in pairs[:ADVISED_PAIRS] if (advice := advise(left, pair[0], right, pair[1]))), ()
            )
        case In(item=item, options=ListLiteral(items=options)) if finding.operands:
            listed = [(option, literal(option)) for option in options[:ADVISED_PAIRS]]
            pairs_ = [(one.value, option, value) for one in finding.operands[0][:1] for option, value in listed]
            advice = next((advice for one, option, value in pairs_ if (advice := advise(item, one, option, value))), ())
        case _:
            advice = ()
    return Reason((), advice).hint


def _lines(one: Explanation, depth: int) -> Iterator[str]:
    """Write a clause, what it found one step further in, and the clauses inside it."""
    match one.node:
        case And():
            title = "and"
        case Or():
            title = "or"
        case Not():
            title = "not"
        case _:
            title = one.shown_clause
    margin = "  " * min(depth, 16)
    # "no match" is the longest verdict.
    label = f"{margin}{one.verdict.value:<8}  "
    if one.element:
        yield from _wrapped(f"{margin}with {one.element}", margin + "  ")
    yield from _wrapped(label + title, " " * (len(label) + 2))
    for remark in one.remarks:
        yield from _wrapped(" " * len(label) + remark.text, " " * (len(label) + 2))
    for position, child in enumerate(one.children, 1):
        if one.omitted and position == len(one.children) - 1:
            yield from _wrapped(f"{margin}  {one.omission}", margin + "  ")
        yield from _lines(child, depth + 1)


def _wrapped(line: str, indent: str) -> list[str]:
    return wrap(line, WIDTH, indent=indent)
