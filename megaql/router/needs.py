"""What a query reads of a message, so that no more than that need be decoded.

A maintainer keeps one rule: what is not needed may be absent, and no verdict changes. A path is followed by its names, positions in arrays left
out, and everything below its end is needed; so what a quantifier's variable leads to is needed already.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from megaql.codec.skim import depends_on_mega
from megaql.lang import nodes, tree
from megaql.lang.nodes import Deep, Key, Root

if TYPE_CHECKING:
    from megaql.codec.skim import Keys


class Needs(NamedTuple):
    """The paths into the body, `()` for everything; whether it must be known that the body is a MEGA event; fields of the envelope."""

    paths: frozenset[Keys]
    mega: bool
    envelope: frozenset[str]


def needs(clause: nodes.Clause) -> Needs:
    """Return what a clause reads."""
    paths = [node for node in tree.walk(clause) if isinstance(node, nodes.Path)]
    body = frozenset(_keys(path) for path in paths if path.root is Root.BODY)
    envelope = frozenset(_keys(path)[0] for path in paths if path.root is Root.ENVELOPE)
    return Needs(body, "kind" in envelope or any(map(depends_on_mega, body)), envelope)


def _keys(path: nodes.Path) -> Keys:
    """Return the names of a path; after `**` any name may follow."""
    leading = takewhile(lambda segment: not isinstance(segment, Deep), path.segments)
    return tuple(segment.name for segment in leading if isinstance(segment, Key))
