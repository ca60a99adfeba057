"""The one reader for all queries of a router: it decodes what any of them reads.

A maintainer keeps one rule: a reader is made for the queries up to a number, and a query of a higher one must not be asked about what it has read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from megaql.codec.skim import Skimmer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.codec.skim import Keys
    from megaql.router.needs import Needs

T = TypeVar("T")

#: Paths that are read one by one; for more, bodies are decoded whole.
MOST_PATHS: Final = 500


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads bodies, `None` for decoding them whole; the envelope's fields that are needed; and the last query it was made for.

    `plain` says that no query sees more of a message than what stands in its body, be it an event or not.
    """

    skimmer: Skimmer | None
    fields: frozenset[str]
    last: int
    plain: bool


class Readers:
    """Counts what queries need, and makes the reader for it. One thread changes it at a time; what is public may be read by any."""

    def __init__(self) -> None:
        self._paths: Counter[Keys] = Counter()
        self._fields: Counter[str] = Counter()
        self._mega = 0
        self._last = 0
        self.current: Reader | None = None
        #: The last query, if no one up to it sees more of a message than what stands in its body, be it an event or not; else -1.
        self.last_plain = 0

    def add(self, needed: Needs, number: int) -> None:
        """Take in what one more query needs, the one of this number."""
        before = len(self._paths), len(self._fields), self._mega > 0
        self._paths.update(needed.paths)
        self._fields.update(needed.envelope)
        self._mega += needed.mega
        self._last = number
        self._note_plain()
        unchanged = before == (len(self._paths), len(self._fields), self._mega > 0)
        self.current = replace(self.current, last=number) if unchanged and self.current else None

    def remove(self, needed: Needs) -> None:
        """Forget what a query needs."""
        before = len(self._paths), len(self._fields), self._mega > 0
        _subtract(self._paths, needed.paths)
        _subtract(self._fields, needed.envelope)
        self._mega -= needed.mega
        self._note_plain()
        if before != (len(self._paths), len(self._fields), self._mega > 0):
            self.current = None

    def _note_plain(self) -> None:
        self.last_plain = -1 if self._fields or self._mega else self._last

    def make(self) -> Reader:
        """Make the reader for all queries."""
        if self.current is None:
            whole = () in self._paths or len(self._paths) > MOST_PATHS
            skimmer = None if whole else Skimmer(self._paths, mega=self._mega > 0)
            self.current = Reader(skimmer, frozenset(self._fields), self._last, self.last_plain >= 0)
        return self.current


def _subtract(counts: Counter[T], keys: Iterable[T]) -> None:
    """Count keys down, and drop those of which there are none left."""
    for key in keys:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
