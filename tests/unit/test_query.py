"""Compiled queries as values, and what they can be asked about."""

import copy
import pickle
import re
import subprocess
import sys
import threading
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime, timedelta

import pytest

import megaql
from megaql import query as queries
from megaql.lang import nodes, tree
from megaql.lang.compiler.matcher import Matcher
from megaql.lang.record import MISSING, Record
from megaql.source import NO_SPAN, Source

MEGA = {
    "protocol": "mega",
    "version": 1,
    "event": {"name": "item.added", "timestamp": "2026-01-02T03:04:05", "quantity": 5},
}


@dataclass
class Stored:
    """A message, as far as a query cares."""

    body: dict

    def record(self):
        return Record(self.body, {"id": "m-1"})


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        ({"a": 1}, 'a == 1 and @kind == "data"'),
        ([{"a": 1}], "a == 1"),
        (MEGA, 'event.quantity == 5 and event.attributes.quantity == 5 and @kind == "mega"'),
        (megaql.MegaEvent("item.added", attributes={"quantity": 5}), 'event.quantity == 5 and @kind == "mega"'),
        (megaql.DataObject({"a": 1}), "a == 1"),
        ("hello", '@kind == "text" and @body == "hello"'),
        (megaql.Plaintext("hello"), '@body startswith "he"'),
        (megaql.Blob(b"\x00"), '@kind == "blob" and missing @body and missing a'),
        (b"\x00", '@kind == "blob"'),
        (Stored({"a": 1}), 'a == 1 and @id == "m-1"'),
        (Record({"a": 1}), "a == 1 and missing @kind"),
    ],
)
def test_what_a_query_can_be_asked_about(subject, query):
    compiled = megaql.compile(query)
    assert compiled.matches(subject)
    assert compiled.evaluate(subject) is megaql.Verdict.MATCH
    assert compiled.explain(subject).verdict is megaql.Verdict.MATCH


def test_other_objects_are_refused():
    with pytest.raises(megaql.CodecError):
        megaql.compile("a == 1").matches(5)


def test_only_match_matches():
    query = megaql.compile("a > 1")
    assert [query.matches({"a": value}) for value in (2, 1, "2")] == [True, False, False]
    assert [query.evaluate({"a": value}).value for value in (2, 1, "2")] == ["match", "no match", "unknown"]


def test_a_mega_payload_that_breaks_the_protocol_is_data_and_its_paths_are_two():
    broken = {"protocol": "mega", "event": {"quantity": 5}}
    assert megaql.compile("event.quantity == 5").matches(broken)
    assert not megaql.compile("event.attributes.quantity == 5").matches(broken)


def test_the_document_is_not_changed():
    document = copy.deepcopy(MEGA)
    megaql.compile("event.quantity == 5").matches(document)
    assert document == MEGA


def test_str_is_the_canonical_text_and_source_the_written_one():
    query = megaql.compile("a=='x' && NOT b   in [1,2]")
    assert str(query) == 'a == "x" and not b in [1, 2]'
    assert query.source.text == "a=='x' && NOT b   in [1,2]"
    assert megaql.compile(str(query)) == query


def test_queries_are_equal_by_meaning_wherever_they_come_from():
    query = megaql.compile("a   == 1")
    same = [megaql.compile("a == 1"), megaql.loads(query.to_json()), megaql.compile("a == $x", x=1)]
    assert all(other == query and hash(other) == hash(query) for other in same)
    assert query != megaql.compile("a == true")
    assert len({query, *same}) == 1


def test_numbers_and_booleans_are_different_queries():
    assert megaql.compile("a == 1") != megaql.compile("a == true")


@pytest.mark.parametrize("query", ['a ~ /x/i and age(@sent_at) < 15m or any x in b: (x.c == d"2026-01-02")', "true"])
def test_queries_travel(query):
    compiled = megaql.compile(query)
    assert pickle.loads(pickle.dumps(compiled)) == compiled
    assert copy.deepcopy(compiled) == compiled
    assert megaql.loads(compiled.to_json()) == compiled


def test_a_query_never_changes():
    query = megaql.compile("a == 1")
    with pytest.raises(FrozenInstanceError):
        query.node = nodes.Truth(nodes.Boolean(value=True))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "a == 5"),
        ('x" or true', 'a == "x\\" or true"'),
        (None, "a == null"),
        (True, "a == true"),
        ([1, "x"], 'a == [1, "x"]'),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), 'a == d"2026-01-02T03:00:00Z"'),
        (timedelta(minutes=90), "a == 1h30m"),
    ],
)
def test_parameters_are_typed_and_never_pasted(value, text):
    assert str(megaql.compile("a == $x", x=value)) == text


