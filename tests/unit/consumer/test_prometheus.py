"""The metrics of a run, as Prometheus reads them."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from megaql.codec.payloads import MegaEvent
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.outcomes import Outcome, Reject
from megaql.consumer.prometheus import PrometheusMetrics
from megaql.consumer.report import Tally, UnknownCause
from megaql.consumer.unmatched import MOST_CAUSES
from megaql.errors import ConsumerError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return PrometheusMetrics(registry=registry)


@pytest.fixture
def samples(registry):
    """Return the samples of a metric of the queue `orders`, by their other labels in the order of the alphabet, without the ones at 0."""

    def read(name):
        found = {}
        for family in text_string_to_metric_families(generate_latest(registry).decode()):
            for sample in family.samples:
                if sample.name == name and sample.value:
                    assert sample.labels.pop("queue") == "orders"
                    found[tuple(sample.labels.values())] = sample.value
        return found

    return read


def behave(event):
    match event.attributes["n"]:
        case 2:
            return Outcome.RETRY_LATER
        case 3:
            raise OSError("4111-1111")
        case 4:
            raise Reject("never")
    return None


@pytest.fixture
def run(world, queue, metrics, drain):
    """A run over one message of every fate."""
    world.send(queue, *(MegaEvent("item.added", attributes={"n": number}) for number in range(1, 5)))
    world.send(queue, MegaEvent("other", attributes={"n": 1}), MegaEvent("other", attributes={"n": "4111-1111"}))
    app = App(queue, backoff=Backoff(random=lambda: 1.0), middleware=[metrics])
    app.subscribe('event.name == "item.added"', subscription="reserve")(behave)
    app.subscribe('event.n > 3 and event.name == "other"', subscription="other")(lambda _event: None)
    return drain(app, limit=6)


def test_what_became_of_messages_agrees_with_the_report(run, samples):
    expected = {(tally.value,): getattr(run, tally.value) for tally in Tally if getattr(run, tally.value)}
    assert samples("megaql_messages_total") == expected
    assert samples("megaql_received_total") == {(): run.received} == {(): 6}
    assert samples("megaql_in_hand") == samples("megaql_handlers_running") == {}


@pytest.mark.usefixtures("run")
def test_handlers_are_counted_by_what_they_said(samples):
    assert samples("megaql_handled_total") == {
        ("", "done", "reserve"): 1,
        ("", "retry_later", "reserve"): 1,
        ("OSError", "retry_later", "reserve"): 1,
        ("", "fatal_error", "reserve"): 1,
    }
    assert samples("megaql_handler_seconds_count") == {("reserve",): 4}
    assert samples("megaql_message_age_seconds_count") == {(): 6}


@pytest.mark.usefixtures("run")
def test_unknown_is_counted_by_clause_and_reason(samples):
    assert samples("megaql_unknown_total") == {("event.n > 3", "event.n is a string, not a number", "other"): 1}


@pytest.mark.usefixtures("run")
def test_no_label_says_what_is_in_a_message(registry):
    assert "4111-1111" not in generate_latest(registry).decode()


def test_counters_begin_at_0_with_the_run(queue, metrics, registry, drain):
    drain(App(queue, middleware=[metrics]), no_subscriptions=True)
    text = generate_latest(registry).decode()
    assert 'megaql_messages_total{outcome="handled",queue="orders"} 0.0' in text
    assert 'megaql_received_total{queue="orders"} 0.0' in text


@pytest.mark.usefixtures("no_pauses")
def test_what_fails_at_the_queue_is_counted(*, world, queue, flaky, drain, metrics, samples):
    world.send(queue, {"a": 1})
    broken = flaky(queue, receive_message=["InternalError"], delete_message_batch=["AccessDenied"])
    app = App(broken, middleware=[metrics])
    app.subscribe("a == 1")(lambda _data: None)
    assert drain(app, limit=1).undone == 1
    assert samples("megaql_receive_errors_total") == {("Throttled",): 1}
    assert samples("megaql_undone_total") == {(): 1}


def test_what_a_query_can_fail_at_is_bounded(metrics):
    causes = [UnknownCause("deep", "a > 1", f"a is between 1 and {number}") for number in range(MOST_CAUSES + 9)]
    assert {metrics._bounded(cause) for cause in causes} == {*causes[:MOST_CAUSES], ("others", "", "")}
    assert metrics._bounded(causes[0]) == causes[0]


def test_one_registry_may_be_shared(registry, metrics):
    assert PrometheusMetrics(registry=registry)._metrics is metrics._metrics
    assert PrometheusMetrics()._metrics is PrometheusMetrics()._metrics


def served(text):
    """Return what is served at the last address that a log names."""
    address = re.findall(r"metrics are at (http://127\.0\.0\.1:\d+/metrics)", text)[-1]
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


def test_metrics_are_served_while_the_run_lasts(world, queue, drain, registry, caplog):
    app = App(queue, middleware=[PrometheusMetrics(port=0, registry=registry)])
    pages = []
    app.subscribe("a == 1", subscription="one")(lambda _data: pages.append(served(caplog.text)))
    for _ in range(2):  # and again in the next run
        world.send(queue, {"a": 1})
        drain(app)
    assert len(pages) == 2
    assert 'megaql_handlers_running{queue="orders"} 1.0' in pages[0]
    assert 'megaql_handled_total{error="",outcome="done",queue="orders",subscription="one"} 1.0' in pages[1]
    with pytest.raises(OSError, match="refused"):
        served(caplog.text)


def test_a_port_that_is_taken_refuses_the_run_before_a_message_is_received(world, queue, drain, registry):
    world.send(queue, {"a": 1})
    app = App(queue, middleware=[PrometheusMetrics(port=0, registry=registry)])
    refused = []

    @app.subscribe("a == 1")
    def other(_data):
        port = app.middleware[0]._stop.__closure__[0].cell_contents.server_port
        taken = App(queue, middleware=[PrometheusMetrics(port=port)])
        with pytest.raises(ConsumerError) as caught:
            drain(taken, no_subscriptions=True)
        refused.append((str(caught.value), port))

    assert drain(app).handled == 1
    [(text, port)] = refused
    assert text == (
        f"metrics cannot be served at port {port}\n"
        "  where: PrometheusMetrics(port=…, address='127.0.0.1')\n"
        "  why: Address already in use\n"
        "  next: give a free port, or as many as there are processes: port=range(9464, 9468); port=0 takes any"
    )


@pytest.mark.parametrize(
    ("ports", "named", "enough"), [(9464, "9464", "9464, 9468"), (range(9100, 9103), "9100 to 9102", "9100, 9104")]
)
def test_more_processes_than_ports_are_refused_before_one_is_started(
    *, queue, registry, monkeypatch, ports, named, enough
):
    monkeypatch.setattr("subprocess.Popen", pytest.fail)
    app = App(queue, middleware=[PrometheusMetrics(port=ports, registry=registry)])
    app.subscribe("a == 1")(lambda _data: None)
    with pytest.raises(ConsumerError) as caught:
        app.run(processes=4)
    assert str(caught.value) == (
        f"4 processes cannot all serve their metrics at port {named}\n"
        "  where: PrometheusMetrics(port=…, address='127.0.0.1')\n"
        "  why: each process is a program of its own with numbers of its own, and a port belongs to one of them\n"
        f"  next: give each a port: port=range({enough}); or set PROMETHEUS_MULTIPROC_DIR to an empty directory, and one port serves "
        "the numbers of all of them"
    )


@pytest.mark.parametrize("ports", [None, 0, range(9100, 9104), [0, 9100]])
def test_as_many_ports_as_processes_will_do(registry, ports):
    PrometheusMetrics(port=ports, registry=registry).before_processes(4)


def test_one_port_will_do_where_the_numbers_are_shared(registry, monkeypatch, tmp_path):
    metrics = PrometheusMetrics(port=9464, registry=registry)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    metrics.before_processes(4)
    for pid in (17, 18):
        (tmp_path / f"gauge_livesum_{pid}.db").touch()
        (tmp_path / f"counter_{pid}.db").touch()
    metrics.after_process(17)
    assert {path.name for path in tmp_path.iterdir()} == {"gauge_livesum_18.db", "counter_17.db", "counter_18.db"}


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConsumerError) as caught:
        PrometheusMetrics()
    assert caught.value.what == "Prometheus metrics need the package prometheus-client"
    assert caught.value.hint == "pip install 'megaql[prometheus]'"
    assert caught.value.why.startswith("it is an extra of MegaQL")


PROGRAM = """
import logging, sys
from pathlib import Path
import megaql
from megaql.consumer.prometheus import PrometheusMetrics

