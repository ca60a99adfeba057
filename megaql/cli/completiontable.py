"""The table that completion reads, made from the commands themselves: `python -m megaql.cli.reference` writes it anew.

A maintainer keeps one rule: it holds what the help says and nothing else, and a test compares the file with the commands.
"""

from __future__ import annotations

import inspect
import json
from enum import EnumType
from typing import Any, Final, get_args

from megaql.cli import program
from megaql.cli.commands.help import TOPICS
from megaql.cli.completion.completing import TABLE

#: What is said of an option beside it is no longer. Characters.
_LONGEST: Final = 72


def made() -> str:
    """Return the file's text."""
    found = {entry.name: _command(entry) for entry in program.COMMANDS}
    return json.dumps({"topics": list(TOPICS), "commands": found}, ensure_ascii=False, indent=1) + "\n"


def write() -> None:
    """Write the file."""
    TABLE.write_text(made(), encoding="utf-8")


def _command(entry: program.Entry) -> dict[str, Any]:
    command = program.load(entry.name)
    options, arguments = [], []
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        about = {
            "value": "" if getattr(parameter, "is_flag", False) else parameter.metavar or parameter.name.upper(),
            "choices": _choices(parameter),
            "files": ".ndjson" in (parameter.help or "") or "file" in (parameter.help or "").lower(),
        }
        if parameter.param_type_name == "argument":
            value = "HELP" if entry.name == "help" else about["value"]
            arguments.append(about | {"value": value, "several": parameter.nargs == -1})
        else:
            names = [*parameter.opts, *parameter.secondary_opts]
            options.append({"names": names, **about, "help": _first(parameter.help or "")})
    options.append(
        {"names": ["-h", "--help"], "value": "", "choices": [], "files": False, "help": "Show this command's help."}
    )
    return {"summary": _first(entry.summary), "options": options, "arguments": arguments}


def _choices(parameter: Any) -> list[str]:
    described = getattr(parameter, "type_descriptor", None)
    annotation: Any = getattr(described, "annotation", None)
    annotation = next((one for one in (annotation, *get_args(annotation)) if isinstance(one, EnumType)), None)
    if annotation is not None:
        members: list[Any] = list(annotation)
        return [str(member.value) for member in members]
    return []


def _first(text: str) -> str:
    """Return the first sentence of a text, cut where it is long."""
    line = " ".join(inspect.cleandoc(text).split()).partition(". ")[0].rstrip(".")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
