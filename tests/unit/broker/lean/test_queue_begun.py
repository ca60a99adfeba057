"""Receives and deletes that a queue begins, and what its own methods make of their answers."""

import json
from datetime import timedelta

import pytest

from megaql.broker.message import Message
from megaql.broker.queue import SETTINGS_AGE, Queue
from megaql.errors import EndpointUnreachable, QueueNotFound
from tests.unit.broker.lean.http_server import RESET, answer
from tests.unit.broker.lean.test_begun import ended
from tests.unit.broker.lean.test_faults import GONE

LEASE = timedelta(seconds=40)
NO_WAIT = {"wait": timedelta(0), "visibility": LEASE}
MESSAGES = [Message(f"m{number}", "q", receipt_handle=f"r{number}") for number in range(3)]


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def slept_here():
    return []


@pytest.fixture
def queue(calls, now, slept_here):
    """A queue whose client has its templates."""
    each = calls().learn().learn("delete_message_batch")
    target = Queue.open(each.queue).target
    return Queue(each.client, each.queue, target, clock=lambda: now[0], sleep=slept_here.append)


def deleted(*good, refused=()):
    """Return an answer to a delete."""
    body = {
        "Successful": [{"Id": str(number)} for number in good],
        "Failed": [
            {"Id": str(number), "Code": "InternalError", "SenderFault": False, "Message": "no"} for number in refused
        ],
    }
    return answer(body=json.dumps(body).encode())


def test_a_receive(queue, now, server):
    begun = queue.begin_receive(10, **NO_WAIT)
    now[0] = 1015.0
    ended(begun.call)
    assert begun.plain
    count = len(server.requests)
    (message,) = queue.receive(10, **NO_WAIT, begun=begun)
    assert (message.body, message.queue) == ("b", "q")
    assert message.lease_deadline == 1000.0 + 40, "a lease counts from before the request"
    assert len(server.requests) == count
    assert json.loads(server.requests[-1][2])["VisibilityTimeout"] == 40


def test_with_the_queues_own_lease_only_while_that_is_known(queue, now):
    plain = {"wait": timedelta(0), "visibility": None}
    assert queue.begin_receive(10, **plain) is None
    queue._visibility, queue._visibility_asked = timedelta(seconds=25), now[0]
    begun = queue.begin_receive(10, **plain)
    now[0] += SETTINGS_AGE.total_seconds() + 1
    ended(begun.call)
    (message,) = queue.receive(10, **plain, begun=begun)
    assert message.lease_deadline == 1025.0
    assert queue.begin_receive(10, **plain) is None


def test_the_queues_own_lease_that_becomes_known_meanwhile(queue):
    """Another thread asks for it while this one begins."""

    def clock():
        queue._visibility, queue._visibility_asked = timedelta(seconds=25), 1000.0
        return 1000.0

    queue._clock = clock
    begun = queue.begin_receive(10, wait=timedelta(0), visibility=None)
    ended(begun.call)
    assert begun.lease == timedelta(seconds=25)


@pytest.mark.usefixtures("slept")
def test_a_receive_that_did_not_go_well_ends_as_any_other(queue, server):
    server.behaviours = [GONE]
    begun = queue.begin_receive(10, **NO_WAIT)
    ended(begun.call)
    assert not begun.plain
    with pytest.raises(QueueNotFound):
        queue.receive(10, **NO_WAIT, begun=begun)
    server.behaviours = [RESET] * 4
    begun = queue.begin_receive(10, **NO_WAIT)
    ended(begun.call)
    with pytest.raises(EndpointUnreachable):
        queue.receive(10, **NO_WAIT, begun=begun)


def test_a_delete(queue, server):
    server.behaviours = [deleted(0, 1, 2)]
    begun = queue.begin_delete(MESSAGES)
    ended(begun.call)
    assert begun.plain
    count = len(server.requests)
    result = queue.delete(MESSAGES, begun=begun)
    assert (result.done, result.failed) == (MESSAGES, [])
    assert len(server.requests) == count
    entries = json.loads(server.requests[-1][2])["Entries"]
    assert [(entry["Id"], entry["ReceiptHandle"]) for entry in entries] == [("0", "r0"), ("1", "r1"), ("2", "r2")]


@pytest.mark.parametrize("first", [deleted(0, 2, refused=[1]), deleted(0, 2)], ids=["refused", "not mentioned"])
def test_what_a_delete_did_not_do_is_asked_for_again(queue, server, slept_here, first):
    server.behaviours = [first, deleted(1)]
    begun = queue.begin_delete(MESSAGES)
    ended(begun.call)
    assert not begun.plain, "the rest of it waits, and asks again"
    result = queue.delete(MESSAGES, begun=begun)
    assert (result.done, result.failed) == (MESSAGES, [])
    assert len(slept_here) == 1
    (entry,) = json.loads(server.requests[-1][2])["Entries"]
    assert entry["ReceiptHandle"] == "r1"


def test_a_delete_whose_connection_broke_is_made_again(queue, server, slept):
    server.behaviours = [RESET, deleted(0, 1, 2)]
    begun = queue.begin_delete(MESSAGES)
    ended(begun.call)
    assert not begun.plain
    assert queue.delete(MESSAGES, begun=begun).done == MESSAGES
    assert len(slept) == 1


def test_a_delete_of_nothing_or_of_more_than_a_batch_is_not_begun(queue):
    assert queue.begin_delete([]) is None
    assert queue.begin_delete(MESSAGES * 4) is None


def test_without_an_idle_connection_neither_is_begun(queue):
    queue.client.close()
    assert queue.begin_receive(10, **NO_WAIT) is None
    assert queue.begin_delete(MESSAGES) is None


def test_the_embedded_broker_begins_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("MEGAQL_HOME", str(tmp_path))
    queue = Queue.open("local:orders", create=True)
    assert queue.begin_receive(10, **NO_WAIT) is None
    assert queue.begin_delete(MESSAGES) is None
