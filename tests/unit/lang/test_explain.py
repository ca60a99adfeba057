"""Explanations in full: the tree as text, as JSON, and the clauses that alone kept a message out."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from textwrap import dedent

import pytest
from bson import Binary, MinKey

import megaql
from megaql.lang import actual, explain, trace
from megaql.lang.kinds import CountRange
from megaql.lang.reasons import Reason
from megaql.lang.record import Record

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)

DOCUMENT = {
    "event": {"name": "user.updated", "quantity": 5},
    "price": "12",
    "items": [{"q": 1}, {"q": 7, "sku": "b"}, {}],
    "tags": ["x", "vip"],
    "gone": [],
    "note": None,
    "at": "2026-02-01T11:00:00Z",
}


def explained(query, document=None):
    return explain.explain(megaql.compile(query).node, Record(DOCUMENT if document is None else document), now=NOW)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            'event.name == "user.updated" and not (event.quantity > 9 or price > 10)',
            """
            unknown   and
              match     event.name == "user.updated"
                        $.event.name = "user.updated", a string
              unknown   not
                unknown   or
                  no match  event.quantity > 9
                            $.event.quantity = 5, a number
                  unknown   price > 10
                            $.price = "12", a string
                            because price is a string, not a number
                            hint: number(price) would compare it
            """,
        ),
        (
            'any i in items: (i.q > 5 and i.sku == "b")',
            """
            match     any i in items: (i.q > 5 and i.sku == "b")
                      decided by $.items[1]
              with $.items[0]
              no match  and
                no match  i.q > 5
                          $.items[0].q = 1, a number
                unknown   i.sku == "b"
                          because i.sku is missing
              with $.items[1]
              match     and
                match     i.q > 5
                          $.items[1].q = 7, a number
                match     i.sku == "b"
                          $.items[1].sku = "b", a string
            """,
        ),
        (
            "items.q > 5",
            """
            match     items.q > 5
                      $.items[0].q = 1, a number
                      $.items[1].q = 7, a number
                      $.items[2].q is missing
                      decided by $.items[1].q
            """,
        ),
        (
            'tags == "vip"',
            """
            match     tags == "vip"
                      $.tags = ["x", "vip"], an array
                      $.tags[1] = "vip", a string
                      decided by $.tags[1]
            """,
        ),
        (
            "price == 12",
            """
            no match  price == 12
                      $.price = "12", a string
                      hint: number(price) would compare it
            """,
        ),
        (
            "price in [11, 12]",
            """
            no match  price in [11, 12]
                      $.price = "12", a string
                      hint: number(price) would compare it
            """,
        ),
        (
            "number(price) > 20",
            """
            no match  number(price) > 20
                      number($.price) = 12, a number
            """,
        ),
        (
            "note == null and age(at) < 2h",
            """
            match     and
              match     note == null
                        $.note = null
              match     age(at) < 2h
                        age($.at) = 1h, a duration
            """,
        ),
        (
            'z ?? "none" == "some"',
            """
            no match  z ?? "none" == "some"
                      z ?? "none" = "none", a string
            """,
        ),
        (
            "count(i in items: (i.q > 0)) == 2",
            """
            unknown   count(i in items: (i.q > 0)) == 2
                      count(i in items: (i.q > 0)) = 2 to 3, a number
                      because count(i in items: (i.q > 0)) is between 2 and 3
              with $.items[0]
              match     i.q > 0
                        $.items[0].q = 1, a number
              with $.items[1]
              match     i.q > 0
                        $.items[1].q = 7, a number
              with $.items[2]
              unknown   i.q > 0
                        because i.q is missing
            """,
        ),
        (
            "missing a.b",
            """
            match     missing a.b
                      $.a is missing
            """,
        ),
        (
            "a.b == 1 and event.name ~ /upd/ and event.name ~ /.*/ and event.name !~ /^u/",
            """
            no match  and
              unknown   a.b == 1
                        $.a is missing
                        because a.b is missing
              match     event.name ~ /upd/
                        $.event.name = "user.updated", a string
                        found in it: "upd"
              match     event.name ~ /.*/
                        $.event.name = "user.updated", a string
              no match  event.name !~ /^u/
                        $.event.name = "user.updated", a string
                        found in it: "u"
            """,
        ),
        (
            '"vip" in tags and any i in gone: (i == 1)',
            """
            no match  and
              match     "vip" in tags
                        $.tags = ["x", "vip"], an array
                        $.tags[1] = "vip", a string
                        decided by $.tags[1]
              no match  any i in gone: (i == 1)
                        there are no elements
            """,
        ),
        (
            "any d of event: (d.quantity > 9 and exists d.name)",
            """
            no match  any d of event: (d.quantity > 9 and exists d.name)
              with $.event
              no match  and
                no match  d.quantity > 9
                          $.event.quantity = 5, a number
                match     exists d.name
                          $.event.name = "user.updated", a string
            """,
        ),
        ("true", "match     true"),
    ],
)  # fmt: skip
def test_text(query, text):
    assert str(explained(query)) == dedent(text).strip()


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ('name == "user.updated"', 'only case differs, which "…"i and /…/i ignore'),
        ('name in ["user.created", "user.updated"]', 'only case differs, which "…"i and /…/i ignore'),
        ("name ~ /^user/", 'only case differs, which "…"i and /…/i ignore'),
        ('name startswith "user."', 'only case differs, which "…"i and /…/i ignore'),
        ('code == "A1"', "only the spaces around it differ"),
        ("order.total == 5", "there is $.order.Total"),
        ("exists order.total", "there is $.order.Total"),
        ("any i in order.line: (i == 1)", "there is $.order.lines"),
        ('name != "USER.Updated"', ""),
        ('name == "order"', ""),
        ("missing order.total", ""),
        ("name", ""),
        ("any i in name: (i == 1)", ""),
        ("nothing == 5", ""),
        ("Total == 5", "there is $.order.Total"),
    ],
)
def test_a_hint_where_little_is_missing(query, hint):
    document = {"name": "USER.Updated", "code": " A1", "order": {"Total": 5, "lines": [1]}}
    assert explained(query, document).hint == hint


def test_long_lines_are_wrapped_at_80_columns():
    query = " and ".join(f'event.name != "{letter * 90}"' for letter in "abc")
    text = str(explained(query, {"event": {"name": "x" * 500}}))
    assert max(map(len, text.splitlines())) <= 80
    assert "(500 characters)" in " ".join(text.split())


def test_json():
    assert explained('price > 10 and event.name == "x"').to_dict() == {
        "clause": 'price > 10 and event.name == "x"',
        "verdict": "no match",
        "children": [
            {
                "clause": "price > 10",
                "verdict": "unknown",
                "reason": "price is a string, not a number",
                "hint": "number(price) would compare it",
                "actual": [{"location": "$.price", "value": "12", "kind": "a string"}],
                "decided_by": "$.price",
            },
            {
                "clause": 'event.name == "x"',
                "verdict": "no match",
                "actual": [{"location": "$.event.name", "value": "user.updated", "kind": "a string"}],
            },
        ],
    }


@pytest.mark.parametrize(
    ("query", "blockers"),
    [
        ("event.quantity == 5", []),
        ("event.quantity == 6", ["event.quantity == 6"]),
        ("event.quantity == 5 and price > 10", ["price > 10"]),
        ("event.quantity == 6 and price > 10", []),
        ("event.quantity == 6 or price > 10", ["event.quantity == 6", "price > 10"]),
        ("event.quantity == 5 and (z == 1 or z == 2)", ["z == 1", "z == 2"]),
        ("not event.quantity == 5", ["event.quantity == 5"]),
        ("not (event.quantity == 5 and exists price)", ["event.quantity == 5", "exists price"]),
        ("not (event.quantity == 5 or exists price)", []),
        ("not (event.quantity == 5 or missing price)", ["event.quantity == 5"]),
        ("event.quantity == 5 and any i in items: (i.q > 50)", ["any i in items: (i.q > 50)"]),
    ],
)
def test_blockers_are_the_clauses_that_alone_kept_the_message_out(query, blockers):
    assert [blocker.clause for blocker in explained(query).blockers()] == blockers


def test_clauses_that_could_be_passed_over_are_shown_as_well():
    explanation = explained("event.quantity == 6 and exists price")
    assert [child.verdict.value for child in explanation.children] == ["no match", "match"]


def test_a_passed_over_clause_that_is_out_of_budget_changes_no_verdict(monkeypatch):
    monkeypatch.setattr(trace, "Budget", lambda: megaql.lang.budget.Budget(20))
    explanation = explained("true or any i in items: (any k in items: (i.q > k.q))", {"items": [{"q": 1}] * 50})
    assert explanation.verdict is megaql.Verdict.MATCH
    assert explanation.children[1].reason.startswith("budget: ")


@pytest.mark.parametrize(
    "query", ["number(word) > 1", "size(list) > 1", ".**.z == 1", "lower(list) == 1", "word < now()"]
)
def test_what_is_unknown_is_told_as_a_reason_and_not_as_a_value(query):
    explanation = explained(query, {"word": "x", "list": [[5]], "deep": [{"y": 1}] * 20_000})
    assert explanation.reason
    assert not any(isinstance(one.value, Reason) for one in explanation.actual)
    assert "Reason" not in str(explanation)


def test_a_clause_that_would_fill_the_screen_is_cut_in_the_text_and_whole_in_the_dict():
    query = f"price in [{', '.join(map(str, range(1_000)))}]"
    explanation = explained(query)
    assert len(str(explanation).splitlines()) < 10
    assert f"… ({len(query):,} characters)" in " ".join(str(explanation).split())
    assert explanation.to_dict()["clause"] == query


def test_a_quantifier_shows_the_first_elements_and_the_last_one_looked_at():
    explanation = explained("any i in a: (i == 99)", {"a": list(range(200))})
    shown = [child.element for child in explanation.children]
    assert shown == [*(f"$.a[{n}]" for n in range(trace.KEPT_ELEMENTS - 1)), "$.a[99]"]


def test_how_many_elements_are_not_shown_is_said():
    explanation = explained("any i in a: (i == 99)", {"a": list(range(200))})
    assert explanation.omitted == explanation.to_dict()["omitted"] == 90
    assert str(explanation).splitlines()[-7] == "  … 90 more elements …"


def test_of_many_elements_the_one_that_tells_most_is_shown():
    elements = [{"q": 1, "r": 1} for _ in range(200)]
    elements[70] = {"q": 9, "r": 1}
    nearest = explained("any i in a: (i.q == 9 and i.r == 9)", {"a": elements})
    assert [child.element for child in nearest.children[-2:]] == ["$.a[70]", "$.a[199]"]
    elements[120] = {"r": 1}
    unknown = explained("all i in a: (i.q > 0)", {"a": elements})
    assert unknown.decided_by == unknown.children[-2].element == "$.a[120]"


def test_of_a_quantifier_inside_another_fewer_elements_are_shown():
    query = "any i in a: (any j in a: (any k in a: (i > 1 and j > 1 and k > 1)))"
    explanation = explained(query, {"a": [1] * 12})
    inner = explanation.children[0]
    assert (len(explanation.children), len(inner.children), len(inner.children[0].children)) == (10, 3, 3)
    assert (explanation.omitted, inner.omitted) == (2, 9)


def test_of_many_values_the_first_are_shown_and_the_one_that_decided():
    explanation = explained("a.b == 99", {"a": [{"b": number} for number in range(200)]})
    assert [one.value for one in explanation.actual] == [0, 1, 2, 3, 4, 5, 6, 99]
    assert explanation.decided_by == "$.a[99].b"


@pytest.mark.parametrize(
    ("value", "shown", "plain"),
    [
        (None, "null", None),
        (True, "true", True),
        (5, "5", 5),
        (2**60, str(2**60), str(2**60)),
        (10**500, "an integer of 1,661 bits", "an integer of 1,661 bits"),
        (1.5, "1.5", 1.5),
        (Decimal("1.50"), "1.50", 1.5),
        (Decimal("0.12345678901234567890"), "0.12345678901234567890", "0.12345678901234567890"),
        (Decimal("1E+400"), "1E+400", "1E+400"),
        (float("nan"), "NaN", "NaN"),
        ("x\n\x1b[31m\ud800", '"x\\n\\x1b[31m\ufffd"', "x\n\\x1b[31m\ufffd"),
        ("y" * 100, f'"{"y" * 60}"... (100 characters)', f"{'y' * 60}..."),
        ([1, "a", None], '[1, "a", null]', '[1, "a", null]'),
        ([], "[]", "[]"),
        ([[1], 2], "2 elements", "2 elements"),
        (["y" * 40, "z" * 40], "2 elements", "2 elements"),
        ({"a": 1}, "1 member", "1 member"),
        (Binary(b"abc"), "3 bytes", "3 bytes"),
        (MinKey(), "(a BSON MinKey)", "(a BSON MinKey)"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"),
        (timedelta(minutes=90, microseconds=7), "1h30m", "1h30m"),
        (CountRange(1, 3), "1 to 3", "1 to 3"),
    ],
)
def test_values_are_shown_short_and_plain(value, shown, plain):
    one = actual.Actual("$.a", value, "")
    assert one.shown == shown
    assert one.to_dict()["value"] == plain
    json.dumps(one.to_dict(), allow_nan=False).encode()


def test_what_was_found_several_times_is_said_once():
    """Of a default, one for each element of an array that lacks the path."""
    text = str(megaql.compile("z ?? 5 == 6").explain([1, 2, [3]]))
    assert text.count("z ?? 5 = 5, a number") == 1