def test_a_compiled_regex_is_a_parameter():
    assert str(megaql.compile("a ~ $x", x=re.compile("^b", re.IGNORECASE))) == "a ~ /^b/i"


def test_a_parameter_may_have_the_name_of_an_argument():
    assert str(megaql.compile("a == $text and b == $self", text=1, self=2)) == "a == 1 and b == 2"


@pytest.mark.parametrize(
    ("text", "params", "error"),
    [
        ("a ==", {}, megaql.QuerySyntaxError),
        ("a == $x", {}, megaql.QueryCheckError),
        ("a == 1", {"x": 1}, megaql.QueryCheckError),
        ("a == $x", {"x": object()}, megaql.QueryCheckError),
        ("a == 1 and " * 2_000 + "b", {}, megaql.QueryLimitError),
    ],
)
def test_a_wrong_query_does_not_compile(text, params, error):
    with pytest.raises(error) as caught:
        megaql.compile(text, **params)
    assert isinstance(caught.value, megaql.QueryError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"megaql": 2, "query": {}}', "[" * 50_000, '{"megaql": 1}'])
def test_what_is_no_stored_query_does_not_load(text):
    with pytest.raises(megaql.QueryError):
        megaql.loads(text)


def test_a_tree_built_in_code_keeps_the_limits():
    clause = nodes.Truth(nodes.Boolean(value=True))
    for _ in range(100):
        clause = nodes.Not(clause)
    with pytest.raises(megaql.QueryLimitError):
        queries.Query(clause)


def test_now_is_given_for_tests_and_read_once_otherwise():
    query = megaql.compile("age(a) < 1h")
    assert query.matches({"a": "2026-01-02T00:00:00Z"}, now=datetime(2026, 1, 2, 0, 30, tzinfo=UTC))
    assert not query.matches({"a": "2026-01-02T00:00:00Z"}, now=datetime(2026, 1, 2, 2, tzinfo=UTC))
    assert (
        query.explain({"a": "2026-01-02T00:00:00Z"}, now=datetime(2026, 1, 2, 0, 30, tzinfo=UTC)).verdict.value
        == "match"
    )


def test_one_query_serves_many_threads():
    query = megaql.compile("event.quantity > 3 and event.name ~ /^item/")
    answers = []

    def ask():
        answers.append({query.matches(MEGA) for _ in range(200)})

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{True}] * 4


def test_asking_a_stored_query_needs_no_parser():
    stored = megaql.compile("a == 1").to_json()
    program = f"import sys, megaql; assert megaql.loads({stored!r}).matches({{'a': 1}}); print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_blob_has_no_document():
    assert queries.record_of(b"\x00") == Record(MISSING, {"kind": "blob"})


A, B, C = map(megaql.compile, ("a == 1", "b == 2 or c == 3", "not d"))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (A & B, "a == 1 and (b == 2 or c == 3)"),
        (A & (A & C), "a == 1 and a == 1 and not d"),
        (A | B, "a == 1 or b == 2 or c == 3"),
        (~B, "not (b == 2 or c == 3)"),
        (~A & ~C | B, "not a == 1 and not not d or b == 2 or c == 3"),
        (A & megaql.patterns.mega(name="x"), 'a == 1 and @kind == "mega" and event.name == "x"'),
    ],
)
def test_queries_join_to_queries(query, text):
    assert str(query) == text
    assert query == megaql.compile(text)


def test_the_places_of_joined_queries_are_gone_with_their_texts():
    joined = megaql.compile("x == 1 and any i in a: (i.b[0] == [1, 2])") & A
    assert joined.source == Source("")
    assert {node.span for node in tree.walk(joined.node)} == {NO_SPAN}
    assert {step.span for node in tree.walk(joined.node) for step in getattr(node, "segments", ())} == {NO_SPAN}


def test_queries_join_with_queries_only_and_within_the_limits():
    with pytest.raises(TypeError):
        A & "b == 2"
    with pytest.raises(TypeError):
        A | {"b": 2}
    big = megaql.compile(" and ".join(["a == 1"] * 300))
    with pytest.raises(megaql.QueryLimitError):
        big & big


def test_matches_taken_before_the_first_call_makes_its_function_once(monkeypatch):
    made = []
    entry = Matcher.entry
    monkeypatch.setattr(Matcher, "entry", lambda self, other: made.append(self) or entry(self, other))
    matches = megaql.compile("a == 1").matches
    assert [document["a"] for document in filter(matches, [{"a": 1}, {"a": 2}, {"a": 1}])] == [1, 1]
    assert len(made) == 1
