"""Finds `megaql.lark` and makes the parser of it, once, on first use.

The file is top-level in a checkout, because people read it, and inside the package in a wheel; its tables are beside it. A maintainer keeps one
rule: tables are used only if the grammar they say they were made of is the one that is there, to the letter. Otherwise lark makes new
ones, so that nothing kept can change what is a query.
"""

from __future__ import annotations

import json
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.lang.lalr import Parser

if TYPE_CHECKING:
    from megaql.lang.lalr import Tables, Tree

_PACKAGED: Final = Path(__file__).parents[1] / "grammar"
_FOLDER: Final = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[2] / "grammar"

GRAMMAR_FILE: Final = _FOLDER / "megaql.lark"

#: What `megaql.lang.tables` writes.
TABLES_FILE: Final = _FOLDER / "megaql.tables.json"

_lock: Final = threading.Lock()


def text() -> str:
    """Return the text of the grammar."""
    return GRAMMAR_FILE.read_text(encoding="utf-8")


def tables() -> Tables:
    """Return the tables of the grammar, those that were kept if they are of this text."""
    of = text()
    return _kept(of) or _made(of)


def parse(query: str) -> Tree:
    """Return the syntax tree of a query, or raise a `lalr.Stop`."""
    return shared().parse(query)


def expected(beginning: str) -> frozenset[str]:
    """Return the names of the terminals that can follow the beginning of a query; `$END` where it is whole."""
    return shared().expected(beginning)


def shared() -> Parser:
    """Return the one parser."""
    with _lock:  # two first users at once build one parser
        return _parser()


@cache
def _parser() -> Parser:
    return Parser(tables())


def _kept(of: str) -> Tables | None:
    try:
        kept: Tables = json.loads(TABLES_FILE.read_bytes())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and kept.get("grammar") == of else None


def _made(of: str) -> Tables:
    from megaql.lang import tables as maker  # noqa: PLC0415 - it imports lark, and is imported only where tables are missing

    return maker.make(of)
