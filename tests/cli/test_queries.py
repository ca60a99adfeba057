"""`@NAME` in place of a query: from a query file, wherever a query is taken."""

import json

import pytest

FILE = """\
# what needs a look
large: event.quantity >= $least
added: event.name == "item.added"
kinds:
  @kind == "mega"
  and event.name = "x"
"""


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("shop.mql").write_text(FILE, encoding="utf-8")
    tmp_path.joinpath("events.ndjson").write_text(
        '{"event": {"name": "item.added", "quantity": 5}}\n{"event": {"name": "item.removed", "quantity": 7}}\n'
    )
    return tmp_path


def count(result):
    assert result.status == 0, result.err
    return result.lines


@pytest.mark.parametrize("command", [["test", "{}", "events.ndjson"], ["peek", "events.ndjson", "-w", "{}"]])
@pytest.mark.parametrize(
    ("query", "options", "matched"),
    [
        ("@shop.mql:large", ["-p", "least=6"], "1"),
        ("@large", ["--queries", "shop.mql", "-p", "least=5"], "2"),
        ("@./shop.mql:added", ["--queries", "none.mql"], "1"),
        (" @added ", ["--queries", "shop.mql"], "1"),
    ],
)
def test_a_name_stands_for_its_query(megaql, command, query, options, matched):
    arguments = [query if argument == "{}" else argument for argument in command]
    assert count(megaql(*arguments, "--count", *options)) == [matched]


def test_explain_takes_a_name(megaql):
    result = megaql("explain", "@shop.mql:added", "events.ndjson", "-n", "2", "-o", "ndjson")
    assert [json.loads(line)["verdict"] for line in result.lines] == ["match", "no match"]


def test_the_file_of_the_environment_and_of_the_directory(megaql, files):
    environ = {"MEGAQL_QUERIES": "shop.mql"}
    assert count(megaql("test", "@added", "events.ndjson", "--count", environ=environ)) == ["1"]
    files.joinpath("megaql.mql").write_text("added: event.quantity > 0")
    assert count(megaql("test", "@added", "events.ndjson", "--count")) == ["2"]
    assert count(megaql("test", "@added", "events.ndjson", "--count", environ=environ)) == ["1"]
    assert count(megaql("test", "@added", "events.ndjson", "--count", environ={"MEGAQL_QUERIES": ""})) == ["2"]


def test_a_byte_order_mark_is_no_part_of_a_name(megaql, files):
    files.joinpath("megaql.mql").write_text("added: event.quantity > 0", encoding="utf-8-sig")
    assert count(megaql("test", "@added", "events.ndjson", "--count")) == ["2"]


def test_an_error_in_a_query_is_at_its_place_in_the_file(megaql):
    result = megaql("test", "@shop.mql:kinds", "events.ndjson")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "shop.mql: error: '=' is not an operator here; did you mean '=='?\n"
        '  6 |   and event.name = "x"\n'
        "    |                  ^ replace with ==\n"
    )


def test_an_unbound_parameter_is_at_its_place_in_the_file(megaql):
    result = megaql("test", "@shop.mql:large", "events.ndjson")
    assert result.status == 2
    assert "  2 | large: event.quantity >= $least\n" in result.err


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (
            "@shop.mql:lrage",
            (
                "error: There is no query lrage in shop.mql\n"
                "  where: @lrage\n  why: its queries are large, added, kinds\n  next: did you mean @large?\n"
            ),
        ),
        (
            "@shop.mql:body",
            (
                "error: There is no query body in shop.mql\n"
                "  where: @body\n  why: its queries are large, added, kinds\n"
                '  next: to ask about the field of the envelope, compare it: @body == "…", exists @body\n'
            ),
        ),
        (
            "@shop.mql",
            (
                "error: A query file is no query\n"
                "  where: @shop.mql\n  why: its queries are large, added, kinds\n"
                "  next: name one of its queries: @shop.mql:large\n"
            ),
        ),
        (
            "@large",
            (
                "error: There is no query file to look for @large in\n"
                "  where: megaql.mql, in the current directory\n"
                "  why: @NAME is a query of a file, and --queries and MEGAQL_QUERIES name no other one\n"
                "  next: name the file: --queries FILE, or @FILE.mql:large\n"
            ),
        ),
        (
            "@none.mql:large",
            (
                "error: The query file cannot be read\n"
                "  where: none.mql\n  why: No such file or directory\n"
                "  next: name a text file of queries, as in shop.mql\n"
            ),
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_is(megaql, query, error):
    result = megaql("test", query, "events.ndjson")
    assert (result.status, result.out, result.err) == (2, "", error)


def test_a_file_that_is_no_text(megaql, files):
    files.joinpath("odd.mql").write_bytes(b"a: x == '\xff'")
    result = megaql("test", "@odd.mql:a", "events.ndjson")
    assert result.status == 2
    assert "why: it is not UTF-8 text: byte 9 is 0xff" in result.err


def test_a_file_that_is_none_of_queries(megaql):
    result = megaql("test", "@added", "events.ndjson", "--queries", "events.ndjson")
    assert result.status == 2
    assert "events.ndjson: error: a line in the first column begins with a name and a colon\n" in result.err


def test_the_envelope_is_asked_as_before(megaql):
    assert count(megaql("test", '@kind == "data"', "events.ndjson", "--count")) == ["2"]
    assert count(megaql("test", "@attributes.tenant", "events.ndjson", "--count")) == ["0"]
