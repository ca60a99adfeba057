"""A command that reads one file and writes another refuses where they are one, and leaves it as it was."""

import io
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from unittest import mock

import pytest

from megaql.broker import local
from megaql.cli.environment import Environment
from megaql.cli.main import main

CONTENT = '{"event": {"name": "a"}, "protocol": "mega", "version": 1}\n' * 3


@pytest.fixture
def file(tmp_path):
    """A file of messages, which has a hard link and a symbolic one."""
    path = tmp_path / "f.ndjson"
    path.write_text(CONTENT)
    (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "soft").symlink_to(path)
    return path


def run(*words, stdin=None):
    err = io.StringIO()
    with Path(stdin or os.devnull).open() as given, mock.patch.object(sys, "stdin", given):
        world = Environment(stdin=given, stdout=io.StringIO(), stderr=err, environ={"NO_COLOR": "1"}, width=200)
        return main([str(word) for word in words], world), err.getvalue()


COMMANDS = {
    "peek": lambda read, write: ["peek", read, "--save", write],
    "snapshot": lambda read, write: ["snapshot", read, "-o", write],
    "stats": lambda read, write: ["stats", read, "--html", write],
    "test": lambda read, write: ["test", "exists event", read, "--expect", "any", "--junit", write],
    "copy": lambda read, write: ["copy", read, "local:orders", "--apply", "--log", write],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("names", [*product(["f.ndjson", "-"], ["f.ndjson", "hard", "soft"])], ids=" ".join)
def test_a_file_is_not_written_while_it_is_read(file, monkeypatch, command, names):
    read, write = names
    monkeypatch.chdir(file.parent)
    local.client().create_queue(QueueName="orders")
    status, err = run(*COMMANDS[command](read, write), stdin=file)
    assert status == 2
    name = "standard input" if read == "-" else "f.ndjson"
    assert err.startswith("error: The file to write is the file that is read\n"), err
    assert f"{name} would be written over before it is read" in err
    assert "nothing was read or written" in err
    assert file.read_text() == CONTENT


def test_a_query_file_is_read_too(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = '--- a ---\nevent.name == "a"\n'
    (tmp_path / "q.mql").write_text(text)
    (tmp_path / "megaql.mql").symlink_to("q.mql")
    for words in (["-w", "@a", "--queries", "q.mql"], ["-w", "@q.mql:a"], ["-w", "@a"]):
        status, err = run("peek", file, *words, "--save", "q.mql")
        assert (status, "The file to write is the file that is read" in err) == (2, True), err
        assert (tmp_path / "q.mql").read_text() == text


def test_another_file_is_no_trouble(file, tmp_path):
    """Neither is a device that is read and written, nor an option that names a file which is not there yet."""
    assert run("peek", "-", "--save", tmp_path / "new", stdin=file)[0] == 0
    assert run("peek", "/dev/null", "--save", "/dev/null")[0] == 0
    assert run("peek", "-", "--save", "/dev/null", stdin="/dev/null")[0] == 0


def test_a_file_of_a_queues_name_would_be_read_in_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("orders", "./orders"):
        status, err = run("peek", "orders", "--save", name)
        assert (status, err.startswith("error: The file to write has the name of what is read\n")) == (2, True), err
    assert not (tmp_path / "orders").exists()


def test_bulk_work_writes_no_file_twice(tmp_path, monkeypatch):
    """A log, what is saved and a plan are three files, whether they are there or not."""
    monkeypatch.chdir(tmp_path)
    for name in ("orders", "other"):
        local.client().create_queue(QueueName=name)
    status, err = run("move", "local:orders", "local:other", "--apply", "--yes", "--log", "one", "--save", "./one")
    assert (status, err.startswith("error: Two things would be written into one file\n")) == (2, True), err
    assert "--log one, --save ./one" in err
    assert not (tmp_path / "one").exists()
    (tmp_path / "plan").write_text("whatever")
    words = ["move", "local:orders", "local:other", "--apply", "--yes", "--plan", "plan"]
    for option in ("--save", "--log"):
        status, err = run(*words, option, "plan")
        assert (status, f"{option} plan" in err) == (2, True), err
    assert (tmp_path / "plan").read_text() == "whatever"


def test_a_process_reads_its_input_from_the_file(file, child_environ):
    """As a shell starts it: `megaql peek - --save F < F`, and `megaql peek F >> F`, which would never end."""
    command = [sys.executable, "-m", "megaql.cli.main", "peek"]
    with file.open("rb") as stdin, file.open("ab") as stdout:
        settings = {"stderr": subprocess.PIPE, "env": child_environ(), "timeout": 60}
        saved = subprocess.run(
            [*command, "-", "--save", file], stdin=stdin, stdout=subprocess.PIPE, check=False, **settings
        )
        grown = subprocess.run([*command, file, "-o", "ndjson"], stdout=stdout, check=False, **settings)
    assert (saved.returncode, grown.returncode) == (2, 2)
    assert b"The output goes into the file that is read" in grown.stderr
    assert file.read_text() == CONTENT
