"""What TAB offers: commands, options and their values, and the names and paths that earlier commands have seen.

A maintainer keeps two rules. Nothing here asks a queue, and nothing is imported that costs time: a key was pressed, and somebody waits. So the options are
read from a table that is made beforehand (`completiontable`), and names from a file (`remembering`). And nothing here fails: at worst, nothing is offered.

    megaql __complete bash LINE BREAKS     the line up to the cursor, and bash's $COMP_WORDBREAKS
    megaql __complete zsh|fish WORD …      the words after the program's name, the last one up to the cursor

Answers are lines: a candidate, a tab and what it is; `:files` where files fit as well, and `:open` where more is to be typed after a candidate.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from megaql.cli.completion.remembering import recall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The table of commands.
TABLE: Final = Path(__file__).with_name("completion.json")

#: What usage lines call places, paths and queries.
_PLACES: Final = frozenset({"TARGET", "QUEUE", "TOPIC", "DESTINATION", "SOURCE", "DLQ"})
_PATHS: Final = frozenset({"PATH", "PATHS"})
_QUERIES: Final = frozenset({"QUERY"})

#: A query by its name, as far as it is typed.
_NAMED: Final = re.compile(r"@(?:(?P<file>.+\.mql):)?[\w-]*")

#: What begins a query in a file (see `megaql.lang.queryfile`, which takes longer to import than a person waits), and how much of it is read. Characters.
_BEGINNING: Final = re.compile(r"^([\w-]+):", re.MULTILINE)
_MOST_READ: Final = 1024 * 1024

#: The path at the end of a query that is being typed.
_LAST_PATH: Final = re.compile(r"[@A-Za-z_][A-Za-z0-9_.\[\]*-]*\Z|\Z")

_FILES: Final = ":files"
_OPEN: Final = ":open"


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the lines for a shell."""
    if not arguments:
        return ""
    shell, *rest = arguments
    cut, words = 0, list(rest)
    if shell == "bash":
        line, breaks = (*rest, "", "")[:2]
        words, quoted = split(line)
        words = words[1:]
        if words and not quoted:
            # bash replaces what stands behind the last of these characters, and not the whole word.
            cut = max((words[-1].rfind(sign) for sign in ":=" if sign in breaks), default=-1) + 1
    found = candidates(words or [""], environ)
    return "".join(
        f"{one}\n" if one in {_FILES, _OPEN} else f"{one[cut:]}\t{about}\n" for one, about in found if one.isprintable()
    )


def split(line: str) -> tuple[list[str], bool]:
    """Return the words of a line that may end within quotes, and whether it does; the last word is the one at the cursor."""
    words, word, quote = [], "", ""
    signs = iter(line)
    for sign in signs:
        if quote:
            if sign == quote:
                quote = ""
            else:
                word += next(signs, "") if sign == "\\" and quote == '"' else sign
        elif sign in "'\"":
            quote = sign
        elif sign == "\\":
            word += next(signs, "")
        elif sign.isspace():
            if word:
                words.append(word)
            word = ""
        else:
            word += sign
    return [*words, word], bool(quote)


