"""`megaql fmt`: queries are printed, files replaced."""

import os
import re

import pytest

UGLY = "# first\na:x==1 # beside\n\n\nb: y\n"
PRETTY = "# first\na: x == 1  # beside\n\nb: y\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("ugly.mql").write_text(UGLY)
    tmp_path.joinpath("pretty.mql").write_text(PRETTY)
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_query_is_printed(megaql):
    result = megaql("fmt", "a==1&&(b||c) # why", "not b")
    assert (result.status, result.out, result.err) == (0, "a == 1 and (b or c)  # why\nnot b\n", "")


def test_files_are_replaced_where_they_change(megaql, folder):
    before = folder.joinpath("pretty.mql").stat()
    result = megaql("fmt", "ugly.mql", "pretty.mql")
    assert (result.status, result.out, result.err) == (0, "", "files 2, laid out 1\n")
    assert folder.joinpath("ugly.mql").read_text() == PRETTY
    after = folder.joinpath("pretty.mql").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert megaql("fmt", "ugly.mql").err == "files 1, laid out 0\n"


def test_a_folder_without_query_files_is_told(megaql, folder):
    folder.joinpath("empty").mkdir()
    result = megaql("fmt", "--check", "empty")
    assert (result.status, result.out, result.err) == (0, "", "empty: no query files (.mql) in it\n")


def test_mode_and_link_of_a_file_stay(megaql, folder):
    folder.joinpath("ugly.mql").chmod(0o640)
    folder.joinpath("link.mql").symlink_to("ugly.mql")
    assert megaql("fmt", "link.mql").status == 0
    assert folder.joinpath("link.mql").is_symlink()
    assert folder.joinpath("ugly.mql").read_text() == PRETTY
    assert folder.joinpath("ugly.mql").stat().st_mode & 0o777 == 0o640
    assert names(folder) == ["link.mql", "pretty.mql", "ugly.mql"]


