"""A received message in boto3's form, with the attributes the receiver asked for.

A maintainer keeps one rule: what was not asked for is absent, as in SQS, and its digest covers what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.broker.local.attributes import ACCOUNT
from megaql.broker.local.checksums import attributes_md5
from megaql.broker.local.contents import unpack
from megaql.broker.local.errors import INVALID_ATTRIBUTE_NAME, Refused
from megaql.broker.local.identifiers import Handle, sequence_number, write_handle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.broker.local.queues import Queue

_SYSTEM: Final = frozenset(
    {
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    }
)


class Candidate(NamedTuple):
    """A message as read from the tables, before this receive is counted; times in milliseconds."""

    number: int
    lane: int | None
    visible_at: int
    sent_at: int
    receives: int
    first_received_at: int
    message_id: str
    body: str
    md5: str
    attributes: str | None
    trace_header: str | None
    group_id: str | None
    dedup_id: str | None
    source_arn: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which attributes a receive asks for: system names, and message attributes by name or prefix."""

    system: frozenset[str]
    everything: bool
    names: frozenset[str]
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Selection:
        """Read the three lists of a request; both names of the system list are accepted, as in SQS."""
        asked = {*(request.get("AttributeNames") or ()), *(request.get("MessageSystemAttributeNames") or ())}
        unknown = asked - _SYSTEM - {"All"}
        if unknown:
            raise Refused(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {min(unknown)}.")
        names = frozenset(request.get("MessageAttributeNames") or ())
        return cls(
            system=_SYSTEM if "All" in asked else frozenset(asked),
            everything=bool(names & {"All", ".*"}),
            names=names,
            prefixes=tuple(name[:-2] for name in names if name.endswith(".*")),
        )

    def attributes(self, stored: str) -> dict[str, dict[str, Any]]:
        """Return the selected ones of a message's attributes."""
        attributes = unpack(stored)
        if self.everything:
            return attributes
        return {
            name: value
            for name, value in attributes.items()
            if name in self.names or (self.prefixes and name.startswith(self.prefixes))
        }


def message(queue: Queue, candidate: Candidate, selection: Selection, now: int) -> dict[str, Any]:
    """Return a message put in flight at `now` as ReceiveMessage gives it."""
    answer: dict[str, Any] = {
        "MessageId": candidate.message_id,
        "ReceiptHandle": write_handle(Handle(queue.id, candidate.number, candidate.receives + 1)),
        "MD5OfBody": candidate.md5,
        "Body": candidate.body,
    }
    if selection.system:
        system = _system_attributes(queue, candidate, now)
        chosen = {name: system[name] for name in system if name in selection.system}
        if chosen:
            answer["Attributes"] = chosen
    if candidate.attributes and (selection.everything or selection.names):
        attributes = selection.attributes(candidate.attributes)
        if attributes:
            answer["MD5OfMessageAttributes"] = attributes_md5(attributes)
            answer["MessageAttributes"] = attributes
    return answer


def _system_attributes(queue: Queue, candidate: Candidate, now: int) -> dict[str, str]:
    values = {
        "SenderId": ACCOUNT,
        "SentTimestamp": str(candidate.sent_at),
        "ApproximateReceiveCount": str(candidate.receives + 1),
        "ApproximateFirstReceiveTimestamp": str(candidate.first_received_at or now),
        "SequenceNumber": sequence_number(candidate.number) if queue.fifo else None,
        "MessageDeduplicationId": candidate.dedup_id,
        "MessageGroupId": candidate.group_id,
        "AWSTraceHeader": candidate.trace_header,
        "DeadLetterQueueSourceArn": candidate.source_arn,
    }
    return {name: value for name, value in values.items() if value is not None}
