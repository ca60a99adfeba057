"""Connections to one endpoint: made as botocore makes them, kept while they are idle, and dropped when they look dead.

A maintainer keeps two rules. A connection is made by the urllib3 pool that botocore's session has set up, so that certificates, proxies, socket
options and timeouts are botocore's; and what goes wrong leaves as botocore's exception of the same fault, so that its retries know it.
"""

from __future__ import annotations

import os
import socket
import weakref
from collections import deque
from http.client import HTTPException
from typing import Any, Final

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session, mask_proxy_url
from urllib3.exceptions import ConnectTimeoutError as Unconnected
from urllib3.exceptions import NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as Untrusted
from urllib3.util.connection import is_connection_dropped

from megaql.broker.lean.exchange import Answer, BrokenAnswer, exchange
from megaql.broker.lean.pending import PendingRequest

#: What the ssl module raises for a certificate or a handshake, without naming that module's classes here.
_SSL: Final = frozenset({"SSLError", "CertificateError"})

#: botocore adds a header for a proxy where this is set.
_PROXY_HOST_HEADER: Final = "BOTO_EXPERIMENTAL__ADD_PROXY_HOST_HEADER"


class UnusualTransportError(Exception):
    """The client's way to its endpoint is none of those known here, so that it stays with botocore."""


class Transport:
    """Sends requests to one endpoint. Threads share it; a process that was forked begins with no connection of its parent's.

    Raises `UnusualTransportError` for a session of another class than botocore's own, for a proxy that is told each URL or has settings of its own,
    and for what no pool can be made of, such as a proxy whose URL is none: boto3 tells of that at the first call.
    """

    def __init__(self, session: Any, url: str, keep: int) -> None:
        kind: type = type(session)
        if kind is not URLLib3Session:
            raise UnusualTransportError(kind.__name__)
        self.url = url
        self._proxy = session._proxy_config.proxy_url_for(url)  # noqa: SLF001 - botocore has no public way to its pool
        special = session._proxy_config.settings or os.environ.get(_PROXY_HOST_HEADER)  # noqa: SLF001 - as above
        if self._proxy and (not url.startswith("https:") or special):
            raise UnusualTransportError("a proxy that is more than a tunnel")
        try:
            self._pool = session._get_connection_manager(url, self._proxy).connection_from_url(url)  # noqa: SLF001 - as above
        except Exception as fault:
            raise UnusualTransportError(type(fault).__name__) from fault
        session._setup_ssl_cert(self._pool, url, session._verify)  # noqa: SLF001 - as above
        self._keep = keep
        self._idle: deque[Any] = deque()
        self._process = os.getpid()
        weakref.finalize(self, _close_all, self._idle)

    def send(self, request: bytes, timeout: float) -> Answer:
        """Send a whole request and return the answer; `timeout` is how long the peer may be silent. Seconds.

        Raises botocore's exceptions: `EndpointConnectionError`, `ConnectTimeoutError`, `ReadTimeoutError`, `ConnectionClosedError`,
        `ProxyConnectionError`, `SSLError`.
        """
        connection = self._idle_connection() or self._connect()
        try:
            sock = connection.sock
            if sock.gettimeout() != timeout:  # setting it is a call of the operating system
                sock.settimeout(timeout)
            answer = exchange(sock, request)
        except (OSError, BrokenAnswer) as fault:
            raise self._failed(connection, fault) from fault
        except BaseException:
            connection.close()
            raise
        return self._answered(connection, answer)

    def begin(self, request: bytes, timeout: float) -> PendingRequest | None:
        """Put a whole request on its way over an idle connection; `None` where there is none, or none that can do without waiting.

        `timeout` is as for `send`. What it comes to is an answer, or one of `send`'s exceptions.
        """
        connection = self._idle_connection()
        if connection is None:
            return None
        sock = connection.sock
        if not isinstance(sock, socket.socket):  # TLS within a proxy's TLS is none
            self._idle.append(connection)
            return None
        if sock.gettimeout() != 0:
            sock.settimeout(0)

        def over(outcome: Answer | Exception) -> Answer | Exception:
            if isinstance(outcome, Answer):
                return self._answered(connection, outcome)
            return self._failed(connection, outcome)

        return PendingRequest(sock, request, timeout, over)

    def _answered(self, connection: Any, answer: Answer) -> Answer:
        """Keep the connection for further requests if it is good for them; returns the answer."""
        if answer.reusable and len(self._idle) < self._keep:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _failed(self, connection: Any, fault: Exception) -> Exception:
        """Close a connection on which an exchange failed; returns botocore's exception for it."""
        connection.close()
        error: Exception
        if isinstance(fault, TimeoutError):
            # What swallowed this connection, a firewall or a host that is gone, has most likely swallowed the idle ones too.
            _close_all(self._idle)
            error = ReadTimeoutError(endpoint_url=self.url, error=fault)
        elif _about_tls(fault):  # a server may refuse a client only after the handshake
            error = SSLError(endpoint_url=self.url, error=fault)
        else:
            error = ConnectionClosedError(endpoint_url=self.url, request=None, error=fault)
        return error

    def close(self) -> None:
        """Close the idle connections."""
        _close_all(self._idle)

    def _idle_connection(self) -> Any:
        """Return the idle connection that was used last, `None` where there is none."""
        if self._process != os.getpid():
            # Both processes would read from one connection; closing it here leaves the parent's end of it open.
            self._process = os.getpid()
            _close_all(self._idle)
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if not is_connection_dropped(connection):
                return connection
            connection.close()
        return None

    def _connect(self) -> Any:
        connection = self._pool._new_conn()  # noqa: SLF001 - urllib3's pools give a connection only for the time of their own request
        try:
            if self._proxy:
                self._pool._prepare_proxy(connection)  # noqa: SLF001 - as above
            else:
                connection.connect()
        except BaseException as fault:
            # How far it came is forgotten when it is closed.
            error = self._botocore_error(fault, connection) if isinstance(fault, Exception) else fault
            connection.close()
            if error is fault:
                raise
            raise error from fault
        return connection

    def _botocore_error(self, fault: Exception, connection: Any) -> Exception:
        """Return what botocore's session raises for the same fault of opening a connection."""
        kind: Any
        about: dict[str, Any] = {"endpoint_url": self.url}
        if isinstance(
            fault, TimeoutError
        ):  # in a handshake or a tunnel: where TCP takes too long, urllib3 has an exception of its own
            kind = ReadTimeoutError
        elif self._proxy and (
            isinstance(fault, ProxyError) or not getattr(connection, "_has_connected_to_proxy", False)
        ):
            kind, about = ProxyConnectionError, {"proxy_url": mask_proxy_url(self._proxy)}
        elif isinstance(fault, Untrusted) or _about_tls(fault):
            kind = SSLError
        elif isinstance(fault, NewConnectionError):
            kind = EndpointConnectionError
        elif isinstance(fault, Unconnected):
            kind = ConnectTimeoutError
        elif isinstance(fault, (OSError, HTTPException)):
            kind, about = ConnectionClosedError, {**about, "request": None}
        else:
            kind, about = HTTPClientError, {}
        error: Exception = kind(error=fault, **about)
        return error


def _about_tls(fault: BaseException) -> bool:
    return any(kind.__name__ in _SSL for kind in type(fault).__mro__)


def _close_all(connections: deque[Any]) -> None:
    while connections:
        try:
            connection = connections.pop()
        except IndexError:
            return
        connection.close()
