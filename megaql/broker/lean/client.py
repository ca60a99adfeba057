"""Which way a call goes: over the lean path, or through boto3.

A maintainer keeps one rule: an answer that is read here is a whole one of status 200 that says what the model says. All else becomes the first
attempt of a call that boto3 makes itself.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ConnectionError as Unconnected
from botocore.exceptions import HTTPClientError

from megaql.broker import guard
from megaql.broker.credentials import Renewing
from megaql.broker.lean.exchange import Answer
from megaql.broker.lean.passage import Outcome, Passages
from megaql.broker.lean.template import Template, learn
from megaql.broker.lean.transport import Transport, UnusualTransportError
from megaql.broker.lean.usual import Usual
from megaql.broker.lean.wire import REFUSED, UnknownShapeError, Wire
from megaql.broker.patience import SLOW_LINE, patience

if TYPE_CHECKING:
    from megaql.broker.lean.pending import PendingRequest

#: The calls that a consumer or a publisher makes for each message or batch.
HOT: Final = (
    "receive_message",
    "delete_message_batch",
    "change_message_visibility_batch",
    "send_message_batch",
    "delete_message",
    "change_message_visibility",
    "send_message",
)


def install(client: Any) -> bool:
    """Give a boto3 client of SQS the lean path for its hot calls, and say whether it has it now.

    The client stays the same object. Methods that are not hot stay as they are, and a hot one goes through boto3 whenever anything is unusual.
    """
    # Lambda's runtime names a trace for each invocation, which botocore puts into the headers.
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return False
    meta = client.meta
    try:
        session = client._endpoint.http_session  # noqa: SLF001 - boto3 has no public way to its connections
        transport = Transport(session, meta.endpoint_url, meta.config.max_pool_connections)
        passages = Passages(transport)
        calls = [Call(client, name, transport, passages) for name in HOT]
    except (UnknownShapeError, UnusualTransportError, AttributeError, KeyError, TypeError):
        return False
    for call in calls:
        meta.events.register(call.event("before-send"), passages.before_send)
        setattr(client, call.name, call)
    plain_close = client.close

    def close() -> None:
        transport.close()
        plain_close()

    client.close = close
    return True


class Call:
    """One hot method of a client; called as boto3's is, with the same answers and errors."""

    def __init__(self, client: Any, name: str, transport: Transport, passages: Passages) -> None:
        meta = client.meta
        self.name = name
        self._operation = meta.service_model.operation_model(meta.method_to_api_mapping[name])
        self._endpoint = meta.endpoint_url
        self._boto3 = getattr(client, name)
        self._transport = transport
        self._passages = passages
        self._signer = client._request_signer  # noqa: SLF001 - what boto3's own requests are signed with
        self._usual = Usual(client, self._operation.name)
        self._wire = Wire(self._operation)
        self._after = self.event("after-call")
        #: The template, and what was usual when it was learnt.
        self._learnt: tuple[object, Template | None] = (None, None)
        self.__name__ = name
        self.__doc__ = f"boto3's `{name}`, over the lean path where that is possible."

    def event(self, kind: str) -> str:
        """Return the name of an event of this operation."""
        return f"{kind}.{self._operation.service_model.service_id.hyphenize()}.{self._operation.name}"

    def __call__(self, *arguments: Any, **parameters: Any) -> Any:
        """Make the call."""
        usual = self._usual()
        if arguments or usual is None:
            return self._boto3(*arguments, **parameters)
        try:
            body = self._wire.encode(parameters)
        except REFUSED:
            return self._boto3(**parameters)
        timeout = self._timeout(parameters, body)
        since, template = self._learnt
        credentials = self._frozen()
        if template is None or since is not usual or credentials is None:
            return self._learning(usual, parameters, body, timeout)
        request = template.request(body, credentials, time.time())
        if self.name == "change_message_visibility_batch":
            guard.check()  # botocore asks it before each of its own sends
        outcome: Outcome
        try:
            outcome = self._transport.send(request, timeout)
        except (HTTPClientError, Unconnected) as fault:
            outcome = fault
        answer = self.success(outcome)
        return self.go_on(parameters, timeout, outcome) if answer is None else answer

    def begin(self, **parameters: Any) -> LeanCall | None:
        """Begin the call; `None` where that might have to wait for anything, or anything is unusual: then it has to be made.

        Not for a change of visibility: what `guard` holds back is held back in the thread that makes the call.
        """
        since, template = self._learnt
        credentials = self._at_hand()
        if template is None or credentials is None or since is not self._usual():
            return None
        try:
            body = self._wire.encode(parameters)
        except REFUSED:
            return None
        timeout = self._timeout(parameters, body)
        pending = self._transport.begin(template.request(body, credentials, time.time()), timeout)
        return None if pending is None else LeanCall(self, parameters, timeout, pending)

    def success(self, outcome: Outcome) -> dict[str, Any] | None:
        """Return a good answer as boto3 does, `None` for whatever else a request came to."""
        if isinstance(outcome, Answer) and outcome.status == 200:
            try:
                return self._success(outcome)
            except REFUSED:
                pass
        return None

    def go_on(self, parameters: dict[str, Any], timeout: float, outcome: Outcome) -> Any:
        """Let boto3 go on with a call whose first attempt came to `outcome`; returns and raises what it does."""
        return self._passages.call(self._boto3, parameters, timeout, outcome)[0]

    def _timeout(self, parameters: dict[str, Any], body: bytes) -> float:
        return patience(self._operation.name, parameters) + len(body) / SLOW_LINE

    def _at_hand(self) -> Any:
        """Return the credentials of this moment if nobody has to be asked for them, else `None`."""
        credentials = self._signer._credentials  # noqa: SLF001 - as above
        return credentials.at_hand() if isinstance(credentials, Renewing) else None

    def _frozen(self) -> Any:
        """Return the credentials of this moment, None where there are none; refreshes them when it is time."""
        credentials = self._signer._credentials  # noqa: SLF001 - as above
        return None if credentials is None else credentials.get_frozen_credentials()

    def _learning(self, usual: object, parameters: dict[str, Any], body: bytes, timeout: float) -> Any:
        """Let boto3 make the call, and take its request for a template if it is the one that would be made here."""
        answer, seen = self._passages.call(self._boto3, parameters, timeout)
        credentials = self._frozen()
        if credentials is not None and seen is not None:
            self._learnt = (usual, learn(seen, body, credentials, self._endpoint))
        return answer

    def _success(self, answer: Answer) -> dict[str, Any]:
        """Return a good answer as boto3 does; raises one of `REFUSED` for a body that is not as the model says."""
        headers = answer.headers
        metadata: dict[str, Any] = {"HTTPStatusCode": answer.status, "HTTPHeaders": headers, "RetryAttempts": 0}
        if "x-amzn-requestid" in headers:
            metadata["RequestId"] = headers["x-amzn-requestid"]
        parsed = self._wire.decode(answer.body)
        parsed["ResponseMetadata"] = metadata
        # botocore's retry quota grows again with each success that it hears of.
        # Told one by one: botocore's emitter looks for them anew, which takes as long as all the rest of this.
        for listener in self._usual.listeners:
            listener(http_response=_Good, parsed=parsed, model=self._operation, context={}, event_name=self._after)
        return parsed


