"""The one reader for all queries of a router: it decodes what any of them reads.

A maintainer keeps one rule: a reader is made for the queries up to a number, and a query of a higher one must not be asked about what it has read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from megaql.codec.skim import Skimmer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.codec.skim import Keys
    from megaql.router.needs import Needs

T = TypeVar("T")

#: Paths that are read one by one; for more, bodies are decoded whole.
MOST_PATHS: Final = 500


class Reader(NamedTuple):
    """What reads bodies, `None` for decoding them whole; the envelope's fields that are needed; and the last query it was made for."""

    skimmer: Skimmer | None
    fields: frozenset[str]
    last: int


class Readers:
    """Counts what queries need, and makes the reader for it. One thread changes it at a time; `current` may be read by any."""

    def __init__(self) -> None:
        self._paths: Counter[Keys] = Counter()
        self._fields: Counter[str] = Counter()
        self._mega = 0
        self.current: Reader | None = None

    def add(self, needed: Needs, number: int) -> None:
        """Take in what one more query needs, the one of this number."""
        before = len(self._paths), len(self._fields), self._mega > 0
        self._paths.update(needed.paths)
        self._fields.update(needed.envelope)
        self._mega += needed.mega
        unchanged = before == (len(self._paths), len(self._fields), self._mega > 0)
        self.current = self.current._replace(last=number) if unchanged and self.current else None

    def remove(self, needed: Needs) -> None:
        """Forget what a query needs."""
        before = len(self._paths), len(self._fields), self._mega > 0
        _subtract(self._paths, needed.paths)
        _subtract(self._fields, needed.envelope)
        self._mega -= needed.mega
        if before != (len(self._paths), len(self._fields), self._mega > 0):
            self.current = None

    def make(self, last: int) -> Reader:
        """Make the reader for all queries, of which `last` is the highest number."""
        if self.current is None:
            whole = () in self._paths or len(self._paths) > MOST_PATHS
            skimmer = None if whole else Skimmer(self._paths, mega=self._mega > 0)
            self.current = Reader(skimmer, frozenset(self._fields), last)
        return self.current


def _subtract(counts: Counter[T], keys: Iterable[T]) -> None:
    """Count keys down, and drop those of which there are none left."""
    for key in keys:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
