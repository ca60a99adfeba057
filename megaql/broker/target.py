"""What a user may write for a queue or a topic, and what follows from it about the way there.

A maintainer keeps one rule: reading a target asks nobody anything. A wrong one is refused here, with an example of a right one; whether the
queue exists is found out by `Queue.open`.

    local:NAME                                    a queue of the embedded broker
    local-topic:NAME                              a topic of the embedded broker
    https://sqs.eu-west-1.amazonaws.com/1…2/NAME  a queue URL, on AWS (legacy, FIPS, VPC and China hosts too)
    http://127.0.0.1:4566/000000000000/NAME       a queue URL of any other endpoint: its host is the endpoint
    arn:aws:sqs:REGION:ACCOUNT:NAME               a queue
    arn:aws:sns:REGION:ACCOUNT:NAME               a topic
    NAME                                          a queue of the configured account and region
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from megaql.errors import BadTarget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.settings import Settings

#: The region and account that the embedded broker writes into its URLs and ARNs.
LOCAL_REGION: Final = "local"
LOCAL_HOST: Final = "local.megaql"

#: The region that signs requests to an endpoint which is not AWS's and for which none is configured.
DEFAULT_REGION: Final = "us-east-1"

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
_REGION: Final = r"(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d+)"
#: Hosts that boto3 finds by itself from the region.
_AWS_HOST: Final = re.compile(rf"sqs\.{_REGION}\.amazonaws\.com(?:\.cn)?")
#: `queue.amazonaws.com` is the oldest host of us-east-1, `REGION.queue.amazonaws.com` of the others.
_LEGACY_HOST: Final = re.compile(rf"(?:{_REGION}\.)?queue\.amazonaws\.com(?:\.cn)?")
#: Hosts that name a region and have to be addressed as they stand: FIPS, dual-stack, VPC endpoints, emulators' virtual hosts.
_HOST_WITH_REGION: Final = re.compile(rf"(?:.+\.)?sqs(?:-fips)?\.{_REGION}\..+")

_EXAMPLES: Final = (
    "write local:orders, a queue URL (https://sqs.eu-west-1.amazonaws.com/123456789012/orders), "
    "an ARN (arn:aws:sqs:eu-west-1:123456789012:orders) or a bare queue name (orders)"
)
_TOPIC_EXAMPLES: Final = "write local-topic:orders or a topic ARN (arn:aws:sns:eu-west-1:123456789012:orders)"


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach AWS; what is not given here comes from the environment and the AWS configuration, as in boto3.

    `default_region` is for a target that names no region, where the environment names none either.
    """

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    default_region: str | None = None
    #: Where values stand that a file gave, by name; for errors.
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def over(self, other: Connection) -> Connection:
        """Return this connection with what it leaves open taken from another one."""
        open_here = [name for name in _WAYS if not getattr(self, name)]
        taken = {name: getattr(other, name) for name in open_here}
        origins = {name: other.origins[name] for name in open_here if name in other.origins}
        return replace(self, **taken, origins={**self.origins, **origins})

    def completed(self, settings: Settings) -> Connection:
        """Return this connection with what `megaql.toml` says of what it leaves open; the file's region stands behind the one that a target itself names."""
        names = (("profile", "profile"), ("region", "default_region"), ("endpoint_url", "endpoint_url"))
        origins = {here: settings.origins[there] for there, here in names if there in settings.origins}
        return self.over(Connection(settings.profile, None, settings.endpoint_url, settings.region, origins))


#: What a connection says, or leaves open.
_WAYS: Final = ("profile", "region", "endpoint_url", "default_region")

