"""`megaql demo`: every step succeeds, its commands can be typed, and nothing is left."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from megaql.cli.commands.demo import STORY


@pytest.fixture
def temp(tmp_path, monkeypatch):
    """The folder in which temporary folders are made."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def screen(text):
    """Return the demo's output without what differs from run to run."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "IDENTIFIER", text)
    text = re.sub(r"(?m)^[0-9a-f]{8}(?=  )", "IDENTIFI", text)
    text = re.sub(r"\b\d\d-\d\d \d\d:\d\d\b", "01-01 12:00", text)
    return re.sub(r"\b\d\d:\d\d:\d\d\b", "12:00:00", text)


def test_the_whole_story(shell, golden, temp):
    result = shell("demo", environ={"COLUMNS": "80", "TZ": "UTC"})
    assert (result.status, result.err) == (0, "")
    golden("demo-80", screen(result.out))
    assert list(temp.iterdir()) == []


def test_it_touches_no_other_broker(megaql, temp):
    import os

    home = os.environ["MEGAQL_HOME"]
    megaql("demo")
    assert os.environ["MEGAQL_HOME"] == home
    assert not Path(home).exists()
    assert list(temp.iterdir()) == []


def test_colours_only_repeat_the_words(megaql, temp):
    plain, coloured = megaql("demo"), megaql("demo", "--color", "always")
    assert screen(re.sub(r"\x1b\[[0-9;]*m", "", coloured.out)) == screen(plain.out)
    assert "\x1b[" in coloured.out
    assert list(temp.iterdir()) == []


def test_no_line_is_wider_than_80_columns(megaql, temp):
    long = [line for line in megaql("demo").lines if len(line) > 80]
    assert [line for line in long if not re.match(r"\d\d:\d\d:\d\d ", line)] == [], "all but log lines fit"
    assert list(temp.iterdir()) == []


def test_its_commands_can_be_typed_into_a_shell(tmp_path, child_environ):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in (("megaql", "-m megaql.cli.main"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        (programs / name).chmod(0o755)
    script = "set -e\n" + "\n".join(line for step in STORY for line in step.commands)
    environ = child_environ({"MEGAQL_HOME": str(tmp_path / "home")})
    environ["PATH"] = f"{programs}:{environ['PATH']}"
    done = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "handled 3, retried 1" in done.stderr
    assert done.stdout.count('"queue":"shop-dlq"') == 4


def test_keep_leaves_the_broker_and_says_how_to_reach_it(megaql, temp, monkeypatch):
    kept = temp / "kept"
    result = megaql("demo", "--keep", kept)
    assert result.lines[-1] == f"$ export MEGAQL_HOME={kept}"
    monkeypatch.setenv("MEGAQL_HOME", str(kept))
    assert megaql("peek", "local:shop-dlq", "--count").lines == ["4"]
    again = megaql("demo", "--keep", kept)
    assert again.status == 2
    assert "The folder is not empty" in again.err


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_nothing_is_left_after_a_signal(temp, child_environ, signum, status):
    process = subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", "demo"],
        env=child_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "--bson" in line:
            break
    process.send_signal(signum)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in err
    assert list(temp.iterdir()) == []
