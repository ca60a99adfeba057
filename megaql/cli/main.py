"""The way in: runs a command and turns every way it can end into an exit status and a message.

A maintainer keeps one rule: a person sees a traceback only where MegaQL itself is wrong, and asked for it with MEGAQL_DEBUG=1.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import typer

from megaql.cli import commands
from megaql.cli.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The program's name in usage lines, however it was started.
PROGRAM: Final = "megaql"


def main(arguments: Sequence[str] | None = None, environment: Environment | None = None) -> int:
    """Run the command line with these arguments (the process's own by default) and return the exit status."""
    world = environment or Environment.of_process()
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments, world)
        world.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        return _reader_has_gone(world)
    except KeyboardInterrupt as stop:
        return int(getattr(stop, "exit_status", 128 + signal.SIGINT))
    except Exception as error:  # noqa: BLE001 - the last line of defence; it tells the user what happened
        from megaql.cli import complaint  # noqa: PLC0415 - only needed when something went wrong

        return complaint.report(world, error)
    return status


def _run(arguments: Sequence[str], world: Environment) -> int:
    """Parse and invoke. typer's own `main` is not used, because it exits the process and prints errors its own way."""
    root = commands.root()
    with root.make_context(PROGRAM, list(arguments), obj=world) as context:
        return int(root.invoke(context) or 0)


def _reader_has_gone(world: Environment) -> int:
    """End quietly when the reader of standard output has had enough, as in `megaql peek … | head -1`.

    Standard output is led to nowhere, or Python would complain when it flushes at exit.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, world.stdout.fileno())
        os.close(nowhere)
    return 0


if __name__ == "__main__":
    sys.exit(main())