#: The connection of whoever says nothing: all from the environment and the AWS configuration.
AMBIENT: Final = Connection()


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """A queue as it was written.

    `region`, `account` and `endpoint` are what the text says about them, `""` where it says nothing. `endpoint` is set only for a host that
    boto3 would not find from the region.
    """

    kind: Literal["local", "url", "arn", "name"]
    name: str
    text: str
    region: str = ""
    account: str = ""
    endpoint: str = ""

    def connection(self, given: Connection) -> Connection:
        """Return how to reach this queue: what was given, completed by what the target says.

        The target's region comes before the one of the environment, since the queue is there and nowhere else.
        """
        endpoint = given.endpoint_url or (None if endpoint_configured("sqs") else self.endpoint or None)
        region = given.region or self.region or (_configured_region(given) if endpoint else None)
        _check_region(self.text, self.region, given)
        return replace(given, region=region, endpoint_url=endpoint)


@dataclass(frozen=True, slots=True)
class TopicTarget:
    """A topic as it was written; `arn` is complete for a topic of the embedded broker only when it was written as one."""

    kind: Literal["local", "arn"]
    name: str
    text: str
    region: str = ""
    account: str = ""

    def connection(self, given: Connection) -> Connection:
        """Return how to reach this topic: what was given, completed by the region of the ARN."""
        _check_region(self.text, self.region, given)
        return replace(given, region=given.region or self.region or None)


Target = QueueTarget | TopicTarget


def parse_target(text: str) -> Target:
    """Return what a target text means; `BadTarget` where it means nothing.

    `target = "local:" NAME | "local-topic:" NAME | "http(s)://" … | "arn:" … | NAME`
    """
    if not isinstance(text, str):
        raise BadTarget(
            f"a target is a text, not {type(text).__name__}", why="it names a queue or topic", hint=_EXAMPLES
        )
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    if not text:
        raise BadTarget("the target is empty", why="a queue or topic is needed", hint=_EXAMPLES)
    if not colon:
        return QueueTarget("name", _checked_name(text, text), text)
    match scheme.lower():
        case "local":
            return QueueTarget("local", _checked_name(rest, text), text, LOCAL_REGION)
        case "local-topic":
            return TopicTarget("local", _checked_topic_name(rest, text), text, LOCAL_REGION)
        case "http" | "https":
            return _parse_url(text)
        case "arn":
            return _parse_arn(text)
        case _:
            raise BadTarget(
                f"{_shown(text)} is not a queue or a topic",
                why=f"{_shown(scheme + ':')} is none of local:, local-topic:, http:, https:, arn:",
                hint=_EXAMPLES,
            )


def parse_queue(text: str) -> QueueTarget:
    """Return a queue target; `BadTarget` for a topic or anything else."""
    target = parse_target(text)
    if isinstance(target, TopicTarget):
        raise BadTarget(
            f"{_shown(text)} is a topic, and a queue is needed here",
            why="messages are read from queues; a topic only passes them on to the queues that subscribe to it",
            hint="name a queue that subscribes to the topic: " + _EXAMPLES,
        )
    return target


def parse_topic(text: str) -> TopicTarget:
    """Return a topic target; `BadTarget` for a queue or anything else."""
    target = parse_target(text)
    if isinstance(target, QueueTarget):
        raise BadTarget(f"{_shown(text)} is a queue, and a topic is needed here", hint=_TOPIC_EXAMPLES)
    return target