def test_a_file_is_as_it_was_where_it_cannot_be_replaced(megaql, folder, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = megaql("fmt", "ugly.mql")
    assert result.status == 2
    assert "No space left on device" in result.err
    assert folder.joinpath("ugly.mql").read_text() == UGLY
    assert names(folder) == ["pretty.mql", "ugly.mql"]


def test_a_read_only_file_is_told(megaql, folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    result = megaql("fmt", "ugly.mql", "pretty.mql")
    assert result.status == 2
    assert result.err == (
        "error: The file cannot be written\n  where: ugly.mql\n  why: it is read-only\n"
        "  next: make it writable; it is as it was\nfiles 2, laid out 0, failed 1\n"
    )
    assert folder.joinpath("ugly.mql").read_text() == UGLY


def test_check_lists_and_writes_nothing(megaql, folder):
    result = megaql("fmt", "--check", "ugly.mql", "pretty.mql", "a==1", "a == 1")
    assert (result.status, result.out, result.err) == (
        1,
        "ugly.mql\na==1\n",
        "files 2, not laid out 1\n",
    )
    assert folder.joinpath("ugly.mql").read_text() == UGLY
    assert megaql("fmt", "--check", "pretty.mql", "a == 1").status == 0


def test_diff_shows_and_writes_nothing(megaql, folder):
    result = megaql("fmt", "--diff", "ugly.mql", "pretty.mql")
    assert result.status == 0
    assert result.out == (
        "--- ugly.mql\n+++ ugly.mql\n@@ -1,5 +1,4 @@\n # first\n-a:x==1 # beside\n-\n+a: x == 1  # beside\n \n b: y\n"
    )
    assert folder.joinpath("ugly.mql").read_text() == UGLY
    assert megaql("fmt", "--diff", "--check", "ugly.mql").status == 1


def test_diff_tells_of_a_missing_line_end(megaql, folder):
    folder.joinpath("end.mql").write_text("a: x")
    assert megaql("fmt", "--diff", "end.mql").out.splitlines()[3:] == ["-a: x", "\\ No newline at end of file", "+a: x"]


def test_colours_of_a_difference(megaql):
    coloured = megaql("fmt", "--diff", "ugly.mql", "--color", "always").out
    assert "\x1b[31m-a:x==1 # beside\x1b[0m" in coloured
    assert "\x1b[32m+a: x == 1  # beside\x1b[0m" in coloured


def test_a_file_with_an_error_is_left_and_the_others_are_laid_out(megaql, folder):
    broken = "a: x = 1\nb: y==2\nc: nubmer(x) > 1\n"
    folder.joinpath("broken.mql").write_text(broken)
    result = megaql("fmt", "broken.mql", "none.mql", "ugly.mql")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "broken.mql: error: '=' is not an operator here; did you mean '=='?\n"
        "  1 | a: x = 1\n"
        "    |      ^ replace with ==\n"
        "broken.mql: error: there is no function nubmer()\n"
        "  3 | c: nubmer(x) > 1\n"
        "    |    ^^^^^^ did you mean number?\n"
        "error: The query file cannot be read\n"
        "  where: none.mql\n"
        "  why: No such file or directory\n"
        "  next: name a text file of queries, as in shop.mql\n"
        "files 3, laid out 1, failed 2\n"
    )
    assert folder.joinpath("broken.mql").read_text() == broken
    assert folder.joinpath("ugly.mql").read_text() == PRETTY


def test_a_folder_stands_for_the_files_in_it(megaql, folder):
    for name in ("sub", ".hidden"):
        folder.joinpath(name).mkdir()
        folder.joinpath(name, "deep.mql").write_text("a:x")
    folder.joinpath("other.txt").write_text("a:x")
    assert megaql("fmt", ".", "--check").lines == ["sub/deep.mql", "ugly.mql"]
    folder.joinpath("empty").mkdir()
    assert (megaql("fmt", "empty").status, megaql("fmt", "empty").out) == (0, "")


def test_without_arguments_it_is_the_file_of_the_names(megaql, folder):
    assert "where: megaql.mql" in megaql("fmt").err
    folder.joinpath("megaql.mql").write_text("a:x")
    assert megaql("fmt").err == "files 1, laid out 1\n"
    assert folder.joinpath("megaql.mql").read_text() == "a: x\n"
    assert megaql("fmt", environ={"MEGAQL_QUERIES": "ugly.mql"}).err == "files 1, laid out 1\n"
    assert megaql("fmt", "--queries", "pretty.mql").err == "files 1, laid out 0\n"


def test_a_named_query_is_printed(megaql):
    assert megaql("fmt", "@ugly.mql:a").out == "x == 1  # beside\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (UGLY, PRETTY),
        ("a==1\n", "a == 1\n"),
        ("# why\n\n a==1\n", "# why\na == 1\n"),
        ("any x in\na: (x.b==1)", "any x in a: (x.b == 1)\n"),
        ("\ufeffa:x", "a: x\n"),
        ("# only a comment", "# only a comment\n"),
    ],
)
def test_standard_input_is_a_file_or_a_query(megaql, text, expected):
    assert megaql("fmt", "-", answer=text).out == expected


def test_an_error_of_standard_input_has_its_lines(megaql):
    result = megaql("fmt", "-", answer="a: x\nb: y = 1\n")
    assert result.status == 2
    assert result.err.startswith("standard input: error: '=' is not an operator")
    assert "  2 | b: y = 1\n" in result.err


def test_what_would_move_the_cursor_is_shown_on_a_terminal_only(megaql):
    assert megaql("fmt", "a=='\x1b'").out == 'a == "\x1b"\n'
    assert megaql("fmt", "a=='\x1b'", tty=True).out == 'a == "\\x1b"\n'


def test_queries_in_colour_are_the_same_queries(megaql):
    query = "any x in items: (x.a == 'b'i) and not count(y in z: (y)) > 5 # why"
    coloured = megaql("fmt", query, "--color", "always").out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == megaql("fmt", query).out
    for word in (
        "\x1b[35many\x1b[0m",
        "\x1b[35mand\x1b[0m",
        "\x1b[34mcount\x1b[0m",
        "\x1b[36m5\x1b[0m",
        "\x1b[90m# why\x1b[0m",
    ):
        assert word in coloured


def test_help_shows_queries_in_colour(megaql):
    coloured = megaql("help", "queries", "--color", "always").out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == megaql("help", "queries").out
    assert '\x1b[32m"item.added"\x1b[0m' in coloured


def test_standard_input_that_is_no_text_is_told(shell):
    done = shell("fmt", "-", stdin=b"a == '\xff'")
    assert (done.status, done.out) == (2, "")
    assert "  where: standard input\n  why: it is not UTF-8 text: byte 6 is 0xff\n" in done.err
