"""How long the answer to a call is waited for, on boto3's path and on the lean one.

One timeout for all calls would have to outlast the longest poll, and a consumer whose connection died without a word (a firewall that forgot it, a
host that is gone) would sit there for as long. So each call has its own. A maintainer keeps two rules: the answer to a receive is waited for
longer than the receive itself waits; and where one connection has swallowed a request, the idle ones beside it are not tried one by one.

boto3 takes the time of one call since it reads `read_timeout` in the call's context; an older one goes on with the client's own timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How long the answer to a receive may take beyond its wait time: botocore's first back-off is up to 1 s, so a dead connection costs a
#: consumer its wait time and 3 s at most. Seconds.
RECEIVE_MARGIN: Final = 2
#: The least for a receive, however short its wait. Seconds.
LEAST: Final = 3
#: The longest wait time; a queue may have it for receives that name none. Seconds.
LONGEST_WAIT: Final = 20
#: How long the answer to a call that a consumer or a publisher makes for each message or batch may take. Seconds.
ANSWER_TIMEOUT: Final = 5
#: The part of a new visibility timeout that the answer to its change may take, and the least it may take. Seconds.
LEASE_SHARE: Final = 0.2
LEAST_FOR_VISIBILITY: Final = 2
#: The same for all other calls. Seconds.
RARE_TIMEOUT: Final = 10
#: What a slow line still takes in a second; a large request gets its time on top. Bytes.
SLOW_LINE: Final = 100_000

#: The calls for each message or batch, beside the receive.
_PER_MESSAGE: Final = frozenset(
    {
        "DeleteMessage",
        "DeleteMessageBatch",
        "Publish",
        "PublishBatch",
        "SendMessage",
        "SendMessageBatch",
    }
)


def patience(operation: str, parameters: Mapping[str, Any]) -> float:
    """Return for how many seconds a peer may be silent; `operation` is the service's name of it, `parameters` are boto3's."""
    if operation == "ReceiveMessage":
        wait = parameters.get("WaitTimeSeconds", LONGEST_WAIT)
        # A wait that is no number is an error that boto3 will tell of.
        seconds = wait if isinstance(wait, int) else LONGEST_WAIT
        return max(min(seconds, LONGEST_WAIT) + RECEIVE_MARGIN, LEAST)
    if operation == "ChangeMessageVisibilityBatch":
        return min(map(_for_visibility, parameters.get("Entries") or ({},)))
    if operation == "ChangeMessageVisibility":
        return _for_visibility(parameters)
    return ANSWER_TIMEOUT if operation in _PER_MESSAGE else RARE_TIMEOUT


def _for_visibility(entry: Mapping[str, Any]) -> float:
    """An extension has half a lease to get through: one that is swallowed has to leave time for another on a new connection."""
    lease = entry.get("VisibilityTimeout") if hasattr(entry, "get") else None
    if not isinstance(lease, int) or lease <= 0:
        return ANSWER_TIMEOUT
    return min(max(lease * LEASE_SHARE, LEAST_FOR_VISIBILITY), ANSWER_TIMEOUT)


def install(client: Any) -> None:
    """Give each call of a boto3 client its own timeout; a read timeout makes the client drop its idle connections."""
    service = client.meta.service_model.service_id.hyphenize()

    def before_call(params: Any, model: Any, context: Any = None, **_: Any) -> None:
        if context is not None:
            context.setdefault("read_timeout", patience(model.name, params))

    def after_attempt(endpoint: Any, caught_exception: Any = None, **_: Any) -> None:
        if type(caught_exception).__name__ == "ReadTimeoutError":
            endpoint.http_session.close()  # all idle connections; the next request makes new ones

    client.meta.events.register(f"before-parameter-build.{service}", before_call)
    client.meta.events.register(f"needs-retry.{service}", after_attempt)
