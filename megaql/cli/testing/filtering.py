"""The messages of files that one query matches: printed, counted, and compared with how many were expected.

A maintainer keeps one rule: an array that was begun is whole, whatever ends the reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from megaql.cli import options
from megaql.cli.messages.showing import begin, private_file
from megaql.cli.reading.source import Wanted, reading
from megaql.cli.status import Status
from megaql.cli.testing import junit as xml
from megaql.errors import MegaQLError
from megaql.scan.budget import Budget
from megaql.scan.target import FileSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.cli.environment import Environment
    from megaql.cli.messages.output import Writer
    from megaql.query import Query


class Found(NamedTuple):
    """What filtering came to: messages printed, messages there are, and the exit status of reading them."""

    total: int
    seen: int
    status: int

    def expected(self, world: Environment, query: str, expect: str, report: str | None) -> Status:
        """Say whether so many are what was expected (a number, `none` or `all`), and write it to a report if there is one."""
        wanted = {"none": 0, "all": self.seen}.get(expect)
        wanted = int(expect) if wanted is None else wanted
        words = "" if self.total == wanted else f"expected: {expect} of {self.seen:,} match; it is: {self.total:,}"
        if report is not None:
            with private_file(report) as file:
                begin(file)
                file.write(xml.document({query: [xml.Result(f"{expect} match", words)]}))
        if words:
            world.say(words)
        return Status.NO_MATCH if words else Status.DONE


def filtered(
    world: Environment, query: Query, files: Sequence[str], shown: Writer | None, *, quiet: bool, invert: bool
) -> Found:
    """Print the messages of files that match, or with `invert` the others; only their number where `shown` is None."""
    total, seen, statuses = 0, 0, []
    nowhere = options.connection(None, None, None)
    for number, file in enumerate(files, start=1):
        with reading(world, FileSource(file), nowhere, Wanted(Budget()), quiet=quiet) as scan:
            try:
                for message in scan.matching(query, invert=invert):
                    total += 1
                    if shown is not None:
                        shown.show(message)
            except MegaQLError:
                if total and shown is not None:
                    shown.end()
                raise
            if number == len(files):  # before the summary, which would stand inside of an array
                world.out(str(total)) if shown is None else shown.end()
        seen += scan.scan.report.seen
        statuses.append(scan.status())
    return Found(total, seen, max(statuses))
