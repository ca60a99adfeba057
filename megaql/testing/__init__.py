"""What users import in their own tests: a broker of their own, messages, an application run until its queue is empty, boto3 without AWS.

Nothing here needs pytest; the fixtures are in `megaql.testing.plugin`. Everything works on the embedded broker and never on AWS.
A maintainer keeps one rule: the names below are loaded on first use, because pytest imports this package before anything is known to need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql.testing.assertions import assert_matches, assert_no_match, assert_unknown
    from megaql.testing.aws import boto3_client, patched
    from megaql.testing.broker import Broker, LocalQueue, LocalTopic, local_broker
    from megaql.testing.contents import DeadLetter
    from megaql.testing.messages import mega_event, message, messages_from
    from megaql.testing.running import DrainReport, NotEmptyError, run_until_empty
    from megaql.testing.watching import HandlerError

__all__ = [
    "Broker",
    "DeadLetter",
    "DrainReport",
    "HandlerError",
    "LocalQueue",
    "LocalTopic",
    "NotEmptyError",
    "assert_matches",
    "assert_no_match",
    "assert_unknown",
    "boto3_client",
    "local_broker",
    "mega_event",
    "message",
    "messages_from",
    "patched",
    "run_until_empty",
]

#: Where each public name lives.
_HOMES = {
    "megaql.testing.assertions": ("assert_matches", "assert_no_match", "assert_unknown"),
    "megaql.testing.aws": ("boto3_client", "patched"),
    "megaql.testing.broker": ("Broker", "LocalQueue", "LocalTopic", "local_broker"),
    "megaql.testing.contents": ("DeadLetter",),
    "megaql.testing.messages": ("mega_event", "message", "messages_from"),
    "megaql.testing.running": ("DrainReport", "NotEmptyError", "run_until_empty"),
    "megaql.testing.watching": ("HandlerError",),
}

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name on its first use (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'megaql.testing' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
