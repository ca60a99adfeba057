"""Messages on standard output, in the form that was asked for.

A maintainer keeps two rules: records round-trip, so that `publish --from` takes what `-o ndjson` wrote; and a line is written when it is known,
because a reader may be waiting for it or have left.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import typer

from megaql.cli.terminal.style import harmless, harmless_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.messages.fields import Field
    from megaql.lang.explain import Explanation


class Output(StrEnum):
    """The forms of `-o`."""

    AUTO = "auto"
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    BODY = "body"
    RAW = "raw"
    TEMPLATE = "template"


_PANEL: Final = "Output"

OutputOption = Annotated[
    Output,
    typer.Option(
        "-o",
        "--output",
        metavar="FORM",
        help="table, ndjson (records, one a line), json (an array), body (payloads), raw (bodies as the queue has them), "
        "template; auto is a table on a terminal and ndjson in a pipe.",
        rich_help_panel=_PANEL,
    ),
]
FieldsOption = Annotated[
    str | None,
    typer.Option(
        "--fields",
        metavar="PATHS",
        help="Show these paths only: event.name,items[0].sku,@sent_at.",
        rich_help_panel=_PANEL,
    ),
]
TemplateOption = Annotated[
    str | None,
    typer.Option(
        "--template", metavar="TEXT", help="A line with paths in braces: '{@id} {event.name}'.", rich_help_panel=_PANEL
    ),
]


class Writer(Protocol):
    """Shows messages, one after the other, and what is held back at the end."""

    def show(self, message: Message, explanation: Explanation | None = None) -> None:
        """Show a message, with the reasons for its verdict if there are any."""
        ...

    def end(self) -> None:
        """Finish the output."""
        ...


def writer(
    world: Environment,
    form: Output,
    *,
    fields: str | None,
    template: str | None,
    asked: Sequence[Field] = (),
    explained: bool = False,
    live: bool = False,
) -> Writer:
    """Return the writer for a form; a wrong combination of options is a usage error.

    `asked` are the paths the query is about, which become columns of a table. With `explained` each message comes with an explanation; with `live`
    rows are wanted at once.
    """
    from megaql.cli.messages.fields import read_fields  # noqa: PLC0415 - the parser is loaded when a command runs

    if template is not None and form in {Output.AUTO, Output.TEMPLATE}:
        return Lines(world, _template(template))
    if form is Output.TEMPLATE or template is not None:
        raise typer.BadParameter("-o template and --template TEXT belong together", param_hint="-o")
    if form is Output.AUTO:
        form = Output.TABLE if world.stdout_isatty else Output.NDJSON
    if fields and form in {Output.BODY, Output.RAW}:
        raise typer.BadParameter(f"-o {form.value} shows whole messages", param_hint="--fields")
    if explained and form in {Output.BODY, Output.RAW}:
        raise typer.BadParameter("explanations are shown as a table, json or ndjson", param_hint="-o")
    chosen = read_fields(fields) if fields else []
    match form:
        case Output.TABLE:
            return TableWriter(world, chosen, asked, explained=explained, live=live)
        case Output.JSON:
            return JsonWriter(world, chosen)
        case Output.BODY:
            return Lines(world, _body(indented=world.stdout_isatty))
        case Output.RAW:
            return Lines(world, lambda message: message.body)
        case _:
            return NdjsonWriter(world, chosen)


def summary_form(world: Environment, form: Output, what: str) -> Output:
    """Return the form for what is said of many messages; those of single messages are refused."""
    if form is Output.AUTO:
        return Output.TABLE if world.stdout_isatty else Output.NDJSON
    if form not in {Output.TABLE, Output.JSON, Output.NDJSON}:
        raise typer.BadParameter(f"{what} are shown as a table, json or ndjson", param_hint="-o")
    return form


class NdjsonWriter:
    """One record a line, or with fields an object of them."""

    def __init__(self, world: Environment, fields: Sequence[Field]) -> None:
        self._world = world
        self._fields = fields

    def show(self, message: Message, explanation: Explanation | None = None) -> None:
        """Write a line and let go of it."""
        from megaql.scan.records import dump_line  # noqa: PLC0415 - loaded when a command runs

        self._world.out(harmless_json(dump_line(_object(message, self._fields, explanation))))
        self._world.stdout.flush()

    def end(self) -> None:
        """Nothing is held back."""


class JsonWriter:
    """One array of all records, an element at a time."""

    def __init__(self, world: Environment, fields: Sequence[Field]) -> None:
        self._world = world
        self._fields = fields
        self._empty = True

    def show(self, message: Message, explanation: Explanation | None = None) -> None:
        """Write an element."""
        text = harmless_json(json.dumps(_object(message, self._fields, explanation), ensure_ascii=False, indent=2))
        self._world.stdout.write(("[\n  " if self._empty else ",\n  ") + text.replace("\n", "\n  "))
        self._empty = False

    def end(self) -> None:
        """Close the array."""
        self._world.out("[]" if self._empty else "\n]")


class Lines:
    """One text a message: its body, its payload, or a template that was filled in."""

    def __init__(self, world: Environment, text: Callable[[Message], str]) -> None:
        self._world = world
        self._text = text

    def show(self, message: Message, explanation: Explanation | None = None) -> None:  # noqa: ARG002 - `writer` allows none here
        """Write the text; on a terminal without what could control it."""
        text = self._text(message)
        self._world.out(harmless(text, keep="\n\t") if self._world.stdout_isatty else text)
        self._world.stdout.flush()

    def end(self) -> None:
        """Nothing is held back."""


class TableWriter:
    """A table; with explanations, each message's row and what explains it below."""

    def __init__(
        self, world: Environment, fields: Sequence[Field], asked: Sequence[Field], *, explained: bool, live: bool
    ) -> None:
        from megaql.cli.messages.table import SAMPLE, Column, MessageTable, default_columns  # noqa: PLC0415 - it imports rich

        columns = [Column(field.text, field.text_of) for field in fields] or default_columns(world, asked)
        self._table = MessageTable(world, columns, sample=1 if live or explained else SAMPLE)

    def show(self, message: Message, explanation: Explanation | None = None) -> None:
        """Write a row, now or when the widths are settled."""
        self._table.add(message)
        if explanation is not None:
            self._table.explain(explanation)

    def end(self) -> None:
        """Write the rows held back."""
        self._table.end()