logging.basicConfig(level="INFO", format="%(message)s")
port = int(sys.argv[1])
app = megaql.App(middleware=[PrometheusMetrics(port=[port, port + 1])])

@app.subscribe("a == 1", subscription="one")
def one(_data):
    print("handling", flush=True)
    sys.stdin.readline()

app.run(sys.argv[2], limit=1)
"""


@pytest.mark.parametrize("together", [True, False])
def test_several_processes(tmp_path, together):
    """With the directory of prometheus-client whichever process has the port serves all of them, else each takes a port of its own."""
    import megaql

    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    if together:
        environ["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path)
    port = _two_free_ports()
    megaql.Publisher("local:orders").publish_batch([{"a": 1}, {"a": 1}])
    processes = []
    try:
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, program, str(port), "local:orders"],
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.append(process)
            assert process.stdout.readline() == "handling\n"
        counts = []
        for number in (port, port + 1):
            page = served(f"metrics are at http://127.0.0.1:{number}/metrics")
            counts.append(float(re.search(r'^megaql_received_total\{queue="orders"\} (.*)$', page, re.MULTILINE)[1]))
            assert re.search(r'^megaql_handlers_running\{queue="orders"\} ' + str(counts[-1]), page, re.MULTILINE)
        assert counts == ([2, 2] if together else [1, 1])
    finally:
        for process in processes:
            _, err = process.communicate("\n", timeout=60)
            assert process.returncode == 0, err


def _two_free_ports():
    import socket

    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            try:
                two.bind(("127.0.0.1", one.getsockname()[1] + 1))
            except (OSError, OverflowError):
                continue
            return one.getsockname()[1]
