"""Whole runs over a client that begins receives and deletes, as the one for a network does: what goes well needs no thread of a crew."""

import json
import socket
import threading
import time
from datetime import timedelta

import pytest

from megaql.broker.queue import Queue
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.jobs import PollFailed, Received, Receiving
from megaql.consumer.middleware import Middleware
from megaql.consumer.plan import Plan
from megaql.consumer.report import Stopped
from tests.unit.consumer.conftest import InjectedError

PATIENCE = 30  # seconds; a test that waits so long has failed


class Call:
    """A call of the embedded broker that is over once its socket can be read; `end` says how: `good`, `bad` or `silent`."""

    def __init__(self, method, request, end):
        self.method = method
        self.request = request
        self.end = end
        self.sock, self.peer = socket.socketpair()
        self.fileno = self.sock.fileno
        self.sent = False
        self.answer = None
        self.quiet_until = time.monotonic() + (0.01 if end == "silent" else PATIENCE)
        self.ended_in = None
        self.dropped = False

    def advance(self):
        if not self.sent:
            self.sent = True
            if self.end != "silent":
                self.peer.sendall(b"!")
            return False
        if self.end == "good":
            self.answer = self.method(**self.request)
        self.lose()
        return True

    def lose(self):
        self.sock.close()
        self.peer.close()

    def drop(self):
        self.dropped = True
        self.lose()

    def finish(self):
        self.ended_in = threading.current_thread().name
        return self.method(**self.request) if self.answer is None else self.answer


class Client:
    """The embedded broker's client with calls that can be begun; `ends` is for each how they end, one entry a call, and then `good`."""

    def __init__(self, client, **ends):
        self._client = client
        self._ends = ends
        self.begun = {"receive_message": [], "delete_message_batch": []}
        self.made = []

    def __getattr__(self, name):
        real = getattr(self._client, name)

        def method(**request):
            self.made.append(name)
            return real(**request)

        def begin(**request):
            ends = self._ends.get(name)
            self.begun[name].append(Call(real, request, ends.pop(0) if ends else "good"))
            return self.begun[name][-1]

        if name in self.begun:
            method.begin = begin
        return method


def beginning(queue, **ends):
    client = Client(queue.client, **ends)
    return Queue(client, queue.url, queue.target, sleep=lambda _seconds: None), client


def run(drain, queue, **settings):
    app = App(queue)
    seen = []
    app.subscribe("exists n", subscription="note")(lambda _data, message: seen.append(json.loads(message.body)["n"]))
    return drain(app, **settings), seen


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
def test_what_goes_well_is_begun_and_ended_by_the_thread_that_runs(world, drain, name):
    queue, client = beginning(world.with_dead_letters(name))
    world.send(queue, *({"n": number} for number in range(30)), group="g" if queue.fifo else None)
    report, seen = run(drain, queue)
    assert (report.received, report.handled, report.undone, sorted(seen)) == (30, 30, 0, list(range(30)))
    assert not {"receive_message", "delete_message_batch"} & set(client.made), "each was begun"
    assert {call.ended_in for call in client.begun["receive_message"]} == {threading.current_thread().name}
    deleted = [entry for call in client.begun["delete_message_batch"] for entry in call.request["Entries"]]
    assert len(deleted) == 30
    world.later(600)
    assert world.bodies(queue) == []


@pytest.mark.parametrize("end", ["bad", "silent"])
def test_what_does_not_go_well_is_gone_on_with_in_a_crews_thread(world, queue, drain, end):
    queue, client = beginning(queue, receive_message=[end], delete_message_batch=[end])
    world.send(queue, *({"n": number} for number in range(3)))
    report, seen = run(drain, queue)
    assert (report.received, report.handled, report.undone, sorted(seen)) == (3, 3, 0, [0, 1, 2])
    assert client.begun["receive_message"][0].ended_in.startswith("megaql-poll-")
    assert client.begun["delete_message_batch"][0].ended_in.startswith("megaql-settle-")
    assert not {"receive_message", "delete_message_batch"} & set(client.made), "an attempt that was made counts"
    world.later(600)
    assert world.bodies(queue) == []


def test_at_once_is_at_once_though_a_receive_is_under_way(queue):
    queue, client = beginning(queue, receive_message=["silent"])
    app = App(queue)
    app.subscribe("exists n")(print)
    reports = []
    thread = threading.Thread(target=lambda: reports.append(app.run(wait=timedelta(0))))
    real = client.receive_message.begin
    begun = threading.Event()

    def begin(**request):
        call = real(**request)
        call.quiet_until += 10 * PATIENCE
        begun.set()
        return call

    client.receive_message = client.receive_message
    client.receive_message.begin = begin
    thread.start()
    assert begun.wait(PATIENCE)
    app.stop()
    app.stop()
    thread.join(PATIENCE)
    assert reports[0].stopped is Stopped.AT_ONCE
    assert [call.dropped for call in client.begun["receive_message"]] == [True]


class Watching(Middleware):
    def __init__(self):
        self.threads = set()

    def after_receive(self, *_about):
        self.threads.add(threading.current_thread().name)

    def after_settle(self, _settled):
        self.threads.add(threading.current_thread().name)


def test_hooks_are_called_in_the_threads_of_crews(world, queue, drain):
    queue, client = beginning(queue)
    world.send(queue, {"n": 1})
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    watching = Watching()
    app.add_middleware(watching)
    assert drain(app).handled == 1
    assert {name.rpartition("-")[0] for name in watching.threads} == {"megaql-poll", "megaql-settle"}
    assert client.begun == {"receive_message": [], "delete_message_batch": []}


PLAN = Plan(timedelta(seconds=30), visibility=timedelta(seconds=30), wait=timedelta(seconds=7), poll_backoff=Backoff())


def test_what_a_receive_asks_for_is_the_same_whether_begun_or_not():
    asked = []

    def begins(limit, **settings):
        asked.append((limit, settings))
        return "begun"

    def receives(limit, *, begun, **settings):
        assert begun == "begun"
        asked.append((limit, settings))
        return []

    job = Receiving(4, receives, begins, PLAN)
    assert job.begin() == "begun"
    assert job() == Received(4, [])
    assert asked[0] == asked[1] == (4, {"wait": timedelta(seconds=7), "visibility": timedelta(seconds=30)})


def test_a_receive_that_was_begun_and_fails_after_all():
    def receives(*_limit, **_settings):
        raise fault

    fault = InjectedError("InternalError")
    job = Receiving(4, receives, lambda *_limit, **_settings: "begun", PLAN)
    assert job.begin()
    assert job() == PollFailed(4, fault)
