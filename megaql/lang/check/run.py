"""Runs every lint over one query and puts the findings in order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, cast

from megaql.errors import QueryError
from megaql.lang import nodes, parser
from megaql.lang.check.against import against
from megaql.lang.check.elements import elements
from megaql.lang.check.grouping import grouping
from megaql.lang.check.lists import lists
from megaql.lang.check.negation import negation
from megaql.lang.check.observed import Observed
from megaql.lang.check.page import Page
from megaql.lang.check.questions import Questions
from megaql.lang.check.redundancy import redundancy
from megaql.lang.check.tests import single_tests
from megaql.lang.check.verdicts import verdicts
from megaql.lang.printer import to_text
from megaql.lang.tree import walk
from megaql.source import NO_SPAN, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record

#: In this order, because the first ones say what never holds, of which the others say nothing more.
_LINTS: Final[tuple[Callable[[Page], Iterator[Diagnostic]], ...]] = (
    verdicts,
    redundancy,
    single_tests,
    lists,
    negation,
    grouping,
    elements,
    against,
)


def check(clause: Clause, source: Source, samples: Iterable[Record] = ()) -> list[Diagnostic]:
    """Return what is probably wrong with a query, and what the samples say about it, in the order of the places.

    Of a parameter that has no value yet, what is found is so for all values. Places are in the text of `source`, or, where the clause was not
    made from that, in the text of `printed(clause)`. Samples are looked at once, one after the other. Never raises for any clause within the limits and any sample.
    """
    written = clause.span != NO_SPAN and bool(source.text)
    if not written:
        source = printed(clause, source.name)
        try:
            clause = parser.parse(source)
        except QueryError as error:  # a tree made in code that no text could mean
            return list(error.diagnostics)
    page = Page(clause, source, Questions(), None, written=written)
    seen = Observed(page.spots)
    for record in samples:
        seen.add(record)
    page.observed = seen if seen.samples_seen else None
    found = [one for lint in _LINTS for one in lint(page)]
    return sorted(dict.fromkeys(found), key=lambda one: (one.span.start, -one.span.end, _ORDER[one.severity]))


_ORDER: Final = {"error": 0, "warning": 1, "note": 2}


def printed(clause: Clause, name: str = "") -> Source:
    """Return the text of a clause that was not made from one. A Python callable in it becomes a field that no message has."""
    return Source(to_text(_printable(clause)), name)


def _printable(clause: Clause) -> Clause:
    if not any(isinstance(node, nodes.Opaque) for node in walk(clause)):
        return clause
    return cast("Clause", _without_callables(clause))


def _without_callables(node: nodes.Node) -> nodes.Node:
    if isinstance(node, nodes.Opaque):
        key = nodes.Key(f"python {node.name} {id(node.function):x}")
        return nodes.Truth(nodes.Path((*node.path.segments, key), node.path.root))
    inside: dict[str, Any] = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, nodes.Node):
            inside[field.name] = _without_callables(value)
        elif isinstance(value, tuple):
            inside[field.name] = tuple(_without_callables(one) for one in value)
    return dataclasses.replace(node, **inside) if inside else node
