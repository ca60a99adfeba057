"""Which option was meant by one that a command does not have.

A maintainer keeps one rule: nothing is suggested that is not near, for a wrong suggestion is tried out; and an option of other commands is named with them.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The table of all commands' options that completion answers from.
_TABLE: Final = Path(__file__).parent / "completion" / "completion.json"

#: How alike two names are, their dashes aside, for one to be suggested for the other: 1 is the same.
NEAR: Final = 0.7

#: The same where the near one is another command's option, which is less likely to be meant.
NEAR_ELSEWHERE: Final = 0.85

#: What is less alike than the best by more than this is not suggested beside it.
BESIDE: Final = 0.1

#: Letters of an option that stand for it where no other begins so.
BEGINNING: Final = 3

#: Commands that are named of those which have an option.
MOST: Final = 5


def hint(command: str, given: str, own: Iterable[str]) -> str:
    """Say which option may have been meant, as a sentence; nothing where none is near. `own` are the command's options."""
    own = list(own)
    if near := _begun(given, own) or _near(given, own, NEAR):
        return f"did you mean {' or '.join(near)}?"
    others = {name: at for name, at in _elsewhere().items() if command not in at}
    found = [given] if given in others else _near(given, others, NEAR_ELSEWHERE)
    return f"{found[0]} is an option of {_listed(others[found[0]])}, not of {command}." if found else ""


def _begun(given: str, names: Iterable[str]) -> list[str]:
    found = [name for name in names if name.startswith(given)] if len(given.lstrip("-")) >= BEGINNING else []
    return found if len(found) == 1 else []


def _near(given: str, names: Iterable[str], least: float) -> list[str]:
    bare = {name.lstrip("-"): name for name in names if name.startswith("--")}
    word = given.lstrip("-")
    if not given.startswith("--") or not word:
        return []
    likeness = {
        name: difflib.SequenceMatcher(None, word, name).ratio()
        for name in difflib.get_close_matches(word, bare, n=2, cutoff=least)
    }
    return [bare[name] for name, ratio in likeness.items() if ratio >= max(likeness.values()) - BESIDE]


def _elsewhere() -> Mapping[str, list[str]]:
    """Return option → the commands that have it."""
    found: dict[str, list[str]] = {}
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))["commands"]
    for command, about in table.items():
        for option in about["options"]:
            for name in option["names"]:
                found.setdefault(name, []).append(command)
    return found


def _listed(commands: list[str]) -> str:
    if len(commands) > MOST:
        return f"{', '.join(commands[:MOST])} and {len(commands) - MOST} more"
    return commands[0] if len(commands) == 1 else f"{', '.join(commands[:-1])} and {commands[-1]}"
