"""What a benchmark ran on: the class of machine, Python, and the versions of megaql's dependencies and of its peers.

Nothing here names the machine itself: results are published.
"""

from __future__ import annotations

import os
import platform
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def describe() -> dict[str, object]:
    """Return plain data; a version of None says that the package is not installed."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    extra = project["optional-dependencies"].get("bench", [])
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "dependencies": _versions(project["dependencies"]),
        "peers": _versions([line for line in extra if not line.startswith("megaql")]),
    }


def _versions(requirements: list[str]) -> dict[str, str | None]:
    return {name: version(name) for name in (re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requirements)}


def version(distribution: str) -> str | None:
    """Return the version of an installed distribution, None if it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def continues(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether what was measured in one environment may stand beside what is measured in another: new packages are the one difference."""
    return all(
        new[title] == old[title] if isinstance(new[title], str) else new[title].items() >= old[title].items()
        for title in old
    )


def to_text(here: dict[str, object]) -> str:
    """Return a line or two of plain text."""
    lines = [f"{here['python']}; {here['machine']}"]
    for title in ("dependencies", "peers"):
        versions = [f"{name} {number or '(not installed)'}" for name, number in here[title].items()]
        lines.append(f"{title}: {', '.join(versions) or 'none'}")
    return "\n".join(lines)
