"""What `peek` does with each message of a scan: judge it, and show, count, keep for sorting, or save it.

A maintainer keeps one rule: near misses are what `Explanation.blockers` says and nothing else, so that `peek --why-not` and `explain` agree.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from megaql.cli.messages.fields import Field, fields_of, read_field
from megaql.cli.messages.output import Output, writer
from megaql.cli.terminal.style import harmless
from megaql.errors import MegaQLError
from megaql.lang.verdict import Verdict
from megaql.scan.records import to_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.query import Query


@dataclass(frozen=True, slots=True)
class Show:
    """What to show, as the options say; `limit` bounds what is shown, `live` means at once."""

    output: Output
    fields: str | None = None
    template: str | None = None
    explain: bool = False
    why_not: bool = False
    count: bool = False
    sort: str | None = None
    save: str | None = None
    limit: int | None = None
    live: bool = False


class Looking(Protocol):
    """Messages as they come; whoever looks at one says its verdict, and clears what a terminal shows of the progress before writing."""

    def __iter__(self) -> Iterator[Message]: ...

    def tally(self, verdict: Verdict) -> None:
        """Count a message's verdict."""
        ...

    def clear(self) -> None:
        """Take the progress line off the terminal."""
        ...


class Showing:
    """A context manager that holds the file to save to; `run` goes through a scan."""

    def __init__(self, world: Environment, query: Query | None, show: Show) -> None:
        self._world = world
        self._query = query
        self._show = show
        explained = show.explain or show.why_not
        asked = fields_of(query.node) if query is not None else []
        self._writer = writer(
            world,
            show.output,
            fields=show.fields,
            template=show.template,
            asked=asked,
            explained=explained,
            live=show.live,
        )
        self._sort, self._descending = _sort_field(show.sort)
        self._kept: list[Message] = []
        self._misses: Counter[str] = Counter()
        self._file: TextIO | None = None
        self._begun = False
        self._shown = 0

    def __enter__(self) -> Self:
        if self._show.save is not None:
            self._file = private_file(self._show.save)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            if self._begun:
                self._world.say(f"saved {self._shown:,} to {harmless(self._show.save or '')}")

    def run(self, scan: Looking) -> None:
        """Judge and show the messages of a scan until it ends or enough are shown; before an error of the queue, what was found by then."""
        if self._file is not None:
            # Not before the target is open: a wrong name must not cost what the file held.
            begin(self._file)
            self._begun = True
        try:
            self._look(scan)
        except MegaQLError:
            scan.clear()
            self._end()
            raise
        scan.clear()
        self._end()

    def _look(self, scan: Looking) -> None:
        for message in scan:
            verdict = self._query.evaluate(message) if self._query is not None else Verdict.MATCH
            scan.tally(verdict)
            if (verdict is Verdict.MATCH) is self._show.why_not:
                continue
            scan.clear()
            self._take(message)
            if self._show.limit is not None and self._shown >= self._show.limit:
                break

    def _take(self, message: Message) -> None:
        explanation = None
        if self._query is not None and (self._show.explain or self._show.why_not):
            explanation = self._query.explain(message)
            if self._show.why_not and not explanation.blockers():
                return
        self._shown += 1
        if self._file is not None:
            self._file.write(f"{to_line(message)}\n")
        if self._show.why_not and explanation is not None:
            self._misses.update({blocker.clause for blocker in explanation.blockers()})
        if self._show.count:
            return
        if self._sort is not None:
            self._kept.append(message)
            return
        self._writer.show(message, explanation)

    def _end(self) -> None:
        if self._sort is not None:
            for message in self._sort.sort(self._kept, descending=self._descending):
                self._writer.show(message)
        if self._show.count:
            self._world.out(str(self._shown))
        else:
            self._writer.end()
        if self._show.why_not:
            for line in miss_summary(self._misses):
                self._world.say(line)


def _sort_field(text: str | None) -> tuple[Field | None, bool]:
    if text is None:
        return None, False
    return read_field(text.removeprefix("-"), "--sort"), text.startswith("-")


def miss_summary(misses: Counter[str]) -> list[str]:
    """Return the clauses that alone kept messages out, the most frequent first."""
    if not misses:
        return ["near misses: none; no message was kept out by one clause alone"]
    wide = len(f"{max(misses.values()):,}")
    return ["near misses, by the clause that alone kept a message out:"] + [
        f"  {count:>{wide},}  {harmless(clause)}" for clause, count in misses.most_common()
    ]


def private_file(path: str) -> TextIO:
    """Open a file for writing, from now on for nobody but the user to read; what it holds is still there."""
    descriptor = private_descriptor(path)
    return open(descriptor, "w", encoding="utf-8", newline="\n")  # noqa: PTH123 - a descriptor, closed by its owner


def private_descriptor(path: str, flags: int = 0) -> int:
    """Open a file to save to, with more flags of `os.open`, from now on for nobody but the user to read.

    A pipe or a device (`--save >(gzip > a.gz)`, `/dev/null`) keeps its mode: it is not the user's alone.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
        if hasattr(os, "fchmod") and _is_regular(descriptor):
            os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise MegaQLError(
            "The file to save to cannot be written",
            where=path,
            why=error.strerror or type(error).__name__,
            hint="nothing was read; name a file in a folder that is there and that you may write to",
        ) from error
    return descriptor


def begin(file: TextIO) -> None:
    """Empty a file that `private_file` has opened, when there is something to write."""
    if _is_regular(file.fileno()):
        file.truncate()


def _is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)
