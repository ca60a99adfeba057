"""Help as text: usage, what it is for, examples, what it does to a queue, options by group.

A maintainer keeps two rules: examples come before options, because they answer most questions; and the text is the same at every terminal but
for its width, since docs/cli.md is made from it.
"""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any, Final

from megaql.cli.environment import Environment
from megaql.cli.terminal.style import Style

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Help is set no wider than this, for long lines are hard to read. Characters.
MAX_WIDTH: Final = 100

#: Options longer than this get their explanation on the next line. Characters.
NAME_COLUMN: Final = 26

#: The group of options that name no other; it comes first.
DEFAULT_GROUP: Final = "Options"

#: Options that every command has; they come last.
GENERAL_GROUP: Final = "General"
_GENERAL: Final = frozenset({"color", "help"})


def of_command(command: Any, context: Any) -> str:
    """Return a command's help."""
    style, width = _setting(context)
    summary, _, rest = inspect.cleandoc(command.help or "").partition("\n\n")
    blocks = [
        f"{style('Usage:', bold=True)} {_usage(command, context)}",
        textwrap.fill(" ".join(summary.split()), width),
        *(_paragraph(paragraph, style, width) for paragraph in rest.split("\n\n") if paragraph.strip()),
        *_parameters(command, context, style, width),
    ]
    return "\n\n".join(blocks)


def of_group(group: Any, context: Any, summaries: Mapping[str, str]) -> str:
    """Return the help of the whole command line: the commands by name and what each is for."""
    style, width = _setting(context)
    pad = max(map(len, summaries)) + 4
    rows = [_row(name, summary, pad, style, width) for name, summary in summaries.items()]
    blocks = [
        f"{style('Usage:', bold=True)} {context.command_path} COMMAND …",
        textwrap.fill(" ".join((group.help or "").split()), width),
        f"{style('Commands', bold=True)}\n" + "\n".join(rows),
        *_parameters(group, context, style, width),
        textwrap.fill(
            f"Start with `{context.command_path} demo`; `{context.command_path} COMMAND -h` has examples.", width
        ),
    ]
    return "\n\n".join(blocks)


def _setting(context: Any) -> tuple[Style, int]:
    """Return the colours and the width for a context's environment."""
    environment = context.find_object(Environment) or Environment.of_process()
    return Style(on=environment.colors()), min(environment.width, MAX_WIDTH)


def _usage(command: Any, context: Any) -> str:
    names = [_argument(parameter) for parameter in command.params if parameter.param_type_name == "argument"]
    return " ".join([context.command_path, *names, "[OPTIONS]"])


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    name += " …" if parameter.nargs == -1 else ""
    return name if parameter.required else f"[{name}]"


def _paragraph(text: str, style: Style, width: int) -> str:
    """Return a paragraph of a docstring: one that ends its first line with a colon keeps its lines, another is filled."""
    head, _, body = text.partition("\n")
    if head.endswith(":") and body:
        return f"{style(head.removesuffix(':'), bold=True)}\n{body}"
    return textwrap.fill(" ".join(text.split()), width)


def _parameters(command: Any, context: Any, style: Style, width: int) -> Iterator[str]:
    """Yield a block for the arguments and for each group of options."""
    groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], DEFAULT_GROUP: []}
    for parameter in command.get_params(context):
        if getattr(parameter, "hidden", False):
            continue
        argument = parameter.param_type_name == "argument"
        panel = "Arguments" if argument else getattr(parameter, "rich_help_panel", None)
        group = GENERAL_GROUP if parameter.name in _GENERAL else panel or DEFAULT_GROUP
        name = _argument(parameter).strip("[]") if argument else _option(parameter)
        groups.setdefault(group, []).append((name, _explanation(parameter)))
    general = groups.pop(GENERAL_GROUP, [])
    for group, rows in [*groups.items(), (GENERAL_GROUP, general)]:
        if rows:
            lines = [_row(name, text, NAME_COLUMN, style, width) for name, text in rows]
            yield f"{style(group, bold=True)}\n" + "\n".join(lines)


def _option(parameter: Any) -> str:
    names = ", ".join(sorted(parameter.opts, key=len))
    if parameter.secondary_opts:
        names += " / " + ", ".join(parameter.secondary_opts)
    takes_value = not getattr(parameter, "is_flag", False) and parameter.metavar
    return f"{names} {parameter.metavar}" if takes_value else names


def _explanation(parameter: Any) -> str:
    text = " ".join((getattr(parameter, "help", None) or "").split())
    default, shown = parameter.default, getattr(parameter, "show_default", True)
    if isinstance(shown, str):
        return f"{text} [{shown}]"
    if not shown or default is None or isinstance(default, bool) or default in ((), []):
        return text
    return f"{text} [{getattr(default, 'value', default)}]"


def _row(name: str, text: str, pad: int, style: Style, width: int) -> str:
    """Return a name and its explanation, hanging in a column."""
    filled = textwrap.wrap(text, max(width - pad, 20)) or [""]
    lines = [*filled]
    if len(name) + 4 > pad:
        head = f"  {style(name, 'cyan')}"
    else:
        head = f"  {style(name, 'cyan')}{' ' * (pad - 2 - len(name))}{lines.pop(0)}"
    return "\n".join([head.rstrip(), *(f"{' ' * pad}{line}" for line in lines)])
