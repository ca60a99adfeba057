"""A request that botocore made, as the model of all further ones of its operation.

A maintainer keeps one rule: a request is a model only if it is reproduced here byte for byte, signature included, from the parts known here.
A header of an unknown name, another way to sign or another endpoint than the client's makes no template, and botocore goes on making the requests.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from megaql.broker.lean.signing import ALGORITHM, Signer, sha256

#: Headers that are the same in each first attempt of an operation.
_CONSTANT: Final = frozenset({"amz-sdk-request", "content-type", "user-agent", "x-amz-target", "x-amzn-query-mode"})
#: Headers that are made for each request.
_MADE: Final = frozenset(
    {"amz-sdk-invocation-id", "authorization", "content-length", "x-amz-date", "x-amz-security-token"}
)
_CONTENT_TYPE: Final = "application/x-amz-json-1.0"
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Credential=(?P<access_key>[^,]+)/\d{{8}}/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, "
    r"SignedHeaders=(?P<signed>[^,]+), Signature=[0-9a-f]{64}"
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_TOKEN: Final = "x-amz-security-token"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class Template:
    """What further requests of an operation have in common with the one that was seen."""

    signer: Signer
    path: str
    #: The request line and the constant headers, each line with its end.
    head: str
    #: The values of constant headers and of `host`, in canonical form.
    constants: dict[str, str]
    #: The names of signed headers in order; the token's is among them only when there is a token.
    signed: tuple[str, ...]

    def request(self, body: bytes, credentials: Any, now: float) -> bytes:
        """Return a whole HTTP request, signed; `credentials` are botocore's frozen ones, `now` is in seconds since the epoch."""
        timestamp = _timestamp(int(now))
        invocation = _uuid4()
        authorization = self.authorization(body, credentials, timestamp, invocation)
        token = f"X-Amz-Security-Token: {credentials.token}\r\n" if credentials.token else ""
        head = (
            f"{self.head}X-Amz-Date: {timestamp}\r\n{token}Authorization: {authorization}\r\n"
            f"amz-sdk-invocation-id: {invocation}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def authorization(self, body: bytes, credentials: Any, timestamp: str, invocation: str) -> str:
        """Return the value of the header `Authorization`."""
        made = {"x-amz-date": timestamp, "amz-sdk-invocation-id": invocation}
        names = self.signed
        if credentials.token:
            made[_TOKEN] = " ".join(credentials.token.split())
            names = tuple(sorted((*names, _TOKEN)))
        lines = "".join([f"{name}:{self.constants.get(name) or made[name]}\n" for name in names])
        signed = ";".join(names)
        canonical = f"POST\n{self.path}\n\n{lines}\n{signed}\n{sha256(body)}"
        return self.signer.authorization((credentials.access_key, credentials.secret_key), timestamp, canonical, signed)


def learn(request: Any, body: bytes, credentials: Any, endpoint_url: str) -> Template | None:
    """Return the template that a prepared request of botocore makes; None where the request is not reproduced from it.

    `body` is what would have been sent here for the same parameters: the same JSON, if not with the same blanks.
    """
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    url = urlsplit(request.url)
    usual = (
        found is not None
        and headers.keys() <= _CONSTANT | _MADE
        and request.method == "POST"
        and _same_json(request.body, body)
        and headers.get("content-type") == _CONTENT_TYPE
        and headers.get("amz-sdk-request", "").startswith("attempt=1")
        and request.url.rstrip("/") == endpoint_url.rstrip("/")
    )
    if not usual or found is None:
        return None
    host = host_of(request.url)
    constants = {name: " ".join(value.split()) for name, value in headers.items() if name in _CONSTANT} | {"host": host}
    lines = [f"POST {url.path} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity"]
    lines += [f"{name}: {_text(value)}" for name, value in request.headers.items() if name.lower() in _CONSTANT]
    template = Template(
        signer=Signer(found["region"], found["service"]),
        path=url.path,
        head="".join(f"{line}\r\n" for line in lines),
        constants=constants,
        signed=tuple(name for name in found["signed"].split(";") if name != _TOKEN),
    )
    timestamp, invocation = headers.get("x-amz-date", ""), headers.get("amz-sdk-invocation-id", "")
    if not set(template.signed) <= {*constants, "x-amz-date", "amz-sdk-invocation-id"}:
        return None
    # A query, or a path that is not its own canonical form, makes another signature.
    same = template.authorization(request.body, credentials, timestamp, invocation) == headers["authorization"]
    return template if same else None


@lru_cache(maxsize=2)
def _timestamp(seconds: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def _uuid4() -> str:
    """Return what `uuid.uuid4` does, in a third of the time; not for secrets, whose random bits are a call of the operating system."""
    digits = f"{random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def host_of(url: str) -> str:
    """Return the value of the header `Host` for a URL: its host in lower case, and its port unless that is the scheme's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{shown}:{parts.port}"


def whole(request: Any) -> bytes | None:
    """Return a prepared request of botocore as it goes over the wire; None for one that has no plain body."""
    if not isinstance(request.body, bytes):
        return None
    url = urlsplit(request.url)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host_of(request.url)}", "Accept-Encoding: identity"]
    lines += [f"{name}: {_text(value)}" for name, value in request.headers.items()]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + request.body


def _same_json(theirs: object, ours: bytes) -> bool:
    try:
        return isinstance(theirs, bytes) and msgspec.json.decode(theirs) == msgspec.json.decode(ours)
    except msgspec.DecodeError:
        return False


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
