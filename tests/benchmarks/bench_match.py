"""One query about one document: beside a predicate written by hand, the reference evaluator, and the peers that are installed."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING, Any

import megaql
from megaql.lang import evaluator
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict
from tests.benchmarks import peers, shapes
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.shapes import Document, Shape
    from tests.benchmarks.timing import Options

HAND, OURS, REFERENCE = "by hand", "megaql", "evaluator"


def tables(options: Options) -> Iterator[Table]:
    """Yield the times of each cell, what they come to, and how they grow."""
    others = peers.installed()
    for shape in shapes.SHAPES:
        check(shape, others)
    cells = measured(others, options)
    yield cells
    yield ratios(cells)
    yield ahead(cells)
    yield conversions(others, options)
    yield by_document_size(options)


def matcher(shape: Shape) -> Callable[[Document], bool]:
    """Return `Query.matches` as it is from the second call on."""
    query = megaql.compile(shape.query)
    query.matches({})
    return query.matches


def reference(shape: Shape) -> Callable[[Record], Verdict]:
    """Return the evaluator's word on a record."""
    node = megaql.compile(shape.query).node
    return lambda record: evaluator.evaluate(node, record)


def check(shape: Shape, others: list[peers.Peer]) -> None:
    """Raise `AssertionError` unless all give the same answers."""
    matches, says = matcher(shape), reference(shape)
    plain = [shapes.document(500), shapes.contrary(500), shapes.document(500, closed_by="ann")]
    for document in [*plain, *shapes.ODD]:
        answer = shape.predicate(document)
        assert matches(document) is answer, (OURS, shape.name, document)
        assert (says(Record(document)) is Verdict.MATCH) is answer, (REFERENCE, shape.name, document)
    for peer in others:
        if text := shape.peers.get(peer.language):
            asked = peer.compile(text)
            for document in plain:
                assert peer.truth(asked(peer.subject(document))) is shape.predicate(document), (peer.title, shape.name)


def measured(others: list[peers.Peer], options: Options) -> Table:
    """Return the nanoseconds of each question about each document."""
    titles = [peer.title for peer in others]
    table = Table("One question about one document, ns", ["question", "bytes", HAND, OURS, REFERENCE, *titles])
    for shape, size in itertools.product(shapes.SHAPES, shapes.SIZES):
        document = shapes.document(size)
        functions: dict[str, Callable[..., object]] = {
            HAND: shape.predicate,
            OURS: matcher(shape),
            REFERENCE: reference(shape),
        }
        own: dict[str, tuple[object]] = {REFERENCE: (Record(document),)}
        for peer in others:
            if text := shape.peers.get(peer.language):
                functions[peer.title] = peer.compile(text)
                own[peer.title] = (peer.subject(document),)
        times = time_ns(functions, document, own=own, quick=options.quick)
        figures = [times.get(name) for name in table.columns[2:]]
        table.rows.append([shape.name, len(shapes.dumps(document)), *figures])
    if any(None in row for row in table.rows):
        table.note = "A dash: the language has no regular expressions."
    return table


def ratios(cells: Table) -> Table:
    """Return how many times what the predicate by hand takes, in the geometric mean over the questions."""
    names = cells.columns[3:]
    table = Table("As a multiple of the predicate by hand, geometric means over the questions", ["documents", *names])
    for size in dict.fromkeys(cells.column("bytes")):
        rows = [row for row in cells.rows if row[1] == size]
        table.rows.append([f"{size:,} bytes", *_multiples(rows, names, statistics.geometric_mean)])
    for title, of in (("all", statistics.geometric_mean), ("all, the least", min), ("all, the most", max)):
        table.rows.append([title, *_multiples(cells.rows, names, of)])
    return table


def _multiples(rows: list[list[Any]], names: list[str], of: Callable[[list[float]], float]) -> list[float]:
    return [of([row[index] / row[2] for row in rows if row[index]]) for index in range(3, 3 + len(names))]


def ahead(cells: Table) -> Table:
    """Return the cells in which a peer takes less than megaql."""
    table = Table("Where a peer is faster, ns", ["question", "bytes", OURS, "peer", "peer's"])
    ours = cells.columns.index(OURS)
    for row in cells.rows:
        for index in range(ours + 2, len(row)):
            if row[index] is not None and row[index] < row[ours]:
                table.rows.append([row[0], row[1], row[ours], cells.columns[index], row[index]])
    table.note = "" if table.rows else "Nowhere."
    return table


def conversions(others: list[peers.Peer], options: Options) -> Table:
    """Return what the peers take to bring a document into a form of their own, which is in none of the figures above."""
    own = [peer for peer in others if peer.subject is not peers.same]
    table = Table("What a peer's own form of a document takes, ns", ["bytes", *(peer.title for peer in own)])
    for size in shapes.SIZES:
        document = shapes.document(size)
        times = time_ns({peer.title: peer.subject for peer in own}, document, quick=options.quick)
        table.rows.append([len(shapes.dumps(document)), *times.values()])
    table.note = "It is made once for each message, before any question; the other peers convert in each call or ask the document as it is."
    return table


def by_document_size(options: Options) -> Table:
    """Return what a longer document makes of it."""
    shape = shapes.SHAPES[0]
    table = Table(f"The question `{shape.query}` about longer documents, ns", ["bytes", HAND, OURS, REFERENCE])
    for size in (500, 2_000, 20_000, 200_000, 2_000_000):
        document = shapes.document(size)
        functions = {HAND: shape.predicate, OURS: matcher(shape), REFERENCE: reference(shape)}
        times = time_ns(functions, document, own={REFERENCE: (Record(document),)}, quick=options.quick)
        table.rows.append([len(shapes.dumps(document)), *times.values()])
    return table
