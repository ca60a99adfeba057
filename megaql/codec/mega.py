"""MEGA payloads as JSON-like documents, both ways.

The reader is tolerant: what calls itself MEGA and breaks the protocol is a data object that knows why, whole as it was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from megaql.codec import protocol
from megaql.codec.payloads import DataObject, MegaEvent

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(document: Mapping[str, Any]) -> MegaEvent | DataObject:
    """Return the event that a document is, or a data object; `DataObject.reason` says which rule a would-be event breaks.

    Unlisted keys of `event` become attributes, absent versions become 1; all other keys stay where they are.
    """
    if not protocol.is_mega(document):
        return DataObject(document)
    if breach := protocol.violation(document):
        return DataObject(document, reason=str(breach))
    return MegaEvent.of_document(protocol.canonical(document))


def write(event: MegaEvent) -> dict[str, Any]:
    """Return an event as the document that publishers send: `read(write(event)) == event`."""
    return event.document
