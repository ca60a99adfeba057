"""Why a query matches a message or does not: the evaluation followed clause by clause.

A maintainer keeps one rule: explaining is the evaluator's own run with somebody taking notes, never a second reading of the language.
Clauses that the run could pass over are evaluated for the reader as well, on a budget of their own, so that they change no verdict.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.actual import Actual, actual_values
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.evaluator import Evaluation
from megaql.lang.findings import Finding
from megaql.lang.nodes import And, Compare, In, ListLiteral, Not, Or
from megaql.lang.operands import literal
from megaql.lang.paths import Found, location
from megaql.lang.printer import to_text
from megaql.lang.reasons import STEP_BUDGET, Reason, advise
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record

#: Elements of an array that a quantifier's explanation shows: the first ones, and the last that was looked at.
SHOWN_ELEMENTS: Final = 10

#: Code points shown of one clause in the text of an explanation.
SHOWN_CLAUSE: Final = 300

#: Columns that the text of an explanation fits in.
WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clause's part in the verdict.

    `reason` says why the verdict is UNKNOWN, `hint` what to write for a comparison that different kinds kept from holding. `actual` is
    what the clause's values led to, `decided_by` the place of the one that decided. `element` is the place of the array element that a
    quantifier's condition was asked about. `children` are the clauses inside, in the order of the text.
    """

    node: Clause
    verdict: Verdict
    reason: str = ""
    hint: str = ""
    actual: tuple[Actual, ...] = ()
    decided_by: str = ""
    element: str = ""
    children: tuple[Explanation, ...] = ()

    @property
    def clause(self) -> str:
        """The clause's canonical text."""
        return to_text(self.node)

    @property
    def shown_clause(self) -> str:
        """The clause's text, cut where it would fill the screen, as one with a long list does; `clause` is all of it."""
        whole = self.clause
        return whole if len(whole) <= SHOWN_CLAUSE else f"{whole[:SHOWN_CLAUSE]} … ({len(whole):,} characters)"

    def blockers(self) -> tuple[Explanation, ...]:
        """Return the clauses that alone kept the message out: had one of them held, the query would have matched.

        Empty for a match, and where two clauses would have to change. A clause under `not` blocks by holding.
        """
        return tuple(_blockers(self, Verdict.MATCH))

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as JSON values; parts that say nothing are left out."""
        parts: dict[str, Any] = {
            "clause": self.clause,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "hint": self.hint,
            "element": self.element,
            "actual": [actual.to_dict() for actual in self.actual],
            "decided_by": self.decided_by,
            "children": [child.to_dict() for child in self.children],
        }
        return {name: value for name, value in parts.items() if value}

    def __str__(self) -> str:
        return "\n".join(_lines(self, 0))


def explain(clause: Clause, record: Record, *, now: datetime | None = None) -> Explanation:
    """Evaluate a clause on a record and keep what every part of it found. Never raises for any data."""
    trace = _Trace(record, now)
    trace.decide(clause)
    return trace.notes[0]


class _Trace(Evaluation):
    """An evaluation that takes notes: `notes` are the explanations of the clauses finished at the current level."""

    def __init__(self, record: Record, now: datetime | None) -> None:
        super().__init__(record, now)
        self.notes: list[Explanation] = []
        self._spare = Budget()

    def clause(self, node: Clause) -> Finding:
        outer, self.notes = self.notes, []
        finding = Finding(Verdict.UNKNOWN, STEP_BUDGET)
        try:
            finding = super().clause(node)
        finally:
            note = _note(node, finding, tuple(self.notes))
            self.notes = [*outer, note]
        return finding

    def passed_over(self, items: Sequence[Clause]) -> None:
        counted, self.budget = self.budget, self._spare
        for item in items:
            try:
                self.clause(item)
            except OutOfBudget:
                # The note of the clause says so, and the verdict was certain before.
                continue
        self.budget = counted

    def judge(self, condition: Clause, variable: str, element: Found) -> Finding:
        finding = super().judge(condition, variable, element)
        note = replace(self.notes.pop(), element=location(element.where))
        if len(self.notes) >= SHOWN_ELEMENTS:
            self.notes.pop()
        self.notes.append(note)
        return finding


def _note(node: Clause, finding: Finding, children: tuple[Explanation, ...]) -> Explanation:
    decider = finding.decider
    return Explanation(
        node,
        finding.verdict,
        finding.reason,
        _hint(node, finding),
        actual_values(node, finding),
        location(decider.where) if decider is not None else "",
        "",
        children,
    )


def _hint(node: Clause, finding: Finding) -> str:
    """Say what would make values comparable that are of different kinds; `==` and `in` only call them different."""
    if finding.cause is not None:
        return finding.cause.hint
    match node:
        case Compare(left=left, right=right) if finding.operands:
            pairs = [(one.value, other.value) for one in finding.operands[0] for other in finding.operands[1]]
            advice = next(
                (advice for pair in pairs[:SHOWN_ELEMENTS] if (advice := advise(left, pair[0], right, pair[1]))), ()
            )
        case In(item=item, options=ListLiteral(items=options)) if finding.operands:
            listed = [(option, literal(option)) for option in options[:SHOWN_ELEMENTS]]
            pairs_ = [(one.value, option, value) for one in finding.operands[0][:1] for option, value in listed]
            advice = next((advice for one, option, value in pairs_ if (advice := advise(item, one, option, value))), ())
        case _:
            advice = ()
    return Reason((), advice).hint


def _blockers(one: Explanation, wanted: Verdict) -> Iterator[Explanation]:
    """Yield the clauses any one of which would have to change to give the wanted verdict (MATCH or NO_MATCH)."""
    if one.verdict is wanted:
        return
    match one.node:
        case Not():
            yield from _blockers(one.children[0], wanted.negated)
        case And() | Or():
            others = [child for child in one.children if child.verdict is not wanted]
            every = (wanted is Verdict.MATCH) is isinstance(one.node, And)
            if not every or len(others) == 1:
                for child in others:
                    yield from _blockers(child, wanted)
        case _:
            yield one


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
    if not isinstance(one.node, And | Or | Not):
        notes = [str(actual) for actual in one.actual]
        notes += [f"because {one.reason}"] if one.reason else []
        notes += [f"hint: {one.hint}"] if one.hint else []
        if one.decided_by and len(one.actual) + len(one.children) > 1:
            notes.append(f"decided by {one.decided_by}")
        for note in notes:
            yield from _wrapped(" " * len(label) + note, " " * (len(label) + 2))
    for child in one.children:
        yield from _lines(child, depth + 1)


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True)
