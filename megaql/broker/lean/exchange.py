"""One HTTP/1.1 request and its answer on a connected socket, or the answer alone from pieces that somebody else reads.

A maintainer keeps one rule: an answer is returned whole or not at all. What is no HTTP, or ends too soon, is a `BrokenAnswer`, and a connection
is used again only after an answer with a known end, at which nothing more had come.

RFC 9112.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: Bytes of an answer's head at most; what is longer is no answer of a queue service.
_LONGEST_HEAD: Final = 65_536
#: Bytes of a piece at most: what a TLS record has. The C library would tidy up its heap each time that a larger buffer is freed.
CHUNK: Final = 16_384
_NO_BODY: Final = frozenset({204, 304})


class BrokenAnswer(Exception):  # noqa: N818 - it is told to nobody: the transport makes botocore's error of it
    """The peer closed the connection before the answer's end, or sent something else than HTTP."""


@dataclass(slots=True)  # not frozen: one is made for every request, and that takes three times as long
class Answer:
    """An answer: header names in lower case, several values of one name joined by `, `; `reusable` is about its connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool


def exchange(sock: Any, request: bytes) -> Answer:
    """Send a request and return its answer; raises `BrokenAnswer`, and what the socket raises."""
    # A server may refuse a request before it has read all of it, and its answer has come although it takes no more.
    with suppress(BrokenPipeError):
        sock.sendall(request)
    reading = Reading()
    while (answer := reading.take(sock.recv(CHUNK))) is None:
        continue
    return answer


class Reading:
    """An answer as far as it has come; whoever has the socket brings its pieces."""

    def __init__(self) -> None:
        self._rest = _answer()
        next(self._rest)

    def take(self, piece: bytes) -> Answer | None:
        """Take what came next, `b""` where the connection was closed; returns the answer once it is whole. Raises `BrokenAnswer`."""
        try:
            self._rest.send(piece)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        return None


#: A part of an answer: asks for pieces, is given them one by one, and returns what it read of them.
_Part = Generator[None, bytes, T]


def _answer() -> _Part[Answer]:
    stream = _Stream()
    version, status, headers = yield from stream.head()
    while 100 <= status < 200:
        version, status, headers = yield from stream.head()
    known_end = True
    if status in _NO_BODY:
        body = b""
    elif "transfer-encoding" in headers:
        body = yield from stream.chunks(headers["transfer-encoding"])
    elif "content-length" in headers:
        body = yield from stream.exactly(_length(headers["content-length"], 10))
    else:
        body, known_end = (yield from stream.rest()), False
    connection = headers.get("connection", "").lower()
    stays = "close" not in connection and (version == "HTTP/1.1" or "keep-alive" in connection)
    return Answer(status, headers, body, reusable=known_end and stays and not stream.buffer)


class _Stream:
    """The bytes of an answer; `buffer` has come and is not taken yet."""

    def __init__(self) -> None:
        self.buffer = b""

    def head(self) -> _Part[tuple[str, int, dict[str, str]]]:
        """Take the status line and the headers: version, status and headers."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > _LONGEST_HEAD:
                raise BrokenAnswer("the head of the answer does not end")
            self.buffer += yield from _more()
        first, *lines = self.buffer[:end].decode("iso-8859-1").split("\r\n")
        self.buffer = self.buffer[end + 4 :]
        version, _, rest = first.partition(" ")
        status = rest.partition(" ")[0]
        if version not in {"HTTP/1.1", "HTTP/1.0"} or not (status.isascii() and status.isdigit() and len(status) == 3):
            raise BrokenAnswer(f"not a status line: {first[:80]!r}")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name[0] in " \t":
                raise BrokenAnswer(f"not a header: {line[:80]!r}")
            # A blank at a value's end stays, as it does in botocore's answers.
            name, value = name.lower(), value.lstrip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return version, int(status), headers

    def exactly(self, length: int) -> _Part[bytes]:
        missing = length - len(self.buffer)
        parts = [self.buffer]
        while missing > 0:
            parts.append((yield from _more()))
            missing -= len(parts[-1])
        come = b"".join(parts)
        self.buffer = come[length:]
        return come[:length]

    def chunks(self, coding: str) -> _Part[bytes]:
        if coding.strip().lower() != "chunked":
            raise BrokenAnswer(f"unknown transfer coding {coding[:80]!r}")
        parts = []
        while length := _length((yield from self._line()).partition(";")[0], 16):
            parts.append((yield from self.exactly(length)))
            if (yield from self._line()):
                raise BrokenAnswer("a chunk is longer than it says")
        while (yield from self._line()):
            continue
        return b"".join(parts)

    def rest(self) -> _Part[bytes]:
        parts = [self.buffer]
        while piece := (yield):
            parts.append(piece)
        self.buffer = b""
        return b"".join(parts)

    def _line(self) -> _Part[str]:
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > _LONGEST_HEAD:
                raise BrokenAnswer("a line of the answer does not end")
            self.buffer += yield from _more()
        line, self.buffer = self.buffer[:end], self.buffer[end + 2 :]
        return line.decode("iso-8859-1")


def _more() -> _Part[bytes]:
    piece = yield
    if not piece:
        raise BrokenAnswer("the connection was closed before the end of the answer")
    return piece


def _length(text: str, base: int) -> int:
    try:
        text = text.strip()
        length = int(text, base)
    except ValueError:
        length = -1
    if length < 0 or not text.isalnum():
        raise BrokenAnswer(f"not a length: {text[:80]!r}")
    return length
