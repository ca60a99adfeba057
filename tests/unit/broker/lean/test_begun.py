"""Calls that are begun and brought to their end by somebody who waits for none of them."""

import json
import socket
import time

import pytest
from botocore.exceptions import ReadTimeoutError

from megaql.broker import aws
from megaql.broker.lean.pending import PendingRequest
from megaql.consumer.inbox import Inbox
from tests.unit.broker.lean.conftest import CALLS
from tests.unit.broker.lean.http_server import CUT, SILENCE, answer
from tests.unit.broker.lean.test_faults import BODY, GOOD, SCRIPTS, outcome

PATIENCE = 30  # seconds; a test that waits so long has failed


def begun(each, name="receive_message", **more):
    """Begin a call; `None` where that cannot be."""
    return getattr(each.client, name).begin(QueueUrl=each.queue, **CALLS[name] | more)


def ended(call):
    """Bring a call to its end and return it."""
    end = time.monotonic() + PATIENCE
    with Inbox(time.monotonic) as inbox:
        inbox.watch(call, "over")
        while inbox.take(0.05) != ["over"]:
            assert time.monotonic() < end
    return call


def test_the_first_call_cannot_be_begun_and_further_ones_go_over_its_connection(server, calls):
    each = calls()
    assert begun(each) is None
    plain = each()
    for _ in range(3):
        call = ended(begun(each))
        assert call.answer == plain
        assert call.finish() is call.answer
    assert server.connections == 1
    assert len(server.requests) == 4


def test_what_is_not_over_cannot_be_finished(calls):
    call = begun(calls().learn())
    with pytest.raises(RuntimeError, match="before it was over"):
        call.finish()
    assert ended(call).finish()


def test_a_request_is_what_it_would_have_been(server, calls):
    each = calls().learn()
    each()
    ended(begun(each))
    (_, plain, body), (_, flown, same) = server.requests[-2:]
    made = {"authorization", "amz-sdk-invocation-id", "x-amz-date"}
    assert same == body
    assert {key: plain[key] for key in plain if key not in made} == {
        key: flown[key] for key in flown if key not in made
    }


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_call_ends_as_boto3s(server, calls, slept, script):
    results = []
    for lean in (False, True):
        each = calls(lean=lean)
        if lean:
            each.learn()
        del server.requests[:], slept[:]
        server.behaviours = list(SCRIPTS[script])
        call = each if not lean else ended(begun(each)).finish
        results.append((outcome(call), len(server.requests), len(slept)))
    assert results[0] == results[1]


def test_only_a_whole_good_answer_is_at_hand(server, calls, slept):
    each = calls().learn()
    for behaviour in (answer(503, b""), CUT, answer(200, b"<html>")):
        server.behaviours = [behaviour]
        assert ended(begun(each)).answer is None
        each()  # makes a connection again, where it is gone
    assert not slept, "nobody has asked for the rest"


def test_without_an_idle_connection_nothing_is_begun(calls):
    each = calls().learn()
    first = begun(each)
    assert begun(each) is None, "the only one is taken"
    ended(first)
    assert ended(begun(each)).answer
    each.hang_up()
    assert begun(each) is None


def test_what_boto3_has_to_see_is_not_begun(calls):
    each = calls().learn()
    assert begun(each, Unknown=1) is None
    each.client.meta.events.register("before-send.sqs", lambda **_: None)
    assert begun(each) is None


def test_credentials_that_have_to_be_asked_for_are_not_waited_for(calls):
    each = calls().learn()
    renewing = each.client._request_signer._credentials
    renewing._kept = (renewing._kept[0], 0.0)
    assert begun(each) is None
    each()
    assert ended(begun(each)).answer


@pytest.mark.usefixtures("slept", "hasty")
def test_a_peer_that_is_silent_loses_the_call_and_boto3_goes_on(server, calls):
    each = calls().learn()
    transport = each.client.receive_message._transport
    transport._idle.appendleft(transport._connect())
    server.behaviours = [SILENCE]
    call = begun(each)
    assert call.quiet_until < time.monotonic() + 1, "its own patience"
    assert ended(call).answer is None
    assert not transport._idle, "what swallowed this one has swallowed the others"
    got = call.finish()
    assert got["Messages"] == GOOD["Messages"]
    assert got["ResponseMetadata"]["RetryAttempts"] == 1
    server.behaviours = [SILENCE] * 4
    call = ended(begun(each))
    with pytest.raises(ReadTimeoutError):
        call.finish()


