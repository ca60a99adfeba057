"""What a target word on the command line reads from: a file or a queue.

A maintainer keeps one rule: opening a file imports nothing of the broker's clients, and a local queue nothing of AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.errors import ScanError
from megaql.scan.files import STDIN

if TYPE_CHECKING:
    from megaql.broker.queue import Queue
    from megaql.broker.target import Connection

#: A word that ends like this names a file, whether there is one or not.
FILE_SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".gz")

#: A word that starts like this never names a file, even where one of that name exists.
_QUEUE_PREFIXES: Final = ("local:", "local-topic:", "arn:", "http://", "https://")


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file to read; `path` is `-` for standard input."""

    path: str


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A live queue; `wait` is how long a scan's receive waits there (`LiveScan`'s argument)."""

    queue: Queue
    wait: timedelta


def open_source(target: str, connection: Connection | None = None) -> FileSource | QueueSource:
    """Return what `target` names: a file where it says so or one is there, else a queue, which is looked up.

    Raises `ScanError` for a topic, which cannot be read, and `BrokerError` for a queue that is missing or out of reach.
    """
    if is_file_target(target):
        return FileSource(target)
    # These cost the start-up of a client, which a file does not need.
    from megaql.broker.queue import Queue  # noqa: PLC0415
    from megaql.broker.target import Connection, TopicTarget, parse_target  # noqa: PLC0415
    from megaql.scan.live import POLL_WAIT  # noqa: PLC0415

    parsed = parse_target(target)
    if isinstance(parsed, TopicTarget):
        raise ScanError(
            "A topic cannot be read",
            where=target,
            why="it keeps no messages: it hands each one to the queues subscribed to it",
            hint=f"name one of those queues, or see its new messages: megaql tap {target}",
        )
    queue = Queue.open(parsed, connection or Connection())
    # The embedded broker looks at all of its messages at once; only SQS needs long polling to do that.
    return QueueSource(queue, timedelta(0) if parsed.kind == "local" else POLL_WAIT)


def is_file_target(target: str) -> bool:
    """Whether a target word names a file: `-`, a path with a slash, a file's suffix, or a file that is there under this name."""
    if target == STDIN:
        return True
    if target.startswith(_QUEUE_PREFIXES):
        return False
    return "/" in target or target.endswith(FILE_SUFFIXES) or Path(target).is_file()
