"""Records that nobody sent, as lines that every command reads."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import megaql
from megaql.cli.queries.witnesses import line_of
from megaql.lang.record import Record

T = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "record", "line"),
    [
        ("event.name == 'x'", Record({"event": {"name": "x"}}), '{"event":{"name":"x"}}'),
        ("missing a", Record({}), "{}"),
        ("total == 0.10", Record({"total": Decimal("0.10")}), '{"total":0.10}'),
        ("a == 12345678901234567890", Record({"a": 12345678901234567890}), '{"a":12345678901234567890}'),
        ("a == '\\ud800'", Record({"a": "\ud800"}), '{"a":"\\ud800"}'),
    ],
)
def test_a_document_is_written_as_it_is(query, record, line):
    assert line_of(record, megaql.compile(query).evaluate) == line


@pytest.mark.parametrize(
    ("query", "record"),
    [
        ("@attributes.tenant == 'acme' and a == 1", Record({"a": 1}, {"attributes": {"tenant": "acme"}})),
        ("@attributes.n > 5", Record({}, {"attributes": {"n": 6}})),
        ("'x' in @attributes.tags", Record({}, {"attributes": {"tags": ["x"]}})),
        ("@receive_count > 3 and @queue == 'orders'", Record({}, {"receive_count": 4, "queue": "orders"})),
        ("@sent_at == d'2026-02-03T04:05:06Z'", Record({}, {"sent_at": T})),
        ("@subject startswith 'News'", Record({}, {"subject": "News"})),
        ("@topic endswith ':orders'", Record({}, {"topic": "arn:aws:sns:eu-west-1:1:orders"})),
        ("@id == 'x' and @group_id == 'g'", Record({}, {"id": "x", "group_id": "g"})),
        ("at > d'2026-01-01'", Record({"at": T})),
        ("@kind == 'text' and @body == '{}'", Record(envelope={"kind": "text", "body": "{}"})),
        ("@kind == 'blob'", Record(envelope={"kind": "blob"})),
        ("@kind == 'mega' and event.x == 1", Record({"event": {"attributes": {"x": 1}}}, {"kind": "mega"}, mega=True)),
        ("@format == 'bson'", Record({"a": T}, {"format": "bson"})),
    ],
)
def test_what_is_no_plain_document_is_a_record_that_reads_the_same(megaql, tmp_path, query, record):
    from megaql import compile as compile_query

    compiled = compile_query(query)
    assert compiled.matches(record)
    line = line_of(record, compiled.evaluate)
    assert line is not None
    (tmp_path / "witness.ndjson").write_text(line)
    assert json.loads(line)
    assert megaql("test", query, tmp_path / "witness.ndjson", "--count").lines == ["1"]


@pytest.mark.parametrize(
    ("query", "record"),
    [
        ("@size > 100", Record({}, {"size": 200})),
        ("missing @id", Record({})),
        ("@body == ''", Record(envelope={"body": ""})),
    ],
)
def test_what_no_message_can_be_has_no_line(query, record):
    compiled = megaql.compile(query)
    assert compiled.matches(record)
    assert line_of(record, compiled.evaluate) is None
