"""`megaql check`: what is checked, what is told, and what `--fix` does."""

import sys

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


def test_a_query_is_checked_without_the_values_of_its_parameters(megaql):
    result = megaql("check", "a == $x and b == 1 and b == 1")
    assert "[duplicate-clause]" in result.out
    assert "when -p gives their values" in result.err


def test_values_of_parameters_are_checked_with_the_query(megaql):
    assert "[always-false]" in megaql("check", "a between $low and 2", "-p", "low=5").out


def test_no_fix_takes_a_parameter_away(megaql):
    query = "a == 1 and (a == 1 or b == $x)"
    result = megaql("check", query, "--fix")
    assert (result.out, result.err.count("[redundant-clause]")) == (f"{query}\n", 1)


@pytest.mark.parametrize(("query", "hint"), [("a == 1", "--help"), ("a == $least", "did you mean $least?")])
def test_a_value_that_no_query_asks_for_is_wrong_usage(megaql, query, hint):
    result = megaql("check", query, "-p", "leas=1")
    assert result.status == 2
    assert "no query asks for $leas" in result.err
    assert hint in result.err


def test_messages_show_a_wrong_path(megaql, tmp_path):
    samples = tmp_path / "events.ndjson"
    samples.write_text('{"status": "paid"}\n' * 30)
    result = megaql("check", 'statu == "paid"', "--against", samples)
    assert "[unknown-path]" in result.out


def test_messages_that_are_not_there_are_told(megaql, tmp_path):
    samples = tmp_path / "none.ndjson"
    samples.write_text("")
    assert "none.ndjson: no message to compare with" in megaql("check", "a == 1", "--against", samples).err
    assert megaql("check", "a == 1", "--against", tmp_path / "nowhere.ndjson").status == 2


def test_standard_input_is_one_thing(megaql):
    assert megaql("check", "-", "--against", "-", answer="a == 1").status == 2


def test_a_folder_stands_for_its_query_files(megaql, file, monkeypatch):
    folder = file.parent
    monkeypatch.chdir(folder)
    inner = folder / "inner"
    inner.mkdir()
    inner.joinpath("more.mql").write_text("x: a = 1\n")
    folder.joinpath("notes.txt").write_text("no queries\n")
    result = megaql("check", ".")
    heads = [line.split(": ")[0] for line in result.lines if " error: " in line]
    assert heads == ["inner/more.mql:1:6", "shop.mql:3:11", "shop.mql:4:11"]


def test_what_cannot_be_read_stops_nothing_else(megaql, file, tmp_path):
    binary = tmp_path / "binary.mql"
    binary.write_bytes(b"q: a == \xff\n")
    result = megaql("check", tmp_path / "none.mql", binary, "nowhere:app", file)
    assert result.status == 2
    assert result.out.count("[operator]") == 2
    for named in ("none.mql", "not UTF-8", "no module named 'nowhere'", "2 errors"):
        assert named in result.err


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_a_file_without_queries_is_fine_and_said_to_be_empty(megaql, tmp_path, text):
    path = tmp_path / "empty.mql"
    path.write_text(text)
    result = megaql("check", path)
    assert (result.status, result.out, result.err) == (0, "", "there is no query to check\n")


def test_an_empty_query_is_an_error(megaql):
    result = megaql("check", "")
    assert result.status == 1
    assert "[empty]" in result.out


@pytest.mark.parametrize(
    ("answer", "out"),
    [("a = 1", "a == 1\n"), ("# why\nq: a = 1\n", "# why\nq: a == 1\n")],
    ids=["query", "file"],
)
def test_standard_input_is_a_query_or_a_file(megaql, answer, out):
    assert "standard input: error: " in megaql("check", "-", answer=answer).out
    result = megaql("check", "-", "--fix", answer=answer)
    assert (result.status, result.out) == (0, out)


def test_a_name_takes_the_query_from_its_file(megaql, file):
    result = megaql("check", f"@{file}:large")
    assert f"{file}:3:11: error:" in result.out
    assert megaql("check", "@fine", "--queries", file).err == "nothing found in 1 query\n"
    assert megaql("check", "@fin", "--queries", file).status == 2


def test_without_anything_the_query_file_of_names_is_checked(megaql, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file.rename(tmp_path / "megaql.mql")
    assert "megaql.mql:3:11: error:" in megaql("check").out


def test_fixing_twice_changes_nothing_more(megaql, file):
    file.write_text("a: x = 1 and x = 1\nb: y like '%z%' or y == 2 && k == 3\nc:\n  n in [1, 1]\n")
    megaql("check", file, "--fix")
    once = file.read_text()
    again = megaql("check", file, "--fix")
    assert file.read_text() == once
    assert once.startswith("a: x == 1\n")
    assert again.err.splitlines()[-1].startswith(("0 fixed", "nothing"))


def test_what_is_left_after_a_fix_has_the_lines_of_the_mended_file(megaql, file):
    file.write_text("a:\n  x == 1\n  and x == 1\nb: y == 1 and y == 2\n")
    result = megaql("check", file, "--fix")
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("b:"))
    assert f"{file}:{line}:15: warning:" in result.err


def test_a_name_that_cannot_be_is_mended_too(megaql, file):
    file.write_text("a.b: x = 1\n")
    assert megaql("check", file, "--fix").status == 0
    assert file.read_text() == "a-b: x == 1\n"


def test_a_read_only_file_is_told_and_stays(megaql, file, monkeypatch):
    before = file.read_text()
    monkeypatch.setattr("megaql.cli.queries.rewriting.os.access", lambda *_: False)
    result = megaql("check", file, "--fix")
    assert result.status == 2
    assert "it is read-only" in result.err
    assert file.read_text() == before


APP = """\
import megaql

app = megaql.App("orders")


@app.subscribe("a or (b and c == $x)", params={"x": 3})
def fine(data): ...


@app.subscribe("total  ==  1   and a == 1 and a == 1")
def twice(data): ...


@app.subscribe(megaql.compile("a == 1") & megaql.compile("a == 2"))
def built(data): ...
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module with an application into the current directory and return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def write(name, text):
        tmp_path.joinpath(f"{name}.py").write_text(text)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


def test_an_application_is_checked_by_what_was_written(megaql, module):
    name = module("checked_orders", APP)
    result = megaql("check", f"{name}:app")
    assert f"{name}:app twice: warning: " in result.out
    assert "  1 | total  ==  1   and a == 1 and a == 1\n" in result.out
    assert "  1 | a == 1 and a == 2\n" in result.out
    assert "mixed-and-or" not in result.out
    assert result.err == "2 warnings\n"


def test_a_query_that_keeps_an_application_from_loading_is_a_finding(megaql, module):
    name = module("checked_broken", APP.replace("a or", "a = 1 or"))
    result = megaql("check", f"{name}:app", "--fix")
    assert result.status == 1
    assert f"{name}:app: error: '=' is not an operator here" in result.err


def test_a_python_file_is_told_how_to_be_named(megaql, module):
    name = module("checked_file", APP)
    result = megaql("check", f"{name}.py")
    assert result.status == 2
    assert f"write {name}:app" in result.err
