"""boto3's own clients, answered by the embedded broker inside the process: no port, no credentials, no signature.

botocore asks its `before-send` handlers for an answer before it sends a request, so everything of boto3 is real up to there: parameters, serializers, parsers, exceptions.
A maintainer keeps one rule: a request that comes here is answered here, with an error if need be. One that fell through would go to AWS.
"""

from __future__ import annotations

import functools
import io
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

from megaql.broker import local
from megaql.broker.target import DEFAULT_REGION, LOCAL_HOST, LOCAL_REGION
from megaql.testing.broker import environment
from megaql.testing.wire import JSON, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from megaql.broker.client import SNSClient, SQSClient
    from megaql.testing.wire import Codec, Reply

Service = Literal["sqs", "sns"]

#: Credentials that no real endpoint accepts, for what wants to see some.
_CREDENTIALS: Final = "testing"


def boto3_client(service: Service, home: Path | None = None) -> Any:
    """Return a boto3 client of `"sqs"` or `"sns"` whose requests the embedded broker in `home` answers, by default the one of `MEGAQL_HOME`.

    Errors are botocore's `ClientError` and the client's own `exceptions`, with the codes of SQS and SNS; what the embedded broker does not have is refused as
    `InvalidAction`. Raises `ValueError` for another service.
    """
    if service not in _CODECS:
        raise ValueError(f"the embedded broker has the services sqs and sns, not {service!r}")
    with _making:
        client = _session().client(service, endpoint_url=f"http://{LOCAL_HOST}")
    _Answerer(service, home).attach(client)
    return client


@functools.cache
def _session() -> Any:
    """Return the session of all our clients: it keeps the services' models, which take half a second to read."""
    import boto3  # noqa: PLC0415 - it takes a quarter of a second, and most of what is here does without

    return boto3.Session(_CREDENTIALS, _CREDENTIALS, region_name=LOCAL_REGION)


#: A session makes one client at a time.
_making: Final = threading.Lock()


@contextmanager
def patched(home: Path | None = None) -> Iterator[None]:
    """Let every boto3 client of SQS and SNS in this process reach the embedded broker meanwhile, whoever made it and whenever.

    Meanwhile the environment has credentials that no real endpoint accepts and, where it has none, a region. Queues and topics go by the embedded broker's URLs
    and ARNs; other services are left alone. A client of `boto3_client` keeps its broker; clients that are not botocore's own (aiobotocore's) are not reached.
    """
    from botocore.client import BaseClient  # noqa: PLC0415 - see _session

    base: Any = BaseClient
    original = base._make_api_call  # noqa: SLF001 - the one way that every call of every client takes
    answerers = {service: _Answerer(service, home) for service in _CODECS}

    def make_api_call(client: Any, operation_name: str, api_params: Any) -> Any:
        answerer = answerers.get(client.meta.service_model.service_name)
        if answerer is not None:
            answerer.attach(client)
        return original(client, operation_name, api_params)

    with environment(**_surroundings()):
        base._make_api_call = make_api_call  # noqa: SLF001 - as above
        try:
            yield
        finally:
            base._make_api_call = original  # noqa: SLF001 - as above
            for answerer in answerers.values():
                answerer.detach()


def _surroundings() -> dict[str, str]:
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or DEFAULT_REGION
    return {
        "AWS_ACCESS_KEY_ID": _CREDENTIALS,
        "AWS_SECRET_ACCESS_KEY": _CREDENTIALS,
        "AWS_SESSION_TOKEN": _CREDENTIALS,
        "AWS_DEFAULT_REGION": region,
    }


class _Request(Protocol):
    """What is used of `botocore.awsrequest.AWSPreparedRequest`."""

    url: str
    body: Any


class _Answerer:
    """Answers the requests of the clients that it is attached to."""

    def __init__(self, service: Service, home: Path | None) -> None:
        self._codec, make = _CODECS[service]
        self._broker = make(home)
        self._clients: dict[int, Any] = {}
        self._model: Any = None
        # Named after this answerer: botocore registers a name once, and another one may answer the same client outside of this.
        self._handlers = {
            f"before-send.{service}": (self._answer, f"megaql.answer.{id(self)}"),
            f"choose-signer.{service}": (_unsigned, f"megaql.unsigned.{id(self)}"),
        }

    def attach(self, client: Any) -> None:
        """Answer a client's requests from now on."""
        if id(client) not in self._clients:
            self._model = client.meta.service_model
            for event, (handler, name) in self._handlers.items():
                client.meta.events.register_first(event, handler, name)
            # Last, because another thread that finds it here sends its request at once.
            self._clients[id(client)] = client

    def detach(self) -> None:
        """Answer no more."""
        for client in self._clients.values():
            for event, (_, name) in self._handlers.items():
                client.meta.events.unregister(event, unique_id=name)
        self._clients.clear()

    def _answer(self, request: _Request, event_name: str, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - see _session

        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        status, headers, content = self._reply(self._model.operation_model(event_name.rpartition(".")[2]), body)
        return AWSResponse(request.url, status, cast("Any", headers), _Raw(content))

    def _reply(self, operation: Any, body: bytes) -> Reply:
        from botocore import xform_name  # noqa: PLC0415 - see _session

        call = getattr(self._broker, xform_name(operation.name), None)
        if call is None:
            return self._codec.refuse(_unknown(operation.name), 400)
        try:
            answer = call(**self._codec.read(operation.input_shape, body))
        except local.ClientError as error:
            return self._codec.refuse(error.response["Error"], _status(operation, error))
        del answer["ResponseMetadata"]
        return self._codec.write(operation.name, operation.output_shape, answer)


class _Raw(io.BytesIO):
    """A body as `AWSResponse` reads it from urllib3."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _unknown(operation: str) -> dict[str, str]:
    code, message = "InvalidAction", f"The embedded broker has no {operation}."
    return {"Code": code, "QueryErrorCode": code, "Type": "Sender", "Message": message}


def _status(operation: Any, error: local.ClientError) -> int:
    """Return the HTTP status of an error: what the service's model says of it, else what the embedded broker does."""
    for shape in operation.error_shapes:
        if shape.error_code == error.response["Error"]["Code"] and "error" in shape.metadata:
            return int(shape.metadata["error"]["httpStatusCode"])
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def _unsigned(**_: Any) -> Any:
    from botocore import UNSIGNED  # noqa: PLC0415 - see _session

    return UNSIGNED


#: Service → its protocol, and the embedded broker's side of it.
_CODECS: Final[dict[Service, tuple[Codec, Callable[[Path | None], SQSClient | SNSClient]]]] = {
    "sqs": (JSON(), local.client),
    "sns": (Query(), local.sns_client),
}
