"""Short names for queues, topics and files: the table `[aliases]` of `megaql.toml`.

    [aliases]
    orders = "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-orders-production"
    dead = "local:orders-dlq"

A maintainer keeps two rules: an alias stands wherever the command line takes a place, since it is put in for all commands in one spot; and it names a
place, never another alias, so that whoever reads the line knows where a command goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.config import ConfigFile

#: What an alias may be called; nothing with a dot, a colon or a slash, so that files, ARNs and URLs are never looked up.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")

#: The arguments and options that take a place, by what usage lines call them.
PLACES: Final = frozenset({"TARGET", "QUEUE", "TOPIC", "DESTINATION", "SOURCE", "DLQ"})


def put_in(parameters: list[Any], values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Put the places that aliases stand for into a command's values."""
    for parameter in parameters:
        given = values.get(parameter.name)
        if parameter.metavar in PLACES and isinstance(given, str):
            values[parameter.name] = resolve(given, environ)


def resolve(text: str, environ: Mapping[str, str]) -> str:
    """Return the place an alias stands for, and any other text as it is; `ConfigError` for an alias that names none."""
    if not NAME.fullmatch(text):
        return text
    from megaql import config  # noqa: PLC0415 - only a bare name is looked up

    read = config.read_file(environ)
    if text not in read.table("aliases"):
        return text
    return target_of(read, text)


def target_of(read: ConfigFile, name: str) -> str:
    """Return what an alias of the file stands for; `ConfigError` where that is no place."""
    from megaql.errors import ConfigError  # noqa: PLC0415 - completion imports this module, and has no time for it

    target = read.table("aliases")[name]
    if isinstance(target, str) and target.strip() and (target not in read.table("aliases") or target == name):
        return target
    if isinstance(target, str) and target.strip():
        why, hint = f"{target} is an alias itself", f"write what {target} stands for"
    else:
        why, hint = "an alias is a text that names a queue, a topic or a file", f'write {name} = "local:orders"'
    raise ConfigError(f"the alias {name} names no place", where=read.where("aliases", name), why=why, hint=hint)
