"""What is read from the words for a failed TLS connection: of the failure, and never of the endpoint's name."""

import pytest

from megaql.broker import handshake

UNTRUSTED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
FAILURES = {
    UNTRUSTED: "the endpoint's certificate is not accepted",
    "EOF occurred in violation of protocol (_ssl.c:1006)": "the TLS connection failed",
    "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)": "the endpoint refuses the TLS connection",
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(
    "url", ["https://sqs.example.com/", "https://alerts.example.com/", "https://certificates:4566/"]
)
def test_the_endpoints_name_says_nothing(url, failure):
    assert handshake.trouble(f"SSL validation failed for {url} {failure}").what == FAILURES[failure]
