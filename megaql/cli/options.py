"""Options and arguments that several commands share, and how their values are read.

A maintainer keeps one rule: the same option means the same in every command, so it is written down once, here.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from megaql.cli.environment import Color, Environment

if TYPE_CHECKING:
    from megaql.broker.target import Connection


class Only(StrEnum):
    """The verdicts `--only` may ask for."""

    ANY = "any"
    MATCH = "match"
    NO_MATCH = "no-match"
    UNKNOWN = "unknown"
    NEAR_MISS = "near-miss"


def duration(text: str) -> timedelta:
    """Read a duration as the query language writes it: `500ms`, `10s`, `2m`, `1h30m`."""
    from megaql.settings import read_duration  # noqa: PLC0415 - only an option that is given needs it

    try:
        return read_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def assignment(text: str) -> tuple[str, Any]:
    """Read `name=value` or `name:=json`.

    After `=`, a value that is JSON is that JSON value and anything else is text; after `:=` it must be JSON. `n=5` is a number, `n="5"` (quotes
    that the shell leaves in place) and `n=abc` are text.
    """
    found = re.fullmatch(r"([^=]+?)(:?=)(.*)", text, re.DOTALL)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    name, sign, value = found.groups()
    try:
        return name, json.loads(value, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        if sign == ":=":
            raise typer.BadParameter(f"what follows {name}:= is not JSON; use {name}= for text") from None
        return name, value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parameters(given: list[str]) -> dict[str, Any]:
    """Read `-p name=value` options into what the query's `$name` are bound to; a leading `$` may be written."""
    bound: dict[str, Any] = {}
    for text in given:
        name, value = assignment(text)
        name = name.removeprefix("$")
        if name in bound:
            raise typer.BadParameter(f"${name} is given twice", param_hint="-p")
        if isinstance(value, dict):
            raise typer.BadParameter(
                f"${name} is an object, and a query compares with plain values and lists", param_hint="-p"
            )
        bound[name] = value
    return bound


def connection(profile: str | None, region: str | None, endpoint_url: str | None) -> Connection:
    """Return how to reach AWS: from the three options that say so, else from `megaql.toml` as far as the environment is silent."""
    from megaql import config  # noqa: PLC0415 - the rooms below are entered when a command runs
    from megaql.broker.target import Connection  # noqa: PLC0415 - as above

    settings, _ = config.load()
    return Connection(profile, region, endpoint_url).completed(settings)


def world_of(context: typer.Context, color: Color) -> Environment:
    """Return the environment that `main` was given, with the command's own `--color`."""
    world = context.obj
    if not isinstance(world, Environment):
        raise TypeError("a command is run through main()")
    if color is not Color.AUTO:
        world.color = color
    return world


_AWS: Final = "Connection to AWS (as in boto3; not used for local: and files)"

SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A queue URL, an ARN, a queue name, local:NAME, a file (.json .jsonl .ndjson, also .gz), or - for standard input.",
    ),
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--param",
        metavar="NAME=VALUE",
        help="Bind $NAME in the query: a JSON value, else text. -p n=5 is a number, -p 'n=\"5\"' is text.",
    ),
]
ExitStatusOption = Annotated[bool, typer.Option("-e", "--exit-status", help="Exit with 1 if no message matches.")]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Profile of the AWS configuration.", rich_help_panel=_AWS),
]
RegionOption = Annotated[
    str | None, typer.Option("--region", metavar="NAME", help="Region of the queue or topic.", rich_help_panel=_AWS)
]
EndpointOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL",
        help="Another SQS or SNS endpoint, an emulator for example.",
        rich_help_panel=_AWS,
    ),
]
ColorOption = Annotated[
    Color,
    typer.Option("--color", metavar="WHEN", help="auto, always or never; auto is for terminals and minds NO_COLOR."),
]