def test_a_peer_that_sends_now_and_then_is_not_silent(calls):
    each = calls().learn()
    (connection,) = each.client.receive_message._transport._idle
    ours, theirs = socket.socketpair()
    connection.sock.close()
    connection.sock = ours
    call = begun(each)
    whole = answer(200, BODY)
    with Inbox(time.monotonic) as inbox:
        inbox.watch(call, "over")
        for piece in (whole[:20], whole[20:-20]):
            until = call.quiet_until
            theirs.sendall(piece)
            assert inbox.take(PATIENCE) == []
            assert call.quiet_until > until
        theirs.sendall(whole[-20:])
        assert inbox.take(PATIENCE) == ["over"]
    assert call.answer["Messages"] == GOOD["Messages"]
    each.hang_up()
    theirs.close()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("over", ["server", "secure"])
def test_a_request_that_does_not_fit_in_at_once(request, calls, over):
    server = request.getfixturevalue(over)
    each = calls(url=server.url).learn("send_message_batch")
    (connection,) = each.client.send_message_batch._transport._idle
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    body = "b" * 1_000_000
    call = begun(each, "send_message_batch", Entries=[{"Id": "0", "MessageBody": body}])
    assert ended(call).answer["Successful"]
    assert json.loads(server.requests[-1][2])["Entries"][0]["MessageBody"] == body


@pytest.mark.usefixtures("trusted")
def test_over_tls_an_answer_of_many_records(secure, calls):
    each = calls(url=secure.url).learn()
    long = json.dumps({"Messages": [{"Body": "b" * 500_000}]}).encode()
    secure.behaviours = [answer(200, long), answer(200, BODY)]
    assert ended(begun(each)).answer["Messages"] == json.loads(long)["Messages"]
    assert ended(begun(each)).answer["Messages"] == GOOD["Messages"]
    assert secure.connections == 1


def test_a_call_that_nobody_wants_any_more_gives_up_its_connection(server, calls):
    each = calls().learn()
    server.behaviours = [SILENCE]
    (connection,) = each.client.receive_message._transport._idle
    with Inbox(time.monotonic) as inbox:
        inbox.watch(begun(each), "over")
        assert inbox.take(0.05) == []
    assert connection.sock is None
    assert begun(each) is None


def test_a_connection_serves_both_ways_by_turns(server, calls):
    each = calls().learn()
    for _ in range(3):
        assert ended(begun(each)).answer["Messages"] == each()["Messages"]
    assert server.connections == 1


def test_tls_within_a_proxys_tls_is_not_begun(calls):
    class Wrapped:
        """urllib3's own class for it is no socket."""

    each = calls().learn()
    transport = each.client.receive_message._transport
    (connection,) = transport._idle
    sock, connection.sock = connection.sock, Wrapped()
    transport._idle_connection = transport._idle.pop
    assert begun(each) is None
    assert list(transport._idle) == [connection]
    connection.sock = sock


def test_boto3s_own_path_begins_nothing(server):
    client = aws.client("sqs", aws.Connection(region="eu-west-1", endpoint_url=server.url), lean=False)
    assert not hasattr(client.receive_message, "begin")


class Refused:
    """A socket of a server that has answered and takes no more."""

    def __init__(self):
        self.pieces = [answer(400, b"{}")]

    def send(self, _request):
        raise BrokenPipeError

    def recv(self, _limit):
        return self.pieces.pop()


def test_the_answer_counts_although_the_request_was_not_taken_whole():
    pending = PendingRequest(Refused(), b"request", 1.0, lambda outcome: outcome)
    assert pending.advance() is None
    assert pending.sent
    assert pending.advance().status == 400


class Pieces(Refused):
    """A socket on which all of an answer has come, in pieces; TLS may hold such ones back, and `select` knows nothing of them."""

    def __init__(self):
        self.pieces = [answer(200, b"{}")[start : start + 40] for start in range(0, 500, 40)][::-1]

    def send(self, request):
        return len(request)


def test_whatever_has_come_is_taken_at_once():
    pending = PendingRequest(Pieces(), b"request", 1.0, lambda outcome: outcome)
    assert pending.advance() is None
    assert pending.advance().body == b"{}"
