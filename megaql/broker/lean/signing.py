"""Signature Version 4 of a request, with the signing key of a day kept.

A maintainer keeps one rule: `Authorization` is what botocore's SigV4Auth makes of the same request, byte for byte; a property test compares them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Signer:
    """Signs for one region and service. Threads may share it: the kept key is replaced whole."""

    def __init__(self, region: str, service: str) -> None:
        self.region = region
        self.service = service
        self._kept: tuple[str, str, bytes] = ("", "", b"")

    def authorization(self, identity: tuple[str, str], timestamp: str, canonical: str, signed: str) -> str:
        """Return the value of the header `Authorization`.

        `identity` is the access key and its secret, `timestamp` the value of `X-Amz-Date` (`20261125T020848Z`), `canonical` the canonical
        request, `signed` the names of its signed headers (`content-type;host;x-amz-date`).
        """
        access_key, secret_key = identity
        date = timestamp[:8]
        scope = f"{date}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        signature = hmac.digest(self._key(secret_key, date), text.encode(), "sha256").hex()
        return f"{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"

    def _key(self, secret_key: str, date: str) -> bytes:
        kept_secret, kept_date, key = self._kept
        if kept_secret == secret_key and kept_date == date:
            return key
        key = f"AWS4{secret_key}".encode()
        for part in (date, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._kept = (secret_key, date, key)
        return key
