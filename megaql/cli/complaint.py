"""Errors as people read them: what, where, why and what to do next, on standard error.

A maintainer keeps one rule: an error that MegaQL did not foresee is named by its type and place only, for its text may quote a message.
"""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from megaql.cli.status import Status, status_of
from megaql.cli.terminal.lines import broken, margin
from megaql.cli.terminal.style import Style, harmless
from megaql.errors import MegaQLError, QueryError

if TYPE_CHECKING:
    from megaql.cli.environment import Environment

#: The base of what typer raises for a wrong command line. `typer.BadParameter` is the class it exports; UsageError and this are its bases.
_WRONG_USE = typer.BadParameter.mro()[2]

#: A line of the query that an error is about, or the one below it; and what to do next.
_WHOLE: Final = re.compile(r" *\d* \||  next: ")

#: Where Python's own modules lie, and those that are installed.
_LIBRARIES: Final = ("stdlib", "platstdlib", "purelib", "platlib")


def report(world: Environment, error: Exception) -> int:
    """Print an error that ended a command and return its exit status."""
    if isinstance(error, MegaQLError):
        tell(world, error)
        return status_of(error)
    if isinstance(error, _WRONG_USE):
        tell(world, _wrong_use(error))
        return Status.USAGE
    if isinstance(error, OSError):
        tell(world, _system_error(error))
        return Status.USAGE
    theirs = _of_others(error)
    tell(world, theirs or _defect(error))
    if world.environ.get("MEGAQL_DEBUG", "0") not in {"", "0"}:
        world.say("".join(traceback.format_exception(error)))
    return Status.USAGE if theirs else Status.DEFECT


def tell(world: Environment, error: MegaQLError, severity: str = "error") -> None:
    """Print an error's four parts, a line each; a query's errors bring their own form, with carets.

    On a terminal, lines are broken between words where it ends. Programs and files get each part on one line.
    """
    text = harmless(str(error), keep="\n")
    if not isinstance(error, QueryError):
        text = f"{severity}: {text}"
    lines = text.split("\n")
    if world.stderr_isatty:
        lines = [part for line in lines for part in _fitting(line, world.width)]
    style = Style(on=world.colors(stderr=True))
    color = "red" if severity == "error" else "yellow"
    word = style(f"{severity}:", color, bold=True)
    for line in lines:
        named = line.startswith(f"{severity}:") or f": {severity}: " in line
        world.say(line.replace(f"{severity}:", word, 1) if named else line)


def _fitting(line: str, width: int) -> list[str]:
    """Return a line in pieces that fit.

    What shows a query stays whole, for a caret below it would point elsewhere, and so does what may hold a command: a line that the terminal
    breaks is still copied as one.
    """
    if len(line) <= width or _WHOLE.match(line):
        return [line]
    return broken(line, width, margin(line))


def _wrong_use(error: Any) -> MegaQLError:
    """Return a wrong command line as an error of four parts."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "megaql"
    parameter, given = getattr(error, "param", None), getattr(error, "param_hint", None)
    possible = getattr(error, "possibilities", None)
    named = given or (_name_of(parameter) if parameter is not None and error.message else None)
    what = " ".join((_invalid(error) or error.message or error.format_message()).split())
    what, _, suggestion = what.strip().partition(" Did you mean ")
    suggestion = suggestion.rstrip("?") or " or ".join(sorted(possible or ()))
    meant = f"did you mean {suggestion}?" if suggestion else ""
    if context is not None and (wrong := getattr(error, "option_name", None)) and hasattr(error, "possibilities"):
        from megaql.cli import misspelt  # noqa: PLC0415 - only a wrong option needs it

        own = [name for parameter in context.command.get_params(context) for name in _names_of(parameter)]
        meant = misspelt.hint(str(context.info_name), wrong, own)
    return MegaQLError(
        what.strip().rstrip("."),
        where=f"{command}, {named}" if named else command,
        hint=f"{meant} `{command} --help` shows what there is".strip(),
    )


def _names_of(parameter: Any) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else []


def _invalid(error: Any) -> str:
    """Return in our words what typer's validation says of a value; nothing for any other mistake, or a typer that says it well."""
    details = getattr(error.__cause__, "errors", None)
    match details() if details is not None else ():
        case [{"type": "int_parsing", "input": given}]:
            return f"{given!r} is not a whole number"
        case [{"type": "greater_than_equal", "input": given, "ctx": {"ge": least}}]:
            return f"{given} is too small: the least is {least}"
        case [{"type": "less_than_equal", "input": given, "ctx": {"le": most}}]:
            return f"{given} is too large: the most is {most}"
        case [{"type": "value_error", "msg": message}]:
            return str(message).removeprefix("Value error, ")
    return ""


def _name_of(parameter: Any) -> str:
    """Return what a user calls a parameter: its longest option, or an argument's name in the usage line."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name)


def _system_error(error: OSError) -> MegaQLError:
    """Return a file that cannot be written, a full disk and the like as an error of four parts."""
    return MegaQLError(
        "The operating system refused",
        where=str(error.filename or ""),
        why=error.strerror or type(error).__name__,
        hint="nothing was sent or deleted after that",
    )


def _of_others(error: Exception) -> MegaQLError | None:
    """Return what a user's own module raised, called by MegaQL, as an error of four parts; `None` where it was MegaQL or a library that raised."""
    import sysconfig  # noqa: PLC0415 - no command needs it that goes well

    from megaql.consumer.raised import OURS  # noqa: PLC0415 - as above

    frames = traceback.extract_tb(error.__traceback__)
    last = max((at for at, frame in enumerate(frames) if frame.filename.startswith(OURS)), default=-1)
    called = frames[last + 1] if last + 1 < len(frames) else None
    if called is None or called.filename.startswith(("<", *(sysconfig.get_path(name) for name in _LIBRARIES))):
        return None
    return MegaQLError(
        f"{type(error).__name__} was raised, and ended the command",
        where=f"{called.filename}, line {called.lineno}, in {called.name}",
        why="it is code that MegaQL called, and not MegaQL's own",
        hint="correct it there; set MEGAQL_DEBUG=1 to see the whole traceback, with what the exception says",
    )


def _defect(error: Exception) -> MegaQLError:
    """Return a mistake of MegaQL's own, without the text of the exception."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return MegaQLError(
        f"MegaQL itself failed: {type(error).__name__}",
        where=place,
        why="this is a defect, and messages that were held have been released",
        hint=f"set MEGAQL_DEBUG=1 to see the traceback; Python {sys.version.split()[0]}",
    )
