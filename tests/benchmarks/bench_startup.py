"""Start-up: megaql's commands beside an empty typer app and other programs that filter, and which heavy modules each one imports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.benchmarks.timing import Options

ROOT = Path(__file__).parents[2]

#: Modules that cost tens of milliseconds each.
HEAVY = ("boto3", "botocore", "sqlite3", "lark", "re2", "bson", "msgspec", "pydantic", "rich", "typer")

#: What a command is compared with.
EMPTY_HELP, EMPTY_RUN = "empty typer app --help", "empty typer app one NAME"

EMPTY_APP = """
import typer
app = typer.Typer()
@app.command()
def one(name: str) -> None:
    "Do one thing."
@app.command()
def two(name: str) -> None:
    "Do another."
app()
"""


def tables(options: Options) -> Iterator[Table]:
    """Yield medians of the clock and of the processor, those also as multiples of an empty typer app's."""
    with tempfile.TemporaryDirectory() as folder:
        world = os.environ | {"PYTHONPATH": str(ROOT), "MEGAQL_HOME": f"{folder}/home", "HOME": folder}
        given = commands(Path(folder))
        times = time_processes(given, quick=options.quick, rounds=15, env=world, cwd=folder)
        table = Table(
            "Start-up",
            ["command", "wall ms", "CPU ms", "CPU: x empty app --help", "CPU: x empty app that runs", "heavy imports"],
            note="Medians of 15 runs in turns. The file holds two messages.",
        )
        for name, command in given.items():
            taken = times[name]
            table.rows.append(
                [
                    name,
                    taken.wall * 1000,
                    taken.cpu * 1000,
                    taken.cpu / times[EMPTY_HELP].cpu,
                    taken.cpu / times[EMPTY_RUN].cpu,
                    imports(command, world, folder) if command[0] == sys.executable else None,
                ]
            )
        yield table


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is measured: programs that are not installed are left out."""
    empty, messages = folder / "empty.py", folder / "messages.ndjson"
    empty.write_text(EMPTY_APP)
    messages.write_text('{"a":1}\n{"a":2}\n')
    python = sys.executable
    megaql = [python, "-m", "megaql.cli.main"]
    found = {
        "python -c pass": [python, "-c", "pass"],
        EMPTY_HELP: [python, str(empty), "--help"],
        EMPTY_RUN: [python, str(empty), "one", "x"],
        "megaql --help": [*megaql, "--help"],
        "megaql peek --help": [*megaql, "peek", "--help"],
        "megaql test QUERY FILE": [*megaql, "test", "a == 1", str(messages)],
    }
    if jmespath := shutil.which("jp.py", path=f"{Path(python).parent}{os.pathsep}{os.environ.get('PATH', '')}"):
        document = folder / "document.json"
        document.write_text('{"a":1}')
        found["jp.py EXPRESSION"] = [jmespath, "-f", str(document), "a"]
    if jq := shutil.which("jq"):
        found["jq select(…) FILE"] = [jq, "-c", "select(.a == 1)", str(messages)]
    return found


def imports(command: Sequence[str], world: Mapping[str, str], folder: str) -> str:
    """Return which heavy modules a command imports, by python's own account of its imports."""
    run = subprocess.run(
        command, env=world | {"PYTHONPROFILEIMPORTTIME": "1"}, cwd=folder, capture_output=True, text=True, check=True
    )
    seen = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    return ", ".join(name for name in HEAVY if name in seen)
