"""`megaql relate`: two queries, or a set, and messages that show it."""

import json
import sys

import pytest

FIRST, SECOND = 'event.name == "user.updated"', 'event.name startswith "user."'

SHOP = r"""
# Everything about orders.
orders: event.name startswith "order."
large:
  event.name == "order.paid" and event.total > $least
paid: event.name == "order.paid"
paid-too: event.name ~ /^order\.paid$/
refunds: event.name == "order.refunded" or event.total < 0
old: event.version > 5 and event.version < 3
"""

APP = """
import megaql

app = megaql.App()


@app.subscribe('event.name == "item.added"')
def reserve(event): ...


@app.subscribe('event.name startswith "item."')
def audit(event): ...


@app.subscribe('total > 3', decoder=str.split)
def lines(line): ...
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.mql").write_text(SHOP)
    return "shop.mql"


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "relate_app.py").write_text(APP)
    yield "relate_app:app"
    sys.modules.pop("relate_app", None)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (FIRST, SECOND, "The second matches every message that the first matches, and others too."),
        (SECOND, FIRST, "The first matches every message that the second matches, and others too."),
        ("a in [1, 2]", "a == 1 or a == 2", "Both match the same messages."),
        ("a == 1", "b == 1", "Some messages match both, and each matches some that the other does not."),
        ("a == 1", "missing a", "No message matches both."),
    ],
)
def test_one_sentence_says_how_two_queries_relate(megaql, first, second, sentence):
    result = megaql("relate", first, second, "--no-arrays", tty=True)
    assert result.status == 0
    assert " ".join(result.out.split("\n\n")[0].split()) == sentence


def test_messages_that_show_it_are_read_by_test(megaql, tmp_path):
    result = megaql("relate", FIRST, SECOND)
    assert result.err == "The second matches every message that the first matches, and others too.\n"
    (tmp_path / "shown.ndjson").write_text(result.out)
    assert megaql("test", SECOND, tmp_path / "shown.ndjson", "--count").lines == ["2"]
    assert megaql("test", FIRST, tmp_path / "shown.ndjson", "--count").lines == ["1"]


def test_messages_on_a_terminal_are_read_by_test(megaql, tmp_path):
    query = '@attributes.tenant == "acme" and event.name == "a name that is longer than a terminal is wide"'
    result = megaql("relate", query, "event.total == 0.10", "-o", "table", width=40)
    shown = result.out.split("both match\n")[1].split("\n\n")[0]
    assert max(map(len, shown.splitlines())) > len(shown.splitlines())
    (tmp_path / "shown.json").write_text(shown)
    assert megaql("test", query, tmp_path / "shown.json", "--count").lines == ["1"]
    assert megaql("test", "event.total == 0.10", tmp_path / "shown.json", "--count").lines == ["1"]


def test_a_message_that_only_code_can_make_is_told_as_such(megaql):
    result = megaql("relate", "@size > 5000000", "exists @size", tty=True)
    assert "(made in code only; no message is read like this)" in result.out
    result = megaql("relate", "@size > 5000000", "exists @size")
    assert "one more that shows it can be made in code only; -o json has it" in result.err
    assert len(result.lines) == 1


def test_as_json(megaql):
    document = json.loads(megaql("relate", FIRST, SECOND, "-o", "json").out)
    answers = {name: document[name] for name in ("implies", "implied", "overlaps", "excludes", "equivalent", "arrays")}
    assert answers == {
        "implies": True,
        "implied": False,
        "overlaps": True,
        "excludes": False,
        "equivalent": False,
        "arrays": True,
    }
    assert document["witnesses"]["both"]["body"] == {"event": {"name": "user.updated"}}
    assert set(document["witnesses"]) == {"both", "second_only"}


@pytest.mark.parametrize(
    ("expected", "status"),
    [("implies", 0), ("overlaps", 0), ("implied", 1), ("excludes", 1), ("equivalent", 1)],
)
def test_what_is_expected_decides_the_exit_status(megaql, expected, status):
    result = megaql("relate", FIRST, SECOND, "--expect", expected)
    assert result.status == status
    assert (f"expected: {expected}; it does not hold" in result.err) is bool(status)


def test_what_cannot_be_told_is_not_as_expected(megaql):
    result = megaql("relate", "length(a) == length(b)", "length(b) < length(a)", "--expect", "excludes")
    assert result.status == 1
    assert "expected: excludes; it cannot be told\n" in result.err


def test_arrays_are_named_where_they_make_the_difference(megaql):
    states = ("status == 'a'", "status == 'b'")
    result = megaql("relate", *states, "--expect", "excludes")
    assert result.status == 1
    assert result.lines[0] == '{"status":["a","b"]}'
    assert result.err.splitlines()[-1] == "with --no-arrays, messages in which a path meets an array do not count"
    assert megaql("relate", *states, "--no-arrays", "--expect", "excludes").status == 0


def test_each_query_gets_the_parameters_it_asks_for(megaql):
    result = megaql("relate", "a > $least", "a >= $least and b == $b", "-p", "least=5", "-p", "b=x")
    assert result.err == "Some messages match both, and each matches some that the other does not.\n"
    result = megaql("relate", "a > $least", "b == 1", "-p", "least=5", "-p", "most=7")
    assert (result.status, result.err.splitlines()[0]) == (2, "error: no query has a parameter $most")
    assert "the parameter $least has no value" in megaql("relate", "a > $least", "b == 1").err


def test_named_queries_are_compared(megaql, shop):
    result = megaql("relate", "@shop.mql:paid", "@paid-too", "--queries", shop, "--expect", "equivalent")
    assert result.status == 0


def test_a_set_of_queries(megaql, golden, shop):
    result = megaql("relate", shop, "-p", "least=1000", "--no-arrays", tty=True)
    golden("relate-set-80", result.out)


def test_of_many_overlaps_some_are_shown(megaql, tmp_path):
    file = tmp_path / "many.mql"
    file.write_text("".join(f"q{number}: x{number} == 1\n" for number in range(8)))
    result = megaql("relate", file, tty=True)
    assert result.out.count(" and q") == 20
    assert result.lines[-1] == "  … and 8 more pairs; -o json has them all"


def test_a_narrow_terminal_has_no_table(megaql, shop):
    result = megaql("relate", shop, "-p", "least=1000", tty=True, width=25)
    assert "all its messages" not in result.out
    assert "  paid and paid-too\n" in result.out


def test_two_queries_on_a_screen(megaql, golden):
    golden("relate-two-80", megaql("relate", FIRST, SECOND, tty=True).out)


def test_colours_only_repeat_the_words(megaql, shop):
    plain = megaql("relate", shop, "-p", "least=1", tty=True)
    coloured = megaql("relate", shop, "-p", "least=1", "--color", "always", tty=True)
    assert "\x1b[" in coloured.out
    assert _without_colours(coloured.out) == plain.out


def _without_colours(text):
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_findings_of_a_set_one_a_line(megaql, shop):
    result = megaql("relate", shop, "-p", "least=1000", "--no-arrays")
    findings = [json.loads(line) for line in result.lines]
    assert {"finding": "never", "queries": ["old"]} in findings
    assert {"finding": "equivalent", "queries": ["paid", "paid-too"]} in findings
    assert {"finding": "covered", "queries": ["large"], "by": "orders"} in findings
    shared = [one["queries"] for one in findings if one["finding"] == "overlap"]
    assert ["orders", "refunds"] in shared
    assert result.err.startswith("6 queries: 1 can never match, ")
    document = json.loads(megaql("relate", shop, "-p", "least=1000", "--no-arrays", "-o", "json").out)
    assert document["never"] == ["old"]


@pytest.mark.parametrize(
    ("text", "excludes", "distinct"),
    [
        ("a: x == 1\nb: x == 2\n", 0, 0),
        ("a: x == 1\nb: y == 2\n", 1, 0),
        ("a: x == 1\nb: x in [1, 2]\n", 1, 1),
        ("a: x == 1\nb: x > 5 and x < 3\n", 0, 1),
        ("a: x == 1\nb: x == 1.0\n", 1, 1),
        ("a: length(x) == length(y)\nb: length(x) > length(y)\n", 1, 1),
    ],
)
def test_what_is_expected_of_a_set(megaql, tmp_path, text, excludes, distinct):
    file = tmp_path / "set.mql"
    file.write_text(text)
    assert megaql("relate", file, "--no-arrays", "--expect", "excludes").status == excludes
    assert megaql("relate", file, "--no-arrays", "--expect", "distinct").status == distinct


def test_an_application(megaql, app):
    result = megaql("relate", app)
    assert [json.loads(line) for line in result.lines] == [
        {"finding": "covered", "queries": ["reserve"], "by": "audit"}
    ]
    assert result.err == (
        "left out, for their queries look at what a decoder makes: lines\n"
        "2 queries: 1 pair has one covered by the other.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["a == 1"], "a second query is missing; alone stands a file (.mql) or MODULE:APP"),
        (["shop.mql", "a == 1"], "shop.mql is a file; @shop.mql:NAME is a query of it"),
        (["a == 1", "shop.mql"], "shop.mql is a file; @shop.mql:NAME is a query of it"),
        (["a == 1", "b == 1", "--expect", "distinct"], "distinct is asked of a set of queries"),
        (["shop.mql", "--expect", "implies"], "of a set, excludes or distinct can be asked"),
        (["a == 1", "b == 1", "-o", "raw"], "relations are shown as a table, json or ndjson"),
        (["nowhere.mql"], "The query file cannot be read"),
        (["relate_nowhere:app"], "There is no module named 'relate_nowhere'"),
        (["shop:app", "-p", "n=1"], "the queries of an application have their values already"),
        (["a ==", "b == 1"], "the query ends too early: a value is missing after"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_wrong_usage_is_told(megaql, arguments, error):
    result = megaql("relate", *arguments)
    assert result.status == 2
    assert error in result.err


def test_every_mistake_of_a_file_is_told(megaql, tmp_path):
    file = tmp_path / "wrong.mql"
    file.write_text("a: x = 1\nb: y =\n")
    result = megaql("relate", file)
    assert result.status == 2
    assert result.err.count("error: ") == 2


def test_queries_of_a_set_that_meet_in_arrays_do_not_exclude_each_other(megaql, tmp_path):
    """As of two queries, and with the same advice."""
    file = tmp_path / "set.mql"
    file.write_text("a: x == 1\nb: x == 2\n")
    result = megaql("relate", file, "--expect", "excludes")
    assert result.status == 1
    assert json.loads(result.out) == {"finding": "through arrays", "queries": ["a", "b"]}
    assert result.err.splitlines() == [
        "2 queries: 1 pair meets only in arrays.",
        "expected: excludes; it does not hold",
        "with --no-arrays, messages in which a path meets an array do not count",
    ]
    assert megaql("relate", file, "--expect", "distinct").status == 0