class LeanCall:
    """A call that was begun; `megaql.broker.client.PendingCall`."""

    def __init__(self, call: Call, parameters: dict[str, Any], timeout: float, pending: PendingRequest) -> None:
        self._call = call
        self._parameters = parameters
        self._timeout = timeout
        self._request = pending
        self._outcome: Outcome | None = None
        self.answer: dict[str, Any] | None = None
        self.fileno = pending.fileno

    @property
    def sent(self) -> bool:
        """Whether nothing of the request is left to send."""
        return self._request.sent

    @property
    def quiet_until(self) -> float:
        """When it is lost if nothing comes before."""
        return self._request.quiet_until

    def advance(self) -> bool:
        """Send or take what can be without waiting; says whether it is over."""
        outcome = self._request.advance()
        return outcome is not None and self._over(outcome)

    def lose(self) -> None:
        """End it as one whose peer was silent for too long."""
        self._over(self._request.lose())

    def drop(self) -> None:
        """End it because nobody wants to know any more."""
        self._request.drop()

    def finish(self) -> dict[str, Any]:
        """Return the answer; where there is no good one, boto3 goes on with the call."""
        if self.answer is not None:
            return self.answer
        if self._outcome is None:
            raise RuntimeError("a call was to be finished before it was over")
        answer: dict[str, Any] = self._call.go_on(self._parameters, self._timeout, self._outcome)
        return answer

    def _over(self, outcome: Outcome) -> bool:
        self._outcome = outcome
        self.answer = self._call.success(outcome)
        return True


class _Good:
    """What the listeners for the end of a call read of its HTTP response."""

    status_code = 200
