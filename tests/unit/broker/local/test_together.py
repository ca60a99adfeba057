"""Calls of a client that are written together: one commit, all or nothing, and nobody else's business until it is there."""

import errno
import threading
from contextlib import contextmanager

import pytest

from megaql.broker import local
from megaql.broker.local.errors import ClientError
from megaql.broker.local.store import Link


@pytest.fixture
def two(tmp_path):
    """Two clients of one home, and the URL of a queue in it."""
    clients = [local.client(tmp_path), local.client(tmp_path)]
    url = clients[0].create_queue(QueueName="q")["QueueUrl"]
    yield *clients, url
    for client in clients:
        client.close()


def send(client, url, *bodies):
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    return client.send_message_batch(QueueUrl=url, Entries=entries)


def receive(client, url, count=10):
    return client.receive_message(QueueUrl=url, MaxNumberOfMessages=count, VisibilityTimeout=30).get("Messages", [])


def undone(client, work):
    """Do the work together, and let an exception undo it."""
    with client.together():
        work()
        raise RuntimeError


def test_others_see_all_of_it_when_the_block_has_ended(two):
    one, other, url = two
    with one.together():
        send(one, url, "a")
        send(one, url, "b")
        assert [message["Body"] for message in receive(one, url)] == ["a", "b"], "who writes it sees it"
        send(one, url, "c")
        assert receive(other, url) == []
    assert [message["Body"] for message in receive(other, url)] == ["c"], "a and b are in flight"


def test_an_exception_undoes_all(two):
    one, other, url = two
    send(one, url, "a", "b")

    def work():
        first, _ = receive(one, url)
        one.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
        send(one, url, "c")

    with pytest.raises(RuntimeError):
        undone(one, work)
    assert [message["Body"] for message in receive(other, url)] == ["a", "b"]


def test_a_call_that_is_refused_costs_the_others_nothing(two):
    one, other, url = two
    with one.together():
        send(one, url, "a")
        with pytest.raises(ClientError):
            one.send_message(QueueUrl=url, MessageBody="x" * 2_000_000)
        with pytest.raises(ClientError):
            one.delete_message(QueueUrl=url, ReceiptHandle="none")
        send(one, url, "b")
    assert [message["Body"] for message in receive(other, url)] == ["a", "b"]


def test_what_a_call_wrote_before_it_failed_is_undone_and_no_more(two):
    one, other, url = two

    def fail():
        with one._store.write() as db:
            db.execute("DELETE FROM message")
            raise RuntimeError

    with one.together():
        send(one, url, "a")
        with pytest.raises(RuntimeError):
            fail()
        send(one, url, "b")
    assert [message["Body"] for message in receive(other, url)] == ["a", "b"]


def test_another_thread_of_the_client_is_not_part_of_it(two):
    """It waits for its turn, and stays when the block is undone."""
    one, other, url = two
    begun = threading.Event()

    def theirs():
        begun.set()
        send(one, url, "theirs")

    thread = threading.Thread(target=theirs)

    def ours():
        send(one, url, "ours")
        thread.start()
        begun.wait(5)

    with pytest.raises(RuntimeError):
        undone(one, ours)
    thread.join(5)
    assert [message["Body"] for message in receive(other, url)] == ["theirs"]


def test_it_is_one_commit(two):
    one, _, url = two
    statements = []
    with one.together():
        link = one._store._mine.joined
        link.opened()[0].set_trace_callback(statements.append)
        for number in range(5):
            send(one, url, str(number))
    assert statements.count("COMMIT") == 1
    assert statements.count("BEGIN IMMEDIATE") == 0, "it had begun before"


def test_a_commit_that_fails_is_the_clients_error(two, monkeypatch):
    one, other, url = two
    write = Link.write

    @contextmanager
    def full(self):
        with write(self) as db:
            yield db
            if not self.joined:
                raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Link, "write", full)
    with pytest.raises(ClientError) as caught, one.together():
        send(one, url, "a")
    assert caught.value.operation_name == "Together"
    monkeypatch.undo()
    assert receive(other, url) == []
