"""docs/cli.md says what the help says."""

from pathlib import Path

from megaql.cli import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_the_help():
    assert PAGE.read_text(encoding="utf-8") == reference.page(), (
        "docs/cli.md is out of date: python -m megaql.cli.reference > docs/cli.md"
    )
