"""MegaQL: a subscription language for queue messages, on Amazon SQS and SNS.

The names below are the public interface. Each is loaded on first use, so that importing `megaql` costs next to nothing and a program pays
only for the rooms it enters.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql import convert, patterns
    from megaql.analysis import check, coverage, near_misses, relate
    from megaql.broker.large.payloads import LargePayloads
    from megaql.broker.message import Message
    from megaql.broker.publisher import Publisher
    from megaql.codec.payloads import Blob, DataObject, MegaEvent, MegaObject, Payload, Plaintext
    from megaql.consumer.app import App
    from megaql.consumer.middleware import Middleware
    from megaql.consumer.outcomes import Outcome, Reject, Retry
    from megaql.errors import (
        BrokerError,
        CodecError,
        ConfigError,
        ConsumerError,
        ConvertError,
        MegaQLError,
        QueryCheckError,
        QueryError,
        QueryLimitError,
        QuerySyntaxError,
    )
    from megaql.lang.explain import Explanation
    from megaql.lang.verdict import Verdict
    from megaql.query import Query, compile, loads  # noqa: A004 - re.compile's name for the same thing
    from megaql.router import Router

__version__ = "0.1.0"

__all__ = [
    "App",
    "Blob",
    "BrokerError",
    "CodecError",
    "ConfigError",
    "ConsumerError",
    "ConvertError",
    "DataObject",
    "Explanation",
    "LargePayloads",
    "MegaEvent",
    "MegaObject",
    "MegaQLError",
    "Message",
    "Middleware",
    "Outcome",
    "Payload",
    "Plaintext",
    "Publisher",
    "Query",
    "QueryCheckError",
    "QueryError",
    "QueryLimitError",
    "QuerySyntaxError",
    "Reject",
    "Retry",
    "Router",
    "Verdict",
    "check",
    "compile",
    "convert",
    "coverage",
    "loads",
    "near_misses",
    "patterns",
    "relate",
]

#: Where each public name lives.
_HOMES = {
    "megaql.analysis": ("check", "coverage", "near_misses", "relate"),
    "megaql.broker.large.payloads": ("LargePayloads",),
    "megaql.broker.message": ("Message",),
    "megaql.broker.publisher": ("Publisher",),
    "megaql.codec.payloads": ("Blob", "DataObject", "MegaEvent", "MegaObject", "Payload", "Plaintext"),
    "megaql.consumer.app": ("App",),
    "megaql.consumer.middleware": ("Middleware",),
    "megaql.consumer.outcomes": ("Outcome", "Reject", "Retry"),
    "megaql.errors": (
        "BrokerError",
        "CodecError",
        "ConfigError",
        "ConsumerError",
        "ConvertError",
        "MegaQLError",
        "QueryCheckError",
        "QueryError",
        "QueryLimitError",
        "QuerySyntaxError",
    ),
    "megaql.lang.explain": ("Explanation",),
    "megaql.lang.verdict": ("Verdict",),
    "megaql.query": ("Query", "compile", "loads"),
    "megaql.router": ("Router",),
}
#: Rooms that are public as they stand.
_ROOMS = ("convert", "patterns")

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name on its first use (PEP 562)."""
    if name in _ROOMS:
        return import_module(f"megaql.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'megaql' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
