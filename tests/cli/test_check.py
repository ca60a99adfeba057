"""`megaql check`: what is told, in every form, and what `--fix` does."""

import json

import pytest

BROKEN = 'a = 1 and b =~ "x"'
TWICE = "a == 1 and a == 1"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.mql"
    path.write_text('# what is large\nlarge:\n    total = 5  # euros\n    and b <> "x"\n\nfine: c == 1\n', newline="")
    return path


def test_every_independent_mistake_is_told_with_its_code(megaql):
    result = megaql("check", BROKEN)
    assert result.status == 1
    assert result.out.count("[operator]") == 2
    assert result.err == "2 errors, 2 can be fixed with --fix\n"


def test_a_good_query_is_silent(megaql):
    result = megaql("check", "a == 1")
    assert (result.status, result.out, result.err) == (0, "", "nothing found in 1 query\n")


@pytest.mark.parametrize(("options", "status"), [((), 0), (("--strict",), 1)])
def test_warnings_fail_only_where_that_is_asked_for(megaql, options, status):
    assert megaql("check", TWICE, *options).status == status


def test_what_is_ignored_is_not_told(megaql):
    assert megaql("check", TWICE, "--strict", "--ignore", "duplicate-clause").status == 0


def test_a_code_that_no_lint_has_is_wrong_usage(megaql):
    result = megaql("check", TWICE, "--ignore", "duplicate-clauses")
    assert result.status == 2
    assert "did you mean duplicate-clause?" in result.err


def test_fix_prints_the_mended_query(megaql):
    result = megaql("check", BROKEN, "--fix")
    assert (result.status, result.out) == (0, "a == 1 and b ~ /x/\n")
    assert result.err == "2 fixed, nothing found in 1 query\n"


def test_fix_rewrites_a_file_and_keeps_comments_and_layout(megaql, file):
    assert megaql("check", file).status == 1
    assert megaql("check", file, "--fix").status == 0
    expected = '# what is large\nlarge:\n    total == 5  # euros\n    and b != "x"\n\nfine: c == 1\n'
    assert file.read_text() == expected
    assert megaql("check", file).status == 0


def test_what_is_left_after_a_fix_is_told_on_standard_error(megaql):
    result = megaql("check", "a = 1 and b == d'x'", "--fix")
    assert (result.status, result.out) == (1, "a == 1 and b == d'x'\n")
    assert "[date]" in result.err


def test_json_has_the_places_in_the_file(megaql, file):
    first, second = json.loads(megaql("check", file, "--format", "json").out)
    assert (first["file"], first["query"], first["code"]) == (str(file), "large", "operator")
    assert (first["line"], first["column"], first["endLine"], first["endColumn"]) == (3, 11, 3, 12)
    assert second["fix"] == {"text": "!=", "line": 4, "column": 11, "endLine": 4, "endColumn": 13}


def test_github_annotations_are_escaped(megaql, tmp_path):
    path = tmp_path / "a,b.mql"
    path.write_text("q: a == 100%\n")
    line = megaql("check", path, "--format", "github").out
    assert line.startswith(f"::error file={str(path).replace(',', '%2C')},line=1,col=")
    assert ",title=q%3A " in line
    assert "%25" in line.split("::")[2]


def test_sarif_refers_to_its_rules_and_artifacts(megaql, file):
    log = json.loads(megaql("check", file, BROKEN, "--format", "sarif").out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert len(run["results"]) == 4
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        artifact = run["artifacts"][place["artifactLocation"]["index"]]
        assert ("contents" in artifact) is ("uri" not in place["artifactLocation"])
        region = place["region"]
        assert min(region.values()) >= 1
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_a_query_with_parameters_is_read_without_their_values(megaql):
    result = megaql("check", "a == $x")
    assert (result.status, result.out) == (0, "")
    assert "when -p gives their values" in result.err


def test_messages_show_a_wrong_path(megaql, tmp_path):
    samples = tmp_path / "events.ndjson"
    samples.write_text('{"status": "paid"}\n' * 30)
    result = megaql("check", 'statu == "paid"', "--against", samples)
    assert "[unknown-path]" in result.out
