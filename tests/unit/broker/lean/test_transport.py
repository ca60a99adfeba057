"""Connections are kept, shared by threads and not by processes, and made as botocore makes them."""

import multiprocessing
import select
import socket
import threading

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from megaql.broker import aws, patience
from tests.unit.broker.lean.http_server import CLOSE, SILENCE, answer


def test_one_connection_serves_call_after_call(server, calls):
    each = calls().learn()
    for name in ("receive_message", "delete_message_batch", "receive_message", "send_message_batch"):
        each(name)
    assert server.connections == 1


def test_a_connection_that_the_server_has_closed_is_not_used_again(server, calls):
    each = calls().learn()
    server.behaviours = [CLOSE]
    each()
    (idle,) = each.client.receive_message._transport._idle
    select.select([idle.sock], [], [], 20)
    assert each()["ResponseMetadata"]["RetryAttempts"] == 0
    assert server.connections == 2


def test_a_connection_that_the_server_is_going_to_close_is_not_kept(server, calls):
    each = calls().learn()
    server.behaviours = [answer(headers=["Connection: close"])]
    each()
    assert not each.client.receive_message._transport._idle


def test_threads_have_a_connection_each_and_leave_it_for_the_next(server, calls):
    each, count, answers = calls().learn(), 8, []

    def work():
        answers.extend(each() for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20 * count
    assert all(answer["Messages"][0]["Body"] == "b" for answer in answers)
    assert server.connections <= count


def test_no_more_idle_connections_are_kept_than_boto3_keeps(server, monkeypatch, calls):
    monkeypatch.setattr(aws, "POOL", 1)
    each = calls().learn()
    transport = each.client.receive_message._transport
    (first,) = transport._idle
    server.during = each
    each()
    assert server.connections == 2, "a call was made while another one was under way"
    assert list(transport._idle) != [first]
    assert len(transport._idle) == 1


@pytest.mark.usefixtures("hasty")
def test_a_swallowed_request_gives_up_the_idle_connections_too(server, calls):
    each = calls().learn()
    transport = each.client.receive_message._transport
    transport._idle.append(transport._connect())
    assert len(transport._idle) == 2
    server.behaviours = [SILENCE]
    each()
    assert len(transport._idle) == 1
    assert server.connections == 3, "a new one was made although one was idle"


def _in_child(each, result):
    result.send(each()["Messages"][0]["Body"])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_makes_its_own_connections(server, calls):
    each = calls().learn()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_in_child, args=(each, theirs))
    child.start()
    assert ours.poll(20)
    assert ours.recv() == "b"
    child.join()
    assert server.connections == 2
    assert each()["Messages"][0]["Body"] == "b"
    assert server.connections == 2, "the parent's connection is still its own"


def test_closing_the_client_closes_its_connections(calls):
    each = calls().learn()
    (connection,) = each.client.receive_message._transport._idle
    each.client.close()
    assert connection.sock is None


@pytest.mark.parametrize("lean", [False, True])
def test_nobody_listens(calls, lean, slept):
    with pytest.raises(EndpointConnectionError):
        calls(lean=lean, url="http://127.0.0.1:1")()
    assert len(slept) == 3


@pytest.mark.parametrize("lean", [False, True])
def test_a_host_without_an_address(calls, lean, slept):
    with pytest.raises(EndpointConnectionError):
        calls(lean=lean, url="http://nowhere.invalid")()
    assert len(slept) == 3


@pytest.mark.parametrize("lean", [False, True])
def test_a_server_that_does_not_take_connections(calls, lean, slept, monkeypatch):
    monkeypatch.setattr(aws, "CONNECT_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with pytest.raises(ConnectTimeoutError):
            calls(lean=lean, url=f"http://127.0.0.1:{address[1]}")()
        for each in waiting:
            each.close()
    assert len(slept) == 3


def test_a_silent_peer_that_takes_the_request_is_a_read_timeout(server, calls, monkeypatch, slept):
    monkeypatch.setattr(patience, "ANSWER_TIMEOUT", 0.1)
    each = calls().learn("delete_message")
    server.behaviours = [SILENCE] * 4
    with pytest.raises(ReadTimeoutError):
        each("delete_message")
    assert len(slept) == 3
