"""Finds `megaql.lark` and makes the parser of it, once, on first use.

The file is top-level in a checkout, because people read it, and inside the package in a wheel.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lark import Lark
from lark.exceptions import UnexpectedInput

if TYPE_CHECKING:
    from lark import Token, Tree

_FILE: Final = "megaql.lark"
_lock: Final = threading.Lock()


def text() -> str:
    """Return the text of the grammar."""
    packaged = resources.files("megaql").joinpath("grammar", _FILE)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammar" / _FILE).read_text(encoding="utf-8")


def parse(query: str) -> Tree[Token]:
    """Return the syntax tree of a query, or raise a `lark.exceptions.UnexpectedInput`."""
    return _shared().parse(query)


def _shared() -> Lark:
    with _lock:  # two first users at once build one parser
        return _parser()


@cache
def _parser() -> Lark:
    return Lark(text(), parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=True)


def expected(beginning: str) -> frozenset[str]:
    """Return the names of the terminals that can follow the beginning of a query; `$END` where it is whole."""
    state = _shared().parse_interactive(beginning)
    try:
        for _ in state.iter_parse():
            pass
    except UnexpectedInput as failure:
        # The end of the beginning cut a word or number short; what it could have been is the best answer there is.
        return frozenset(getattr(failure, "allowed", None) or getattr(failure, "expected", None) or ())
    return frozenset(state.accepts())  # type: ignore[no-untyped-call]  # lark types most of its calls, not this one
