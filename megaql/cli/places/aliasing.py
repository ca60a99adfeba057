"""Aliases listed, set and removed.

A maintainer keeps one rule: what is set here is usable at once, so that a name or a place that no command would take is refused before it is written.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import typer

from megaql import config
from megaql.broker.target import parse_target
from megaql.cli.configuration import aliases, configedit
from megaql.cli.places.forms import Form, form_of, write_objects, write_table
from megaql.cli.status import Status
from megaql.cli.terminal.style import Style, harmless
from megaql.errors import ConfigError
from megaql.plural import counted
from megaql.scan.target import is_file_target

if TYPE_CHECKING:
    from pathlib import Path

    from megaql.cli.environment import Environment
    from megaql.config import ConfigFile

_TABLE = "aliases"


def show(world: Environment, name: str | None, output: Form) -> int:
    """List all aliases, or print what one stands for."""
    read = config.read_file(world.environ)
    table = read.table(_TABLE)
    if name is not None:
        if name not in table:
            raise _unknown(read, name)
        world.out(harmless(aliases.target_of(read, name)))
        return Status.DONE
    form = form_of(world, output)
    rows = [(one, aliases.target_of(read, one)) for one in table]
    if form is not Form.TABLE:
        write_objects(world, form, [{"name": one, "target": target} for one, target in rows])
    elif rows:
        write_table(world, ("NAME", "STANDS FOR"), rows, right=set())
    where = f"in {read.path}" if read.path else "there is no megaql.toml"
    world.say(
        Style(on=world.colors(stderr=True))(harmless(f"{counted(len(rows), 'alias', 'aliases')}, {where}"), dim=True)
    )
    return Status.DONE


def put(world: Environment, name: str, target: str) -> int:
    """Set an alias."""
    if not aliases.NAME.fullmatch(name):
        raise typer.BadParameter(
            f"{name!r} cannot be an alias: letters, digits, - and _, so that it cannot be taken for a file, an ARN or a URL",
            param_hint="NAME",
        )
    if target == name:
        raise typer.BadParameter(f"{name} would stand for itself", param_hint="TARGET")
    if not is_file_target(target):
        parse_target(target)
    elif target == "-":
        raise typer.BadParameter("standard input has no use for a name", param_hint="TARGET")
    return _change(world, name, target)


def remove(world: Environment, name: str) -> int:
    """Take an alias out."""
    read = config.read_file(world.environ)
    if name not in read.table(_TABLE):
        raise _unknown(read, name)
    return _change(world, name, None)


def _change(world: Environment, name: str, target: str | None) -> int:
    read = config.read_file(world.environ)
    path = read.path or _own(world)
    before = read.table(_TABLE).get(name)
    text = configedit.edited(read.text, _TABLE, name, target)
    if text is None:
        wanted = configedit.line(name, target) if target is not None else f"the file without {name}"
        raise ConfigError(
            f"[{_TABLE}] is written in a way that is not changed from here",
            where=read.where(_TABLE, name) if name in read.table(_TABLE) else str(path),
            why="more than this one name would have changed",
            hint=f"write it yourself: {wanted}",
        )
    if text != read.text:
        configedit.write(path, text)
    did = "removed" if target is None else "set" if before is None else "changed"
    world.say(harmless(f"{did} {name}{f' = {target}' if target is not None else ''} in {path}"))
    return Status.DONE


def _own(world: Environment) -> Path:
    own = config.own_file(world.environ)
    if own is None:
        raise ConfigError(
            "there is no place for a configuration file", why="this user has no home", hint="name one: MEGAQL_CONFIG=…"
        )
    return own


def _unknown(read: ConfigFile, name: str) -> typer.BadParameter:
    known = list(read.table(_TABLE))
    near = difflib.get_close_matches(name, known, n=1)
    there = f"there are {', '.join(known)}" if known else "there are none"
    return typer.BadParameter(
        f"there is no alias {name!r}; {there}.{f' Did you mean {near[0]}?' if near else ''}", param_hint="NAME"
    )
