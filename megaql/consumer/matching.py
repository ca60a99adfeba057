"""Which subscriptions take a message, and as what.

Most look at the message as it is. Those with a decoder look at what the decoder made of a text or a blob: each decoder is one *view*, with a
router of its own. A maintainer keeps two rules: a decoder runs once per message, however many subscriptions share it; and one that fails
says nothing about the message, which has to come again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from megaql import query as queries
from megaql.codec.decode import payload_of
from megaql.codec.payloads import Blob, Plaintext
from megaql.consumer.handler import name_of
from megaql.consumer.journal import LOGGER, type_and_place
from megaql.consumer.report import UnknownCause
from megaql.errors import CodecError, ConsumerError
from megaql.lang.record import Record
from megaql.router import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.broker.message import Message
    from megaql.codec.payloads import Payload
    from megaql.consumer.subscription import Decoder, Kind, Subscription
    from megaql.lang.blame import Blame

#: Subscriptions of which it is said why they cannot decide on one message; the rest is not asked.
MOST_CAUSES: Final = 20

#: A clause is cut here where it is named. Code points.
LONGEST_CLAUSE: Final = 200


@dataclass(slots=True)  # not frozen: one is made for every message, and that takes three times as long
class Match:
    """The subscriptions that take a message, in order of subscribing, each with its payload.

    `undecided` says of a message that nobody takes why those that cannot tell cannot; it is empty if all can. `unread` is true where a
    decoder failed: who else would take the message is not known.
    """

    taken: tuple[tuple[Subscription, Payload], ...]
    undecided: tuple[UnknownCause, ...] = ()
    unread: bool = False


class Matching:
    """The subscriptions of an application. Adding is safe while other threads match."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, Subscription] = {}
        self._turns: dict[str, int] = {}
        self._plain = Router()
        self._views: Mapping[tuple[Decoder, Kind], Router] = {}
        self._changing = threading.Lock()

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, in order of subscribing."""
        return tuple(self._subscriptions.copy().values())

    def add(self, subscription: Subscription) -> None:
        """Add a subscription; raises `ConsumerError` where its name is taken."""
        with self._changing:
            if subscription.name in self._subscriptions:
                raise ConsumerError(
                    f"there is already a subscription named {subscription.name!r}",
                    why="the name says in the ledger, the log and the dead-letter queue which of them is meant",
                    hint='name one of them: @app.subscribe(…, subscription="another name")',
                )
            # The routers learn of it last: whoever finds the name there finds the subscription too.
            self._turns[subscription.name] = len(self._turns)
            self._subscriptions[subscription.name] = subscription
            router = self._plain
            if subscription.decoder is not None:
                view = (subscription.decoder, subscription.reads)
                router = self._views.get(view) or Router()
                self._views = {**self._views, view: router}
            router.add(subscription.name, subscription.query)

    def match(self, message: Message) -> Match:
        """Return who takes a message. What a decoder raises is logged."""
        # Decoded whole before it is asked about: a handler gets it, and the count of the unmatched its name.
        payload = message.payload
        names = self._plain.route(message)
        if names and not self._views:
            return Match(tuple([(self._subscriptions[name], payload) for name in names]))
        seen: list[tuple[Router, Record]] = [(self._plain, message.record())]
        matched = dict.fromkeys(names, payload)
        unread = False
        for (decoder, kind), router in self._views.items():
            if message.payload.kind != kind:
                continue
            try:
                made = _decode(decoder, message.payload)
            except BaseException as error:  # noqa: BLE001 - a user's code, on any bytes, and it may call sys.exit()
                unread = True
                _tell(decoder, error, message)
                continue
            if made is not None:
                view = _view(message, made)
                seen.append((router, view))
                matched |= dict.fromkeys(router.route(view), made)
        if matched or unread:
            names = sorted(matched, key=self._turns.__getitem__)
            return Match(tuple((self._subscriptions[name], matched[name]) for name in names), (), unread)
        # Only here is it of interest why a query cannot tell, which takes asking all of them one by one.
        blamed = (found for router, record in seen for found in router.undecided(record))
        return Match((), tuple(self._cause(name, blame) for name, blame in islice(blamed, MOST_CAUSES)))

    def _cause(self, name: str, blame: Blame) -> UnknownCause:
        text = self._subscriptions[name].clause_text(blame.clause)
        return UnknownCause(name, text[:LONGEST_CLAUSE], str(blame.reason))


def _view(message: Message, payload: Payload) -> Record:
    """Return what a query sees of a decoder's payload: the message's envelope, but of the kind that the decoder made."""
    seen = queries.record_of(payload)
    return Record(seen.body, {**message.envelope(), **seen.envelope}, seen.mega)


def _tell(decoder: Decoder, error: BaseException, message: Message) -> None:
    """Log what a decoder raised and where, without its text: parsers quote what they cannot parse, and that is the body."""
    did = f"returned {error.what}" if isinstance(error, _NoPayloadError) else f"raised {type_and_place(error)}"
    LOGGER.error(
        "the decoder %s %s, for message %s; it is returned",
        name_of(decoder),
        did,
        message.id,
        extra={"queue": message.queue, "message_id": message.id},
    )


class _NoPayloadError(CodecError):
    """A decoder returned what is neither a document nor a payload."""


def _decode(decoder: Decoder, payload: Payload) -> Payload | None:
    given = payload.text if isinstance(payload, Plaintext) else payload.data if isinstance(payload, Blob) else payload
    made = decoder(given)
    if made is None:
        return None
    try:
        return payload_of(made)
    except CodecError:
        raise _NoPayloadError(
            f"an object of type {type(made).__qualname__}, which is no document and no payload"
        ) from None
