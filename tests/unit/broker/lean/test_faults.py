"""Whatever a server does, a call over the lean path ends as boto3's own call does."""

import json

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError

from megaql.broker import faults
from megaql.errors import EndpointUnreachable
from tests.unit.broker.lean.http_server import CUT, RESET, SILENCE, answer, error

GOOD = {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": "5"}]}
BODY = json.dumps(GOOD).encode()
GONE = error(400, "QueueDoesNotExist", query="AWS.SimpleQueueService.NonExistentQueue")
THROTTLED = error(400, "RequestThrottled", query="RequestThrottled")
CHUNKED = (
    b"".join(b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:])) + b"0\r\nTrailer: x\r\n\r\n"
)

SCRIPTS = {
    "an answer": [],
    "an answer that says the end": [answer(200, BODY, ["Connection: close"])],
    "an answer in chunks": [answer(200, CHUNKED, framing="Transfer-Encoding: chunked")],
    "an answer after an interim one": [b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, BODY)],
    "an answer of the old version": [answer(200, BODY).replace(b"HTTP/1.1", b"HTTP/1.0")],
    "a header twice": [answer(200, BODY, ["X-A: 1", "x-a:  2\t", "X-B:"])],
    "no request id": [answer(200, BODY).replace(b"x-amzn-RequestId", b"x-other")],
    "null for a list": [answer(200, b'{"Messages": null}')],
    "null in a message": [answer(200, b'{"Messages": [{"Body": null, "MessageId": "m"}]}')],
    "half a character": [answer(200, b'{"Messages": [{"Body": "\\ud800"}]}')],
    "unknown members": [answer(200, b'{"Messages": [{"Body": "b", "New": {"a": 1}}], "Newer": [1]}')],
    "no messages": [answer(200, b"{}")],
    "an empty body": [answer(200, b"")],
    "a page of a proxy": [answer(200, b"<html>sign in</html>")],
    "no content": [answer(204, b"", framing="X-None: 1")],
    "created": [answer(201, BODY)],
    "a redirect": [answer(307, b"", ["Location: http://127.0.0.1:1/"])],
    "no such queue": [GONE],
    "denied": [error(403, "AccessDeniedException", message="not authorized")],
    "an expired token": [error(403, "ExpiredTokenException")],
    "a clock that is off": [error(403, "SignatureDoesNotMatch", message="Signature expired")],
    "an error without a code": [answer(400, b"{}")],
    "an error that is no JSON": [answer(400, b"<html>")],
    "throttled once": [THROTTLED],
    "throttled for ever": [THROTTLED] * 4,
    "too many requests": [answer(429, b"")],
    "too many requests, with a time to wait": [answer(429, b"", ["x-amz-retry-after: 1500"])],
    "unavailable once": [answer(503, b"")],
    "unavailable twice, with a date": [answer(503, b"", ["Date: Wed, 25 Nov 2020 02:08:48 GMT"])] * 2,
    "unavailable for ever": [error(503, "ServiceUnavailable")] * 4,
    "an internal error for ever": [answer(500, b"")] * 4,
    "a gateway in the way": [answer(502, b"<html>"), answer(504, b"<html>")],
    "unavailable, then no such queue": [answer(503, b""), GONE],
    "reset once": [RESET],
    "reset, then unavailable": [RESET, answer(503, b"")],
    "reset for ever": [RESET] * 4,
    "no HTTP": [b"SSH-2.0-OpenSSH\r\n\r\n"] * 4,
}  # fmt: skip


def outcome(call):
    """Return what a call came to: its answer, or its error with all that it says."""
    try:
        return call()
    except ClientError as fault:
        return type(fault).__name__, fault.response, fault.operation_name
    except BotoCoreError as fault:
        return type(fault), faults.translated(fault, "receive", faults.Place("q")).what


CASES = [("receive_message", script) for script in SCRIPTS] + [
    ("delete_message", script) for script in list(SCRIPTS)[:2]
]


@pytest.mark.parametrize(("name", "script"), CASES, ids=map(" ".join, CASES))
def test_a_call_ends_as_boto3s(server, calls, slept, name, script):
    results = {}
    for lean in (False, True):
        each = calls(lean=lean)
        if lean:
            each.learn(name)
        del server.requests[:], slept[:]
        server.behaviours = list(SCRIPTS[script])
        results[lean] = (
            outcome(lambda each=each: each(name)),
            outcome(lambda each=each: each(name)),
            len(server.requests),
            len(slept),
        )
        results[lean] += ([request[1]["amz-sdk-request"].partition("ttl=")[0] for request in server.requests],)
    assert results[True] == results[False]


def test_an_error_is_of_the_clients_own_class(server, calls):
    each = calls().learn()
    server.behaviours = [GONE]
    with pytest.raises(each.client.exceptions.QueueDoesNotExist) as caught:
        each()
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert caught.value.operation_name == "ReceiveMessage"


@pytest.mark.usefixtures("slept")
def test_a_cut_answer_is_asked_for_again(server, calls):
    each = calls().learn()
    server.behaviours = [CUT]
    assert each()["ResponseMetadata"]["RetryAttempts"] == 1
    server.behaviours = [CUT] * 4
    with pytest.raises(ConnectionClosedError):
        each()


@pytest.mark.usefixtures("slept")
def test_further_attempts_carry_botocores_time_to_live(server, calls):
    each = calls().learn()
    server.behaviours = [answer(503, b"", ["Date: Wed, 25 Nov 2020 02:08:48 GMT"])]
    each()
    assert "ttl=" in server.requests[-1][1]["amz-sdk-request"]
    assert "attempt=2" in server.requests[-1][1]["amz-sdk-request"]


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "boto3"])
@pytest.mark.usefixtures("slept", "hasty")
def test_a_swallowed_receive_is_made_again_after_its_wait_time_and_the_margin(server, calls, lean):
    each = calls(lean=lean)
    each()
    server.behaviours = [SILENCE]
    got = each()
    assert got["Messages"] == GOOD["Messages"]
    assert got["ResponseMetadata"]["RetryAttempts"] == 1
    server.behaviours = [SILENCE] * 4
    with pytest.raises(ReadTimeoutError) as caught:
        each()
    assert isinstance(faults.translated(caught.value, "receive", faults.Place("q")), EndpointUnreachable)
    assert len(server.requests) == 7


@pytest.mark.usefixtures("slept", "hasty")
def test_also_the_first_call_of_all_ends_after_its_wait_time_and_the_margin(server, calls):
    server.behaviours = [SILENCE]
    assert calls()()["ResponseMetadata"]["RetryAttempts"] == 1


@pytest.mark.usefixtures("slept")
def test_retries_stop_when_botocores_quota_is_used_up_and_successes_fill_it(server, calls):
    lean, plain = calls().learn(), calls(lean=False)

    def attempts(each):
        server.behaviours = [answer(503, b"")] * 4
        before = len(server.requests)
        with pytest.raises(ClientError):
            each()
        server.behaviours = []
        return len(server.requests) - before

    def spend_and_save(each):
        spent = [attempts(each) for _ in range(40)]
        for _ in range(20):
            each()
        return spent, attempts(each)

    (spent, saved), theirs = spend_and_save(lean), spend_and_save(plain)
    assert (spent, saved) == theirs
    assert (spent[0], spent[-1]) == (4, 1)
    assert saved > 1
