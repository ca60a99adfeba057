"""The forms of `megaql check`: screens as people see them, JSON, annotations of GitHub, and SARIF 2.1.0."""

import json
import re
from urllib.parse import unquote, urlsplit

import pytest

from megaql.lang.check import CODES

BROKEN = 'a = 1 and b =~ "x"'
FILE = """\
# what is large
large:
    total = 5  # euros
    and b <> "x"

twice: a == 1
    and a == 1
late: status == "paid" and total > $least and status == "void"
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.mql"
    path.write_text(FILE)
    return path.name


@pytest.fixture
def log(megaql, file, tmp_path):
    """A SARIF log about a file, a file elsewhere, and a query."""
    odd = tmp_path / "a b:c.mql"
    odd.write_text("q: a = 1\n")
    return json.loads(megaql("check", file, odd, odd.name, BROKEN, "--format", "sarif").out)


def test_the_screen(megaql, golden, file):
    result = megaql("check", file, tty=True)
    golden("check-80", f"{result.out}--\n{result.err}")


def test_colours_only_repeat_the_words(megaql, golden, file):
    plain = megaql("check", file, tty=True)
    coloured = megaql("check", file, "--color", "always", tty=True)
    golden("check-colour-80", coloured.out)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured.out) == plain.out
    assert "\x1b" not in plain.out + megaql("check", file, environ={}).out


def test_sentences_are_wrapped_for_a_terminal_only(megaql, file):
    def sentences(result):
        return [line for line in result.lines if line[:5].strip(" 0123456789|")]

    assert max(map(len, sentences(megaql("check", file, tty=True, width=60)))) <= 60
    assert max(map(len, sentences(megaql("check", file)))) > 100


def test_the_screen_after_fixing(megaql, golden, file):
    result = megaql("check", file, "--fix", tty=True)
    golden("check-fix-80", f"{result.out}--\n{result.err}")


def test_control_characters_of_a_query_reach_no_terminal(megaql, file, tmp_path):
    (tmp_path / file).write_text("q: a = '\x1b[31m'\n")
    for form in ("text", "json", "sarif", "github"):
        assert "\x1b" not in megaql("check", file, "\x1b[2J = 1", "--format", form).out


def test_json_has_the_places_in_the_file(megaql, file):
    first, second, twice, late = json.loads(megaql("check", file, "--format", "json").out)
    assert (first["file"], first["query"], first["code"]) == (file, "large", "operator")
    assert (first["line"], first["column"], first["endLine"], first["endColumn"]) == (3, 11, 3, 12)
    assert second["fix"] == {"text": "!=", "line": 4, "column": 11, "endLine": 4, "endColumn": 13}
    assert (twice["line"], twice["column"]) == (7, 9)
    assert [one["line"] for one in twice["related"]] == [6]
    assert (late["query"], late["severity"], late["line"], late["fix"]) == ("late", "warning", 8, None)


def test_json_of_a_query_in_words_names_no_file(megaql):
    found = json.loads(megaql("check", BROKEN, "--format", "json").out)
    assert {(one["file"], one["query"]) for one in found} == {(None, None)}


def test_json_without_findings_is_an_empty_array(megaql):
    assert json.loads(megaql("check", "a == 1", "--format", "json").out) == []


def test_github_annotations_are_escaped(megaql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "a,b:c%.mql"
    odd.write_text("q: a == 100%\n")
    line = megaql("check", odd.name, "--format", "github").out
    assert line.startswith("::error file=a%2Cb%3Ac%25.mql,line=1,col=")
    assert ",title=q%3A " in line
    assert re.fullmatch(r"::error [^:\n]+::[^\r\n]+\n", line)


def test_github_annotations_have_a_line_each(megaql, file):
    lines = megaql("check", file, "--format", "github").lines
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::warning"]
    assert "line=7,col=9,endLine=7,endColumn=15" in lines[2]


def test_github_annotations_of_a_query_in_words_have_no_place(megaql):
    assert megaql("check", "a = 1", "--format", "github").out.startswith("::error title=operator::")


def test_the_log_is_sarif(log):
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == {"tool", "columnKind", "artifacts", "results"}
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert set(driver) == {"name", "version", "rules"}


def test_every_rule_is_described_and_every_lint_is_a_rule(log):
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    ids = [rule["id"] for rule in rules]
    assert len(set(ids)) == len(ids)
    assert set(CODES) < set(ids)
    for rule in rules:
        assert re.fullmatch(r"[a-z][a-z-]+", rule["id"])
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}


def test_results_refer_to_rules_and_artifacts(log):
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == 8
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        related = result.get("relatedLocations", [])
        assert [one["id"] for one in related] == list(range(len(related)))
        assert all(one["message"]["text"] for one in related)
        for one in (location, *related):
            is_place(run, one["physicalLocation"]["artifactLocation"], one["physicalLocation"]["region"])
        for fix in result.get("fixes", []):
            for change in fix["artifactChanges"]:
                for replacement in change["replacements"]:
                    is_place(run, change["artifactLocation"], replacement["deletedRegion"])
                    assert set(replacement["insertedContent"]) == {"text"}


def is_place(run, where, region):
    artifact = run["artifacts"][where["index"]]
    assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
    assert min(region.values()) >= 1
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
    if "uri" in where:
        assert artifact == {"location": {"uri": where["uri"]}}
    else:
        assert artifact["contents"]["text"] == BROKEN


def test_files_are_uris_relative_to_the_current_directory(log, tmp_path):
    uris = [one["location"]["uri"] for one in log["runs"][0]["artifacts"] if "location" in one]
    assert uris == ["shop.mql", (tmp_path / "a b:c.mql").as_uri(), "a%20b%3Ac.mql"]
    for uri in uris:
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc) in {("", ""), ("file", "")}
        assert unquote(parts.path).rsplit("/", 1)[-1] in {"shop.mql", "a b:c.mql"}


def test_a_log_without_findings_has_all_rules_and_no_result(megaql):
    (run,) = json.loads(megaql("check", "a == 1", "--format", "sarif").out)["runs"]
    assert (run["results"], run["artifacts"]) == ([], [])
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CODES)


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_a_form_for_programs_has_no_place_for_mended_queries(megaql, file, form):
    assert megaql("check", "a = 1", "--fix", "--format", form).status == 2
    assert megaql("check", file, "--fix", "--format", form).status == 0
