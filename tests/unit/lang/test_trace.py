"""What a run notes, and which of the noted clauses kept the message out."""

import megaql
from megaql.lang import trace
from megaql.lang.blockers import blockers, involved
from megaql.lang.paths import location
from megaql.lang.printer import to_text
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict


def noted(query, body):
    return trace.trace(megaql.compile(query).node, Record(body))


def test_every_clause_is_noted_in_the_order_of_the_text():
    note = noted("a == 1 and (b == 1 or c == 1) and not d == 1", {"a": 2, "b": 1, "d": 1})
    assert note.verdict is Verdict.NO_MATCH
    assert [to_text(child.node) for child in note.children] == ["a == 1", "b == 1 or c == 1", "not d == 1"]
    assert [child.verdict.value for child in note.children[1].children] == ["match", "unknown"]


def test_elements_are_noted_with_their_places_the_first_and_the_last():
    note = noted("all i in a: (i < 30)", {"a": list(range(99))})
    places = [location(child.element.where) for child in note.children]
    assert places == [*(f"$.a[{place}]" for place in range(trace.KEPT_ELEMENTS - 1)), "$.a[30]"]
    assert note.omitted == 31 - trace.KEPT_ELEMENTS


def test_a_run_out_of_budget_is_noted_as_unknown():
    note = noted("any i in a: (any j in a: (any k in a: (i == j and j == k and k == 1)))", {"a": [0] * 200})
    assert note.verdict is Verdict.UNKNOWN
    assert note.finding.reason.startswith("budget")


def test_blockers_are_a_part_of_those_involved():
    note = noted("(a == 1 and b == 1) or (a == 1 and c == 1)", {"a": 2, "b": 1, "c": 2})
    assert [to_text(one.node) for one in blockers(note)] == ["a == 1"]
    assert [(to_text(one.node), wanted) for one, wanted in involved(note)] == [
        ("a == 1", Verdict.MATCH),
        ("a == 1", Verdict.MATCH),
        ("c == 1", Verdict.MATCH),
    ]
    assert [wanted for _, wanted in involved(noted("not (a == 1 or b == 1)", {"a": 1, "b": 1}))] == [
        Verdict.NO_MATCH
    ] * 2
    assert list(involved(noted("a == 1", {"a": 1}))) == []
