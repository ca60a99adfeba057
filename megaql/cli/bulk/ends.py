"""Where bulk work takes messages from and where it puts them.

A maintainer keeps one rule: nothing is made here. A queue that is missing is a typing error as long as nobody knows better, and messages moved to a mistyped name
would be gone from sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.broker import places
from megaql.broker.queue import Queue
from megaql.broker.target import QueueTarget, parse_target
from megaql.broker.topic import Topic
from megaql.errors import BadTarget, BrokerError, ScanError
from megaql.scan.target import FileSource, QueueSource, open_source

if TYPE_CHECKING:
    from megaql.broker.target import Connection


#: Queues that an error names.
MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Ends:
    """The source, and the destination of what is not only deleted."""

    source: FileSource | QueueSource
    destination: Queue | Topic | None

    @property
    def source_name(self) -> str:
        """What people call the source."""
        if isinstance(self.source, QueueSource):
            return self.source.queue.target.text
        return "standard input" if self.source.path == "-" else self.source.path

    @property
    def destination_name(self) -> str:
        """What people call the destination."""
        return "" if self.destination is None else self.destination.target.text

    @property
    def source_key(self) -> str:
        """What tells the source from every other."""
        if isinstance(self.source, QueueSource):
            return self.source.queue.url
        return str(Path(self.source.path).absolute())

    @property
    def destination_key(self) -> str:
        """What tells the destination from every other."""
        to = self.destination
        return "" if to is None else to.url if isinstance(to, Queue) else to.arn


def open_ends(command: str, source: str, destination: str | None, connection: Connection) -> Ends:
    """Open both ends of a command. Raises `ScanError`, and `BrokerError` for what is missing or out of reach."""
    found = open_source(source, connection)
    if isinstance(found, FileSource):
        if command != "copy":
            raise ScanError(
                f"Only a queue's messages can be {_PAST.get(command, command)}",
                where=f"megaql {command}",
                why=f"{source} is read as a file",
                hint=f"megaql copy {source} QUEUE sends what is in a file; a queue is named like local:orders",
            )
        return Ends(found, _open(destination or "", connection))
    if command == "delete":
        return Ends(found, None)
    to = _open(destination, connection) if destination is not None else _way_back(found.queue)
    ends = Ends(found, to)
    if ends.source_key == ends.destination_key:
        raise ScanError(
            "Source and destination are the same queue",
            where=ends.source_name,
            why="its messages would come back for ever",
            hint="name another destination",
        )
    return ends


_PAST = {"redrive": "redriven", "move": "moved", "delete": "deleted"}


def _open(text: str, connection: Connection) -> Queue | Topic:
    if text == "-":
        raise BadTarget(
            "'-' is no destination", why="messages go to a queue or a topic", hint="name one, as in local:orders"
        )
    target = parse_target(text)
    return Queue.open(target, connection) if isinstance(target, QueueTarget) else Topic.open(target, connection)


def _way_back(dead: Queue) -> Queue:
    """Return the one queue that dead-letters to this one."""
    try:
        found = places.sources(dead)
    except BrokerError as error:
        raise ScanError(
            "The queue to redrive to cannot be found out",
            where=dead.target.text,
            why=error.why or error.what,
            hint="name it: --to QUEUE",
        ) from error
    names = ", ".join(queue.name for queue in found.queues)
    if found.unread:
        secret = ", ".join(queue.name for queue in found.unread[:MOST_NAMED])
        more = f" and {len(found.unread) - MOST_NAMED:,} more" if len(found.unread) > MOST_NAMED else ""
        raise ScanError(
            "The queue to redrive to cannot be found out",
            where=dead.target.text,
            why=f"it was looked for by {found.way}; of {found.asked:,} queues, {len(found.unread):,} may not be read: {secret}{more}"
            + (f"; of the others {names} dead-letters to it" if names else ""),
            hint=f"name it: --to {names if len(found.queues) == 1 else 'QUEUE'}",
        )
    if not found.queues:
        raise ScanError(
            "No queue dead-letters to this one",
            where=dead.target.text,
            why=f"no queue's redrive policy names it, so that nothing says where its messages came from; looked for by {found.way}",
            hint="name the queue they are to go to: --to QUEUE",
        )
    if len(found.queues) > 1:
        raise ScanError(
            f"{len(found.queues)} queues dead-letter to this one",
            where=dead.target.text,
            why=f"{names}; found by {found.way}",
            hint="name the one to redrive to: --to QUEUE",
        )
    return _as_written_for(dead, found.queues[0])


def _as_written_for(dead: Queue, queue: Queue) -> Queue:
    """Return a queue that the service named by its URL, under the name that people would type beside the dead-letter queue's."""
    text = places.target_of(queue, beside=dead)
    target = QueueTarget(dead.target.kind, queue.name, text, queue.target.region, queue.target.account)
    return Queue(queue.client, queue.url, target, place=queue.place)
