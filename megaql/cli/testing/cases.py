"""Messages with what they are expected to match, a line each: the cases that queries are tested with.

A maintainer keeps one rule: a case's message is the text as it stands in the file, so that what is tested is what a queue would hold.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from megaql.broker.message import Message
from megaql.errors import MegaQLError, ScanError
from megaql.lang import dates
from megaql.lang.verdict import Verdict
from megaql.scan.documents import BadLine
from megaql.scan.files import read_file
from megaql.scan.records import from_record, is_record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

#: How much a key has to be like `expect` to be taken for it: `expected`, `expcet`.
NEAR: Final = 0.75

#: What an expectation may say of a query, and the verdicts that meet it. False is that a handler would not get the message.
EXPECTATIONS: Final[Mapping[bool | str, tuple[Verdict, ...]]] = {
    True: (Verdict.MATCH,),
    False: (Verdict.NO_MATCH, Verdict.UNKNOWN),
    **{verdict.value: (verdict,) for verdict in Verdict},
}


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a file of cases."""

    message: msgspec.Raw
    expect: list[str] | dict[str, bool | str]
    name: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A message, and for each query that is asked about it what is expected; empty for a message without expectations.

    `number` counts the messages of its file from 1. `now` is the time that `now()` and `age()` see.
    """

    file: str
    number: int
    message: Message
    name: str = ""
    expected: Mapping[str, bool | str] = field(default_factory=dict)
    now: datetime | None = None

    @property
    def title(self) -> str:
        """The case's name, or which message of the file it is."""
        return self.name or (f"message {self.message.id}" if self.message.id else f"message {self.number}")


def read_cases(path: str, names: Sequence[str]) -> Iterator[Case | BadLine]:
    """Yield the cases of a file, and its messages that say of themselves no more than what they are.

    A case is an object with `message` and `expect`: a list of the queries that match, all others of `names` being expected not to,
    or an object of names and what is expected of each. Raises MegaQLError for a case that is wrong, and what `read_file` raises.
    """
    for number, item in enumerate(read_file(path), start=1):
        if isinstance(item, BadLine):
            yield item
        elif item.id or ('"expect"' not in item.body and '"message"' not in item.body):
            yield Case(path, number, item)
        else:
            yield _case(path, number, item, names)


def _case(path: str, number: int, item: Message, names: Sequence[str]) -> Case:
    try:
        document = json.loads(item.body)
    except (ValueError, RecursionError):  # a text; read_file has read the line
        document = None
    if not isinstance(document, dict) or "expect" not in document:
        _check_misspelt(path, number, document)
        return Case(path, number, item)
    try:
        line = msgspec.json.decode(item.body, type=_Line)
    except msgspec.MsgspecError as error:
        raise _wrong(path, number, str(error).replace("Object", "the case")) from None
    expected = line.expect
    if isinstance(expected, list):
        _check_names(path, number, expected, names)
        expected = {name: name in expected for name in names}
    _check_names(path, number, expected, names)
    for name, verdict in expected.items():
        if verdict not in EXPECTATIONS:
            raise _wrong(path, number, f"what is expected of {name} is none of {_choices()}")
    now = dates.read(line.now) if line.now else None
    if line.now and now is None:
        raise _wrong(path, number, "`now` is no time in ISO 8601")
    return Case(path, number, _message(bytes(line.message).decode(), path, number), line.name, expected, now)


def _check_misspelt(path: str, number: int, document: object) -> None:
    """Raise for what is a case but for a letter: taken for a message that nothing is expected of, it could never fail."""
    if isinstance(document, dict) and "message" in document:
        (*others,) = document.keys() - {"message", "name", "now"}
        if len(others) == 1 and difflib.get_close_matches(others[0], ["expect"], 1, NEAR):
            raise _wrong(path, number, f"it has `message`, and {others[0]} in the place of `expect`", "write expect")


def _message(text: str, path: str, number: int) -> Message:
    """Return the message of a case: a record, a text, or else a payload as it stands there."""
    value: Any = json.loads(text)
    if is_record(value):
        try:
            return from_record(value)
        except ScanError as error:
            raise _wrong(path, number, error.why or error.what) from None
    return Message(id="", body=value if isinstance(value, str) else text)


def _check_names(path: str, number: int, given: Collection[str], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            raise _wrong(
                path,
                number,
                f"it expects something of {name}, and the queries are {', '.join(names)}",
                f"did you mean {near[0]}?" if near else "",
            )


def _choices() -> str:
    return ", ".join(json.dumps(choice) for choice in EXPECTATIONS)


def _wrong(path: str, number: int, why: str, hint: str = "") -> MegaQLError:
    return MegaQLError(
        "A case cannot be understood",
        where=f"{path}, message {number}",
        why=why,
        hint=hint or '{"name": "…", "expect": ["QUERY"], "message": {…}}; docs/test.md has all of it',
    )
