"""docs/performance.md and its picture, from the figures that are kept beside the benchmarks.

A maintainer keeps one rule: what stands between the marks of the page comes from the figures; the words around them are written by people.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.benchmarks import environment, picture
from tests.benchmarks.tables import Table

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("results.json")
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"

_BETWEEN = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def write() -> None:
    """Bring the page and the picture in line with the figures."""
    results = json.loads(RESULTS.read_text("utf-8"))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), results), "utf-8")
    PICTURE.write_text(picture.drawn(results["areas"]), "utf-8")


def filled(page: str, results: dict[str, Any]) -> str:
    """Return the page with what the figures say between its marks."""
    return _BETWEEN.sub(lambda found: found[1] + _section(found[2], results) + found[3], page)


def marks(page: str) -> set[str]:
    """Return the names of the marks of a page."""
    return {found[2] for found in _BETWEEN.finditer(page)}


def _section(name: str, results: dict[str, Any]) -> str:
    if name == "environment":
        lines = environment.to_text(results["environment"]).splitlines()
        return "".join(f"* {line}\n" for line in lines)
    tables = [Table.from_json(table) for table in results["areas"].get(name, [])]
    return "\n".join(table.to_markdown() for table in tables)
