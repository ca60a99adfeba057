"""`megaql test` with a set of queries: cases, what is expected, what came of it, and the report for CI."""

import json
import xml.etree.ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml

from megaql.cli.testing.cases import read_cases

SHOP = """\
large: total > $least
paid: status == "paid"
old: age(at) > 1d
"""

CASES = [
    {
        "name": "all of them",
        "expect": ["large", "paid", "old"],
        "message": {"total": 11, "status": "paid", "at": "2026-11-22T00:00:00Z"},
    },
    {"name": "a text", "expect": [], "message": "out of paper"},
    {"expect": {"large": "unknown", "paid": False}, "message": {"total": "11"}},
    {
        "name": "its own time",
        "now": "2026-01-03T00:00:00Z",
        "expect": {"old": True},
        "message": {"at": "2026-01-01T00:00:00Z"},
    },
]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.mql").write_text(SHOP)
    return tmp_path


@pytest.fixture
def test(megaql, shop):
    """Run `megaql test shop.mql` on cases."""

    def run(cases, *options, **settings):
        path = shop / "cases.ndjson"
        path.write_text("".join(f"{case if isinstance(case, str) else json.dumps(case)}\n" for case in cases))
        return megaql("test", "shop.mql", "cases.ndjson", "-p", "least=10", *options, **settings)

    return run


def test_all_as_expected(test):
    result = test(CASES, tty=True)
    assert result.status == 0
    assert result.err == "3 queries, 4 messages, as expected 9 of 9\n"
    assert result.lines == [
        "query  matched  unknown  as expected",
        "large        1        3  ✓ 3 of 3",
        "paid         1        3  ✓ 3 of 3",
        "old          2        2  ✓ 3 of 3",
    ]


def test_a_failure_is_explained_and_ends_with_1(test, golden):
    wrong = [*CASES, {"name": "too small", "expect": ["large"], "message": {"total": 9, "status": "paid"}}]
    result = test(wrong, tty=True)
    assert result.status == 1
    golden("test-cases-80", result.out + "--\n" + result.err)


@pytest.mark.parametrize("form", ["ndjson", "json", "table"])
def test_a_failure_ends_with_1_in_every_form(test, form):
    assert test([{"expect": ["paid"], "message": {}}], "-o", form).status == 1


def test_every_answer_as_a_line(test):
    rows = [json.loads(line) for line in test(CASES).lines]
    assert len(rows) == 12
    assert rows[0] == {
        "file": "cases.ndjson",
        "message": 1,
        "id": "",
        "name": "all of them",
        "query": "large",
        "expected": "match",
        "verdict": "match",
        "met": True,
    }
    assert [row["met"] for row in rows if row["message"] == 4] == [None, None, True]


def test_json_counts_by_query(test):
    shown = json.loads(test(CASES, "-o", "json").out)
    assert shown["queries"]["old"] == {"matched": 2, "unknown": 2, "expected": 3, "met": 3}
    assert (shown["messages"], shown["failed"], len(shown["results"])) == (4, 0, 12)


@pytest.mark.parametrize(
    ("expected", "message", "met"),
    [
        (True, {"total": 11}, True),
        (True, {"total": "x"}, False),
        (False, {"total": 9}, True),
        (False, {"total": "x"}, True),
        (False, {"total": 11}, False),
        ("match", {"total": 11}, True),
        ("no match", {"total": 9}, True),
        ("no match", {"total": "x"}, False),
        ("unknown", {"total": "x"}, True),
        ("unknown", {"total": 9}, False),
    ],
)
def test_what_may_be_expected(test, expected, message, met):
    assert test([{"expect": {"large": expected}, "message": message}]).status == (0 if met else 1)


