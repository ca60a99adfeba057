"""A file's JSON texts, one a message: lines, an array's elements, or one document over many lines.

A maintainer keeps two rules. A message's body is the text exactly as it stands in the file, never written anew: `0.10` stays `0.10`.
And lines are read in constant memory, since a snapshot of a queue can be larger than the machine's memory.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, NamedTuple, NoReturn, TypeAlias, TypeVar

from megaql.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

#: The longest line, and the largest file that is one document. An SQS message has at most 1 MiB. Bytes.
MAX_TEXT: Final = 64 * 1024 * 1024

#: Integers with more digits than this are kept as Decimal: Python limits how long an int it reads from text. Digits.
MAX_INT_DIGITS: Final = 4_000

#: Lines that are read plainly before a `quick` reader is asked, which takes as long to get ready as they take.
FIRST_LINES: Final = 200

_Quick = TypeVar("_Quick")

_SPACE: Final = " \t\r\n"


class Document(NamedTuple):
    """One JSON text: its line, counted from 1, the text as written, and its value."""

    line: int
    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line, counted from 1, that is no JSON or no record, and why. It never quotes the line."""

    line: int
    why: str


#: A line with its number, counted from 1, or why it is none.
_Line: TypeAlias = tuple[int, str] | BadLine


def read_documents(
    stream: BinaryIO, quick: Callable[[bytes], _Quick | Literal[False] | None] | None = None
) -> Iterator[Document | BadLine | _Quick]:
    """Yield the JSON texts of a stream of UTF-8 bytes, and what cannot be read where it stands.

    A file whose one text is an array stands for the array's elements; in a file of several lines, an array is a payload. Raises
    `ScanError` for a file in UTF-16, and for a document over many lines that is larger than 64 MiB.

    `quick` is asked about each line after the first ones. What it answers is yielded in place of the line's document, or nothing for False;
    None says that the line has to be read.
    """
    numbers = count(1)
    lines = _lines(stream, numbers)
    first = next(lines, None)
    if isinstance(first, tuple) and _unfinished(first[1]):
        yield from _over_many_lines(first, stream)
    elif isinstance(first, tuple) and first[1].startswith("["):
        second = next(lines, None)
        yield from [_document(first)] if second is not None else _split(*first)
        if second is not None:
            yield _document(second)
    elif first is not None:
        yield _document(first)
    yield from map(_document, lines if quick is None else islice(lines, FIRST_LINES))
    if quick is not None:
        yield from _quick_documents(stream, numbers, quick)


def _quick_documents(
    stream: BinaryIO, numbers: Iterator[int], quick: Callable[[bytes], _Quick | Literal[False] | None]
) -> Iterator[Document | BadLine | _Quick]:
    """Yield what `quick` makes of the lines, and the documents of those that it leaves."""
    while raw := stream.readline(MAX_TEXT + 1):
        number = next(numbers)
        found = quick(raw) if len(raw) <= MAX_TEXT else None
        if found:
            yield found
        elif found is None and (line := _line(stream, number, raw)) is not None:
            yield _document(line)


def _lines(stream: BinaryIO, numbers: Iterator[int]) -> Iterator[_Line]:
    """Yield the lines that are not blank, and those that are no text."""
    while raw := stream.readline(MAX_TEXT + 1):
        number = next(numbers)
        line = _line(stream, number, _without_mark(raw) if number == 1 else raw)
        if line is not None:
            yield line


def _line(stream: BinaryIO, number: int, raw: bytes) -> _Line | None:
    """Return a line as text, stripped; None for a blank one. What is left of one that is too long is read over."""
    if len(raw) > MAX_TEXT:
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(MAX_TEXT)
        return BadLine(number, f"longer than {MAX_TEXT // 2**20} MiB")
    try:
        text = text_of(raw)
    except UnicodeDecodeError as error:
        return BadLine(number, f"not UTF-8 at byte {error.start + 1}")
    return (number, text) if text else None


