"""From what a client raised to what a user can act on: every error of a queue or topic becomes a four-part `BrokerError` here.

A maintainer keeps one rule: faults are told apart by shape and name (`response["Error"]["Code"]`, the class's name), so that neither botocore nor
SQLite is imported to read an error; and what is no broker fault (a bug, a KeyboardInterrupt) passes through untouched.

Codes are those of the SQS and SNS API references and of botocore's exception classes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from megaql.broker import handshake
from megaql.errors import (
    AccessDenied,
    BadTarget,
    BrokerError,
    CredentialsMissing,
    EndpointUnreachable,
    QueueNotFound,
    ReceiptHandleExpired,
    Throttled,
)

_NOT_FOUND: Final = frozenset({"NonExistentQueue", "QueueDoesNotExist", "NotFound", "NotFoundException"})
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "KmsAccessDenied",
        "KMSAccessDenied",
        "KMSAccessDeniedException",
        "OptInRequired",
        "UnauthorizedOperation",
    }
)
_CREDENTIALS: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED: Final = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "KmsThrottled",
        "KMSThrottling",
        "KMSThrottlingException",
        "OverLimit",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
#: Said by a proxy, never by a service.
_PROXY_WANTS_CREDENTIALS: Final = 407
#: What the embedded broker answers for its disk and its database.
_STORAGE: Final = frozenset({"InternalError", "ServiceUnavailable", "StorageUnusable"})
_HANDLE: Final = frozenset({"ReceiptHandleIsInvalid", "MessageNotInflight"})
#: Errors that will pass by waiting, without being the service's complaint about load.
_PASSING: Final = frozenset({"QueueDeletedRecently", "PurgeQueueInProgress", "RequestTimeout", "NoAnswer"})
#: Errors of one message's contents. Some servers fail a whole batch for one such message.
CONTENT_CODES: Final = frozenset(
    {
        "BatchRequestTooLong",
        "InvalidAttributeValue",
        "InvalidMessageContents",
        "MessageAttributesInvalid",
        "InvalidParameterValue",
        "InvalidParameter",
        "MissingParameter",
        "ParameterValueInvalid",
    }
)

_UNREACHABLE: Final = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
    }
)
_NO_CREDENTIALS: Final = frozenset(
    {
        "CredentialRetrievalError",
        "InvalidConfigError",
        "LoginError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "SSOError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call went, for the error's second part."""

    target: str
    endpoint: str = ""
    region: str = ""
    profile: str = ""
    local: bool = False

    def __str__(self) -> str:
        known = [
            f"{name} {value}"
            for name, value in (("endpoint", self.endpoint), ("region", self.region), ("profile", self.profile))
            if value
        ]
        return f"{self.target} ({', '.join(known)})" if known else self.target

    def options(self) -> str:
        """Return the options that make the AWS command line ask the same place."""
        pairs = (("--region", self.region), ("--profile", self.profile))
        return "".join(f" {option} {value}" for option, value in pairs if value)


class translate:  # noqa: N801 - it reads as the function that it is used as
    """Run a client call; what it raises for the service's sake leaves as a `BrokerError`.

    `operation` completes "cannot …" (`"receive messages"`). A class, because a generator's context manager takes four times as long, at each request.
    """

    __slots__ = ("_operation", "_place")

    def __init__(self, operation: str, place: Place) -> None:
        self._operation = operation
        self._place = place

    def __enter__(self) -> None:
        """Begin the call."""

    def __exit__(self, _kind: object, fault: BaseException | None, _traceback: object) -> None:
        """Raise what the call's exception stands for, if it stands for anything."""
        if isinstance(fault, Exception):
            error = translated(fault, self._operation, self._place)
            if error is not None:
                raise error from fault


