"""The way in: runs a command and turns every way it can end into an exit status and a message.

A maintainer keeps one rule: a person sees a traceback only where MegaQL itself is wrong, and asked for it with MEGAQL_DEBUG=1.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.cli.environment import Environment

#: The word that shells ask for completion with; no command, and in no help.
COMPLETE: Final = "__complete"

#: The program's name in usage lines, however it was started.
PROGRAM: Final = "megaql"


def main(arguments: Sequence[str] | None = None, environment: Environment | None = None) -> int:
    """Run the command line with these arguments (the process's own by default) and return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if environment is None and words[:1] == [COMPLETE]:
            return _complete(words[1:], os.environ)
        return _command(words, environment)
    except KeyboardInterrupt as stop:
        return int(getattr(stop, "exit_status", 128 + signal.SIGINT))


def _command(words: Sequence[str], environment: Environment | None) -> int:
    """Run a command in this environment (the process's own by default), and write out what it leaves in the buffer."""
    from megaql.cli.environment import Environment  # noqa: PLC0415 - completion answers without it

    world = environment or Environment.of_process()
    try:
        return _status(words, world)
    finally:
        try:
            world.stdout.flush()
        except BrokenPipeError:
            _lead_nowhere(world)


def _complete(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Answer a shell that completes a command line, without what a command needs."""
    from megaql.cli.completion import completing  # noqa: PLC0415 - no command needs it

    with suppress(OSError):
        sys.stdout.write(completing.answer(words, environ))
    return 0


def _status(arguments: Sequence[str], world: Environment) -> int:
    """Run a command and return its exit status, whatever happens but an interrupt."""
    import typer  # noqa: PLC0415 - completion answers without it

    try:
        return _run(arguments, world)
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        _lead_nowhere(world)
        return 0
    except Exception as error:  # noqa: BLE001 - the last line of defence; it tells the user what happened
        from megaql.cli import complaint  # noqa: PLC0415 - only needed when something went wrong

        return complaint.report(world, error)


def _run(arguments: Sequence[str], world: Environment) -> int:
    """Parse and invoke. typer's own `main` is not used, because it exits the process and prints errors its own way."""
    from megaql.cli import program  # noqa: PLC0415 - as above

    root = program.root()
    with root.make_context(PROGRAM, list(arguments), obj=world) as context:
        return int(root.invoke(context) or 0)


def _lead_nowhere(world: Environment) -> None:
    """Lead standard output to nowhere when its reader has had enough, as in `megaql peek … | head -1`.

    That is no error, and Python would make one of it when it flushes at exit.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, world.stdout.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    ending = main()
    # An interrupt within `exec` of a text (dataclasses are made so) marks the process, caught or not, and CPython would end a program
    # that runs with `-m` by SIGINT, whatever its status. The next `exec` takes the mark away.
    exec("")  # noqa: S102 - a constant, run for the mark
    sys.exit(ending)
