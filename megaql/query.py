"""Queries ready for use: text compiled to a match tree, asked about payloads, messages and records.

A maintainer keeps one rule: a `Query` is a value. It never changes, two of the same meaning are equal wherever they came from, and any
number of threads may ask one at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from megaql.codec.decode import payload_of
from megaql.codec.payloads import Blob, DataObject, MegaEvent, Plaintext
from megaql.codec.protocol import is_mega
from megaql.lang import limits, nodes, printer, tree
from megaql.lang.compiler.matcher import Matcher
from megaql.lang.record import MISSING, Record, SupportsRecord
from megaql.source import Source

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.codec.payloads import Payload
    from megaql.lang.explain import Explanation
    from megaql.lang.nodes import Clause
    from megaql.lang.verdict import Verdict

    #: What a query can be asked about. A `dict` is taken as a decoded body, MEGA if it says so.
    Subject = Payload | SupportsRecord | Record | dict[str, object] | list[object] | str | bytes


class Matches(Protocol):
    """What `Query.matches` is."""

    def __call__(self, subject: Subject, *, now: datetime | None = None) -> bool:
        """Say whether the verdict is MATCH; no data makes it raise. `now` is the time that `now()` and `age()` see."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query. `str()` is its canonical text; equality is by `node`.

    `a & b`, `a | b` and `~a` are the queries `a and b`, `a or b` and `not a`. `source` is the text it was compiled from, for diagnostics;
    empty for a query that was loaded, built or joined. Raises `QueryLimitError` for a tree larger than the limits.
    """

    node: Clause
    source: Source = field(default=Source(""), compare=False, repr=False)

    #: `matches(subject, *, now=None)` says whether the verdict is MATCH. It is a function of its own, made on first use.
    matches: Matches = field(init=False, compare=False, repr=False)
    matcher: Matcher = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        limits.check_tree(self.node, self.source if self.source.text else None)
        object.__setattr__(self, "matcher", Matcher(self.node))
        object.__setattr__(self, "matches", self._first_match)

    def __reduce__(self) -> tuple[type[Query], tuple[Clause, Source]]:
        return Query, (self.node, self.source)

    def _first_match(self, subject: Subject, *, now: datetime | None = None) -> bool:
        """Make the function that `matches` is from now on; who took `matches` before that comes here every time."""
        if self.matches == self._first_match:
            matcher = self.matcher

            def matches_record(subject: Subject, *, now: datetime | None = None) -> bool:
                return matcher.matches(record_of(subject), now)

            object.__setattr__(self, "matches", matcher.entry(matches_record))
        return self.matches(subject, now=now)

    def evaluate(self, subject: Subject, *, now: datetime | None = None) -> Verdict:
        """Return MATCH, NO_MATCH or UNKNOWN; no data makes it raise. `now` is the time that `now()` and `age()` see."""
        return self.matcher.evaluate(record_of(subject), now)

    def explain(self, subject: Subject, *, now: datetime | None = None) -> Explanation:
        """Return the verdict of every clause with the values it rests on."""
        from megaql.lang import explain  # noqa: PLC0415 - most programs ask for no reasons

        return explain.explain(self.node, record_of(subject), now=now)

    def __and__(self, other: Query) -> Query:
        return (
            Query(tree.unplaced(tree.conjunction([self.node, other.node])))
            if isinstance(other, Query)
            else NotImplemented
        )

    def __or__(self, other: Query) -> Query:
        return (
            Query(tree.unplaced(tree.disjunction([self.node, other.node])))
            if isinstance(other, Query)
            else NotImplemented
        )

    def __invert__(self) -> Query:
        return Query(tree.unplaced(nodes.Not(self.node)))

    def to_json(self) -> str:
        """Return the versioned JSON form, which `loads` reads back."""
        import json  # noqa: PLC0415 - with the line below, only for those who store queries

        from megaql.lang import jsonform  # noqa: PLC0415 - as above

        return json.dumps(jsonform.to_json(self.node), ensure_ascii=False)

    def __str__(self) -> str:
        return printer.to_text(self.node)


def compile(text: str | Source, /, **params: object) -> Query:  # noqa: A001 - re.compile's name for the same thing
    """Compile a query, its `$names` bound to `params`; a `Source` is a text that says in errors where it came from.

    Parameters may be `str`, `int`, `float`, `Decimal`, `bool`, `None`, `datetime`, `date`, `timedelta`, a list or tuple of these, or a
    compiled `re.Pattern`. Raises `QuerySyntaxError`, `QueryCheckError` (also for an unbound or unused parameter) or
    `QueryLimitError`, each with the place in the text.
    """
    # The parser brings lark, which a program that only loads stored queries does not need.
    from megaql.lang import binding, parser  # noqa: PLC0415 - as above

    source = text if isinstance(text, Source) else Source(text)
    return Query(binding.bind(parser.parse(source), params, source), source)


def loads(text: str) -> Query:
    """Load a query from its JSON form; raises `QueryError` for anything else."""
    from megaql.lang import jsonform  # noqa: PLC0415 - only for those who store queries

    return Query(jsonform.from_json(text))


def record_of(subject: Subject) -> Record:
    """Return what a query sees of a payload, a message, or a decoded body given in code.

    Raises `CodecError` for what is none of these.
    """
    if isinstance(subject, Record):
        return subject
    if type(subject) is dict and not is_mega(subject):
        return Record(subject, {"kind": DataObject.kind})
    if not isinstance(subject, dict) and isinstance(subject, SupportsRecord):
        return subject.record()
    payload = payload_of(subject)
    envelope: dict[str, object] = {"kind": payload.kind}
    match payload:
        case MegaEvent():
            return Record(payload.document, envelope, mega=True)
        case DataObject():
            return Record(payload.document, envelope)
        case Plaintext(text):
            return Record(MISSING, {**envelope, "body": text})
        case Blob():
            return Record(MISSING, envelope)
