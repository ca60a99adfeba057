"""The liveness file and port: what they tell of progress, and what cannot be."""

import http.client
import json
import os
import socket
import time
from datetime import timedelta

import pytest

from megaql import App
from megaql.consumer import liveness
from megaql.consumer.liveness import Liveness, Quiet, check, state, told
from megaql.errors import ConsumerError
from megaql.settings import Settings

MINUTE = timedelta(minutes=1)


def quiet(*seconds):
    return [Quiet(pid, number) for pid, number in enumerate(seconds, 1)]


def test_every_process_has_to_get_on():
    assert state(quiet(3, 60), 60)["alive"]
    assert not state(quiet(3, 60.1), 60)["alive"]
    assert not state([], 60)["alive"]
    assert state(quiet(1.26), 60) == {
        "alive": True,
        "quiet_seconds": 1.3,
        "after_seconds": 60,
        "processes": [{"pid": 1, "quiet_seconds": 1.3}],
    }


def test_what_is_left_open_comes_from_the_settings():
    settings = Settings(liveness_file="a", liveness_port=1, liveness_address="0.0.0.0", liveness_after=MINUTE)
    assert Liveness().completed(Settings()) == Liveness(None, None, "127.0.0.1", timedelta(minutes=2))
    assert Liveness().completed(settings) == Liveness("a", 1, "0.0.0.0", MINUTE)
    own = Liveness("b", 0, "::1", timedelta(seconds=5))
    assert own.completed(settings) == own


@pytest.fixture
def path(tmp_path):
    return tmp_path / "alive"


def test_the_files_time_is_that_of_the_last_progress(path):
    with told(Liveness(path, after=MINUTE), lambda: quiet(7, 40)):
        now = time.time()
        silent, limit = check(path, now=now)
        assert (round(silent), limit) == (40, 60)
        assert round(check(path, now=now + 50)[0]) == 90
        assert check(path, now=now, after=timedelta(hours=1))[1] == 3600
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert not path.exists()


def test_the_file_is_touched_again_and_made_again(path, monkeypatch):
    monkeypatch.setattr(liveness, "INTERVAL", 0.01)
    seconds = [30.0]
    with told(Liveness(path, after=MINUTE), lambda: quiet(seconds[0])):
        path.unlink()
        seconds[0] = 0.0
        until(lambda: path.exists() and check(path, now=time.time())[0] < 10)


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_file_that_can_no_longer_be_written_is_told_of_once(path, monkeypatch, caplog):
    monkeypatch.setattr(liveness, "INTERVAL", 0.01)
    looks = []
    path.parent.joinpath("gone").mkdir()
    inside = path.parent / "gone" / "alive"
    with told(Liveness(inside, after=MINUTE), lambda: looks.append(1) or quiet(0)):
        inside.parent.rename(path.parent / "moved")  # in one step: the file is touched again at any moment
        until(lambda: "cannot be written" in caplog.text)
        seen = len(looks)
        until(lambda: len(looks) > seen + 3)
    assert caplog.text.count("cannot be written") == 1


def test_a_time_ahead_is_no_life(path):
    with told(Liveness(path, after=MINUTE), lambda: quiet(0)):
        assert check(path, now=time.time() - 3600)[0] > 3000


def test_a_file_that_cannot_be_made_ends_the_run_before_it_begins(tmp_path, queue, drain):
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    with pytest.raises(ConsumerError, match="the liveness file cannot be written") as caught:
        drain(app, liveness=Liveness(tmp_path / "no" / "alive"))
    assert caught.value.where == str(tmp_path / "no" / "alive")


def test_a_file_that_is_something_else_is_left_alone(path):
    path.write_text("precious")
    with (
        pytest.raises(ConsumerError, match="the liveness file is something else already"),
        told(Liveness(path), lambda: quiet(0)),
    ):
        pass
    assert path.read_text() == "precious"


def test_what_a_killed_consumer_left_is_replaced(path):
    path.write_text('{"pid": 1, "after_seconds": 5}')
    with told(Liveness(path, after=MINUTE), lambda: quiet(0)):
        assert check(path, now=time.time())[1] == 60


def test_what_is_no_liveness_file(tmp_path, path):
    with pytest.raises(ConsumerError, match="there is no liveness file to read"):
        check(path, now=0)
    for text in ("", "[]", '{"pid": 1}', "\xff"):
        path.write_text(text)
        with pytest.raises(ConsumerError, match="this is no liveness file"):
            check(path, now=0)
    with pytest.raises(ConsumerError, match="there is no liveness file to read"):
        check(tmp_path, now=0)


def get(port, method="GET", path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def port(caplog):
    """The port that the log names."""
    caplog.set_level("INFO", "megaql.consumer")
    return lambda: int(caplog.records[-1].args[1])


def test_the_port_answers_anybody_who_asks(port):
    seconds = [0.0]
    with told(Liveness(port=0, after=MINUTE), lambda: quiet(seconds[0])):
        status, body = get(port())
        assert (status, json.loads(body)["alive"]) == (200, True)
        assert get(port(), path="/healthz?verbose")[0] == 200
        assert get(port(), "HEAD") == (200, b"")
        seconds[0] = 61
        status, body = get(port())
        assert (status, json.loads(body)["quiet_seconds"]) == (503, 61)
        assert get(port(), "POST")[0] == 501
    with pytest.raises(OSError, match="refused"):
        get(port())


def test_a_client_that_says_nothing_holds_nobody_up(port):
    with told(Liveness(port=0, after=MINUTE), lambda: quiet(0)), socket.create_connection(("127.0.0.1", port())):
        assert get(port())[0] == 200


def test_a_port_that_is_taken(port):
    with told(Liveness(port=0), lambda: quiet(0)):
        taken = port()
        with (
            pytest.raises(ConsumerError, match="the liveness port cannot be opened") as caught,
            told(Liveness(port=taken), lambda: quiet(0)),
        ):
            pass
        assert caught.value.where == f"127.0.0.1, port {taken}"


def test_an_address_that_is_not_of_this_machine():
    with (
        pytest.raises(ConsumerError, match="the liveness port cannot be opened"),
        told(Liveness(port=0, address="192.0.2.1"), lambda: quiet(0)),
    ):
        pass


def test_a_run_tells_of_its_progress(world, queue, path, drain):
    app = App(queue)
    looks = []
    app.subscribe("exists n")(lambda _data: looks.append(check(path, now=time.time())))
    world.send(queue, {"n": 1})
    drain(app, liveness=Liveness(path, after=MINUTE))
    ((silent, limit),) = looks
    assert silent < 30
    assert limit == 60
    assert not path.exists()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("/tmp/alive", "liveness= cannot be of type str"),
        (Liveness(after=60), "after= cannot be of type int"),
        (Liveness(port="8080"), "port= cannot be of type str"),
        (Liveness(port=70000), "port= cannot be of type int"),
    ],
)
def test_a_wrong_one_is_refused(queue, given, what, drain):
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    with pytest.raises(ConsumerError, match=what):
        drain(app, liveness=given)


def test_a_time_that_an_idle_consumer_cannot_keep_is_refused(queue, path):
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    with pytest.raises(ConsumerError, match="an idle consumer would look dead after 5 s"):
        app.run(once=True, wait=timedelta(seconds=5), liveness=Liveness(path, after=timedelta(seconds=5)))
    with pytest.raises(ConsumerError, match="an idle consumer would look dead after 0 s"):
        app.run(once=True, wait=timedelta(0), liveness=Liveness(path, after=timedelta(0)))
