"""Help: it begins with examples, says what a command does to a queue, and costs little."""

import subprocess
import sys
from pathlib import Path

import pytest

from megaql.cli import program
from megaql.cli.commands.help import TOPICS

ROOT = Path(__file__).parents[2]
NAMES = [entry.name for entry in program.COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_a_commands_help(megaql, capsys, name):
    assert megaql(name, "--help").status == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Usage: megaql {name} ")
    headings = [line for line in lines if line and not line.startswith(" ") and lines.index(line) > 1]
    assert "Examples" in headings
    effects = [line for line in lines if line.startswith("Effect: ")]
    assert len(effects) == 1
    assert effects[0].split()[1].strip(".") in {"reads", "holds", "writes", "consumes", "local"}
    assert lines.index("Examples") < lines.index(effects[0])
    assert max(map(len, [line for line in lines if not line.startswith("  megaql")])) <= 80


@pytest.mark.parametrize("entry", program.COMMANDS, ids=lambda entry: entry.name)
def test_the_summary_is_the_first_line_of_the_docstring(entry):
    assert program.load(entry.name).help.splitlines()[0] == entry.summary


def test_the_list_of_commands(megaql, capsys):
    assert megaql("--help").status == 0
    shown = capsys.readouterr().out
    assert [name for name in NAMES if f"\n  {name} " not in shown] == []
    assert megaql().status == 0
    assert capsys.readouterr().out == shown


def test_version(megaql, capsys):
    from megaql import __version__

    assert megaql("--version").status == 0
    assert capsys.readouterr().out == f"megaql {__version__}\n"


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_fit_80_columns(megaql, topic):
    result = megaql("help", topic)
    assert result.status == 0
    assert max(map(len, result.lines)) <= 80


def test_help_of_a_command_by_name(megaql):
    assert megaql("help", "peek").lines[0] == "Usage: megaql peek TARGET [OPTIONS]"


def test_every_exit_status_is_in_the_help(megaql):
    from megaql.cli.status import Status

    lines = megaql("help", "exit-codes").lines
    assert [status for status in Status if not any(line.startswith(f"  {status.value} ") for line in lines)] == []


NO = {
    "-e": ["peek", "EVENTS", "-w", "nosuch == 1", "-e"],
    "explain": ["explain", "a == 1", "EVENTS", "--id", "nosuch"],
    "check": ["check", "a = 1"],
    "fmt --check": ["fmt", "--check", "a==1"],
    "relate": ["relate", "a == 1", "a == 2", "--expect", "equivalent"],
    "test": ["test", "nosuch == 1", "EVENTS", "--expect", "all"],
    "doctor": ["doctor", "local:orders", "--handling", "1h"],
    "alive": ["alive", "nosuch.alive"],
    "convert": ["convert", "age(@sent_at) < 5m", "--to", "lambda"],
}


@pytest.mark.parametrize("name", NO)
def test_every_command_that_answers_no_is_in_the_help(megaql, events, name):
    megaql("publish", "local:orders", "--text", "a")
    result = megaql(*(events if word == "EVENTS" else word for word in NO[name]))
    assert result.status == 1, result.err
    assert set(name.split()) <= set(TOPICS["exit-codes"][1].replace(",", " ").replace(";", " ").split())


def test_every_variable_that_the_code_reads_is_in_the_help(megaql):
    import re

    files = (ROOT / "megaql").rglob("*.py")
    read = {
        name for file in files for name in re.findall(r"[\"']?\b(MEGAQL_[A-Z]+(?:_[A-Z]+)*)\b", file.read_text("utf-8"))
    }
    own = {"MEGAQL_RELOADED", "MEGAQL_SUPERVISED"}  # between processes of one run, and nobody's to set
    told = megaql("help", "environment").out
    assert sorted(name for name in read - own if name not in told) == []


def test_every_query_in_the_help_compiles():
    import re

    import megaql as package

    text = TOPICS["queries"][1].partition("\n\n")[0]
    queries = [line.strip() for line in text.splitlines()]
    assert len(queries) == 6
    for query in queries:
        names = set(re.findall(r"\$(\w+)", query))
        assert package.compile(query, **dict.fromkeys(names, "x"))


#: Modules that cost time and that the help needs none of.
HEAVY = [
    "boto3",
    "botocore",
    "lark",
    "bson",
    "sqlite3",
    "re2",
    "rich",
    "pydantic",
    "pygments",
    "megaql.lang",
    "megaql.codec",
    "megaql.broker",
    "logging",
]


def imported(*words):
    """Return the modules that a command line loads."""
    program = "import sys; from megaql.cli.main import main; main(sys.argv[1:]); print('LOADED', *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["peek", "--help"], ["help", "queries"]], ids=" ".join)
def test_help_imports_nothing_heavy(words, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    loaded = imported(*words)
    # typer itself reads a command's options with pydantic.
    allowed = {"pydantic", "logging"} if not words[0].startswith("--") else set()
    assert loaded & set(HEAVY) <= allowed


@pytest.mark.parametrize(
    "words",
    [
        ["peek", "EVENTS", "-w", "event.quantity > 1"],
        ["peek", "EVENTS", "-o", "json"],
        ["peek", "EVENTS", "-o", "raw"],
        ["peek", "EVENTS", "--template", "{@id}"],
        ["test", "event.quantity > 1", "EVENTS"],
        ["explain", "event.quantity > 1", "EVENTS"],
        ["explain", "event.quantity > 1", "EVENTS", "--summary", "-o", "table"],
        ["stats", "EVENTS", "-o", "table", "--html", "/dev/null"],
        ["schema", "EVENTS", "-o", "table"],
        ["publish", "local:orders", "--event", "a.b", "--color", "always"],
        ["publish", "local:orders", "--from", "nowhere.ndjson", "--color", "always"],
        ["help", "safety", "--color", "always"],
    ],
    ids=" ".join,
)
def test_rich_is_imported_for_pictures_only(words, monkeypatch, events):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert "rich" not in imported(*(str(events) if word == "EVENTS" else word for word in words))


def test_pictures_are_drawn_by_rich(monkeypatch, events):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert "rich" in imported("explain", "event.quantity > 1", str(events), "-o", "table")


def test_local_queues_and_files_do_without_boto3(monkeypatch, events, megaql):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    megaql("publish", "local:orders", "--event", "a.b")
    for words in (
        ["peek", "local:orders", "-o", "table"],
        ["test", "a == 1", str(events)],
        ["publish", "local:orders", "--text", "a"],
    ):
        assert imported(*words) & {"boto3", "botocore"} == set()
    assert "sqlite3" not in imported("test", "a == 1", str(events))