def _object(message: Message, fields: Sequence[Field], explanation: Explanation | None) -> dict[str, Any]:
    from megaql.scan.records import to_record  # noqa: PLC0415 - loaded when a command runs

    shown = {field.text: field.value(message) for field in fields} if fields else to_record(message)
    if explanation is not None:
        shown["explanation"] = explanation.to_dict()
    return shown


def _body(*, indented: bool) -> Callable[[Message], str]:
    """Return what shows a payload: a document as JSON, text as it is, a blob as its Base64 body."""
    from megaql.scan.readable import readable  # noqa: PLC0415 - loaded when a command runs

    def text(message: Message) -> str:
        payload = message.payload
        if payload.kind == "text":
            return payload.text
        if payload.kind == "blob":
            return message.body
        return json.dumps(readable(payload.document), ensure_ascii=False, indent=2 if indented else None)

    return text


_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def _template(template: str) -> Callable[[Message], str]:
    r"""Return what fills in a template: `{path}`, `{{` and `}}` for braces, `\n` and `\t`."""
    from megaql.cli.messages.fields import read_field  # noqa: PLC0415 - the parser is loaded when a command runs

    parts: list[str | Field] = []
    end = 0
    text = template.replace("\\n", "\n").replace("\\t", "\t")
    for found in _PLACEHOLDER.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found[0] in {"{{", "}}"}:
            parts.append(found[0][0])
        elif found[0] in {"{", "}"}:
            raise typer.BadParameter(
                f"a {found[0]} stands alone; write {found[0] * 2} for a brace", param_hint="--template"
            )
        else:
            parts.append(read_field(found[1], "--template"))
    parts.append(text[end:])
    return lambda message: "".join(part if isinstance(part, str) else part.text_of(message) for part in parts)
