"""Completion: what is offered, in the shells themselves, without a queue being asked or anything slow being imported."""

import json
import os
import pty
import select
import shutil
import stat
import subprocess
import sys
import time

import pytest

from megaql.cli import completiontable, program
from megaql.cli.commands.completion import SCRIPTS, Shell
from megaql.cli.completion import completing, remembering


def offered(*words, environ=None):
    return [one for one, _ in completing.candidates(words, environ or {})]


@pytest.fixture
def world(tmp_path):
    """An environment whose cache knows three places and three paths."""
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "NO_COLOR": "1"}
    path = remembering.cache_file(environ)
    path.parent.mkdir(parents=True)
    targets = ["local:orders", "local:orders-dlq", "shop"]
    path.write_text(json.dumps({"targets": targets, "paths": ["event.name", "event.quantity", "@id"]}))
    return environ


def test_the_table_is_that_of_the_commands():
    assert completing.TABLE.read_text(encoding="utf-8") == completiontable.made(), (
        "megaql/cli/completion/completion.json is out of date: python -m megaql.cli.reference > docs/cli.md writes it too"
    )


def test_commands_and_options():
    assert offered("") == [entry.name for entry in program.COMMANDS]
    assert offered("pe") == ["peek"]
    assert offered("--v") == ["--version"]
    assert "--where" in offered("peek", "--")
    assert "--where" in offered("peek", "-"), "a dash is standard input, and the beginning of an option too"
    assert offered("peek", "--why") == ["--why-not"]
    assert offered("nosuch", "--") == []


def test_values_of_options():
    assert offered("peek", "-o", "nd") == ["ndjson"]
    assert offered("peek", "--output=t") == ["--output=table", "--output=template"]
    assert offered("local", "pu") == ["purge"]
    assert offered("completion", "") == ["bash", "zsh", "fish"]
    assert offered("help", "ex") == ["exit-codes", "explain"]
    assert offered("peek", "--limit", "") == []
    assert offered("snapshot", "x", "-o", "") == [":files"]


