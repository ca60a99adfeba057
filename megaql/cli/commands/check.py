"""`megaql check`: what is wrong, or probably wrong, with queries, and mending it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, ParamOption
from megaql.cli.queries.typed import QueriesOption
from megaql.cli.status import Status

if TYPE_CHECKING:
    from collections.abc import Collection

    from megaql.cli.environment import Environment
    from megaql.cli.queries.findings import Finding
    from megaql.lang.record import Record

#: Messages of a sample that are looked at.
SAMPLE: Final = 10_000


class Format(StrEnum):
    """The forms of `--format`."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def command(
    context: typer.Context,
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY|FILE|MODULE:APP",
            help="Queries, query files (.mql), folders of them, applications, or - for standard input; without any, the query file of "
            "@NAME.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="FILE", help="Also compare paths and values with these messages."),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Apply every fix that is certain: print queries, rewrite files.")
    ] = False,
    form: Annotated[
        Format, typer.Option("--format", metavar="FORM", help="text, json, sarif (2.1.0) or github (annotations).")
    ] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Leave out what has this code.")
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Find what is wrong with queries: errors, contradictions, what is redundant or probably not meant.

    Examples:
      megaql check 'a == 1 and a == 2 and b = 3'
      megaql check 'total > 5 && kind like "%paid%"' --fix
      megaql check shop.mql --against events.ndjson
      megaql check shop.mql shop.handlers:app --strict --format github
      megaql check shop.mql --ignore event-name --format sarif > out.sarif

    Effect: writes. With --fix, query files are rewritten; without, it only reads. What cannot be read is told, the rest is checked all the
    same, and the exit status is 2. It is 1 if errors are left, with --strict also for warnings.
    """
    from megaql.cli import complaint  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.queries import findings  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.queries.checking import Checking  # noqa: PLC0415 - as above
    from megaql.cli.queries.texts import is_file  # noqa: PLC0415 - as above
    from megaql.cli.queries.typed import file_of  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    things = given or [file_of(world, queries)]
    if fix and form is not Format.TEXT and not all(map(is_file, things)):
        raise typer.BadParameter("--fix prints queries, so that only files go together with it", param_hint="--format")
    if against == "-" and "-" in things:
        raise typer.BadParameter("standard input holds queries or messages, not both", param_hint="--against")
    values = options.parameters(param or [])
    checking = Checking(
        world,
        queries=queries,
        params=values,
        samples=_samples(world, against) if against else (),
        ignored=_known(ignore or []),
        fixing=fix,
    )
    for thing in things:
        checking.take(thing)
    failing = {"error", "warning"} if strict else {"error"}
    failed = [one for one in checking.findings if one.diagnostic.severity in failing]
    if (unused := set(values) - checking.asked_for) and not failed:
        checking.failed += 1
        complaint.report(world, _unused(context, min(unused), checking.asked_for))
    _show(world, form, checking.findings, fixing=fix)
    if checking.unbound:
        world.say("more is found out about queries with parameters when -p gives their values")
    if checking.queries or not checking.failed:
        world.say(findings.summary(checking.findings, queries=checking.queries, fixed=checking.fixed, fixing=fix))
    if checking.failed:
        return Status.USAGE
    return Status.NO_MATCH if failed else Status.DONE


def _unused(context: typer.Context, name: str, asked_for: Collection[str]) -> typer.BadParameter:
    from megaql.lang.vocabulary import nearest  # noqa: PLC0415 - as above

    near = nearest(name, asked_for)
    suggestion = f" Did you mean ${near}?" if near else ""
    return typer.BadParameter(f"no query asks for ${name}{suggestion}", ctx=context, param_hint="-p")


def _show(world: Environment, form: Format, found: list[Finding], *, fixing: bool) -> None:
    import json  # noqa: PLC0415 - as above

    from megaql.cli.queries import findings  # noqa: PLC0415 - as above

    match form:
        case Format.JSON:
            findings.show_json(world, found)
        case Format.GITHUB:
            findings.show_github(world, found)
        case Format.SARIF:
            from megaql.cli.queries.sarif import log  # noqa: PLC0415 - as above

            world.out(json.dumps(log(found), indent=2))
        case Format.TEXT:
            findings.show_text(world, found, on_stderr=fixing)


def _known(codes: list[str]) -> frozenset[str]:
    """Return the codes to leave out; one that no lint has is a usage error."""
    from megaql.lang.check import CODES  # noqa: PLC0415 - as above
    from megaql.lang.vocabulary import nearest  # noqa: PLC0415 - as above

    for code in codes:
        if code not in CODES:
            near = nearest(code, CODES)
            raise typer.BadParameter(
                f"{code!r} is no code of a lint" + (f" Did you mean {near}?" if near else ""), param_hint="--ignore"
            )
    return frozenset(codes)


def _samples(world: Environment, file: str) -> tuple[Record, ...]:
    """Return the messages of a file as queries see them, the first `SAMPLE`."""
    from megaql.cli.reading.source import Wanted, reading  # noqa: PLC0415 - as above
    from megaql.cli.terminal.style import harmless  # noqa: PLC0415 - as above
    from megaql.query import record_of  # noqa: PLC0415 - as above
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above
    from megaql.scan.target import FileSource  # noqa: PLC0415 - as above

    nowhere = options.connection(None, None, None)
    with reading(world, FileSource(file), nowhere, Wanted(Budget(), Budget(scan=SAMPLE)), quiet=True) as scan:
        samples = tuple(record_of(message) for message in scan)
    if not samples:
        world.say(f"{harmless(file)}: no message to compare with")
    return samples