def test_a_message_is_what_stands_in_the_file(megaql, shop):
    body = '{"x": 0.10, "y": 123456789012345678901234567890}'
    (shop / "cases.ndjson").write_text(f'{{"expect": ["exact"], "message": {body} }}\n')
    (shop / "exact.mql").write_text("exact: x == 0.1 and y == 123456789012345678901234567890\n")
    assert megaql("test", "exact.mql", "cases.ndjson").status == 0
    (case,) = read_cases("cases.ndjson", ["exact"])
    assert case.message.body == body


def test_records_of_peek_are_messages_of_cases_too(test, events):
    record = json.loads(events.read_text().splitlines()[0])
    assert test([{"expect": [], "message": record}, record]).status == 0


def test_messages_without_expectations_are_counted_only(test):
    result = test([{"total": 11}, {"total": 5}], tty=True)
    assert result.status == 0
    assert "nothing expected" in result.err
    assert result.lines[1] == "large        1        0    -"


@pytest.mark.parametrize(
    "message", [{"message": "x"}, {"message": "x", "expires": 5}, {"message": "x", "expected": 1, "total": 2}]
)
def test_a_message_that_has_a_message_is_no_case(test, message):
    assert "1 message, nothing expected" in test([message]).err


def test_a_report_without_a_test_is_an_error(test):
    result = test([{"total": 11}], "--junit", "report.xml")
    assert (result.status, JUnitXml.fromfile("report.xml").tests) == (2, 0)
    assert "Nothing is expected of any message" in result.err


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (
            {"expect": ["larg"], "message": {}},
            "it expects something of larg, and the queries are large, paid, old next: did you mean large?",
        ),
        (
            {"expect": {"large": "yes"}, "message": {}},
            'what is expected of large is none of true, false, "match", "no match", "unknown"',
        ),
        ({"expect": ["large"]}, "missing required field `message`"),
        ({"expect": ["large"], "message": {}, "nmae": "x"}, "contains unknown field `nmae`"),
        ({"expect": 5, "message": {}}, "Expected `object | array`, got `int`"),
        ({"expect": [], "name": "\ud800", "message": {}}, "JSON is malformed"),
        ({"expect": [], "now": "yesterday", "message": {}}, "`now` is no time in ISO 8601"),
        ({"expect": [], "message": {"megaql": 2, "body": "x"}}, 'only `"megaql": 1` is known'),
        ({"expected": ["large"], "message": {"total": 1}}, "expected in the place of `expect`"),
        ({"name": "x", "now": "2026-11-24", "expcet": [], "message": "text"}, "expcet in the place of `expect`"),
    ],
)
def test_a_case_that_is_wrong_is_told_with_its_place(test, case, said):
    result = test([CASES[0], case], "--junit", "report.xml")
    assert result.status == 2
    assert "where: cases.ndjson, message 2" in result.err
    assert said in " ".join(result.err.split())
    report = JUnitXml.fromfile("report.xml")
    assert (report.tests, report.errors) == (4, 1)


def test_an_unreadable_line_is_an_error_of_the_report_and_ends_with_6(test):
    result = test([CASES[0], '{"expect": secret'], "--junit", "report.xml")
    assert result.status == 6
    assert "secret" not in result.err
    (suite,) = JUnitXml.fromfile("report.xml")
    (error,) = [one for case in suite for one in case.result]
    assert isinstance(error, Error)
    assert "unreadable" in error.message


def test_a_junit_reader_reads_the_report(test):
    hostile = 'a "name" <b> & \u202e \x00 \x1b[2J ]]> \n 日本'
    wrong = [*CASES, {"name": hostile, "expect": ["large"], "message": {"total": hostile, "status": "paid"}}]
    assert test(wrong, "--junit", "report.xml").status == 1
    report = JUnitXml.fromfile("report.xml")
    (suite,) = report
    cases = list(suite)
    assert (report.tests, report.failures, report.errors) == (len(cases), 2, 0) == (12, 2, 0)
    assert (suite.name, suite.tests, suite.failures) == ("cases.ndjson", 12, 2)
    failed = [case for case in cases if case.result]
    assert all(case.classname == "cases.ndjson" for case in cases)
    assert len({case.name for case in cases}) == len(cases)
    assert all(isinstance(one, Failure) for case in failed for one in case.result)
    assert [case.result[0].message for case in failed] == [
        "expected: match; it is: unknown",
        "expected: not match; it is: match",
    ]
    assert "total > 10" in failed[0].result[0].text
    root = ET.parse("report.xml").getroot()
    assert root.tag == "testsuites"
    assert {element.tag for element in root.iter()} == {"testsuites", "testsuite", "testcase", "failure"}


