import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from megaql.broker import local
from megaql.broker.local import schema, store
from megaql.broker.local.errors import ClientError


def test_nothing_is_created_before_the_first_call(tmp_path):
    client = local.client(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    client.list_queues()
    assert (tmp_path / "home" / "broker.sqlite3").exists()
    client.close()


def test_only_the_user_can_read_the_messages(broker):
    broker.queue()
    assert stat.S_IMODE(broker.home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in broker.home.iterdir()} == {0o600}


def test_a_commit_is_synced(broker):
    broker.queue()
    with broker.client._store.read() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_clients_share_a_home(broker):
    other = local.client(broker.home, clock=broker.clock)
    url = broker.queue("orders")
    other.send_message(QueueUrl=url, MessageBody="a")
    assert broker.bodies(url) == ["a"]
    other.close()


def test_messages_outlive_the_client(broker):
    url = broker.queue()
    broker.send(url, "a")
    broker.client.close()
    again = local.client(broker.home, clock=broker.clock)
    assert again.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "a"
    again.close()


def test_a_closed_client_says_so(broker, refused):
    broker.queue()
    broker.client.close()
    broker.client.close()
    code, message = refused(broker.client.list_queues)
    assert code == "InternalError"
    assert "the client is closed" in message


def test_a_failed_transaction_leaves_nothing(broker):
    url = broker.queue()

    def interrupted():
        with broker.client._store.write() as db:
            db.execute("DELETE FROM queue")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    broker.send(url, "a")
    assert broker.bodies(url) == ["a"]


def test_a_database_of_a_later_release(broker, refused):
    broker.queue()
    with broker.client._store.read() as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    later = local.client(broker.home)
    code, message = refused(later.list_queues)
    assert code == "StorageUnusable"
    assert "schema version 2" in message
    assert "upgrade MegaQL" in message


def test_a_file_that_is_no_database(tmp_path, refused):
    (tmp_path / "broker.sqlite3").write_bytes(b"not a database at all" * 100)
    client = local.client(tmp_path)
    code, message = refused(client.list_queues)
    assert code == "StorageUnusable"
    assert str(tmp_path / "broker.sqlite3") in message
    assert "move it away" in message


def test_a_damaged_database(broker, refused):
    url = broker.queue()
    broker.send(url, *("x" * 3000 for _ in range(20)))
    broker.client.close()
    path = broker.home / "broker.sqlite3"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xab" * (len(data) - 4096)
    path.write_bytes(data)
    code, message = refused(local.client(broker.home).list_queues)
    assert code == "StorageUnusable"
    assert "damaged" in message


def test_a_full_disk_loses_nothing_and_says_so(broker, refused):
    url = broker.queue()
    broker.send(url, "kept")
    with broker.client._store.read() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    code, message = refused(broker.client.send_message, QueueUrl=url, MessageBody="x" * 500_000)
    assert code == "ServiceUnavailable"
    assert "disk is full" in message
    with broker.client._store.read() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    broker.send(url, "after")
    assert broker.bodies(url) == ["kept", "after"]


def test_a_program_that_keeps_the_database_locked(broker, refused, monkeypatch):
    url = broker.queue()
    monkeypatch.setattr(store, "BUSY_TIMEOUT", 0.0)
    hasty = local.client(broker.home, clock=broker.clock)
    foreign = sqlite3.connect(broker.home / "broker.sqlite3")
    foreign.execute("BEGIN IMMEDIATE")
    code, message = refused(hasty.send_message, QueueUrl=url, MessageBody="a")
    assert code == "ServiceUnavailable"
    assert "another program" in message
    foreign.close()
    hasty.send_message(QueueUrl=url, MessageBody="a")
    hasty.close()


def test_a_folder_that_cannot_be_made(tmp_path, refused):
    (tmp_path / "file").write_text("")
    code, message = refused(local.client(tmp_path / "file" / "home").list_queues)
    assert code == "StorageUnusable"
    assert str(tmp_path) in message


def test_a_file_in_the_folders_place_is_named_and_no_reason_to_try_again(tmp_path, refused):
    (tmp_path / "home").write_text("")
    client = local.client(tmp_path / "home")
    code, message = refused(client.list_queues)
    assert code == "StorageUnusable"
    assert message == f"{tmp_path / 'home'}: there is a file where the broker's folder should be"


def test_a_home_that_was_removed_takes_no_more_messages_unseen(broker):
    url = broker.queue("orders")
    broker.send(url, "a")
    shutil.rmtree(broker.home)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        broker.send(url, "b")
    assert broker.queue("orders") == url
    other = local.client(broker.home, clock=broker.clock)
    broker.send(url, "c")
    assert other.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "c"
    other.close()


def test_threads_share_a_client(broker):
    url = broker.queue()

    def send(number):
        for i in range(10):
            broker.send(url, f"{number}-{i}")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bodies = [body for _ in range(4) for body in broker.bodies(url)]
    assert sorted(bodies) == sorted(f"{number}-{i}" for number in range(4) for i in range(10))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_client_goes_on_on_both_sides_of_a_fork(broker):
    url = broker.queue()
    broker.send(url, "before")
    child = os.fork()
    if child == 0:
        try:
            broker.send(url, "child")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    broker.send(url, "parent")
    assert broker.bodies(url) == ["before", "child", "parent"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_no_connection_is_open_during_a_fork(broker):
    broker.queue()
    (link,) = list(broker.client._store._idle)
    assert link._open is not None
    child = os.fork()
    if child == 0:
        os._exit(0 if link._open is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert broker.client.list_queues()["QueueUrls"]


def test_neither_boto3_nor_botocore_is_imported(tmp_path):
    program = (
        "import sys; from megaql.broker import local; local.client().create_queue(QueueName='a');"
        "print([name for name in sys.modules if name.startswith(('boto', 'lark', 'rich', 'typer', 'bson'))])"
    )
    environment = {**os.environ, "MEGAQL_HOME": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert answer.stdout.strip() == "[]"


def test_a_snapshot_sees_one_commit(broker):
    url = broker.queue()
    broker.send(url, "a")
    with broker.client._store.snapshot() as db:
        assert db.execute("SELECT COUNT(*) FROM message").fetchone() == (1,)
        broker.send(url, "b")
        assert db.execute("SELECT COUNT(*) FROM message").fetchone() == (1,)
    assert broker.counts(url) == (2, 0, 0)


def test_a_client_that_is_dropped_closes_its_connections(broker):
    import gc

    client = local.client(broker.home)
    client.list_queues()
    (link,) = list(client._store._idle)
    connection = link._open[0]
    del client, link
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
