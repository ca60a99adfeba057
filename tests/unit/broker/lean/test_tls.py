"""The lean path trusts whom boto3 trusts and nobody else, whatever a server shows later, and each refusal says what it is about."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from megaql.broker import aws, faults
from megaql.broker.lean import install
from megaql.broker.target import Connection
from tests.certificates import Authority, serving
from tests.unit.broker.lean.conftest import CALLS
from tests.unit.broker.lean.http_server import NOISE

BOTH = pytest.mark.parametrize("lean", [False, True], ids=["boto3", "lean"])


def refusal(call):
    """Make a call that has to fail, and return what is said of it."""
    with pytest.raises(BotoCoreError) as caught:
        call()
    error = faults.translated(caught.value, "receive", faults.Place("orders"))
    assert all((error.what, error.where, error.why, error.hint))
    return error


def receive(client, url):
    return client.receive_message(QueueUrl=f"{url}/000000000000/q", **CALLS["receive_message"])["Messages"]


@pytest.mark.usefixtures("trusted")
def test_certificates_are_checked_with_the_configured_bundle(secure, calls):
    each = calls(url=secure.url).learn()
    kept = list(each.client.receive_message._transport._idle)
    assert [each()["Messages"][0]["Body"] for _ in range(3)] == ["b"] * 3
    assert list(each.client.receive_message._transport._idle) == kept != []


@BOTH
def test_the_bundle_of_requests_and_the_profiles(secure, authority, lean, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    keys = "aws_access_key_id = a\naws_secret_access_key = b"
    (tmp_path / "config").write_text(f"[profile mine]\n{keys}\nca_bundle = {authority.path}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for profile, bundle in ((None, str(authority.path)), ("mine", "")):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        client = aws.client("sqs", Connection(profile, "eu-west-1", secure.url), lean=lean)
        assert receive(client, secure.url)
        assert receive(client, secure.url)
        client.close()


@pytest.fixture
def refusing(secure, authority, calls, request, tmp_path):
    """Make a client that has got answers, and let the server show another certificate from then on."""
    request.getfixturevalue("slept")
    shown = {
        "another authority": lambda: Authority(tmp_path, "other").server(),
        "another host": lambda: authority.server("example.org"),
        "ended": lambda: authority.server(ended=True),
    }

    def make(kind, *, lean):
        each = calls(url=secure.url, lean=lean)
        each()
        each()
        each.hang_up()
        secure.context = serving(shown[kind]())
        del secure.requests[:]
        return each

    return make


REFUSALS = {
    "another authority": "the endpoint's certificate is not accepted",
    "another host": "the endpoint's certificate is another host's",
    "ended": "the endpoint's certificate has expired",
}


@BOTH
@pytest.mark.parametrize(("kind", "what"), REFUSALS.items(), ids=REFUSALS)
@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_is_not_good_any_more(secure, refusing, slept, lean, kind, what):  # noqa: PLR0917 - fixtures and cases
    """The client was used before, so that the lean path has its template and is about to connect again."""
    error = refusal(refusing(kind, lean=lean))
    assert (error.what, error.retryable) == (f"cannot receive: {what}", False)
    assert (len(slept), secure.requests) == (3, []), "tried four times, and nothing was sent"


@BOTH
def test_a_certificate_that_nobody_vouches_for(secure, calls, slept, lean, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    error = refusal(calls(url=secure.url, lean=lean))
    assert "set AWS_CA_BUNDLE" in error.hint
    assert (len(slept), secure.requests) == (3, [])


@BOTH
@pytest.mark.usefixtures("slept")
def test_a_bundle_that_cannot_be_read(secure, calls, lean, monkeypatch, tmp_path):
    path = tmp_path / "bundle.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
    for text in (None, "no certificate"):
        if text:
            path.write_text(text)
        error = refusal(calls(url=secure.url, lean=lean))
        assert error.what == "cannot receive: the file of certificate authorities cannot be read"
    assert secure.requests == []


class Plain:
    """What a server without TLS makes of a handshake."""

    @staticmethod
    def wrap_socket(peer, **_):
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        raise ConnectionAbortedError


@BOTH
@pytest.mark.usefixtures("trusted", "slept")
def test_tls_and_none_mixed_up(secure, calls, lean):
    context, secure.context = secure.context, Plain
    error = refusal(calls(url=secure.url, lean=lean))
    assert error.what == "cannot receive: the endpoint does not speak TLS"
    secure.context = context
    error = refusal(calls(url=secure.url.replace("https:", "http:"), lean=lean))
    assert error.retryable


@BOTH
@pytest.mark.usefixtures("trusted")
def test_noise_on_a_connection_is_asked_again_over_another(secure, calls, slept, lean):
    each = calls(url=secure.url, lean=lean)
    each()
    each()
    secure.behaviours = [NOISE] * 4
    error = refusal(each)
    assert (error.what, error.code, error.retryable) == ("cannot receive: the TLS connection failed", "SSLError", True)
    assert len(slept) == 3
    secure.behaviours = [NOISE]
    assert each()["ResponseMetadata"]["RetryAttempts"] == 1


@BOTH
def test_an_authority_that_joins_the_bundle_is_known_to_the_next_connection(
    authority, refusing, lean, monkeypatch, tmp_path
):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.path.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    each = refusing("another authority", lean=lean)
    refusal(each)
    bundle.write_bytes((tmp_path / "other.pem").read_bytes())
    assert each()["ResponseMetadata"]["RetryAttempts"] == 0


@BOTH
def test_an_authority_that_leaves_the_bundle_is_trusted_until_the_client_is_made_anew(
    *, secure, authority, calls, lean, monkeypatch, tmp_path
):
    """As docs/configuration.md says: Python's context keeps what it has loaded."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.path.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    each = calls(url=secure.url, lean=lean)
    each()
    each()
    each.hang_up()
    bundle.write_bytes(Authority(tmp_path, "other").path.read_bytes())
    assert each()["ResponseMetadata"]["RetryAttempts"] == 0
    assert (
        refusal(calls(url=secure.url, lean=lean)).what == "cannot receive: the endpoint's certificate is not accepted"
    )


@pytest.mark.parametrize("certificate", [True, False], ids=["shown", "missing"])
@pytest.mark.usefixtures("slept")
def test_a_client_certificate(secure, authority, certificate):
    secure.context = serving(authority.server(), asks_for=authority)
    config = Config(client_cert=str(authority.server("client")) if certificate else None)
    client = boto3.client(
        "sqs", region_name="eu-west-1", endpoint_url=secure.url, verify=str(authority.path), config=config
    )
    assert install(client)
    if certificate:
        assert receive(client, secure.url)
        assert receive(client, secure.url)
        assert client.receive_message._learnt[1] is not None
    else:
        refusal(lambda: receive(client, secure.url))
        assert secure.requests == []
    client.close()
