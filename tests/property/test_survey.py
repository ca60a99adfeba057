"""Surveys are total and add up: any documents, any clause, any width; whatever is shown stays on its line and whatever is written is JSON."""

import io
import json
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

import megaql
from megaql.broker.message import Message
from megaql.cli.environment import Environment
from megaql.cli.survey import schemapicture, statspage, statspicture
from megaql.cli.terminal.style import harmless
from megaql.lang.nodes import Deep, Each, Key, Path, Root
from megaql.lang.verdict import Verdict
from megaql.query import Query
from megaql.scan.survey.choice import chosen
from megaql.scan.survey.shape import Shape
from megaql.scan.survey.stats import Stats
from megaql.source import width as cells
from tests.property import clauses
from tests.property.bodies import Bodies
from tests.property.documents import NAMES, records

NOW = datetime(2026, 2, 1, tzinfo=UTC)

#: No picture is promised to be narrower than this. Columns.
LEAST = 60

paths = st.builds(
    lambda keys, root: Path(tuple(keys), root),
    st.lists(st.sampled_from([*map(Key, NAMES), Each(), Deep()]), min_size=1, max_size=3),
    st.just(Root.BODY),
)

ages = st.none() | st.integers(-(10**6), 10**9)


def message(record, age, receives):
    """Return what a survey asks of a message, with a record that no body may say."""
    return SimpleNamespace(
        record=lambda: record,
        payload=SimpleNamespace(kind="mega" if record.mega else "data"),
        size=len(str(record.mega)),
        receive_count=receives,
        sent_at=None if age is None else NOW - timedelta(seconds=age),
        body="",
    )


messages = st.lists(st.builds(message, records, ages, st.none() | st.integers(0, 10**6)), max_size=6)


def plain(line):
    return "".join(piece.text for piece in line)


@settings(max_examples=100)
@given(messages, st.none() | clauses.clauses, st.lists(paths, min_size=1, max_size=2), st.integers(LEAST, 140))
def test_any_numbers(given_messages, clause, by, width):
    world = Environment(
        stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), width=width, now=lambda: NOW, zone=UTC
    )
    stats = Stats(by, None if clause is None else Query(clause), now=NOW)
    verdicts = [stats.add(one) for one in given_messages]
    assert stats.seen == len(verdicts)
    assert stats.matched == verdicts.count(Verdict.MATCH)
    shown = stats.to_dict(3)
    json.dumps(shown, allow_nan=False).encode()
    for one in shown["by"]:
        assert sum(row["count"] for row in one["values"]) + one["rest"]["count"] >= stats.seen
    if stats.timeline.all:
        counted = sum(column["count"] for column in shown["time"]["columns"])
        assert counted + shown["time"]["before"] + shown["time"]["after"] + shown["undated"] == stats.seen
    lines = [plain(line).rstrip() for line in statspicture.lines(stats, 3, world)]
    assert [line for line in lines if cells(line) > width or harmless(line) != line] == []
    page = statspage.page(stats, 3, world, "any")
    page.encode()
    assert page.count("<tr>") == page.count("</tr>")


@settings(max_examples=100)
@given(messages, st.integers(LEAST, 140), st.integers(0, 3))
def test_any_shape(given_messages, width, samples):
    shape = Shape()
    for one in given_messages:
        shape.add(one)
    json.dumps(shape.to_dict(samples), allow_nan=False)
    for place in shape.places():
        assert 0 < place.spot.messages <= len(given_messages)
        assert place.spot.kinds.total() == place.spot.values
        megaql.compile(f"exists {place.text}")
        if place.suggestion:
            megaql.compile(f"exists {place.text} and {place.suggestion} == {place.suggestion}")
    for line in schemapicture.lines(shape, "", samples, width):
        assert harmless(plain(line)) == plain(line)
    assert chosen(given_messages)


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_any_body(seed):
    bodies = Bodies(Random(seed), broken=0.05)
    shape, stats = Shape(), Stats([Path((Deep(),))], now=NOW)
    for _ in range(4):
        one = Message(id="", body=bodies.body(), attributes={})
        shape.add(one)
        stats.add(one)
    json.dumps([shape.to_dict(2), stats.to_dict(2)], allow_nan=False)
