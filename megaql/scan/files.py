"""Reading a file as a stream of messages: records, bare payloads, and what `aws sqs receive-message` prints.

A maintainer keeps two rules: a line that cannot be read is told and passed over, since one bad line must not hide a million good ones; and
a file gives messages without receipt handles, so that nothing can be released or deleted by an old one.
"""

from __future__ import annotations

import gzip
import sys
import time
import zlib
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Self, TypeVar, cast

from megaql.broker.message import Message
from megaql.errors import ScanError
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.documents import BadLine, Document, read_documents, text_of
from megaql.scan.judging import Judge
from megaql.scan.records import from_received, from_record, is_record
from megaql.scan.report import ScanReport
from megaql.scan.stop import StopFlag

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from io import BufferedReader
    from types import TracebackType

    from megaql.query import Query

#: How a file name says "standard input".
STDIN: Final = "-"

#: Bad lines that a report keeps with their reasons; all of them are counted.
KEPT_BAD_LINES: Final = 20

_Item = TypeVar("_Item")


def read_file(path: str) -> Generator[Message | BadLine]:
    """Yield the messages of a file (`-` is standard input) and the lines that hold none, in order.

    The file is ndjson, a JSON array, a JSON document or several, each text being a record of `megaql.scan.records`, the output of
    `aws sqs receive-message`, or else a payload: a message with that text as its body and no id. Gzip is
    recognised by its first bytes. Raises `ScanError` where the file cannot be opened or read on.
    """
    with _opened(path) as stream:
        yield from read_stream(stream)


def read_stream(stream: BinaryIO) -> Iterator[Message | BadLine]:
    """Yield the messages of a stream of UTF-8 bytes as `read_file` does."""
    for document in read_documents(stream):
        if isinstance(document, BadLine):
            yield document
        else:
            yield from _messages(document)


def check_file(path: str) -> None:
    """Raise the `ScanError` that reading a file would begin with. A pipe is not opened: its writer would lose its reader."""
    if Path(path).is_file() or Path(path).is_dir() or not Path(path).exists():
        with _opened(path):
            pass