def test_a_report_of_an_earlier_run_is_not_left(test, shop):
    (shop / "report.xml").write_text("all is well" * 1000)
    test(CASES, "--junit", "report.xml")
    assert JUnitXml.fromfile("report.xml").failures == 0


def test_an_application_is_a_set_of_queries(megaql, shop, monkeypatch):
    import sys

    (shop / "shopapp.py").write_text(
        "import megaql\napp = megaql.App('local:x')\n@app.subscribe('total > 10')\ndef reserve(event): ...\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    (shop / "cases.ndjson").write_text('{"expect": ["reserve"], "message": {"total": 11}}\n')
    result = megaql("test", "shopapp:app", "cases.ndjson")
    assert result.status == 0
    assert json.loads(result.out)["query"] == "reserve"


@pytest.mark.parametrize("option", [["-v"], ["--count"], ["-e"], ["--expect", "3"], ["--fields", "a"]])
def test_options_of_one_query(test, option):
    result = test(CASES, *option)
    assert result.status == 2
    assert "is a set of queries" in result.err


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--expect", "2"], 0, ""),
        (["--expect", "all"], 1, "expected: all of 3 match; it is: 2\n"),
        (["--expect", "none"], 1, "expected: none of 3 match; it is: 2\n"),
        (["--expect", "3"], 1, "expected: 3 of 3 match; it is: 2\n"),
        (["--expect", "1", "-v"], 0, ""),
        (["--expect", "none", "-e"], 1, ""),
        (["--expect", "some"], 2, "'some' is not a number, none or all"),
        (["--expect", "-1"], 2, "is not a number, none or all"),
        (["--junit", "report.xml"], 2, "say with --expect how many messages it matches"),
    ],
)
def test_how_many_a_query_matches(megaql, shop, options, status, said):
    (shop / "events.ndjson").write_text('{"n": 1}\n{"n": 2}\n{"n": 2}\n')
    result = megaql("test", "n == 2", "events.ndjson", *options)
    assert result.status == status
    assert said in result.err


@pytest.mark.parametrize(("expect", "failures"), [("2", 0), ("1", 1)])
def test_the_report_of_one_query(megaql, shop, expect, failures):
    (shop / "events.ndjson").write_text('{"n": 1}\n{"n": 2}\n{"n": 2}\n')
    megaql("test", "n == 2", "events.ndjson", "--expect", expect, "--junit", "report.xml", "--count")
    report = JUnitXml.fromfile("report.xml")
    assert (report.tests, report.failures) == (1, failures)
    (suite,) = report
    assert suite.name == "n == 2"


@pytest.mark.parametrize("name", ["cases.ndjson", "shop.mql"])
def test_what_is_read_is_not_written(test, shop, name):
    before = SHOP if name == "shop.mql" else ""
    result = test(CASES, "--junit", f"./{name}")
    assert result.status == 2
    assert "The file to write is the file that is read" in result.err
    assert (shop / name).read_text().startswith(before)
    assert "<?xml" not in (shop / name).read_text()


def test_a_long_query_is_no_file(megaql, shop):
    (shop / "events.ndjson").write_text('{"n": 1}\n')
    (shop / "report.xml").write_text("")
    query = " or ".join(["n == 1"] * 100)
    assert megaql("test", query, "events.ndjson", "--expect", "1", "--junit", "report.xml").status == 0
