"""boto3's clients, set up for queues: the only module, beside the lean path, that imports boto3, and only when a client is made.

A maintainer keeps one rule: the client's own read timeout must outlast the longest poll, or an idle queue looks like a dead endpoint. Each call
has a shorter one besides (`patience`).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from megaql import __version__
from megaql.broker import credentials, faults, patience
from megaql.broker.target import AMBIENT, DEFAULT_REGION, Connection, endpoint_configured
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.broker.client import SNSClient, SQSClient

#: Tries of one request, the first included; boto3 waits between them with exponential back-off and jitter.
ATTEMPTS: Final = 4
#: How long a connection may take to open. Seconds.
CONNECT_TIMEOUT: Final = 5
#: How long an answer may take where an older botocore knows no timeout of one call: the longest poll, and a margin. Seconds.
READ_TIMEOUT: Final = patience.LONGEST_WAIT + patience.LEAST
#: Connections one client keeps: pollers, deletes and heartbeats of one process share it.
POOL: Final = 50


@overload
def client(
    service: Literal["sqs"], connection: Connection = ..., *, target: str = ..., lean: bool | None = ...
) -> SQSClient: ...
@overload
def client(
    service: Literal["sns"], connection: Connection = ..., *, target: str = ..., lean: bool | None = ...
) -> SNSClient: ...
@overload
def client(service: Literal["s3", "sts"], connection: Connection = ..., *, target: str = ...) -> Any: ...
def client(
    service: Literal["sqs", "sns", "s3", "sts"],
    connection: Connection = AMBIENT,
    *,
    target: str = "",
    lean: bool | None = None,
) -> Any:
    """Return a boto3 client for a service; `target` is what it is for, in an error's words.

    A client of SQS makes its hot calls over the lean path (`megaql.broker.lean`) unless `lean` is false or, where it is left open,
    `MEGAQL_LEAN` is `0`.
    What the connection leaves open (profile, region, endpoint, credentials) boto3 takes from the environment and the AWS configuration.
    No request is sent, so that missing credentials show at the first call. Errors: `BadTarget` for a missing region and an
    endpoint that is no URL, `CredentialsMissing` for an unknown profile.
    """
    place = faults.Place(
        target=target or f"the {service.upper()} service",
        endpoint=connection.endpoint_url or "",
        region=connection.region or "",
        profile=connection.profile or "",
    )
    with _told_with_its_place(service, connection), faults.translate(f"connect to {service.upper()}", place):
        import boto3  # noqa: PLC0415 - it takes a quarter of a second, and local queues and files never need it
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            max_pool_connections=POOL,
            tcp_keepalive=True,
            user_agent_extra=f"megaql/{__version__}",
        )
        # boto3 itself reads AWS_DEFAULT_REGION only; the AWS command line and all other SDKs read AWS_REGION, which Lambda and ECS set.
        region = connection.region or os.environ.get("AWS_REGION")
        if not region and not os.environ.get("AWS_DEFAULT_REGION"):
            region = connection.default_region
        session_for = partial(boto3.Session, profile_name=connection.profile, region_name=region or None)
        session = session_for()
        credentials.had(session.get_credentials)  # the client asks for them, too, and has them from here
        # A server that is not AWS's takes any region, so that none has to be configured for it.
        elsewhere = connection.endpoint_url or endpoint_configured(service)
        region = session.region_name or (DEFAULT_REGION if elsewhere else None)
        made = session.client(service, region_name=region, endpoint_url=connection.endpoint_url, config=config)
        patience.install(made)
        credentials.keep_fresh(made, lambda: session_for().get_credentials())
        if service == "sqs" and (os.environ.get("MEGAQL_LEAN", "1") != "0" if lean is None else lean):
            from megaql.broker.lean import install  # noqa: PLC0415 - it imports botocore

            install(made)
        return made


@contextmanager
def _told_with_its_place(service: str, connection: Connection) -> Iterator[None]:
    """Let the error about a value of a client's say who gave it: a line of a file, or one of boto3's variables."""
    try:
        yield
    except BrokerError as error:
        name = {"ProfileNotFound": "profile", "InvalidRegionError": "region", "InvalidEndpoint": "endpoint_url"}.get(
            error.code, ""
        )
        by = connection.origins.get(name)
        if name and not getattr(connection, name):
            variables = {
                "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
                "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
                "endpoint_url": (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"),
            }[name]
            set_here = (f"{one}={os.environ[one]}" for one in variables if os.environ.get(one))
            by = next(set_here, connection.origins.get(f"default_{name}"))
        if by:
            error.where += f", by {by}"
        raise


def endpoint(client: SQSClient | SNSClient) -> tuple[str, str]:
    """Return the endpoint URL and the region a client talks to, `""` where it does not say."""
    meta = getattr(client, "meta", None)
    return str(getattr(meta, "endpoint_url", None) or ""), str(getattr(meta, "region_name", None) or "")


def caller(connection: Connection = AMBIENT) -> str:
    """Return the ARN of whose credentials these are, by asking STS; `BrokerError` where there is no STS or it does not know them."""
    made = client("sts", connection, target="the STS service")
    place = faults.Place("the STS service", str(made.meta.endpoint_url or ""), profile=connection.profile or "")
    with faults.translate("ask whose credentials these are", place):
        return str(made.get_caller_identity().get("Arn", ""))
