"""What a terminal shows, as an SVG that loads nothing."""

import html
import io
import re

from rich.console import Console
from rich.terminal_theme import MONOKAI

#: rich's own format names a font on the web; a picture of ours loads nothing.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="TITLE">
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


def picture(*shown, width, title):
    """Return what rich prints of these as a picture; `title` is for those who cannot see it."""
    console = Console(
        record=True,
        width=width,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        safe_box=False,
    )
    for one in shown:
        console.print(one, soft_wrap=True)
    form = FORMAT.replace("TITLE", html.escape(title))
    return console.export_svg(title=title, theme=MONOKAI, code_format=form, unique_id="megaql")


def words(svg):
    """Return the words of a picture, which depend neither on the version of rich nor on how far a scroll bar has come."""
    texts = (
        html.unescape(text).replace("\xa0", " ").strip(" ▁▂▃▄▅▆▇█")
        for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    )
    return [text for text in texts if text]