def _parse_url(text: str) -> QueueTarget:
    """`URL = scheme "://" HOST [":" PORT] "/" [… "/"] [ACCOUNT "/"] NAME`."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as fault:
        raise BadTarget(f"{_shown(text)} is not a queue URL", why=str(fault), hint=_EXAMPLES) from fault
    segments = [segment for segment in parts.path.split("/") if segment]
    if not host or not segments or parts.query or parts.fragment:
        raise BadTarget(
            f"{_shown(text)} is not a queue URL",
            why="a queue URL is an endpoint, an account and a queue name, and nothing after it",
            hint=f"{_EXAMPLES}; to name an endpoint alone, use --endpoint-url with a bare queue name",
        )
    name = _checked_name(segments[-1], text)
    account = segments[-2] if len(segments) > 1 and re.fullmatch(r"\d{12}", segments[-2]) else ""
    if host == LOCAL_HOST:
        return QueueTarget("local", name, text, LOCAL_REGION)
    if found := _AWS_HOST.fullmatch(host):
        return QueueTarget("url", name, text, found["region"], account)
    if found := _LEGACY_HOST.fullmatch(host):
        return QueueTarget("url", name, text, found["region"] or DEFAULT_REGION, account)
    found = _HOST_WITH_REGION.fullmatch(host)
    shown_host = f"[{host}]" if ":" in host else host
    endpoint = f"{parts.scheme}://{shown_host}" + (f":{port}" if port is not None else "")
    return QueueTarget("url", name, text, found["region"] if found else "", account, endpoint)


def _parse_arn(text: str) -> Target:
    """`ARN = "arn:" PARTITION ":" ("sqs" | "sns") ":" REGION ":" ACCOUNT ":" NAME`."""
    parts = text.split(":")
    if len(parts) == 7 and parts[2] == "sns":
        raise BadTarget(
            f"{_shown(text)} is the ARN of a subscription",
            why="a topic's ARN ends with the topic's name",
            hint=f"write {':'.join(parts[:6])}",
        )
    if len(parts) != 6 or not all(parts) or parts[2] not in {"sqs", "sns"}:
        raise BadTarget(
            f"{_shown(text)} is not the ARN of a queue or a topic",
            why="it is arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, with sqs or sns for the service",
            hint=_EXAMPLES,
        )
    service, region, account, name = parts[2:]
    if not re.fullmatch(r"\d{12}", account):
        raise BadTarget(
            f"{_shown(text)} is not an ARN", why=f"{_shown(account)} is no account: 12 digits", hint=_EXAMPLES
        )
    local = region == LOCAL_REGION
    if service == "sqs":
        return QueueTarget("local" if local else "arn", _checked_name(name, text), text, region, account)
    return TopicTarget("local" if local else "arn", _checked_topic_name(name, text), text, region, account)


def _checked_name(name: str, text: str) -> str:
    if _NAME.fullmatch(name):
        return name
    raise BadTarget(
        f"{_shown(text)} does not name a queue",
        why=_name_fault(name, 80),
        hint=_EXAMPLES,
    )


def _checked_topic_name(name: str, text: str) -> str:
    if _TOPIC_NAME.fullmatch(name):
        return name
    raise BadTarget(
        f"{_shown(text)} does not name a topic",
        why=_name_fault(name, 256),
        hint=_TOPIC_EXAMPLES,
    )


def _name_fault(name: str, longest: int) -> str:
    if not name:
        return "the name is missing"
    if len(name) > longest:
        return f"a name has at most {longest} characters, this one has {len(name)}"
    illegal = sorted({char for char in name.removesuffix(".fifo") if not re.fullmatch(r"[A-Za-z0-9_-]", char)})
    if illegal:
        return f"a name has letters, digits, - and _, with .fifo at its end for a FIFO one; not {' '.join(map(repr, illegal))}"
    return "there is no name before .fifo"


def _check_region(text: str, region: str, given: Connection) -> None:
    """Refuse a region that contradicts the target's own: the request would be signed for the wrong place."""
    if region and given.region and region != given.region and not given.endpoint_url:
        raise BadTarget(
            f"{_shown(text)} is in {region}, and the region asked for is {given.region}",
            hint=f"leave the region out, or name the queue or topic of {given.region}",
        )


def endpoint_configured(service: str) -> bool:
    """Whether the environment names an endpoint for a service (`"sqs"`); boto3 then uses it for every queue URL."""
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return False
    return any(os.environ.get(name) for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"))


def _configured_region(given: Connection) -> str | None:
    """Return a region for an endpoint that is not AWS's: any will do, but a configured one comes first."""
    if given.profile or os.environ.get("AWS_PROFILE"):
        return None
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or given.default_region or DEFAULT_REGION


def _shown(text: str) -> str:
    """Return a text for an error: quoted, escaped and of bounded length."""
    return repr(text if len(text) <= 120 else text[:119] + "…")