def text_of(line: bytes) -> str:
    """Return the text of a line as a payload has it, without the space around it. Raises UnicodeDecodeError."""
    return line.decode().strip(_SPACE)


def _without_mark(line: bytes) -> bytes:
    """Return a file's first line without a UTF-8 byte order mark; a UTF-16 one is an error."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ScanError(
            "A file in UTF-16 cannot be read",
            why="JSON files are UTF-8; PowerShell's `>` writes UTF-16",
            hint="write it again with `| Out-File -Encoding utf8`",
        )
    return line.removeprefix(codecs.BOM_UTF8)


def _document(line: _Line) -> Document | BadLine:
    """Return what one line says."""
    if isinstance(line, BadLine):
        return line
    number, text = line
    try:
        return Document(number, text, _DECODER.decode(text))
    except (ValueError, RecursionError) as error:
        return BadLine(number, _reason(error))


def _unfinished(text: str) -> bool:
    """Whether a line is the start of something longer: what is wrong with it is its end."""
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text)
    except (ValueError, RecursionError):
        return False
    return False


def _over_many_lines(first: tuple[int, str], stream: BinaryIO) -> Iterator[Document | BadLine]:
    """Read the rest of the stream as one text; as lines, where it makes no sense as one and its second line does alone."""
    number, start = first
    rest = stream.read(MAX_TEXT + 1)
    if len(rest) > MAX_TEXT:
        raise ScanError(
            f"A JSON document over many lines is larger than {MAX_TEXT // 2**20} MiB",
            hint="write one message a line: jq -c '.[]' FILE, or jq -c '.Messages[]' FILE",
        )
    try:
        text = f"{start}\n{rest.decode()}"
    except UnicodeDecodeError as error:
        yield BadLine(number, f"not UTF-8 at byte {error.start + 1} after its first line")
        return
    documents = list(_split(number, text))
    lines = [
        (number + offset, line.strip(_SPACE)) for offset, line in enumerate(text.split("\n")) if line.strip(_SPACE)
    ]
    if isinstance(documents[-1], BadLine) and len(lines) > 1 and isinstance(_document(lines[1]), Document):
        documents = [_document(line) for line in lines]
    yield from documents


def _split(number: int, text: str) -> Iterator[Document | BadLine]:
    """Yield the values of a text that starts on line `number`, and the elements of an array instead of the array."""
    line, counted = number, 0
    try:
        for start, end, value in _values(text):
            line += text.count("\n", counted, start)
            counted = start
            yield Document(line, text[start:end], value)
    except json.JSONDecodeError as error:
        yield BadLine(number + text.count("\n", 0, error.pos), _reason(error))
    except (ValueError, RecursionError) as error:
        yield BadLine(line, _reason(error))


def _values(text: str) -> Iterator[tuple[int, int, Any]]:
    """Yield the start, end and value of each JSON value in a row; arrays give their elements."""
    at = _skip(text, 0)
    while at < len(text):
        if text[at] == "[":
            at = yield from _elements(text, at + 1)
        else:
            value, end = _DECODER.raw_decode(text, at)
            yield at, end, value
            at = end
        at = _skip(text, at)


def _elements(text: str, at: int) -> Generator[tuple[int, int, Any], None, int]:
    """Yield an array's elements, `at` standing after its bracket; return where it has ended."""
    at = _skip(text, at)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        value, end = _DECODER.raw_decode(text, at)
        yield at, end, value
        at = _skip(text, end)
        mark = text[at : at + 1]
        if mark == "]":
            return at + 1
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    """Return the offset of the next character that is no JSON white space."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _read_int(text: str) -> int | Decimal:
    return int(text) if len(text) <= MAX_INT_DIGITS else Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_int=_read_int, parse_constant=_refuse_constant)


def _reason(error: Exception) -> str:
    """Say why a text is not JSON, without quoting it."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg[0].lower()}{error.msg[1:]} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"
