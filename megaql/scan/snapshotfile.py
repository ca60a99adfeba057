"""A file of records that takes the place of an old one when it is whole.

A maintainer keeps two rules: a read that fails before its first message costs nobody the file that was there; and nobody but the user can read the file, at no
moment.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import uuid
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from megaql.errors import ScanError
from megaql.scan.records import to_line

if TYPE_CHECKING:
    from types import TracebackType
    from typing import IO

    from megaql.broker.message import Message


class SnapshotFile:
    """Writes messages as records; through gzip where the name ends in `.gz`. A context manager: the file is there after the block.

    After an error it holds what was written by then; if that was nothing, what was there before stays. Raises `ScanError` where it cannot be made.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.count = 0
        self._stack = ExitStack()
        self._part: Path | None = None
        self._text: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            descriptor = self._open()
        except OSError as error:
            raise ScanError(
                "The file to write to cannot be made",
                where=str(self.path),
                why=error.strerror or type(error).__name__,
                hint="nothing was read; name a file in a folder that is there and that you may write to",
            ) from error
        raw = self._stack.enter_context(open(descriptor, "wb"))  # noqa: PTH123 - a descriptor, closed with the stack
        packed = self._stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw)) if self.path.suffix == ".gz" else raw
        self._text = self._stack.enter_context(
            io.TextIOWrapper(cast("io.BufferedWriter", packed), encoding="utf-8", newline="\n")
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._stack.close()
        except OSError:
            self._discard()
            raise
        if self._part is not None and (self.count or error is None):
            os.replace(self._part, self.path)  # noqa: PTH105 - Path.replace says no more
            self._part = None
        self._discard()

    def add(self, message: Message) -> None:
        """Write a message."""
        if self._text is None:
            raise RuntimeError("outside the block")
        self._text.write(f"{to_line(message)}\n")
        self.count += 1

    def _open(self) -> int:
        """Return the descriptor of a new file beside the one that is wanted; of a pipe or device itself."""
        if self.path.exists() and not stat.S_ISREG(self.path.stat().st_mode):
            return os.open(self.path, os.O_WRONLY)
        self._part = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}.part")
        return os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def _discard(self) -> None:
        if self._part is not None:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)
            self._part = None
