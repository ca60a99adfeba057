"""What publishers and applications are given to keep large payloads elsewhere.

A maintainer keeps three rules. An object is there before a message points to it, and it is never deleted because a send failed: a send whose answer was
lost may have been accepted. Only buckets that the caller named are read: a message can point anywhere. And a payload that cannot be fetched, or is not
of the size that its message says, is an error, never an empty message or somebody else's text.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.large import pointer as pointers
from megaql.broker.large.pointer import Pointer
from megaql.broker.large.stores import parse
from megaql.broker.target import AMBIENT, Connection
from megaql.codec import envelopes
from megaql.codec.decode import decode
from megaql.codec.formats import Unreadable, read_json
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.broker.large.stores import Store
    from megaql.broker.message import Message
    from megaql.broker.outgoing import Attribute, Outgoing
    from megaql.codec.envelopes import SnsEnvelope

#: The largest payload that is fetched unless somebody says otherwise. Bytes.
MOST_BYTES: Final = 64 * 1024 * 1024


class LargePayloads:
    """Payloads in a bucket, by the convention of Amazon's extended clients. Thread-safe.

    `location` is where new ones go (`s3://bucket/prefix`, `local:bucket`), `also` names further buckets to read from. A message larger than `threshold`
    bytes goes there, by default one that the queue or topic would not take; 0 means every message. `delete` deletes a payload below `location` after its
    message was deleted. `most_bytes` is the largest payload that is fetched. `connection` is how to reach S3; without it, profile and region are
    the application's.
    """

    def __init__(
        self,
        location: str,
        *,
        also: Sequence[str] = (),
        threshold: int | None = None,
        delete: bool = False,
        most_bytes: int = MOST_BYTES,
        connection: Connection | None = None,
        store: Store | None = None,
    ) -> None:
        self.location = parse(location)
        self.text = location
        self.deletes = delete
        self._buckets = frozenset({self.location.bucket, *also})
        self._threshold = threshold
        self._most_bytes = most_bytes
        self._store = store or self.location.store(connection or AMBIENT)

    @classmethod
    def of(cls, given: str | LargePayloads | None, connection: Connection = AMBIENT) -> LargePayloads | None:
        """Return what `large_payloads=` means; the connection's profile and region are those for S3, its endpoint is the queue's alone."""
        if given is None or isinstance(given, LargePayloads):
            return given
        return cls(given, connection=replace(connection, endpoint_url=None))

    def __repr__(self) -> str:
        return f"LargePayloads({self.text!r})"

    def takes(self, entry: Outgoing, most: int) -> bool:
        """Say whether a message is too large for a destination that takes `most` bytes, or for the threshold."""
        return entry.size() > (most if self._threshold is None else min(most, self._threshold))

    def offloaded(self, entry: Outgoing, *, fifo: bool) -> Outgoing:
        """Put a message's body into the bucket and return the message that points to it.

        On FIFO a message without a deduplication id gets the one that a queue would make of its body, since each pointer is another one.
        """
        data = entry.body.encode()
        size: Attribute = {"DataType": "Number", "StringValue": str(len(data))}
        pointer = Pointer(self.location.bucket, self.location.key(str(uuid.uuid4())))
        self._store.put(pointer, data)
        attributes = {**entry.attributes, pointers.SIZE_ATTRIBUTE: size}
        dedup_id = entry.dedup_id or (hashlib.sha256(data).hexdigest() if fifo else None)
        return replace(entry, body=pointer.body, attributes=attributes, dedup_id=dedup_id)

    def pointer(self, message: Message) -> Pointer | None:
        """Return where a message's payload lies; `None` for one that it holds itself, or that lies in a bucket nobody named."""
        found = _find(message)
        return found[0] if found is not None and found[0].bucket in self._buckets else None

    def fetched(self, message: Message) -> Message:
        """Return a message with its payload: fetched if it lies in one of the buckets, the very same message if not.

        The new message has the payload as its body, and the receipt handle and lease of the old one. Of a pointer to a bucket that nobody named,
        `decoded.reason` says so. Raises `BrokerError` where there is no such object, or it may not be read, or it is too large, no text or another one
        than was sent.
        """
        found = _find(message)
        if found is None:
            return message
        pointer, around, attributes = found
        if pointer.bucket not in self._buckets:
            reason = f"the payload lies in the bucket {pointer.bucket}, which large_payloads does not name"
            decoded = replace(message.decoded, reason="; ".join(filter(None, (message.decoded.reason, reason))))
            return _with(message, decoded=decoded)
        text = _text(self._store.get(pointer, self._most_bytes), pointer, pointers.size(attributes))
        plain = pointers.without_size(attributes)
        if not around:
            return replace(message, body=text, attributes=plain)
        outer = (*around[:-1], replace(around[-1], message=text, attributes=plain))
        inner = decode(text, plain)
        return _with(message, body=text, decoded=replace(inner, envelopes=(*outer, *inner.envelopes)))

    def delete(self, message: Message) -> None:
        """Delete the payload that a message points to; it must be deleted itself by then.

        Only what lies under `location` goes: whoever may send a message chooses what it points to.
        """
        pointer = self.pointer(message)
        if pointer is not None and self.location.holds(pointer):
            self._store.delete(pointer)


def foreign(message: Message, named: LargePayloads | None) -> str:
    """Return the bucket that a message's payload lies in where nobody named it, `""` for any other message."""
    found = _find(message)
    if found is None or (named is not None and named.pointer(message) is not None):
        return ""
    return found[0].bucket


def _find(message: Message) -> tuple[Pointer, tuple[SnsEnvelope, ...], Mapping[str, Attribute]] | None:
    """Return the pointer in a message, the envelopes around it and the attributes beside it."""
    if len(message.body) > _LONGEST_WRAPPED or "s3BucketName" not in message.body:
        return None
    around: list[SnsEnvelope] = []
    body, attributes = message.body, message.attributes
    while True:
        if found := pointers.read(body, attributes):
            return found, tuple(around), attributes
        try:
            envelope = envelopes.unwrap(read_json(body))
        except Unreadable:
            return None
        if envelope is None:
            return None
        around.append(envelope)
        body, attributes = envelope.message, envelope.attributes


#: A pointer in its envelopes, with attributes as long as SNS allows, is no longer. Characters.
_LONGEST_WRAPPED: Final = 2 * 1024 * 1024


def _with(message: Message, **changes: Any) -> Message:
    """Return a message with another body or reading of it."""
    decoded = changes.pop("decoded")
    made = replace(message, **changes)
    made.__dict__["decoded"] = decoded  # where its cached property looks first
    return made


def _text(data: bytes, pointer: Pointer, size: int | None) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as fault:
        raise BrokerError(
            "the payload is no text",
            where=str(pointer),
            why=f"it is not UTF-8 at byte {fault.start:,}, and a message body is",
            hint="look at who wrote the object; bytes travel as Base64",
            code="PayloadUnreadable",
        ) from None
    # Amazon's clients count bytes; others were seen to count characters, or UTF-16's units.
    if size is not None and size not in {len(data), len(text), len(text.encode("utf-16-le")) // 2}:
        raise BrokerError(
            f"the payload has {len(data):,} bytes, and its message says {size:,}",
            where=str(pointer),
            why="the object was written over, or something on the way to the bucket answered in its place",
            hint="look at the object, and at the proxies before S3",
            code="PayloadChanged",
        )
    return text
