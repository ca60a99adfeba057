"""Tests that wait for the value of a parameter, as the solver may see them: as something that may have any verdict.

A maintainer keeps one rule: what stands for a test is outside of every message, so that no other clause says anything about it, and it is
the same only where the test is the same. So what is proven is so for all values.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.nodes import Key, Path, Root
from megaql.lang.printer import to_text
from megaql.lang.tree import walk

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause

#: How the field of the envelope begins that stands for a test; no message and no query has one.
_FIELD: Final = "\0test "


def has_parameter(clause: Clause) -> bool:
    """Return whether a clause asks for the value of a parameter."""
    return any(isinstance(node, nodes.Param) for node in walk(clause))


def any_verdict(clause: Clause) -> Clause:
    """Return a clause with a free field in the place of each test and quantifier that has a parameter."""
    if not has_parameter(clause):
        return clause
    match clause:
        case nodes.And(items) | nodes.Or(items):
            return dataclasses.replace(clause, items=tuple(any_verdict(item) for item in items))
        case nodes.Not(inside):
            return dataclasses.replace(clause, item=any_verdict(inside))
        case _:
            return nodes.Truth(Path((Key(_FIELD + to_text(clause)),), Root.ENVELOPE), span=clause.span)


def is_any_verdict(clause: Clause) -> bool:
    """Return whether a clause stands for one with a parameter."""
    match clause:
        case nodes.Truth(Path((Key(name), *_), Root.ENVELOPE)):
            return name.startswith(_FIELD)
    return False
