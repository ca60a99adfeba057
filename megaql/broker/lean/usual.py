"""Whether a client is as boto3 made it: nobody but botocore listens to its calls, and nothing of botocore on their way was replaced.

A maintainer keeps one rule: in doubt the answer is no. Tracers (OpenTelemetry, Datadog, X-Ray, New Relic), stubs, moto in process, recorders and
plugins either register handlers of events or replace these functions and classes, and all of them have to see each call.
"""

from __future__ import annotations

from pathlib import Path
from types import FunctionType
from typing import Any, Final

import botocore
from botocore.awsrequest import AWSHTTPConnectionPool, AWSHTTPSConnectionPool
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session

#: The events of a call, in the order they come.
_EVENTS: Final = (
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "response-received",
    "before-parse",
    "needs-retry",
    "after-call",
    "after-call-error",
)
#: Whose handlers are usual. What botocore's do to a request is seen in the one that a template is learnt from. The handlers of its other retry
#: modes and of its stubs live in further modules, and are not usual.
_MODULES: Final = frozenset(
    {
        "botocore.handlers",
        "botocore.retries.standard",
        "botocore.signers",
        "botocore.useragent",
        "megaql.broker.lean.passage",
        "megaql.broker.credentials",
        "megaql.broker.guard",
        "megaql.broker.patience",
    }
)
#: botocore has no public place to see these.
_CLIENT: Final[Any] = BaseClient
#: The functions on a call's way that others are known to replace.
_WAY: Final = (
    (_CLIENT, "_make_api_call"),
    (Endpoint, "make_request"),
    (Endpoint, "prepare_request"),
    (Endpoint, "_send"),
    (URLLib3Session, "send"),
)
_FOLDER: Final = str(Path(botocore.__file__).parent)


class Usual:
    """Says whether an operation of a client is usual, anew at each call, since handlers may come and go at any time."""

    def __init__(self, client: Any, operation: str) -> None:
        service = client.meta.service_model.service_id.hyphenize()
        self._events = [f"{event}.{service}.{operation}" for event in _EVENTS]
        self._after = f"after-call.{service}.{operation}"
        self._emitter = client.meta.events._emitter  # noqa: SLF001 - there is no public way to see who listens
        #: What was looked at last, and whether it was usual.
        self._state: tuple[object, ...] = (None,) * 5
        #: Who hears of the end of a call, as of when it was looked last.
        self.listeners: tuple[Any, ...] = ()

    def __call__(self) -> object:
        """Return None where anything is unusual, else an object that stays the same until anything changes."""
        # The emitter begins a new cache whenever a handler is registered or removed.
        handlers = self._emitter._lookup_cache  # noqa: SLF001 - as above
        state = self._state
        if not (
            handlers is state[0]
            and _CLIENT._make_api_call is state[1]  # noqa: SLF001 - what most tracers replace
            and AWSHTTPSConnectionPool.ConnectionCls is state[2]
            and AWSHTTPConnectionPool.ConnectionCls is state[3]
        ):
            usual = all(map(_is_botocore, _way())) and all(map(self._only_botocore_hears, self._events))
            self.listeners = tuple(self._emitter._handlers.prefix_search(self._after))  # noqa: SLF001 - as above
            self._state = state = (handlers, _CLIENT._make_api_call, *_connection_classes(), usual)  # noqa: SLF001 - as above
        return state if state[4] else None

    def _only_botocore_hears(self, event: str) -> bool:
        handlers = self._emitter._handlers.prefix_search(event)  # noqa: SLF001 - as above
        return all(getattr(handler, "__module__", None) in _MODULES for handler in handlers)


def _connection_classes() -> tuple[Any, Any]:
    return AWSHTTPSConnectionPool.ConnectionCls, AWSHTTPConnectionPool.ConnectionCls


def _way() -> list[Any]:
    functions = [getattr(owner, name, None) for owner, name in _WAY]
    return functions + [getattr(kind, "request", None) for kind in _connection_classes()]


def _is_botocore(function: object) -> bool:
    """Whether a function's code stands in botocore; a wrapper's name and module would tell less."""
    return type(function) is FunctionType and function.__code__.co_filename.startswith(_FOLDER)
