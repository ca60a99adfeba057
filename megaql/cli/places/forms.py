"""The forms in which places are shown: queues, topics, settings, findings. Text for people, JSON for programs, and nothing between."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from megaql.cli.terminal.style import Style, harmless, harmless_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from megaql.cli.environment import Environment

#: Between two columns. Characters.
GAP = 2


class Form(StrEnum):
    """What `-o` may say."""

    AUTO = "auto"
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


FormOption = Annotated[
    Form,
    typer.Option(
        "-o",
        "--output",
        metavar="FORM",
        help="table, json (one document) or ndjson (one object a line); auto is a table on a terminal and ndjson in a pipe.",
    ),
]


def form_of(world: Environment, form: Form) -> Form:
    """Return the form that `auto` is here."""
    if form is not Form.AUTO:
        return form
    return Form.TABLE if world.stdout_isatty else Form.NDJSON


def write_objects(world: Environment, form: Form, objects: Iterable[dict[str, Any]]) -> None:
    """Write objects as one array, or one a line."""
    if form is Form.JSON:
        world.out(harmless_json(json.dumps(list(objects), ensure_ascii=False, indent=2)))
        return
    for one in objects:
        world.out(harmless_json(json.dumps(one, ensure_ascii=False)))


def write_object(world: Environment, form: Form, one: dict[str, Any]) -> None:
    """Write one object, indented or on a line."""
    world.out(harmless_json(json.dumps(one, ensure_ascii=False, indent=2 if form is Form.JSON else None)))


def write_table(world: Environment, headings: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> None:
    """Write rows in columns, `right` of them numbers; the last column moves below its row where the line is too narrow.

    Names are never cut: they are there to be copied.
    """
    style = Style(on=world.colors())
    texts = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in [headings, *texts]) for index in range(len(headings))]
    below = sum(widths) + GAP * (len(widths) - 1) > world.width

    def line(cells: Sequence[str]) -> str:
        shown = [
            cell.rjust(widths[index]) if index in right else cell.ljust(widths[index])
            for index, cell in enumerate(cells[:-1] if below else cells)
        ]
        return (" " * GAP).join(shown).rstrip()

    world.out(style(line(headings), bold=True))
    for row in texts:
        world.out(line(row))
        if below and row[-1]:
            world.out(f"    {row[-1]}")