def translated(fault: Exception, operation: str, place: Place) -> BrokerError | None:
    """Return the `BrokerError` that an exception stands for; `None` where it stands for none (a bug of ours)."""
    if isinstance(fault, BrokerError):
        return None
    response = getattr(fault, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        return _from_response(response, operation, place)
    names = {kind.__name__ for kind in type(fault).__mro__}
    module = type(fault).__module__.partition(".")[0]
    if module == "sqlite3":
        return BrokerError(
            f"cannot {operation}: the embedded broker's database failed",
            where=str(place),
            why=str(fault),
            hint="check the disk and the rights on the directory that MEGAQL_HOME names",
            code=type(fault).__name__,
        )
    if module in {"botocore", "boto3", "urllib3"}:
        return _from_botocore(fault, names, operation, place)
    if isinstance(fault, ValueError) and "endpoint" in str(fault).lower():
        return _bad_endpoint(str(fault), operation, place)
    return None


def short_code(code: str) -> str:
    """Return an error code without its namespace: `AWS.SimpleQueueService.NonExistentQueue` is `NonExistentQueue`."""
    return code.rsplit("#", 1)[-1].rsplit(".", 1)[-1]


def refuses_credentials(code: str) -> bool:
    """Whether an answer with this code says that the credentials are wrong, or no longer good."""
    return short_code(code) in _CREDENTIALS


def retryable(code: str, *, sender_fault: bool) -> bool:
    """Whether an entry of a batch that failed with this code may succeed when it is sent again."""
    return not sender_fault or short_code(code) in _THROTTLED | _PASSING


def _from_response(response: dict[str, Any], operation: str, place: Place) -> BrokerError:
    """An answer of the service: by its code, then by its HTTP status."""
    full = str(response["Error"].get("Code") or "")
    code = short_code(full)
    message = _one_line(str(response["Error"].get("Message") or "")) or "the service gave no reason"
    why = f"{code}: {message}" if code else message
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    where = str(place)
    if code in _NOT_FOUND:
        return QueueNotFound(
            f"{place.target} does not exist", where=where, why=why, hint=_missing_hint(place), code=full
        )
    if code in _DENIED:
        return AccessDenied(
            f"cannot {operation}: access denied",
            where=where,
            why=why,
            hint="ask for the permission named above, or use another identity with --profile; "
            f"aws sts get-caller-identity{place.options()} shows the present one",
            code=full,
        )
    if code in _CREDENTIALS:
        return CredentialsMissing(
            f"cannot {operation}: the credentials are not accepted",
            where=where,
            why=why,
            hint=f"sign in again (aws sso login{place.options()}), or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, "
            "for temporary ones, AWS_SESSION_TOKEN",
            code=full,
        )
    if status == _PROXY_WANTS_CREDENTIALS:
        return _stopped_by_proxy("a proxy is on the way", f"{status}", operation, place, full)
    if code in _HANDLE or (code in CONTENT_CODES and _says_handle_expired(message)):
        return ReceiptHandleExpired(
            f"cannot {operation}: the receipt handle is no longer valid",
            where=where,
            why=why,
            hint="receive the message again; a longer visibility timeout leaves more time before it returns",
            code=full,
        )
    if place.local and code in _STORAGE:
        return _storage_failed(why, operation, place, code)
    if code in _THROTTLED or status in {429, 500, 502, 503, 504}:
        what, hint = _load(code, operation)
        return Throttled(f"cannot {operation}: {what}", where=where, why=why, hint=hint, code=full)
    error = BrokerError(f"cannot {operation}", where=where, why=why, hint=_other_hint(code, place), code=full)
    error.retryable = code in _PASSING
    return error


def _storage_failed(why: str, operation: str, place: Place, code: str) -> BrokerError:
    """The embedded broker's disk or database: it may pass (a full disk, a lock held elsewhere) or need somebody's hand."""
    kind = BrokerError if code == "StorageUnusable" else Throttled
    hint = "check the disk and the rights on the directory that MEGAQL_HOME names"
    return kind(
        f"cannot {operation}: the embedded broker's storage failed", where=str(place), why=why, hint=hint, code=code
    )


def _load(code: str, operation: str) -> tuple[str, str]:
    """Return what happened to a service under load, or at one of its limits, and what to do."""
    if code == "OverLimit":
        if operation.startswith("receive"):
            return (
                "too many messages are in flight",
                "delete or return messages that were received, or wait until their visibility timeout ends",
            )
        return "a limit of the service is reached", "the service's own reason above names the limit"
    failed = "Internal" in code or not code
    what = "the service failed" if failed else "the service asks for fewer requests"
    return what, "try again later, or with fewer pollers"


def _missing_hint(place: Place) -> str:
    if place.local:
        name = place.target
        made = f"megaql local create {name} makes it, and so does the first megaql publish {name} …"
        return f"{made}; MEGAQL_HOME says where queues are kept"
    endpoint = f" --endpoint-url {place.endpoint}" if place.endpoint and "amazonaws.com" not in place.endpoint else ""
    service = "sns list-topics" if ":sns:" in place.target else "sqs list-queues"
    return f"check the name, the account and the region: aws {service}{place.options()}{endpoint}"


def _other_hint(code: str, place: Place) -> str:
    if code == "QueueDeletedRecently":
        return "wait 60 seconds after deleting a queue before making one with the same name"
    if code == "PurgeQueueInProgress":
        return "a queue can be purged once in 60 seconds; wait and try again"
    if code in {"InvalidAction", "NotImplemented", "UnknownOperation", "UnknownOperationException"}:
        return "this endpoint does not know the operation; AWS itself and the embedded broker (local:NAME) do"
    if code == "NoSuchBucket":
        return "check the bucket's name, and whether it is of this account and region"
    if code == "NoSuchKey":
        return "somebody or a lifecycle rule deleted the object; a version of it may be restored, its message waits meanwhile"
    if not code or code.isdigit():
        return f"check that {place.endpoint or 'the endpoint'} is an SQS endpoint"
    return "the service's own reason above says what to change"


def _from_botocore(fault: Exception, names: set[str], operation: str, place: Place) -> BrokerError:
    """An exception of botocore itself: no answer came, or no request went out."""
    why, code, where = _one_line(str(fault)), type(fault).__name__, str(place)
    if names & _NO_CREDENTIALS:
        return _no_credentials(code, why, operation, place)
    if "SSLError" in names:
        trouble = handshake.trouble(why)
        refused = EndpointUnreachable(
            f"cannot {operation}: {trouble.what}", where=where, why=why, hint=trouble.hint, code=code
        )
        refused.retryable = trouble.passing
        return refused
    if "ProxyConnectionError" in names:
        return _stopped_by_proxy(why, _answer_of_proxy(fault), operation, place, code)
    if names & _UNREACHABLE:
        return EndpointUnreachable(
            f"cannot {operation}: {_unreachable(names)}",
            where=where,
            why=why,
            hint=_unreachable_hint(names, place),
            code=code,
        )
    if "NoRegionError" in names or "InvalidRegionError" in names:
        return BadTarget(
            f"cannot {operation}: {'no region is configured' if 'NoRegionError' in names else 'the region is not valid'}",
            where=where,
            why=why,
            hint="give --region eu-west-1 or set AWS_REGION; a queue URL or an ARN names the region by itself",
            code=code,
        )
    return BrokerError(
        f"cannot {operation}", where=where, why=f"{code}: {why}", hint=_sdk_hint(names, place), code=code
    )


def _no_credentials(code: str, why: str, operation: str, place: Place) -> BrokerError:
    if code == "ProfileNotFound":
        what, hint = "there is no such profile", "aws configure list-profiles shows the profiles there are"
    elif code == "CredentialRetrievalError":
        what = "no credentials could be had"
        hint = (
            "look at what gives them out (credential_process, a role, the endpoint of a container or an instance), and at this "
            "machine's clock; aws configure list names it"
        )
    else:
        what = "there are no complete AWS credentials"
        hint = (
            f"sign in (aws sso login{place.options()}), name a --profile, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; for a local server any values will do"
        )
    return CredentialsMissing(f"cannot {operation}: {what}", where=str(place), why=why, hint=hint, code=code)


def _answer_of_proxy(fault: Exception) -> str:
    """Return what a proxy answered to the wish for a tunnel, `""` where it did not; botocore's text leaves it out."""
    cause = getattr(fault, "kwargs", {}).get("error", "")
    found = re.search(r"Tunnel connection failed: (\d{3}[\w -]*)", str(cause))
    return found[1].strip() if found else ""


def _stopped_by_proxy(why: str, answer: str, operation: str, place: Place, code: str) -> BrokerError:
    error = EndpointUnreachable(
        f"cannot {operation}: {'the proxy refuses' if answer else 'no connection to the proxy'}",
        where=str(place),
        why=f"{why}; it answered {answer}" if answer else why,
        hint="HTTPS_PROXY and HTTP_PROXY name proxies (http://user:password@host:port), NO_PROXY the hosts that need none",
        code=code,
    )
    error.retryable = not answer or answer[0] == "5"
    return error


def _unreachable(names: set[str]) -> str:
    return (
        "the endpoint did not answer in time"
        if names & {"ReadTimeoutError", "ConnectTimeoutError"}
        else "no connection"
    )


def _unreachable_hint(names: set[str], place: Place) -> str:
    if not names & (_UNREACHABLE - {"HTTPClientError"}):
        return "check the endpoint's URL, and the proxy's in HTTPS_PROXY or HTTP_PROXY"
    if place.endpoint and "amazonaws.com" not in place.endpoint:
        plain = "ConnectionClosedError" in names and place.endpoint.startswith("http:")
        return f"check that a server listens at {place.endpoint}" + (", and whether it is https://" if plain else "")
    return "check the network, the proxy settings and the region's name"


def _sdk_hint(names: set[str], place: Place) -> str:
    if "ResponseParserError" in names:
        return f"check that {place.endpoint or 'the endpoint'} is an SQS endpoint"
    if "ParamValidationError" in names:
        return "this request was refused before it was sent: correct the value named above"
    return "aws configure list shows the configuration in use"


def _bad_endpoint(why: str, operation: str, place: Place) -> BrokerError:
    return BadTarget(
        f"cannot {operation}: the endpoint is not a URL",
        where=str(place),
        why=why,
        hint="write it as --endpoint-url http://127.0.0.1:4566",
        code="InvalidEndpoint",
    )


def _says_handle_expired(message: str) -> bool:
    return bool(re.search(r"receipt\s*handle", message, re.IGNORECASE))


def _one_line(text: str) -> str:
    """Return a service's message as one line of bounded length; it may quote a request, and never a body of ours."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
