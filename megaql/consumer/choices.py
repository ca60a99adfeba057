"""What a run goes by: what code says, else the environment, else `megaql.toml`, else the default.

A maintainer keeps one rule: `None` means that nobody said anything, so whatever code gives is in force, zero and the default's own value too.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from megaql import config
from megaql.broker.target import AMBIENT
from megaql.consumer.backoff import Backoff
from megaql.consumer.ledger import SQLiteLedger
from megaql.consumer.unmatched import checked_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.broker.target import Connection
    from megaql.consumer.ledger import CompletionLedger
    from megaql.consumer.unmatched import Policy
    from megaql.settings import Settings

#: How long a stop waits for handlers.
DRAIN_TIMEOUT: Final = timedelta(seconds=25)

T = TypeVar("T")


def first(given: T | None, setting: T | None, default: T) -> T:
    """Return the first of them that is not `None`."""
    return given if given is not None else setting if setting is not None else default


def connection(given: Connection | None, own: Connection | None, settings: Settings) -> Connection:
    """Return how to reach AWS: each of profile, region and endpoint as a call gives it, else the application's, else as the file says."""
    return (given or AMBIENT).over(own or AMBIENT).completed(settings)


def backoff(given: Backoff | None, settings: Settings) -> Backoff:
    """Return the back-off of messages; code gives all of it or nothing."""
    plain = Backoff()
    base, cap = first(None, settings.backoff_base, plain.base), first(None, settings.backoff_cap, plain.cap)
    return given or Backoff(min(base, cap) if settings.backoff_base is None else base, cap)


@contextmanager
def ledger(given: CompletionLedger | None, settings: Settings, memory: CompletionLedger) -> Iterator[CompletionLedger]:
    """Give the ledger for a run: the one of code, else the file that a setting names, else the application's memory."""
    if given is None and settings.ledger:
        with config.said_at(settings.origins.get("ledger")):
            opened = SQLiteLedger(settings.ledger)
        with closing(opened):
            yield opened
    else:
        yield given or memory


def policies(unmatched: Policy | None, unknown: Policy | None, settings: Settings) -> tuple[Policy, Policy]:
    """Return what becomes of messages that nobody takes, and of those that a query could not decide."""
    taken = first(unmatched, settings.unmatched, "delete")
    return checked_policy("unmatched", taken), checked_policy("unknown", first(unknown, settings.unknown, taken))
