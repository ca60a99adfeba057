"""Signature Version 4 of a request, with the signing key of a day kept.

A maintainer keeps two rules. `Authorization` is what botocore's SigV4Auth makes of the same request, byte for byte; a property test compares them. And
the interpreter is kept while digests are made: where handlers compute, taking it back costs a hundred times as much, up to 5 ms. `hmac.digest` gives it away,
and a hash does for more than 2,047 bytes at once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

ALGORITHM: Final = "AWS4-HMAC-SHA256"

#: What a hash takes without giving the interpreter away. Bytes.
_PIECE: Final = 2_047


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    for start in range(0, len(data), _PIECE):
        digest.update(data[start : start + _PIECE])
    return digest.hexdigest()


class Signer:
    """Signs for one region and service. Threads may share it: the kept key is replaced whole."""

    def __init__(self, region: str, service: str) -> None:
        self.region = region
        self.service = service
        #: A secret key, a date, and the HMAC of their signing key that nothing was added to.
        self._kept: tuple[str, str, hmac.HMAC | None] = ("", "", None)

    def authorization(self, identity: tuple[str, str], timestamp: str, canonical: str, signed: str) -> str:
        """Return the value of the header `Authorization`.

        `identity` is the access key and its secret, `timestamp` the value of `X-Amz-Date` (`20261125T020848Z`), `canonical` the canonical
        request, `signed` the names of its signed headers (`content-type;host;x-amz-date`).
        """
        access_key, secret_key = identity
        date = timestamp[:8]
        scope = f"{date}/{self.region}/{self.service}/aws4_request"
        signature = self._keyed(secret_key, date).copy()
        signature.update(f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode())}".encode())
        return f"{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={signed}, Signature={signature.hexdigest()}"

    def _keyed(self, secret_key: str, date: str) -> hmac.HMAC:
        kept_secret, kept_date, keyed = self._kept
        if keyed is not None and kept_secret == secret_key and kept_date == date:
            return keyed
        key = f"AWS4{secret_key}".encode()
        for part in (date, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        keyed = hmac.new(key, digestmod="sha256")
        self._kept = (secret_key, date, keyed)
        return keyed
