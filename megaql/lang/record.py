"""What a query sees of a message: a decoded body and the envelope around it.

The codec and the broker make records, the evaluator reads them; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping


class Missing:
    """The one value `MISSING`: a path that leads nowhere, or a body that is no document."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()

#: The fields of `event` that the MEGA protocol lists; any other key of `event` is one of its attributes.
MEGA_EVENT_FIELDS: Final = frozenset({"name", "timestamp", "version", "domain", "subject", "publisher", "attributes"})

#: The envelope fields a query may address as `@name`.
ENVELOPE_FIELDS: Final = (
    "id",
    "sent_at",
    "receive_count",
    "first_received_at",
    "group_id",
    "dedup_id",
    "sequence",
    "size",
    "attributes",
    "topic",
    "subject",
    "format",
    "kind",
    "queue",
    "body",
)


@dataclass(slots=True)  # not frozen: one is made for every message, and that takes three times as long
class Record:
    """A decoded body and its envelope, never changed.

    `body` is a tree of `dict`, `list`, `str`, `int`, `float`, `Decimal`, `bool`, `None` and BSON's own types, or `MISSING` for text
    and blobs. `envelope` maps names of `ENVELOPE_FIELDS` to values (times are aware datetimes, `attributes` a mapping);
    an absent name is a missing path. With `mega`, the body is a MEGA payload in canonical form: every unlisted key of
    `event` stands in `event.attributes` and nowhere else, and `event.x` for an unlisted `x` addresses it there.
    """

    body: object = MISSING
    envelope: Mapping[str, object] = field(default_factory=dict)
    mega: bool = False


@runtime_checkable
class SupportsRecord(Protocol):
    """A payload or message that a query can look at."""

    def record(self) -> Record:
        """Return what a query sees of this object."""
        ...