def test_queries_of_a_file_by_name(world, tmp_path, monkeypatch):
    """Where a query is taken, and of the file that the command line, the environment or the folder names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.mql").write_text(
        '# Big ones.\nlarge: event.quantity > 5\n  and event.name == "a"\nlate: true\nid-of: true\n'
    )
    (tmp_path / "other.mql").write_text("less: true\n")
    assert offered("peek", "shop", "-w", "@l", environ=world) == ["@large", "@late", ":open"]
    assert offered("peek", "shop", "--where=@la", environ=world) == ["--where=@large", "--where=@late", ":open"]
    assert offered("peek", "shop", "-w", "@", environ=world) == ["@large", "@late", "@id-of", "@id", ":open"]
    assert offered("test", "@lar", environ=world) == ["@large", ":open"]
    assert offered("peek", "shop", "--queries", "other.mql", "-w", "@l", environ=world) == ["@less", ":open"]
    assert offered("peek", "shop", "-w", "@l", environ={**world, "MEGAQL_QUERIES": "other.mql"}) == ["@less", ":open"]
    assert offered("peek", "shop", "-w", "@other.mql:l", environ=world) == ["@other.mql:less", ":open"]
    assert offered("peek", "shop", "-w", "@id and @l", environ=world) == [":files"]
    (tmp_path / "megaql.mql").write_bytes(b"\xff\xfe")
    assert offered("peek", "shop", "-w", "@i", environ=world) == ["@id", ":open"]


def test_places_aliases_and_paths(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.toml").write_text('[aliases]\nlive = "local:orders"\n')
    assert offered("peek", "l", environ=world) == ["live", "local:orders", "local:orders-dlq", ":files"]
    assert offered("peek", "--limit", "5", "s", environ=world) == ["shop", ":files"]
    assert offered("peek", "shop", "-w", "event.n", environ=world) == ["event.name", ":open"]
    assert offered("peek", "shop", "-w", 'event.name == "a" and event.q', environ=world) == [
        'event.name == "a" and event.quantity',
        ":open",
    ]
    assert offered("peek", "shop", "--fields", "event.name,@", environ=world) == ["event.name,@id", ":open"]
    assert offered("explain", "@i", environ=world) == ["@id", ":open"]
    assert offered("explain", "a == 1", "sh", environ=world) == ["shop", ":files"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"targets": 5}', '{"targets": [1, null]}'])
def test_a_broken_cache_offers_nothing(world, text):
    remembering.cache_file(world).write_text(text)
    assert offered("peek", "lo", environ=world) == [":files"]


def test_a_line_is_split_as_a_shell_would():
    assert completing.split("megaql peek loc") == (["megaql", "peek", "loc"], False)
    assert completing.split('megaql  peek a -w \'x == "y" and ev') == (
        ["megaql", "peek", "a", "-w", 'x == "y" and ev'],
        True,
    )
    assert completing.split(r"megaql a\ b ") == (["megaql", "a b", ""], False)


def test_bash_gets_what_stands_behind_its_last_break(world):
    assert completing.answer(["bash", "megaql peek local:orders-", " =:"], world) == "orders-dlq\t\n:files\n"
    assert completing.answer(["bash", "megaql peek local:orders-", " "], world) == "local:orders-dlq\t\n:files\n"


def test_commands_remember_what_they_saw(megaql, world, tmp_path, events):
    remembering.cache_file(world).unlink()
    assert megaql("publish", "local:orders", "--event", "a.b", "-s", "secret_key=hidden", environ=world).status == 0
    assert megaql("peek", "local:orders", environ=world).status == 0
    assert megaql("peek", events, environ=world).status in {0, 6}
    assert megaql("peek", "local:missing", environ=world).status == 5
    path = remembering.cache_file(world)
    known = json.loads(path.read_text())
    assert known["targets"] == ["local:orders"]
    assert {"event.name", "event.attributes.secret_key"} & set(known["paths"])
    assert "hidden" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0 or path.parent.parent == tmp_path / ".cache"


def test_a_topic_of_the_help_is_no_place(megaql, world):
    remembering.cache_file(world).unlink()
    assert megaql("help", "safety", environ=world).status == 0
    assert not remembering.cache_file(world).exists()


def test_keys_that_are_data_are_not_remembered(megaql, world):
    body = json.dumps({"by_mail": {"jo@example.com": 1, "ok": 2}, "example.com": 3})
    megaql("publish", "local:orders", "--data", body, environ=world)
    megaql("publish", "local:orders", "--text", "plain", environ=world)
    megaql("peek", "local:orders", environ=world)
    assert "example.com" not in remembering.cache_file(world).read_text()


def test_the_cache_is_bounded_and_can_be_turned_off(world):
    remembering._note(world, "targets", [f"q{number}" for number in range(5000)])
    known = remembering.recall(world)["targets"]
    assert (len(known), known[0]) == (1000, "q0")
    remembering._note(world, "targets", ["new"])
    assert remembering.recall(world)["targets"][0] == "new"
    assert remembering.cache_file(world | {"MEGAQL_COMPLETION": "0"}) is None


def test_a_cache_that_cannot_be_written_stops_nobody(megaql, tmp_path):
    (tmp_path / "file").write_text("")
    environ = {"XDG_CACHE_HOME": str(tmp_path / "file"), "NO_COLOR": "1"}
    assert megaql("publish", "local:orders", "--text", "a", environ=environ).status == 0


def test_nothing_slow_is_imported(child_environ):
    program = "import sys; from megaql.cli.main import main; main(sys.argv[1:]); print('LOADED', *sorted(sys.modules))"
    words = ["__complete", "bash", "megaql peek --", ""]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, env=child_environ(), check=True
    )
    loaded = set(done.stdout.rpartition("LOADED ")[2].split())
    slow = {
        "typer",
        "click",
        "rich",
        "boto3",
        "botocore",
        "lark",
        "pydantic",
        "sqlite3",
        "dataclasses",
        "inspect",
        "bson",
        "asyncio",
        "megaql.broker",
        "megaql.lang",
    }
    assert loaded & slow == set()


def test_wrong_use(megaql):
    result = megaql("completion", "tcsh")
    assert (result.status, result.out) == (2, "")
    assert "'bash', 'zsh', 'fish'" in result.err
    missing = megaql("completion")
    assert (missing.status, "Choose from: bash, zsh, fish" in missing.err) == (2, True)


# In the shells


def shell_of(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture
def home(tmp_path, world, child_environ):
    """A home with megaql on the path and its script for each shell."""
    program = tmp_path / "bin" / "megaql"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m megaql.cli.main "$@"\n')
    program.chmod(0o755)
    for shell, script in SCRIPTS.items():
        (tmp_path / f"completion.{shell.value}").write_text(script)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return child_environ(world | {"PATH": path, "TERM": "xterm", "PS1": "$ "})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("megaql pe", ["peek"]),
        ("megaql peek --why", ["--why-not"]),
        ("megaql peek sh", ["shop"]),
        ("megaql peek local:ord", ["orders", "orders-dlq"]),
        ("megaql peek shop -w event.q", ["event.quantity"]),
        ("megaql peek shop -w 'event.name == 1 and event.q", ["event.name == 1 and event.quantity"]),
    ],
)
def test_bash_is_given_the_words(home, tmp_path, line, words):
    program = """
        source "$1/completion.bash"
        COMP_LINE=$2; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(megaql); COMP_CWORD=1
        _megaql; printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        [shell_of("bash"), "--norc", "-c", program, "bash", str(tmp_path), line],
        capture_output=True, text=True, env=home, cwd=tmp_path, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == words


