"""The file of a snapshot: whole or not there, the user's alone, gzip by its name."""

import gzip
import os

import pytest

from megaql.broker.message import Message
from megaql.errors import ScanError
from megaql.scan.files import read_file
from megaql.scan.snapshotfile import SnapshotFile

MESSAGES = [Message(id=f"m{number}", body=f'{{"n":{number}}}') for number in range(3)]


def write(path, messages=MESSAGES, error=None):
    with SnapshotFile(str(path)) as file:
        for message in messages:
            file.add(message)
        if error is not None:
            raise error


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz"])
def test_what_is_written_is_read(tmp_path, name):
    write(tmp_path / name)
    assert [message.id for message in read_file(str(tmp_path / name))] == ["m0", "m1", "m2"]
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    if name.endswith(".gz"):
        assert gzip.decompress((tmp_path / name).read_bytes()).count(b"\n") == 3


def test_nobody_else_can_read_it_at_any_moment(tmp_path):
    old = os.umask(0)
    try:
        with SnapshotFile(str(tmp_path / "a.ndjson")) as file:
            file.add(MESSAGES[0])
            assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}
    finally:
        os.umask(old)


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("old\n")
    path.chmod(0o644)
    with SnapshotFile(str(path)) as file:
        file.add(MESSAGES[0])
        assert path.read_text() == "old\n"
    assert len(list(read_file(str(path)))) == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_error_before_the_first_message_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("old\n")
    with pytest.raises(ValueError, match="broken"):
        write(path, [], ValueError("broken"))
    assert path.read_text() == "old\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ndjson"]


def test_an_error_later_keeps_what_was_written(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.ndjson.gz", error=KeyboardInterrupt())
    assert len(list(read_file(str(tmp_path / "a.ndjson.gz")))) == 3


def test_a_queue_without_messages_is_an_empty_file(tmp_path):
    write(tmp_path / "a.ndjson", [])
    assert (tmp_path / "a.ndjson").read_bytes() == b""


def test_a_device_is_written_to_as_it_is():
    write(os.devnull)


def test_a_place_where_nothing_can_be_written(tmp_path):
    with pytest.raises(ScanError, match="cannot be made") as error:
        write(tmp_path / "none" / "a.ndjson")
    assert "nothing was read" in error.value.hint
