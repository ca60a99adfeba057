"""Version 1 of the MEGA event protocol: what makes a document an event, and the one form events are kept in.

A maintainer keeps two rules. Nothing a publisher sent is dropped, whether the protocol lists it or not: what cannot be an event is
reported as a `Violation`, never repaired. And an optional field that is null stays null in the document and reads as
absent, so that a query sees what was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.places import ROOT, kind, member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The value of `protocol` and of `version` by which a document says that it is an event.
PROTOCOL: Final = "mega"
VERSION: Final = 1

#: The version of an event or an object that does not give one.
DEFAULT_VERSION: Final = 1

_NAME = re.compile(r"[a-z0-9._-]+")

#: What ISO 8601 text is made of; Python's reader alone takes any character between date and time.
_ISO = re.compile(r"[0-9W-]{7,10}(?:[Tt ][0-9:.,]+(?:[Zz]|[+-][0-9:]+)?)?")


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of the protocol: the place (`$.event.name`) and the problem; `str()` is both."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


def is_mega(document: object) -> bool:
    """Tell whether a document says of itself that it is a MEGA payload."""
    return isinstance(document, dict) and document.get("protocol") == PROTOCOL


def read_timestamp(value: object) -> datetime | None:
    """Return an aware datetime for ISO 8601 text or a BSON date, `None` if it is neither; no zone means UTC.

    Digits beyond microseconds are cut off here; the document keeps the text as it was sent.
    """
    if isinstance(value, str):
        if not _ISO.fullmatch(value):
            return None
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def write_timestamp(value: datetime) -> str:
    """Return a datetime as ISO 8601 text; no zone means UTC, and UTC is written `Z`."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.isoformat().replace("+00:00", "Z")


def _string(value: object) -> str:
    return "" if isinstance(value, str) else f"{kind(value)}, not a string"


def _object(value: object) -> str:
    return "" if isinstance(value, dict) else f"{kind(value)}, not an object"


def _integer(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return ""
    return f"{kind(value)}, not an integer"


def _name(value: object) -> str:
    if isinstance(value, str) and not _NAME.fullmatch(value):
        return "a name has lower-case letters, digits, '.', '-' and '_' only"
    return _string(value)


def _timestamp(value: object) -> str:
    if read_timestamp(value):
        return ""
    return (
        "not an ISO 8601 date and time" if isinstance(value, str) else f"{kind(value)}, not an ISO 8601 date and time"
    )


def _version(value: object) -> str:
    return _integer(value) or ("" if value == VERSION else f"not {VERSION}, the one version of the protocol known here")


@dataclass(frozen=True, slots=True)
class _Section:
    """An object of the protocol: its place, its fields each with a check that returns what is wrong or "", the required ones."""

    place: str
    fields: Mapping[str, Callable[[object], str]]
    required: frozenset[str] = frozenset()


_PAYLOAD = _Section(
    ROOT,
    {"version": _version, "event": _object, "object": _object, "extra": _object},
    frozenset({"version", "event"}),
)
_EVENT = _Section(
    "$.event",
    {
        "name": _name,
        "timestamp": _timestamp,
        "version": _integer,
        "domain": _string,
        "subject": _string,
        "publisher": _string,
        "attributes": _object,
    },
    frozenset({"name", "timestamp"}),
)
_OBJECT = _Section(
    "$.object",
    {"current": _object, "previous": _object, "id": _string, "type": _string, "version": _integer},
)

#: The fields of `event` that the protocol lists; any other key of `event` is one of its attributes.
EVENT_FIELDS: Final = frozenset(_EVENT.fields)


def violation(document: Mapping[str, Any]) -> Violation | None:
    """Return the first breach of the protocol in a document that `is_mega`, or `None` if it is an event."""
    if _is_usual(document):
        return None
    found = _breach(_PAYLOAD, document) or _breach(_EVENT, document["event"]) or _ambiguity(document["event"])
    if found or document.get("object") is None:
        return found
    return _breach(_OBJECT, document["object"])


_TEXT_OR_NONE: Final = frozenset({str, type(None)})
_INTEGER_OR_NONE: Final = frozenset({int, type(None)})
_OBJECT_OR_NONE: Final = frozenset({dict, type(None)})


def _is_usual(document: Mapping[str, Any]) -> bool:
    """Tell of nearly every event that it keeps the protocol, without asking section by section; false says nothing."""
    event, described = document.get("event"), document.get("object")
    if type(event) is not dict or type(version := document.get("version")) is not int or version != VERSION:
        return False
    get = event.get
    if not (
        type(name := get("name")) is str
        and _NAME.fullmatch(name)
        and read_timestamp(get("timestamp"))
        and type(get("version")) in _INTEGER_OR_NONE
        and type(get("domain")) in _TEXT_OR_NONE
        and type(get("subject")) in _TEXT_OR_NONE
        and type(get("publisher")) in _TEXT_OR_NONE
        and type(attributes := get("attributes")) in _OBJECT_OR_NONE
        and (not attributes or attributes.keys().isdisjoint(event))
        and type(document.get("extra")) in _OBJECT_OR_NONE
    ):
        return False
    if described is None:
        return True
    if type(described) is not dict:
        return False
    get = described.get
    return (
        type(get("current")) in _OBJECT_OR_NONE
        and type(get("previous")) in _OBJECT_OR_NONE
        and type(get("id")) in _TEXT_OR_NONE
        and type(get("type")) in _TEXT_OR_NONE
        and type(get("version")) in _INTEGER_OR_NONE
    )


def _breach(section: _Section, sent: Mapping[str, Any]) -> Violation | None:
    for field, check in section.fields.items():
        value = sent.get(field)
        if value is not None:
            if problem := check(value):
                return Violation(member(section.place, field), problem)
        elif field in section.required:
            return Violation(member(section.place, field), "null, and it is required" if field in sent else "missing")
    return None


def _ambiguity(event: Mapping[str, Any]) -> Violation | None:
    """Find an attribute that is given in both forms with two values: no one can say which is meant."""
    attributes = event.get("attributes") or {}
    for key, value in event.items():
        if key not in EVENT_FIELDS and key in attributes and not _identical(value, attributes[key]):
            return Violation(member("$.event", key), f"differs from {member('$.event.attributes', key)}")
    return None


def _identical(left: object, right: object) -> bool:
    """Compare without Python's `1 == True` and `1 == 1.0`, at any depth and without a stack of its own."""
    pairs = [(left, right)]
    while pairs:
        left, right = pairs.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs += [(left[key], right[key]) for key in left]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def _listed(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event whose unlisted keys stand in its attributes."""
    event = {key: value for key, value in sent.items() if key in EVENT_FIELDS}
    unlisted = {key: value for key, value in sent.items() if key not in EVENT_FIELDS}
    event["attributes"] = {**(event.get("attributes") or {}), **unlisted}
    return event


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one form of an event: unlisted keys of `event` stand in `event.attributes`, versions are filled in.

    The document has no violation. It is not changed; what need not move is shared with it.
    """
    sent = document["event"]
    event = dict(sent) if sent.keys() <= EVENT_FIELDS else _listed(sent)
    event.setdefault("version", DEFAULT_VERSION)
    whole = {**document, "event": event}
    if isinstance(described := document.get("object"), dict):
        whole["object"] = {"version": DEFAULT_VERSION, **described}
    return whole