def test_fish_is_given_the_words(home, tmp_path):
    program = f"source {tmp_path}/completion.fish; complete -C 'megaql pe'; complete -C 'megaql peek local:ord'"
    done = subprocess.run(
        [shell_of("fish"), "--no-config", "-c", program], capture_output=True, text=True, env=home, cwd=tmp_path, timeout=60, check=True
    )  # fmt: skip
    names = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert names == ["peek", "local:orders", "local:orders-dlq"]
    assert "Look at messages" in done.stdout


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('megaql peek "local:ord', ["local:orders", "local:orders-dlq"]),
        ('megaql peek shop -w \'event.name == "1" and event.q', ['event.name == "1" and event.quantity']),
        ("megaql test shop.mql 'a f", ["a folder/"]),
    ],
)
def test_fish_is_given_the_words_within_an_open_quote(home, tmp_path, line, names):
    (tmp_path / "a folder").mkdir()
    program = f"source {tmp_path}/completion.fish; complete -C $argv[1]"
    done = subprocess.run(
        [shell_of("fish"), "--no-config", "-c", program, line], capture_output=True, text=True, env=home, cwd=tmp_path, timeout=60, check=True
    )  # fmt: skip
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == names


def typed(shell, arguments, *, environ, cwd, setup, line, wanted):
    """Type into an interactive shell on a terminal, press TAB, and return what it shows once the wanted text is there."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [shell, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environ,
        cwd=cwd,
        start_new_session=True,
    )
    os.close(follower)
    shown = ""

    def read_until(text):
        nonlocal shown
        end = time.monotonic() + 60
        while text not in shown and time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                shown += os.read(leader, 4096).decode(errors="replace").replace("\a", "")

    try:
        os.write(leader, f"{setup}; echo rea''dy\n".encode())
        read_until("ready")
        shown = ""
        os.write(leader, f"{line}\t".encode())
        read_until(wanted)
        return shown
    finally:
        process.kill()
        process.wait()
        os.close(leader)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("megaql pe", "peek "),
        ("megaql peek local:ord", "local:orders"),
        ("megaql peek shop -w 'event.name == 1 and event.q", "and event.quantity"),
    ],
)
def test_a_key_pressed_in_bash(home, tmp_path, line, wanted):
    shown = typed(
        shell_of("bash"),
        ["--norc", "-i"],
        environ=home,
        cwd=tmp_path,
        setup=f"source {tmp_path}/completion.bash",
        line=line,
        wanted=wanted,
    )
    assert wanted in shown


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("megaql pe", "peek"),
        ("megaql peek local:ord", "local:orders"),
        ("megaql peek --why", "--why-not"),
        ("megaql peek shop -w 'event.name == 1 and event.q", "and event.quantity"),
        ('megaql peek shop --where="x == \\"1\\" and event.q', "event.quantity"),
    ],
)
def test_a_key_pressed_in_zsh(home, tmp_path, line, wanted):
    setup = f"autoload -Uz compinit; compinit -u -d {tmp_path}/dump; source {tmp_path}/completion.zsh"
    shown = typed(shell_of("zsh"), ["-f", "-i"], environ=home, cwd=tmp_path, setup=setup, line=line, wanted=wanted)
    # zsh redraws what changes, so that a word comes in pieces; what it comes to is what counts.
    assert wanted in shown.replace("\b", "")


def test_each_script_names_its_shell(megaql):
    for shell in Shell:
        assert f"megaql completion {shell.value}" in megaql("completion", shell.value).out
