"""Where large payloads are kept: in a bucket of S3, or in a folder beside the embedded broker.

A maintainer keeps one rule: a key is another system's text. It names an object of a bucket that the caller allows, and never a file anywhere else.

    s3://BUCKET, s3://BUCKET/PREFIX          a bucket of S3, and what the keys begin with
    local:BUCKET, local:BUCKET/PREFIX        the same in a folder of MEGAQL_HOME, for one machine
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol

from megaql.broker import aws, faults
from megaql.errors import BadTarget, BrokerError

if TYPE_CHECKING:
    from pathlib import Path

    from megaql.broker.large.pointer import Pointer
    from megaql.broker.target import Connection

_LOCATION: Final = re.compile(
    r"(?P<kind>s3://|local:)(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?", re.DOTALL
)
_HINT: Final = "write s3://my-bucket, s3://my-bucket/prefix, or local:my-bucket for the embedded broker"


class Store(Protocol):
    """Objects by bucket and key. What goes wrong is a `BrokerError`."""

    def put(self, pointer: Pointer, data: bytes) -> None:
        """Keep an object."""
        ...

    def get(self, pointer: Pointer, most: int) -> bytes:
        """Return an object of `most` bytes; a larger one is an error before it is read."""
        ...

    def delete(self, pointer: Pointer) -> None:
        """Delete an object; one that is not there is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Location:
    """Where new objects go: the store, the bucket and what their keys begin with."""

    local: bool
    bucket: str
    prefix: str = ""

    def key(self, name: str) -> str:
        """Return the key of a new object."""
        return f"{self._folder}{name}"

    def holds(self, pointer: Pointer) -> bool:
        """Say whether an object lies here, in the bucket and below the prefix."""
        return pointer.bucket == self.bucket and pointer.key.startswith(self._folder)

    @property
    def _folder(self) -> str:
        prefix = self.prefix.strip("/")
        return f"{prefix}/" if prefix else ""

    def store(self, connection: Connection) -> Store:
        """Return the store of the location."""
        if not self.local:
            return S3Store(connection)
        from megaql.broker.local.home import home  # noqa: PLC0415 - targets on AWS need no SQLite

        return FolderStore(home() / "objects")


def parse(text: object) -> Location:
    """Return what a location's text means; `BadTarget` where it means nothing."""
    found = _LOCATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadTarget(
            f"{text!r:.100} is no place for large payloads",
            where="large_payloads",
            why="it is a bucket, and a prefix for its keys if you like",
            hint=_HINT,
        )
    return Location(found["kind"] == "local:", found["bucket"], found["prefix"] or "")


class S3Store:
    """Buckets of S3. The client is made with the first object; thread-safe.

    Endpoint and region come from the connection it was given, else from the environment (`AWS_ENDPOINT_URL_S3`), never from a queue's endpoint.
    """

    def __init__(self, connection: Connection, client: Any = None) -> None:
        self._connection = connection
        self._client = client
        self._making = threading.Lock()

    def put(self, pointer: Pointer, data: bytes) -> None:
        """PutObject."""
        place = self._place(pointer)
        with faults.translate("store a large payload (s3:PutObject)", place):
            answer = self._s3().put_object(Bucket=pointer.bucket, Key=pointer.key, Body=data)
        if not answer.get("ETag"):  # which S3 and all that are like it give
            raise BrokerError(
                "the answer to s3:PutObject is not S3's",
                where=str(place),
                why="it has no ETag, so that the payload may have been kept nowhere",
                hint="check the endpoint (AWS_ENDPOINT_URL_S3) and the proxies before it",
                code="NoAnswer",
            )

    def get(self, pointer: Pointer, most: int) -> bytes:
        """GetObject."""
        place = self._place(pointer)
        with faults.translate("fetch a large payload (s3:GetObject)", place):
            answer = self._s3().get_object(Bucket=pointer.bucket, Key=pointer.key)
            with answer["Body"] as body:
                size = int(answer.get("ContentLength") or 0)
                if size > most:
                    raise too_large(size, most, str(place))
                return bytes(body.read())

    def delete(self, pointer: Pointer) -> None:
        """DeleteObject."""
        with faults.translate("delete a large payload (s3:DeleteObject)", self._place(pointer)):
            self._s3().delete_object(Bucket=pointer.bucket, Key=pointer.key)

    def _s3(self) -> Any:
        with self._making:
            if self._client is None:
                self._client = aws.client("s3", self._connection, target="S3")
            return self._client

    def _place(self, pointer: Pointer) -> faults.Place:
        return faults.Place(str(pointer), self._connection.endpoint_url or "", self._connection.region or "")


class FolderStore:
    """Buckets as folders, for the embedded broker. An object is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, pointer: Pointer, data: bytes) -> None:
        """Write a file, under another name until it is whole."""
        path = self._path(pointer)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
            part.write_bytes(data)
            part.replace(path)
        except OSError as fault:
            raise _failed("store", pointer, fault) from fault

    def get(self, pointer: Pointer, most: int) -> bytes:
        """Read a file."""
        path = self._path(pointer)
        try:
            if (size := path.stat().st_size) > most:
                raise too_large(size, most, str(pointer))
            return path.read_bytes()
        except OSError as fault:
            raise _failed("fetch", pointer, fault) from fault

    def delete(self, pointer: Pointer) -> None:
        """Delete a file."""
        try:
            self._path(pointer).unlink(missing_ok=True)
        except OSError as fault:
            raise _failed("delete", pointer, fault) from fault

    def _path(self, pointer: Pointer) -> Path:
        # By their hashes, no bucket or key leads out of the folder, and none is too long for a file's name.
        bucket, key = (
            sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in (pointer.bucket, pointer.key)
        )
        return self._folder / bucket / key


def too_large(size: int, most: int, where: str) -> BrokerError:
    """Return the error for an object that is larger than a reader wants to hold in memory."""
    return BrokerError(
        f"the payload has {size:,} bytes, and at most {most:,} are fetched",
        where=where,
        why="a payload is held in memory, once for each handler's thread",
        hint="raise most_bytes= of LargePayloads, or read the object in the handler",
        code="PayloadTooLarge",
    )


def _failed(what: str, pointer: Pointer, fault: OSError) -> BrokerError:
    return BrokerError(
        f"cannot {what} a large payload",
        where=f"local:{pointer.bucket}, key {pointer.key:.100}",
        why=fault.strerror or type(fault).__name__,
        hint="check the disk and the rights on the directory that MEGAQL_HOME names",
        code="NoSuchKey" if isinstance(fault, FileNotFoundError) else type(fault).__name__,
    )
