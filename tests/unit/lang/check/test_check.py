"""What the golden findings do not show: the registry, places without a text, bounded memory, questions that run out."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

import megaql
from megaql.lang import nodes, parser
from megaql.lang.check import CODES, check, printed
from megaql.lang.check.observed import LOOKED_AT, NAMES, VALUES, Observed
from megaql.lang.check.questions import Questions
from megaql.lang.check.spots import Sign, Spot
from megaql.lang.record import Record
from megaql.lang.solve import Demand, Want
from megaql.query import record_of
from megaql.source import Source

PAGE = Path(__file__).parents[4] / "docs" / "check.md"


def codes(text, samples=()):
    source = Source(text)
    return [one.code for one in check(parser.parse(source), source, samples)]


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_an_example_has_its_code(code):
    samples = [record_of(json.loads(line, parse_float=Decimal)) for line in code.samples]
    assert code.name in codes(code.example, samples)
    assert code.severity in ("error", "warning", "note")


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_the_page_has_every_code(code):
    summary = code.summary.replace("|", r"\|")
    assert f"| `{code.name}` | {code.severity} | {summary} | `{code.example}` | {code.instead} |" in PAGE.read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    "text",
    [
        'event.name == "user.updated" and object.current.email ~ /@example/',
        'event.quantity between 1 and 10 and not (object.current.status in ["void", "test"])',
        'any item in items: (item.quantity > 5 and item.sku startswith "b")',
        'event.timestamp >= d"2026-01-01" or missing event.subject',
        'age(@sent_at) < 15m and @attributes.tenant == "acme"',
        '@kind == "text" and @body contains "disk full" and @size > 64KiB',
        "count(i in items: (i.q > 4)) >= 2",
        'tags == "vip" and tags == "eu" and tags is array',
    ],
)
def test_a_good_query_has_nothing_above_a_note(text):
    source = Source(text)
    assert not [one for one in check(parser.parse(source), source) if one.severity != "note"]


def test_a_joined_query_has_places_in_its_printed_text():
    query = megaql.compile("a == 1") & megaql.compile("a == 1")
    (found,) = check(query.node, Source(""))
    assert found.render(printed(query.node)).splitlines()[1] == "  1 | a == 1 and a == 1"


def test_parentheses_that_nobody_wrote_are_not_missed():
    query = megaql.compile("a") | (megaql.compile("b") & megaql.compile("c"))
    assert check(query.node, Source("")) == []


def test_a_callable_is_a_field_of_its_own():
    path = nodes.Path((nodes.Key("a"),))
    large, small = (nodes.Opaque(name, function, path) for name, function in (("large", bool), ("small", len)))
    assert check(nodes.And((large, small)), Source("")) == []
    assert [one.code for one in check(nodes.And((large, large)), Source(""))] == ["duplicate-clause"]


def test_a_tree_that_no_text_means_is_told_as_what_it_is():
    clause = nodes.Truth(nodes.Call("nothing", ()))
    assert [one.code for one in check(clause, Source(""))] == ["unknown-function"]


def test_a_condition_on_a_variable_is_about_one_element():
    """The element of `a` may hold arrays, so that both can be true of it; and what the body has beside it proves nothing."""
    assert "always-false" not in codes("any i in a: (i.b == 1 and i.b == 2)")
    assert "redundant-clause" not in codes("any i in a: (i == 1 and a == 1)")


def test_signs():
    clause = parser.parse("not (a and one i in b: (i.c)) or none i in d: (not i.e)")
    spots = [Spot(clause, clause, Sign.HOLDS)]
    for spot in spots:
        spots.extend(spot.parts)
    signs = {spot.paths[0].segments[-1].name: spot.sign for spot in spots if spot.is_test}
    assert signs == {"a": Sign.FAILS, "c": Sign.EITHER, "e": Sign.HOLDS}


def test_past_the_last_question_nothing_is_proven():
    demand = Demand(parser.parse("a between 9 and 1"), Want.MATCH)
    assert Questions().impossible(demand)
    assert not Questions(budget=0).impossible(demand)


def test_samples_are_kept_within_bounds():
    clause = parser.parse('a == "x" and b.c == 1')
    seen = Observed([Spot(clause, clause, Sign.HOLDS), *Spot(clause, clause, Sign.HOLDS).parts])
    for number in range(VALUES + 50):
        seen.add(
            Record(
                {
                    "a": [f"{number}-{element}" for element in range(LOOKED_AT * 2)],
                    **{f"k{number}-{n}": 1 for n in range(100)},
                }
            )
        )
    values = seen.values(nodes.Path((nodes.Key("a"),)))
    assert (len(values.texts), values.more_texts, values.present) == (VALUES, True, VALUES + 50)
    assert len(seen.beside(nodes.Path((nodes.Key("zz"),)))) <= NAMES


def test_one_sample_is_one():
    source = Source("statu == 1")
    (found,) = check(parser.parse(source), source, [Record({"status": 1})])
    assert (found.message, found.fix) == ("statu is not in the one sample", "status")


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"a{n} == {n} and b{n} != {n}" for n in range(120)),
        " and ".join(f"a !~ /x{n}.*y/" for n in range(200)),
        " and ".join(f"(a == {n} or a > {n})" for n in range(60)),
        "not " * 60 + "a == 1",
        f"a in [{', '.join(map(str, range(2500)))}]",
    ],
    ids=["alternatives", "regexes", "pairs", "negations", "list"],
)
def test_large_queries_are_checked(text):
    assert all(one in CODES for one in codes(text))
