"""A call that boto3 makes, with its requests sent over the lean path's connections.

A maintainer keeps one rule: botocore is not told what went wrong, it is shown: the answer or the fault of an attempt already made stands for its
first one. So its errors, retries, back-off, quota and clock apply as if it had made that attempt itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

from megaql.broker.lean.exchange import Answer
from megaql.broker.lean.template import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.lean.transport import Transport

#: What an attempt came to.
Outcome = Answer | Exception


class Passages:
    """The passages of one client's threads. `before_send` is what botocore asks before it sends a request itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._threads = threading.local()

    def call(
        self, method: Callable[..., Any], parameters: dict[str, Any], timeout: float, made: Outcome | None = None
    ) -> tuple[Any, Any]:
        """Call a method of boto3; return its answer and the request that came to it. Raises what the method raises.

        `made` is the outcome of a first attempt that was made already, None where it is still to be made.
        """
        passage = _Passage(self._transport, timeout, made)
        outer = getattr(self._threads, "passage", None)
        self._threads.passage = passage
        try:
            return method(**parameters), passage.request
        finally:
            self._threads.passage = outer

    def before_send(self, request: Any, **_: Any) -> AWSResponse | None:
        """Return the answer to a request of this thread's passage; None leaves the sending to botocore."""
        passage = getattr(self._threads, "passage", None)
        return None if passage is None else passage.send(request)


class _Passage:
    def __init__(self, transport: Transport, timeout: float, made: Outcome | None) -> None:
        self._transport = transport
        self._timeout = timeout
        self._made = made
        self.request: Any = None

    def send(self, request: Any) -> AWSResponse | None:
        self.request = request
        made, self._made = self._made, None
        if isinstance(made, Exception):
            raise made
        if made is None:
            wire = whole(request)
            if wire is None:
                return None
            made = self._transport.send(wire, self._timeout)
        headers: Any = made.headers
        return AWSResponse(request.url, made.status, headers, _Body(made.body))


class _Body:
    """A body that has been read, as botocore reads urllib3's."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]
