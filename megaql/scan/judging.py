"""Verdicts on the lines of a file, read in part: only what the query asks about, and what tells a payload from more than that.

A maintainer keeps one rule: a verdict given here is the one that the query gives on the message; where that is not certain there is none,
and the caller reads the line whole, makes the message and asks about that. The one thing that is not seen is `codec.skim`'s: a number with an
exponent out of all bounds, where nobody reads it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from megaql.codec.formats import MAX_NESTING
from megaql.lang import nodes, tree
from megaql.lang.compiler.aliases import Aliases
from megaql.lang.record import Record

if TYPE_CHECKING:
    from megaql.codec.skim import Keys, Skimmer
    from megaql.lang.verdict import Verdict
    from megaql.query import Query

#: Keys that an object has which may be more than a payload: a record, or what `aws sqs receive-message` prints.
_MARKS: Final[tuple[Keys, ...]] = (("megaql",), ("Messages",))

#: What `Aliases.settled` looks at.
_SETTLING: Final[tuple[Keys, ...]] = (("protocol",), ("event",), ("object", "version"))


class Judge:
    """Asks one query about lines."""

    def __init__(self, query: Query) -> None:
        self._evaluate = query.matcher.evaluate
        self._aliases = Aliases(query.node)
        self._has_aliases = bool(self._aliases)
        self._clause = query.node
        #: What is known of the message alone, and what a user's function may look at.
        self._reads_more = any(
            isinstance(node, nodes.Opaque) or (isinstance(node, nodes.Path) and node.root is nodes.Root.ENVELOPE)
            for node in tree.walk(query.node)
        )

    def verdict(self, line: bytes) -> Verdict | None:
        """Return the verdict on the message that has this line as its body; None if a part of the line cannot tell. Never raises."""
        if self._reads_more:
            return None
        # Only a line with this many brackets can be nested too deeply, and then it may be so in any part.
        shallow = line.count(b"{") + line.count(b"[") <= MAX_NESTING
        document = (self._plain if shallow else self._whole).read_object(line)
        if document is None or "megaql" in document or "Messages" in document or document.get("Type") == "Notification":
            return None
        if not line.isascii() and not _is_utf8(line):
            return None
        if self._has_aliases and document.get("protocol") == "mega" and not self._aliases.settled(document):
            return self._verdict_of_event(line)
        return self._evaluate(Record(document))

    def _verdict_of_event(self, line: bytes) -> Verdict | None:
        skimmed = self._mega.read(line.decode())
        return None if skimmed is None else self._evaluate(Record(skimmed.document, mega=skimmed.mega))

    @cached_property
    def _paths(self) -> list[Keys]:
        from megaql.router.needs import needs  # noqa: PLC0415 - as for the skimmer

        return [*_MARKS, *needs(self._clause).paths]

    @cached_property
    def _plain(self) -> Skimmer:
        return _skimmer([*self._paths, *(_SETTLING if self._has_aliases else ())], mega=False)

    @cached_property
    def _whole(self) -> Skimmer:
        return _skimmer([()], mega=False)

    @cached_property
    def _mega(self) -> Skimmer:
        return _skimmer(self._paths, mega=True)


def _skimmer(paths: list[Keys], *, mega: bool) -> Skimmer:
    from megaql.codec.skim import Skimmer  # noqa: PLC0415 - a short file is read before it is imported

    return Skimmer(paths, mega=mega)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
