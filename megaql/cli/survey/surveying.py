"""What `stats` does with the messages of a scan: choose what to count by, count, and draw.

A maintainer keeps one rule: what was counted is drawn also where the scan ended early, by a signal or an error, because it was paid for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from megaql.cli.messages.output import Output
from megaql.cli.messages.showing import begin, private_file
from megaql.cli.terminal.painting import draw_lines
from megaql.cli.terminal.style import harmless, harmless_json
from megaql.errors import MegaQLError
from megaql.scan.survey.choice import chosen
from megaql.scan.survey.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.reading.source import Reading
    from megaql.lang.nodes import Path
    from megaql.query import Query

#: Messages, and bytes of them, that are looked at to choose what to count by.
SAMPLE: Final = 200
SAMPLE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which numbers to show, and how, as the options say; no paths means that they are chosen."""

    paths: Sequence[Path]
    time: Path | None
    top: int
    form: Output
    html: str | None


class Counting:
    """A context manager that holds the page to write; `run` goes through a scan."""

    def __init__(self, world: Environment, query: Query | None, numbers: Numbers) -> None:
        self._world = world
        self._query = query
        self._numbers = numbers
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._numbers.html is not None:
            self._file = private_file(self._numbers.html)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def run(self, scan: Reading) -> None:
        """Count the messages of a scan and draw the numbers; before an error of the queue, what was counted by then."""
        messages = iter(scan)
        sample: list[Message] = []
        stats: Stats | None = None
        try:
            if not self._numbers.paths:
                sample.extend(_sample(messages))
            stats = self._stats(sample)
            self._count(scan, stats, chain(sample, messages))
        except MegaQLError:
            scan.clear()
            if stats is None and sample:
                stats = self._stats(sample)
                self._count(scan, stats, sample)
            if stats is not None and stats.seen:
                self._show(stats, scan)
            raise
        scan.clear()
        self._show(stats, scan)

    def _stats(self, sample: Sequence[Message]) -> Stats:
        paths = self._numbers.paths or chosen(sample)
        return Stats(paths, self._query, now=self._world.now(), time=self._numbers.time)

    def _count(self, scan: Reading, stats: Stats, messages: Iterable[Message]) -> None:
        for message in messages:
            scan.tally(stats.add(message))

    def _show(self, stats: Stats, scan: Reading) -> None:
        numbers, world = self._numbers, self._world
        if numbers.form is Output.TABLE:
            from megaql.cli.survey import statspicture  # noqa: PLC0415 - only for pictures

            draw_lines(world, statspicture.lines(stats, numbers.top, world))
        else:
            print_document(world, stats.to_dict(numbers.top), numbers.form)
        if self._file is not None and numbers.html is not None:
            from megaql.cli.survey import statspage  # noqa: PLC0415 - only for pages

            begin(self._file)
            self._file.write(statspage.page(stats, numbers.top, world, scan.scan.report.source))
            world.say(f"wrote {harmless(numbers.html)}")


def _sample(messages: Iterator[Message]) -> Iterator[Message]:
    size = 0
    for number, message in enumerate(messages, 1):
        yield message
        size += len(message.body)
        if number >= SAMPLE or size >= SAMPLE_BYTES:
            return


def print_document(world: Environment, document: dict[str, Any], form: Output) -> None:
    """Print a document as indented JSON or on one line."""
    from megaql.scan.records import dump_line  # noqa: PLC0415 - only for scripts

    text = json.dumps(document, ensure_ascii=False, indent=2) if form is Output.JSON else dump_line(document)
    world.out(harmless_json(text))
