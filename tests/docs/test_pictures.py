"""The pictures of the pages are what the program draws, in colour, as a terminal would show it."""

import html
import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from megaql.cli.environment import Color, Environment
from megaql.cli.main import main

HERE = Path(__file__).parent
PICTURE = HERE.parents[1] / "docs" / "stats.svg"
QUERY = 'event.name == "order.paid" and number(event.total) > 50'

#: rich's own format names a font on the web; a picture of ours loads nothing.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Numbers of a dead-letter queue, as megaql stats draws them">
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="8" fill="#0c0c0c"/>
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def drawn():
    """Return what `stats` prints on a terminal of 80 columns with colours."""
    world = Environment(
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        stdout_isatty=True,
        color=Color.ALWAYS,
        width=80,
        now=lambda: datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        zone=UTC,
    )
    assert main(["stats", str(HERE / "failed.ndjson"), "-w", QUERY], world) == 0
    return world.stdout.getvalue().partition("\x1b[1msize")[0].rstrip()


def picture(text):
    """Return coloured text as SVG."""
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text("$ ", "dim") + Text(f"megaql stats failed.ndjson \\\n    -w '{QUERY}'"))
    console.print(Text.from_ansi(text), soft_wrap=True)
    return console.export_svg(
        title=f"megaql stats failed.ndjson -w {QUERY}", theme=MONOKAI, code_format=FORMAT, unique_id="megaql"
    )


def words(svg):
    """Return the words of a picture, which do not depend on the version of rich."""
    return [html.unescape(text).replace("\xa0", " ").rstrip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def test_the_picture_is_what_the_program_draws():
    """MEGAQL_UPDATE_GOLDEN=1 draws it anew."""
    new = picture(drawn())
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        PICTURE.write_text(new, encoding="utf-8")
    old = PICTURE.read_text(encoding="utf-8")
    assert words(old) == words(new)
    assert len(words(old)) > 30
    assert not re.search(r"url\(\s*[\"']?http|href=|<script", old)
    assert PICTURE.stat().st_size < 40_000