def candidates(words: Sequence[str], environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what the last of some words may become, and what each is."""
    try:
        table = json.loads(TABLE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    *before, now = words
    command = next((word for word in before if not word.startswith("-")), None)
    if command is None:
        offered = [(name, about["summary"]) for name, about in table["commands"].items()]
        offered += (
            [("--help", "Show the commands."), ("--version", "Print the version.")] if now.startswith("-") else []
        )
        return _fitting(offered, now)
    known = table["commands"].get(command)
    if known is None:
        return []
    options = {name: option for option in known["options"] for name in option["names"]}
    after = before[before.index(command) + 1 :]
    environ = _with_queries(environ, after)
    if after and "--" not in after and options.get(after[-1], {}).get("value"):
        return _values(options[after[-1]], now, "", environ)
    name, equals, value = now.partition("=")
    if equals and options.get(name, {}).get("value"):
        return _values(options[name], value, f"{name}=", environ)
    if now.startswith("-") and "--" not in after:
        offered = [(max(option["names"], key=len), option["help"]) for option in known["options"]]
        return _fitting(offered, now)
    return _argument(table, known, _taken(after, options), now, environ)


def _taken(after: Sequence[str], options: Mapping[str, Any]) -> int:
    """Return how many arguments stand among the words after a command."""
    count, skip = 0, False
    for word in after:
        if skip:
            skip = False
        elif word.startswith("-") and word != "-":
            skip = bool(options.get(word, {}).get("value"))
        else:
            count += 1
    return count


def _argument(table: Any, known: Any, taken: int, now: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    arguments = known["arguments"]
    if not arguments or (taken >= len(arguments) and not arguments[-1]["several"]):
        return []
    argument = arguments[min(taken, len(arguments) - 1)]
    if argument["value"] == "HELP":
        offered = [(name, about["summary"]) for name, about in table["commands"].items()]
        return _fitting([*((topic, "") for topic in table["topics"]), *offered], now)
    return _values(argument, now, "", environ)


def _values(about: Any, now: str, head: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the values of an option or an argument; `head` is what stands before them in the same word."""
    value = about["value"]
    if about["choices"]:
        return _fitting([(head + choice, "") for choice in about["choices"]], head + now)
    if value in _PLACES:
        names = [*_aliases(environ), *((name, "") for name in recall(environ)["targets"])]
        return [*_fitting([(head + name, what) for name, what in names], head + now), (_FILES, "")]
    if _QUERIES & {*value.split("|")} and (named := _named(now, head, environ)):
        return named
    if value in _QUERIES or value in _PATHS:
        ended = _LAST_PATH.search(now) if value in _QUERIES else re.search(r"[^,]*\Z", now)
        start = ended.start() if ended else len(now)
        offered = [(f"{head}{now[:start]}{path}", "") for path in recall(environ)["paths"]]
        found = _fitting(offered, head + now)
        return [*found, (_OPEN, "")] if found else [(_FILES, "")]
    return [(_FILES, "")] if value.startswith(("FILE", "DIR")) or value.endswith("FILE") or about["files"] else []


def _with_queries(environ: Mapping[str, str], after: Sequence[str]) -> Mapping[str, str]:
    """Return the environment in which the query file is the one that a command line names, as far as it does."""
    for place, word in enumerate(after):
        name, equals, value = word.partition("=")
        if name == "--queries" and (equals or place + 1 < len(after)):
            return {**environ, "MEGAQL_QUERIES": value if equals else after[place + 1]}
    return environ


def _named(now: str, head: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names of a query file that `@NAME` or `@FILE.mql:NAME` may become; none where that is no such word."""
    found = _NAMED.fullmatch(now)
    if found is None:
        return []
    path = found["file"] or environ.get("MEGAQL_QUERIES") or "megaql.mql"
    names: list[str] = []
    with suppress(OSError, ValueError), Path(path).open(encoding="utf-8") as file:
        names = _BEGINNING.findall(file.read(_MOST_READ))
    before = f"{head}@{found['file']}:" if found["file"] else f"{head}@"
    named = [(before + name, f"a query of {path}") for name in names]
    paths = [(head + one, "") for one in recall(environ)["paths"] if one.startswith("@")]
    fitting = _fitting(named, head + now)
    return [*fitting, *_fitting(paths, head + now), (_OPEN, "")] if fitting else []


def _fitting(offered: Sequence[tuple[str, str]], now: str) -> list[tuple[str, str]]:
    return list({one: about for one, about in reversed(offered) if one.startswith(now)}.items())[::-1]


def _aliases(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    from megaql import config  # noqa: PLC0415 - only a place needs it
    from megaql.errors import ConfigError  # noqa: PLC0415 - as above

    with suppress(ConfigError, OSError):
        return [(name, str(target)) for name, target in config.read_file(environ).table("aliases").items()]
    return []
