"""Runs the benchmarks: `python -m tests.benchmarks [AREA …] [--json FILE | --publish] [--quick]`, from the root of a checkout.

An area is a module `bench_AREA.py` beside this file with `tables(options: Options) -> Iterator[Table]`. Nothing is asserted: a busy machine
is no defect.
"""

# ruff: noqa: T201 - a benchmark prints its tables

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from tests.benchmarks import environment, page
from tests.benchmarks.timing import Options

AREAS = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main(arguments: list[str] | None = None) -> None:
    """Measure the areas named, or all; print each table as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"one of {', '.join(AREAS)}; all if none is named")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--json", type=Path, metavar="FILE", help="write the tables there; areas not measured now stay")
    target.add_argument(
        "--publish", action="store_true", help="write the tables where docs/performance.md has its own, and it"
    )
    parser.add_argument("--quick", action="store_true", help="run everything once: to see that it runs")
    given = parser.parse_args(arguments)
    if unknown := set(given.areas) - set(AREAS):
        parser.error(f"no such area: {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
    file = page.RESULTS if given.publish else given.json
    here = environment.describe()
    print(environment.to_text(here))
    for area in given.areas or AREAS:
        module = importlib.import_module(f"tests.benchmarks.bench_{area}")
        tables = []
        for table in module.tables(Options(quick=given.quick)):
            print("\n" + table.to_text(), flush=True)
            tables.append(table.to_json())
        if file:
            write(file, area, tables, here)
    if given.publish:
        page.write()


def write(file: Path, area: str, tables: list[dict[str, object]], here: dict[str, object]) -> None:
    """Put the tables of an area into the file; what was measured in another environment is dropped from it."""
    old = json.loads(file.read_text("utf-8")) if file.exists() else {}
    areas = old.get("areas", {}) if environment.continues(old.get("environment", {}), here) else {}
    text = json.dumps({"environment": here, "areas": {**areas, area: tables}}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
