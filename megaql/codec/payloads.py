"""What a message body can hold: a MEGA event, a data object, plain text, or bytes.

A maintainer keeps one rule: the document is the truth. An event is a reading of its document and has no state beside it, so that whatever a
publisher put there, known to the protocol or not, is matched, shown and sent on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

from megaql.codec import protocol
from megaql.errors import CodecError


@dataclass(frozen=True, init=False, repr=False)
class MegaObject:
    """The thing an event is about: its state now and before, and which one it is.

    `document` is the protocol's `object`, with any further keys a publisher put there.
    """

    document: dict[str, Any]

    def __init__(
        self,
        current: Mapping[str, Any] | None = None,
        previous: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the protocol's own name
        type: str | None = None,  # noqa: A002 - the protocol's own name
        version: int = protocol.DEFAULT_VERSION,
    ) -> None:
        fields = {"type": type, "id": id, "version": version, "current": current, "previous": previous}
        object.__setattr__(self, "document", _given(fields))

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> MegaObject:
        """Return the reading of a canonical `object` section."""
        self = cls.__new__(cls)
        object.__setattr__(self, "document", document)
        return self

    @property
    def current(self) -> dict[str, Any]:
        """The object's state after the event; `{}` if none was sent."""
        return self.document.get("current") or {}

    @property
    def previous(self) -> dict[str, Any]:
        """The object's state before the event; `{}` if none was sent."""
        return self.document.get("previous") or {}

    @property
    def id(self) -> str | None:
        """Which object it is."""
        return self.document.get("id")

    @property
    def type(self) -> str | None:
        """What sort of object it is."""
        return self.document.get("type")

    @property
    def version(self) -> int:
        """The version of the object's schema."""
        return _version(self.document)

    def __repr__(self) -> str:
        return f"MegaObject({self.document!r})"


@dataclass(frozen=True, init=False, repr=False)
class MegaEvent:
    """An event of the MEGA protocol.

    `document` is the whole payload in canonical form (see `protocol.canonical`). Built in code, an event is checked against
    the protocol: `CodecError` names the field. `timestamp` may be ISO 8601 text or a datetime, where no zone means
    UTC; it is now by default.
    """

    kind: ClassVar[Literal["mega"]] = "mega"

    document: dict[str, Any]

    def __init__(
        self,
        name: str,
        *,
        timestamp: datetime | str | None = None,
        version: int = protocol.DEFAULT_VERSION,
        domain: str | None = None,
        subject: str | None = None,
        publisher: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        object: MegaObject | None = None,  # noqa: A002 - the protocol's own name
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        when = datetime.now(UTC) if timestamp is None else timestamp
        event = {
            "name": name,
            "timestamp": protocol.write_timestamp(when) if isinstance(when, datetime) else when,
            "version": version,
            "domain": domain,
            "subject": subject,
            "publisher": publisher,
            "attributes": attributes or None,
        }
        document = {"protocol": protocol.PROTOCOL, "version": protocol.VERSION, "event": _given(event)}
        if object is not None:
            document["object"] = object.document
        if extra:
            document["extra"] = _plain(extra)
        if breach := protocol.violation(document):
            raise CodecError(
                f"this is no MEGA event: {breach.place}",
                where=breach.place,
                why=f"{breach.problem}; a reader would take the payload for plain data",
                hint="correct the field; what the protocol does not know belongs into attributes or extra",
            )
        self._set(document)

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> MegaEvent:
        """Return the reading of a canonical document without a violation; `mega.read` makes sure of both."""
        self = cls.__new__(cls)
        self._set(document)
        return self

    def _set(self, document: dict[str, Any]) -> None:
        object.__setattr__(self, "document", document)

    @cached_property
    def timestamp(self) -> datetime:
        """When the event happened, aware, to the microsecond; the document has the text as it was sent."""
        timestamp = protocol.read_timestamp(self.document["event"]["timestamp"])
        assert timestamp is not None  # noqa: S101 - an event without one is a violation, and never made
        return timestamp

    @property
    def name(self) -> str:
        """What happened: `"user.updated"`."""
        return str(self.document["event"]["name"])

    @property
    def version(self) -> int:
        """The version of the event's own schema."""
        return _version(self.document["event"])

    @property
    def domain(self) -> str | None:
        """The part of the business it belongs to."""
        return self._event_text("domain")

    @property
    def subject(self) -> str | None:
        """Whom or what it is about."""
        return self._event_text("subject")

    @property
    def publisher(self) -> str | None:
        """The program that sent it."""
        return self._event_text("publisher")

    @property
    def attributes(self) -> dict[str, Any]:
        """The event's attributes, in whichever form they were sent."""
        return self.document["event"].get("attributes") or {}

    @property
    def object(self) -> MegaObject | None:
        """The thing the event is about."""
        document = self.document.get("object")
        return None if document is None else MegaObject.of_document(document)

    @property
    def extra(self) -> dict[str, Any]:
        """Whatever else the publisher had to say."""
        return self.document.get("extra") or {}

    def _event_text(self, name: str) -> str | None:
        value: str | None = self.document["event"].get(name)
        return value

    def __repr__(self) -> str:
        return f"MegaEvent({self.document!r})"


@dataclass(frozen=True, slots=True)
class DataObject:
    """A JSON or BSON document that is no MEGA event; `data` is a `dict` or a `list`.

    `reason` says why a document that calls itself MEGA is only data: a place and a problem.
    """

    kind: ClassVar[Literal["data"]] = "data"

    data: Any
    reason: str = field(default="", compare=False)

    @property
    def document(self) -> Any:
        """The document, as a query sees it."""
        return self.data


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A body that is text and nothing more."""

    kind: ClassVar[Literal["text"]] = "text"
    document: ClassVar[None] = None

    text: str


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, which travel as Base64."""

    kind: ClassVar[Literal["blob"]] = "blob"
    document: ClassVar[None] = None

    data: bytes


Payload = MegaEvent | DataObject | Plaintext | Blob


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not given, and copy the caller's mappings."""
    return {name: _plain(value) for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _version(section: Mapping[str, Any]) -> int:
    version = section.get("version")
    return protocol.DEFAULT_VERSION if version is None else int(version)
