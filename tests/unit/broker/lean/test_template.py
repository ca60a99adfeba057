"""Signatures are botocore's, for any request."""

import datetime as dt
import time
from types import SimpleNamespace

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from megaql.broker.lean.template import learn, whole

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
ENDPOINTS = (
    "https://sqs.eu-west-1.amazonaws.com/",
    "http://127.0.0.1:4566/",
    "https://[::1]:8443/",
    "https://Vpce-1.SQS.x:443/a/b/",
)
MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TIMES = st.floats(946_684_800, 4_070_908_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))


def credentials():
    return st.builds(
        ReadOnlyCredentials,
        PRINTABLE.filter(lambda key: not set(key) & set("/,")),
        st.text(min_size=1, max_size=40).filter(utf8),
        st.none() | PRINTABLE,
    )


def utf8(text):
    return text.isascii() or text.encode("utf-8", "ignore").decode() == text


def signed(body, frozen, moment, endpoint, *, region="eu-west-1", monkeypatch):
    """Return a request signed by botocore at a moment, prepared."""
    headers = {
        "X-Amz-Target": "AmazonSQS.ReceiveMessage",
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-query-mode": "true",
        "User-Agent": "Boto3/1 md/x  y",
    }
    request = AWSRequest("POST", endpoint, headers, body)
    request.context["client_config"] = None
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: moment)
    SigV4Auth(frozen, "sqs", region).add_auth(request)
    request.headers["amz-sdk-invocation-id"] = "0d1a5bd6-5b2c-4a8b-9d3c-5d6a8c8f3d11"
    request.headers["amz-sdk-request"] = "attempt=1; max=4"
    return request.prepare()


@pytest.fixture(scope="module")
def sign():
    with pytest.MonkeyPatch.context() as patch:
        yield lambda *arguments, **more: signed(*arguments, **more, monkeypatch=patch)


@given(
    bodies=st.tuples(st.binary(max_size=50), st.binary(max_size=200)),
    frozen=st.tuples(credentials(), credentials()),
    moments=st.tuples(TIMES, TIMES),
    place=st.tuples(st.sampled_from(ENDPOINTS), st.sampled_from(["eu-west-1", "us-gov-east-1", "local"])),
)
def test_a_signature_is_botocores(sign, bodies, frozen, moments, place):
    endpoint, region = place
    first, then = bodies
    body = b'{"first": "%s"}' % first.hex().encode()
    template = learn(sign(body, frozen[0], moments[0], endpoint, region=region), body, frozen[0], endpoint)
    assert template is not None
    theirs = sign(then, frozen[1], moments[1], endpoint, region=region)
    timestamp = theirs.headers["X-Amz-Date"]
    assert timestamp == moments[1].strftime("%Y%m%dT%H%M%SZ")
    ours = template.authorization(then, frozen[1], timestamp, "another")
    assert ours == theirs.headers["Authorization"]
    assert template.authorization(then, frozen[1], timestamp, "another") == ours, "with the key kept"


@pytest.mark.parametrize("token", [None, "to/ken+=="])
def test_a_request_is_botocores(sign, token):
    frozen = ReadOnlyCredentials("key", "secret", token)
    moment = dt.datetime(2026, 11, 25, 2, 8, 48, tzinfo=dt.UTC)
    body, endpoint = b'{"QueueUrl": "http://x/q"}', ENDPOINTS[1]
    theirs = sign(body, frozen, moment, endpoint)
    template = learn(theirs, b'{"QueueUrl":"http://x/q"}', frozen, endpoint)
    ours = template.request(body, frozen, moment.timestamp() + 0.9)

    def lines(request):
        head, _, content = request.partition(b"\r\n\r\n")
        named = {line.partition(b": ")[0].lower(): line.partition(b": ")[2] for line in head.split(b"\r\n")[1:]}
        assert len(named.pop(b"amz-sdk-invocation-id")) == 36
        return head.split(b"\r\n")[0], named, content

    assert lines(ours) == lines(whole(theirs))


def test_each_request_has_an_id_of_its_own(sign):
    frozen = ReadOnlyCredentials("key", "secret", None)
    template = learn(sign(b"{}", frozen, MOMENT, ENDPOINTS[0]), b"{}", frozen, ENDPOINTS[0])
    assert template.request(b"{}", frozen, time.time()) != template.request(b"{}", frozen, time.time())


def changed(request, **changes):
    return SimpleNamespace(
        **{"method": request.method, "url": request.url, "headers": request.headers, "body": request.body} | changes
    )


def with_header(name, value):
    def change(request):
        headers = dict(request.headers.items())
        headers.pop(name, None)
        return changed(request, headers=headers | ({name: value} if value is not None else {}))

    return change


UNUSUAL = {
    "another method": lambda request: changed(request, method="GET"),
    "another endpoint": lambda request: changed(request, url="https://account.sqs.eu-west-1.amazonaws.com/"),
    "a query": lambda request: changed(request, url=request.url + "?a=b"),
    "another body": lambda request: changed(request, body=b'{"a": 1}'),
    "a compressed body": lambda request: changed(request, body=b"\x1f\x8b"),
    "no bytes": lambda request: changed(request, body="{}"),
    "an unknown header": with_header("X-Amzn-Trace-Id", "Root=1"),
    "the query protocol": with_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
    "no signature": with_header("Authorization", None),
    "a bearer": with_header("Authorization", "Bearer abc"),
    "another algorithm": with_header(
        "Authorization",
        "AWS4-ECDSA-P256-SHA256 Credential=key/20260101/sqs/aws4_request, SignedHeaders=host, Signature=00",
    ),
    "another signature": with_header("X-Amz-Date", "20260101T000001Z"),
    "a later attempt": with_header("amz-sdk-request", "attempt=2; max=4"),
}


@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_makes_no_template(sign, change):
    frozen = ReadOnlyCredentials("key", "secret", None)
    request = sign(b"{}", frozen, MOMENT, ENDPOINTS[0])
    assert learn(request, b"{}", frozen, ENDPOINTS[0]) is not None
    assert learn(change(request), b"{}", frozen, ENDPOINTS[0]) is None


def test_credentials_that_changed_in_between_make_no_template(sign):
    before, after = ReadOnlyCredentials("key", "secret", None), ReadOnlyCredentials("key", "other", None)
    request = sign(b"{}", before, MOMENT, ENDPOINTS[0])
    assert learn(request, b"{}", after, ENDPOINTS[0]) is None


@pytest.mark.parametrize(
    "endpoint", ["http://x/?a=b", "http://x/a b/", "http://x/a//b", "http://x/a/../b", "http://x/%7e"]
)
def test_an_endpoint_that_is_not_its_own_canonical_form_makes_no_template(sign, endpoint):
    frozen = ReadOnlyCredentials("key", "secret", None)
    assert learn(sign(b"{}", frozen, MOMENT, endpoint), b"{}", frozen, endpoint) is None
