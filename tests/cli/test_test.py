"""`megaql test`: a filter over files."""

import gzip
import json
import subprocess
import sys

import pytest

LINES = ['{"n": 1}', '{"n": 2, "x": 0.10}', '{"n": "2"}', '{"m": 2}']


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_matching_records_are_printed(megaql, file):
    result = megaql("test", "n == 2", file)
    assert result.status == 0
    assert [json.loads(line)["body"] for line in result.lines] == ['{"n": 2, "x": 0.10}']
    assert result.err == f"{file}: seen 4, matched 1, unknown 1\n"


def test_invert_prints_unknown_ones_too(megaql, file):
    assert megaql("test", "n == 2", file, "-v", "-o", "raw").lines == [LINES[0], LINES[2], LINES[3]]


def test_several_files_and_gzip(megaql, file, tmp_path):
    packed = tmp_path / "more.ndjson.gz"
    packed.write_bytes(gzip.compress(b'{"n": 2}\n'))
    assert megaql("test", "n == 2", file, packed, "--count").lines == ["2"]


def test_quiet_says_nothing(megaql, file):
    assert megaql("test", "n == 2", file, "-q").err == ""


@pytest.mark.parametrize(("query", "status"), [("n == 2", 0), ("n == 9", 1)])
def test_exit_status(megaql, file, query, status):
    assert megaql("test", query, file, "-e").status == status


def test_a_malformed_line_is_told_and_the_others_are_tested(megaql, tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text('{"n": 2}\n{"n": secret\n{"n": 2}\n')
    result = megaql("test", "n == 2", path)
    assert result.status == 6
    assert len(result.lines) == 2
    assert f"warning: {path}:2: not JSON: expecting value at column 7; passed over" in result.err
    assert "unreadable lines 1" in result.err
    assert "secret" not in result.err


def test_a_flood_of_malformed_lines_is_counted_only(megaql, tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text('{"n": 2}\n' + "}\n" * 100)
    result = megaql("test", "n == 2", path)
    assert result.status == 6
    assert result.err.count("passed over") == 20
    assert "unreadable lines 100" in result.err


def test_standard_input_is_read_for_a_dash_only(shell, file):
    done = shell("test", "n == 2", "-", "-o", "raw", stdin=file.read_bytes())
    assert (done.status, done.lines) == (0, [LINES[1]])
    assert "standard input: seen 4" in done.err


def test_peek_and_test_make_a_pipeline(shell, megaql, events):
    records = megaql("peek", events).out.encode()
    done = shell("test", "event.quantity > 3", "-", "--count", stdin=records)
    assert done.lines == ["2"]


def test_lone_surrogates_are_written_as_json_escapes(shell, tmp_path):
    path = tmp_path / "odd.ndjson"
    path.write_text('{"n": "\\ud800"}\n')
    done = shell("test", "exists n", path)
    assert done.status == 0
    assert json.loads(done.out)["payload"] == {"n": "\ud800"}


def test_a_queue_is_no_file(megaql):
    result = megaql("test", "n == 1", "local:orders")
    assert (result.status, result.out) == (2, "")
    assert "`megaql peek local:orders -w QUERY` looks into it" in result.err


def test_memory_does_not_grow_with_the_file(megaql, tmp_path):
    import tracemalloc

    def peak(lines):
        path = tmp_path / f"{lines}.ndjson"
        path.write_text('{"n": 1, "pad": "%s"}\n' % ("x" * 1000) * lines)
        tracemalloc.start()
        assert megaql("test", "n == 2", path, "-q").status == 0
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(300)  # what is imported on the way stays
    assert peak(3000) < peak(300) * 1.5


def test_the_output_is_whole_before_the_summary(file, child_environ):
    """On a terminal both go to one screen, where the summary must not stand inside of the array."""
    arguments = [sys.executable, "-m", "megaql.cli.main", "test", "n == 2", str(file), "-o", "json"]
    done = subprocess.run(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=child_environ(), timeout=60, check=False
    )
    shown, summary = done.stdout.decode().rstrip("\n").rsplit("\n", 1)
    assert [record["body"] for record in json.loads(shown)] == [LINES[1]]
    assert summary == f"{file}: seen 4, matched 1, unknown 1"


def test_an_array_is_whole_when_a_file_breaks_off(megaql, tmp_path):
    path = tmp_path / "cut.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"n": 2}\n' * 3)[:-4])
    result = megaql("test", "n == 2", path, "-o", "json")
    assert result.status == 2
    assert len(json.loads(result.out)) == 3