class FileScan:
    """One scan of a file, used like a `LiveScan`: a context manager, an iterator over messages, `tally` and `report`.

    Lines that hold no message are counted in the report and given to `on_bad_line` as they come. Raises `ScanError` from
    the iteration where the file cannot be read, or holds lines and not one message.
    """

    def __init__(
        self,
        path: str,
        budget: Budget | None = None,
        *,
        stop: StopFlag | None = None,
        on_bad_line: Callable[[BadLine], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._budget = budget or Budget()
        self._bounded = stop is not None or self._budget != Budget()
        self._stop = stop if stop is not None else StopFlag()
        self._on_bad_line = on_bad_line
        self._clock = clock
        self._started = clock()
        self.report = ScanReport(source="standard input" if path == STDIN else path)

    def __enter__(self) -> Self:
        self._started = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.report.stopped_because is None:
            self.report.stopped_because = (self._reason_to_stop() if error is None else None) or StopReason.of(error)

    def __iter__(self) -> Iterator[Message]:
        return self._scanned(read_file(self._path))

    def _scanned(self, items: Generator[_Item | BadLine]) -> Generator[_Item]:
        """Yield what the lines hold until there is a reason to stop, and take note of those that hold nothing."""
        report = self.report
        with closing(items):
            # Asked before the next line is read, which may be long in coming from a pipe.
            while (reason := self._reason_to_stop()) is None:
                item = next(items, None)
                if item is None:
                    reason = StopReason.END
                    break
                if isinstance(item, BadLine):
                    self._note(item)
                else:
                    report.seen += 1
                    yield item
        report.stopped_because = reason
        if report.bad_lines and not report.seen:
            first = report.first_bad_lines[0]
            raise ScanError(
                "No line of this file is a message",
                where=f"{report.source}, line {first.line}",
                why=first.why,
                hint="a file holds one JSON payload or record a line, a JSON array of them, or `aws sqs receive-message` output",
            )

    def matching(
        self, query: Query, *, invert: bool = False, watch: Callable[[], None] | None = None
    ) -> Iterator[Message]:
        """Yield the messages that a query matches, or with `invert` the others; every verdict is counted, so `tally` is not called.

        Only what is yielded, and what is more than a payload, is made a message: several times as fast as asking the query about each.
        `watch` is called after every message.
        """
        judge = Judge(query)
        report = self.report

        def count(verdict: Verdict) -> bool:
            report.tally(verdict)
            if watch is not None:
                watch()
            return (verdict is Verdict.MATCH) is not invert

        def quick(line: bytes) -> tuple[Verdict, Message] | Literal[False] | None:
            verdict = judge.verdict(line)
            if verdict is None:
                return None
            if (verdict is Verdict.MATCH) is not invert:
                return verdict, _message(text_of(line))
            report.seen += 1
            count(verdict)
            return False

        # Bounds are asked before each line, and `quick` takes many in a row.
        items = _judged(self._path, query, None if self._bounded else quick)
        with closing(self._scanned(items)) as judged:
            for verdict, message in judged:
                if count(verdict):
                    yield message

    def tally(self, verdict: Verdict) -> None:
        """Count the verdict on the message that was just looked at; call it once a message."""
        self.report.tally(verdict)

    def _reason_to_stop(self) -> StopReason | None:
        if self._stop:
            return StopReason.SIGNAL
        duration = self._budget.duration
        if duration is not None and self._clock() - self._started >= duration.total_seconds():
            return StopReason.TIME
        return self._budget.reached(matched=self.report.matched, seen=self.report.seen)

    def _note(self, bad: BadLine) -> None:
        self.report.bad_lines += 1
        if len(self.report.first_bad_lines) < KEPT_BAD_LINES:
            self.report.first_bad_lines.append(bad)
        if self._on_bad_line is not None:
            self._on_bad_line(bad)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading, through gzip where it begins like one; turn what goes wrong into `ScanError`."""
    name = "standard input" if path == STDIN else path
    try:
        with nullcontext(sys.stdin.buffer) if path == STDIN else Path(path).open("rb") as file:
            packed = cast("BufferedReader", file).peek(2)[:2] == b"\x1f\x8b"
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    except FileNotFoundError:
        raise ScanError(
            "There is no such file",
            where=name,
            why=f"it is not in {Path.cwd()}" if not Path(name).is_absolute() else "nothing has that path",
            hint="check the name and the folder; - reads standard input",
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ScanError(
            "A gzip file is damaged", where=name, why=str(error), hint="what came before was read"
        ) from error
    except OSError as error:
        raise ScanError(
            "A file cannot be read",
            where=name,
            why=error.strerror or str(error),
            hint="name a file that you may read, of JSON or ndjson; - reads standard input",
        ) from error


def _judged(
    path: str, query: Query, quick: Callable[[bytes], tuple[Verdict, Message] | Literal[False] | None] | None
) -> Generator[tuple[Verdict, Message] | BadLine]:
    """Yield the verdict on each message of a file with the message, and the lines that hold none; `quick` is `read_documents`'s."""
    with _opened(path) as stream:
        for found in read_documents(stream, quick):
            if not isinstance(found, Document):
                yield found
                continue
            for item in _messages(found):
                yield item if isinstance(item, BadLine) else (query.evaluate(item), item)


def _message(text: str) -> Message:
    """Return the message that a payload alone stands for."""
    return Message(id="", queue="", body=text, receipt_handle=None)


def _messages(document: Document) -> Iterator[Message | BadLine]:
    """Yield the messages that one JSON text stands for."""
    value = document.value
    try:
        if is_record(value):
            yield from_record(value)
        elif _is_receive_output(value):
            for entry in value["Messages"]:
                yield from_received(entry)
        else:
            yield _message(document.text)
    except ScanError as error:
        yield BadLine(document.line, error.why or error.what)


def _is_receive_output(value: object) -> bool:
    """Whether this is what `aws sqs receive-message` prints: `{"Messages": [{"MessageId": …, "Body": …}, …]}`."""
    if not isinstance(value, dict) or not isinstance(entries := value.get("Messages"), list) or not entries:
        return False
    return all(
        isinstance(entry, dict) and isinstance(entry.get("MessageId"), str) and isinstance(entry.get("Body"), str)
        for entry in entries
    )
