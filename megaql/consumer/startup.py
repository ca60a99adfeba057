"""What is looked at before the first receive: settings that lose messages or time later, said now.

A maintainer keeps one rule: what may work is a warning in the log, what cannot is a `ConsumerError`. A queue that is not there is the broker's
own error and passes through.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.consumer.journal import LOGGER
from megaql.consumer.subscription import takes_everything
from megaql.errors import AccessDenied, BrokerError, ConsumerError, QueueNotFound
from megaql.lang import nodes, tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.queue import Queue, RedrivePolicy
    from megaql.consumer.subscription import Subscription
    from megaql.consumer.unmatched import Policy
    from megaql.query import Query
    from megaql.settings import Settings

#: A visibility timeout below this is too short for most handlers, and a pause of the process is enough to lose the lease.
SHORT_VISIBILITY: Final = timedelta(seconds=10)

#: SQS's default, taken where the queue's own may not be read.
DEFAULT_VISIBILITY: Final = timedelta(seconds=30)


def check_subscriptions(subscriptions: Sequence[Subscription], *, unmatched: Policy, allowed: bool) -> None:
    """Refuse to start with nothing subscribed, unless that is allowed: every message would go the way of the unmatched."""
    if not subscriptions and not allowed:
        raise ConsumerError(
            "the application has no subscription",
            why=f"every message would match none, and what matches none is {_DONE_WITH[unmatched]}",
            hint="put @app.subscribe(…) on a handler, in a module that is imported; or say run(no_subscriptions=True)",
        )


def tell_settings(settings: Settings) -> None:
    """Log which settings come from outside of the code, and from where: a file that nobody thought of is found by that."""
    if settings.origins:
        found = ", ".join(f"{name} ({origin})" for name, origin in settings.origins.items())
        LOGGER.info("settings from outside the code: %s", found)


def check_catch_all(subscription: Subscription, *, allowed: bool) -> None:
    """Refuse a subscription that takes everything, unless that is allowed."""
    if takes_everything(subscription.query) and subscription.decoder is None and not allowed:
        raise ConsumerError(
            f"the subscription {subscription.name!r} takes every message",
            why="its query is `true`, so that no message is ever left for another consumer or counted as unmatched",
            hint="give it a query; or say that it is meant: @app.subscribe(catch_all=True)",
        )


def check_raw(subscriptions: Sequence[Subscription], *, raw: bool) -> None:
    """Refuse raw delivery to subscriptions that read what only SNS's envelope says: they would never match."""
    for one in subscriptions if raw else ():
        if field := _read_of_envelope(one.query, ("topic", "subject")):
            raise ConsumerError(
                f"with raw delivery the subscription {one.name!r} would never match",
                where=f"@{field}",
                why="topic and subject stand in SNS's envelope, which raw delivery leaves out",
                hint="connect with raw=False (--no-raw), or ask for a message attribute instead",
            )


def check_promise(*, json_bodies: bool, large: bool) -> None:
    """Refuse the promise that all bodies are JSON objects where some lie elsewhere and only a pointer is published."""
    if json_bodies and large:
        raise ConsumerError(
            "json_bodies= and large_payloads= contradict each other",
            why="a message whose payload lies in S3 has a pointer as its body, which no filter policy for the body lets through",
            hint="leave json_bodies= out, and ask for message attributes, which travel with the pointer",
        )


def _read_of_envelope(query: Query, fields: Sequence[str]) -> str:
    """Return the first of some envelope fields that a query reads, `""` if it reads none."""
    for node in tree.walk(query.node):
        match node:
            case nodes.Path((nodes.Key(name), *_), nodes.Root.ENVELOPE) if name in fields:
                return name
    return ""


def check_queue(
    queue: Queue, *, visibility: timedelta | None, policies: Sequence[Policy], warn: bool = True
) -> timedelta:
    """Log what in a queue's settings will hurt, or keep it for debugging; returns the visibility timeout that will be in force."""
    level, about = logging.WARNING if warn else logging.DEBUG, {"queue": queue.name}
    try:
        info = queue.info()
    except AccessDenied as error:
        LOGGER.log(level, "the settings of %s cannot be checked: %s", queue.name, error.what, extra=about)
        return visibility or DEFAULT_VISIBILITY
    lease = info.visibility_timeout if visibility is None else visibility
    if lease < SHORT_VISIBILITY:
        LOGGER.log(
            level,
            "the visibility timeout of %s is %g s: a handler that takes longer is handled again elsewhere meanwhile",
            queue.name,
            lease.total_seconds(),
            extra=about,
        )
    if info.redrive is None:
        if "dead-letter" in policies:
            raise ConsumerError(
                f"{queue.name} has no dead-letter queue",
                why="unmatched or unknown messages are to be dead-lettered",
                hint="set a redrive policy on the queue, or unmatched= and unknown= to 'return' or 'delete'",
            )
        LOGGER.log(
            level,
            "%s has no dead-letter queue: a message that never works comes back until it is too old",
            queue.name,
            extra=about,
        )
    elif info.redrive.max_receive_count == 1:
        LOGGER.log(
            level,
            "maxReceiveCount of %s is 1: the first failure, lost lease or crash dead-letters a message, and nothing is ever retried",
            queue.name,
            extra=about,
        )
    if info.redrive is not None and warn:
        _check_dead_letter_queue(queue, info.redrive)
    return lease


def _check_dead_letter_queue(queue: Queue, redrive: RedrivePolicy) -> None:
    """Warn of a redrive policy that names a queue which is not there any more: SQS lets one be deleted."""
    try:
        queue.dead_letter_queue()
    except QueueNotFound:
        LOGGER.warning(
            "the dead-letter queue of %s does not exist, %s: what never works is received again and again, and what is rejected stays",
            queue.name,
            redrive.dead_letter_arn,
            extra={"queue": queue.name},
        )
    except BrokerError as error:  # these credentials need not be allowed to ask
        LOGGER.debug("the dead-letter queue of %s cannot be checked: %s", queue.name, error.what)


_DONE_WITH: Final = {"delete": "deleted", "return": "returned", "dead-letter": "dead-lettered"}
