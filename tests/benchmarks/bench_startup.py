"""Start-up: `megaql --help` beside an empty typer app's, in turns, and which heavy modules each command imports.

Run from the checkout: python tests/benchmarks/bench_startup.py [runs]
The goal is a ratio of at most 1.3; it is printed, not asserted, since a busy machine is no defect.
"""

# ruff: noqa: T201 - a benchmark prints its table

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Modules that cost tens of milliseconds each, and that `--help` and a file need none of (or only the last ones).
HEAVY = ("boto3", "botocore", "sqlite3", "lark", "re2", "bson", "textual", "rich", "typer")

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


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        world = os.environ | {"PYTHONPATH": str(ROOT), "MEGAQL_HOME": f"{folder}/home", "HOME": folder}
        empty = Path(folder, "empty.py")
        empty.write_text(EMPTY_APP)
        messages = Path(folder, "messages.ndjson")
        messages.write_text('{"a":1}\n{"a":2}\n')
        megaql = [sys.executable, "-m", "megaql.cli.main"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "empty typer app --help": [sys.executable, str(empty), "--help"],
            "megaql --help": [*megaql, "--help"],
            "megaql peek --help": [*megaql, "peek", "--help"],
            "megaql test QUERY FILE": [*megaql, "test", "a == 1", str(messages)],
        }
        times = measure(commands, runs, world, folder)
        base = statistics.median(times["empty typer app --help"])
        print(f"{'command':28} {'median ms':>9} {'best ms':>9} {'ratio':>6}  imports")
        for name, command in commands.items():
            median, best = statistics.median(times[name]), min(times[name])
            print(
                f"{name:28} {median * 1000:9.0f} {best * 1000:9.0f} {median / base:6.2f}  {imports(command, world, folder)}"
            )


def measure(commands, runs, world, folder):
    """Return each command's wall-clock seconds; one run of each after the other, so that a busy moment meets all of them."""
    times = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, env=world, cwd=folder, capture_output=True, check=True)
            if number:  # the first run fills the caches
                times[name].append(time.perf_counter() - start)
    return times


def imports(command, world, folder):
    """Return which heavy modules a command imports, by python's own account of its imports."""
    run = subprocess.run(
        command, env=world | {"PYTHONPROFILEIMPORTTIME": "1"}, cwd=folder, capture_output=True, text=True, check=True
    )
    seen = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    return ", ".join(name for name in HEAVY if name in seen) or "-"


if __name__ == "__main__":
    main()
