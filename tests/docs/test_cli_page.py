"""docs/cli.md says what the help says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from megaql.cli import manual, program, reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_the_help():
    assert PAGE.read_text(encoding="utf-8") == reference.page(), (
        "docs/cli.md is out of date: python -m megaql.cli.reference > docs/cli.md"
    )


def test_the_manual_page_is_the_help():
    assert manual.PAGE.read_text(encoding="utf-8") == reference.manual_page(), (
        "docs/megaql.1 is out of date: python -m megaql.cli.reference > docs/cli.md writes it too"
    )


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_the_page():
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", str(manual.PAGE)],
        capture_output=True,
        text=True,
        env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin", "MANPAGER": "cat", "LC_ALL": "C.UTF-8"},
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert [entry.name for entry in program.COMMANDS if f"Usage: megaql {entry.name} " not in done.stdout] == []
    assert 'event.name == "item.added" and event.quantity > 5' in done.stdout
