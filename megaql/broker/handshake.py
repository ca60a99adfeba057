"""What a TLS connection failed of, read from OpenSSL's and urllib3's words for it.

A maintainer keeps one rule: what another try mends by itself is passing, and a certificate is not. Whoever runs the program has to hear which of the
many things it is: the wrong authority, the wrong name, an old date, or a file that is not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened and what to do next, in an error's words; `passing` where the same call may succeed later."""

    what: str
    hint: str
    passing: bool = False


_OTHER: Final = Trouble(
    "the TLS connection failed",
    "try again; if it stays so, look at the proxies and firewalls before the endpoint, or ask whoever runs it",
    passing=True,
)

#: Words of a failure in small letters, and what they mean; the first that is found holds.
_KNOWN: Final = (
    (
        ("has expired",),
        Trouble(
            "the endpoint's certificate has expired",
            "let its owner renew it; check the clock of this machine, and the date of the authority that AWS_CA_BUNDLE names",
        ),
    ),
    (
        ("not yet valid",),
        Trouble("the endpoint's certificate is not valid yet", "check the clock of this machine"),
    ),
    (
        ("doesn't match", "hostname mismatch", "ip address mismatch"),
        Trouble(
            "the endpoint's certificate is another host's",
            "address the endpoint by a name that its certificate has, in the queue's URL or with --endpoint-url",
        ),
    ),
    (
        ("no such file", "is a directory", "permission denied", "no_certificate_or_crl_found", "no certificate or crl"),
        Trouble(
            "the file of certificate authorities cannot be read",
            "AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or ca_bundle of the AWS profile names it: a file of certificates in PEM form",
        ),
    ),
    (
        ("wrong_version_number", "wrong version number", "unknown_protocol", "http_request", "record layer failure"),
        Trouble("the endpoint does not speak TLS", "a local server's endpoint is often http://; or look at the port"),
    ),
    (
        ("alert",),
        Trouble(
            "the endpoint refuses the TLS connection",
            "it may ask for a client certificate or another version of TLS: ask whoever runs it, or the proxy before it",
        ),
    ),
    (
        ("certificate", "self-signed"),
        Trouble(
            "the endpoint's certificate is not accepted",
            "set AWS_CA_BUNDLE to the certificate authority's file; for a local server the endpoint is often http://",
        ),
    ),
)


def trouble(why: str) -> Trouble:
    """Return what a failure's text means; the endpoint's own name, which may have any of the words, is left out."""
    words = re.sub(r"https?://\S+", "", why).lower()
    return next((found for known, found in _KNOWN if any(word in words for word in known)), _OTHER)
