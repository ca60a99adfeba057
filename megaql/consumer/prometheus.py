"""Counts and times of a consumer for Prometheus: `pip install 'megaql[prometheus]'`.

    app = megaql.App("local:orders", middleware=[PrometheusMetrics(port=9464)])

A maintainer keeps one rule: a label never says what is in a message. Labels are queues, subscriptions, outcomes, types of exceptions, and clauses with reasons,
of which there are as many as the program has, and no more than `MOST_CAUSES`.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from megaql.consumer.journal import LOGGER
from megaql.consumer.middleware import Middleware
from megaql.consumer.report import Tally
from megaql.consumer.unmatched import MOST_CAUSES, OTHER_CAUSES
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

    from megaql.broker.message import Message
    from megaql.consumer.middleware import Handling
    from megaql.consumer.report import RunReport, UnknownCause
    from megaql.consumer.settlement import Settled

#: Limits of the histogram of handlers. Seconds.
HANDLER_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)

#: Limits of the histogram of ages, to the longest that SQS keeps a message. Seconds.
AGE_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 14400, 86400, 345600, 1209600)

#: Where prometheus-client keeps the numbers of several processes, by its own convention.
MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"


class PrometheusMetrics(Middleware):
    """Keeps metrics in a registry, prometheus-client's own unless another is given, and serves them at `/metrics` while a run lasts, if there is a port.

    `port` may be a range, of which the first free one is taken: one for each of several processes. `address` is the interface to listen on: this machine
    alone unless said otherwise. Several applications of one process may share one of these, or one registry.

    Raises `ConsumerError` where prometheus-client is not installed, and at the start of a run where no port is free, or fewer than processes.
    """

    def __init__(
        self,
        *,
        port: int | Iterable[int] | None = None,
        address: str = "127.0.0.1",
        registry: CollectorRegistry | None = None,
    ) -> None:
        try:
            import prometheus_client  # noqa: PLC0415 - an extra, needed here only
        except ImportError as error:
            raise ConsumerError(
                "Prometheus metrics need the package prometheus-client",
                where="PrometheusMetrics()",
                why=f"it is an extra of MegaQL, and does not import: {error}",
                hint="pip install 'megaql[prometheus]'",
            ) from error
        self._registry = prometheus_client.REGISTRY if registry is None else registry
        self._metrics = _metrics(self._registry)
        self._ports = () if port is None else (port,) if isinstance(port, int) else tuple(port)
        self._address = address
        self._causes: set[UnknownCause] = set()
        self._in_hand: defaultdict[str, int] = defaultdict(int)
        self._running = 0
        self._stop: Callable[[], None] | None = None
        self._changing = threading.Lock()

    def before_processes(self, processes: int) -> None:
        """Refuse more processes than there are ports, of which those without one would die at their start, again and again."""
        if not self._ports or 0 in self._ports or len(set(self._ports)) >= processes or os.environ.get(MULTIPROCESS):
            return
        first = self._ports[0]
        raise ConsumerError(
            f"{processes} processes cannot all serve their metrics at port {self._named_ports()}",
            where=f"PrometheusMetrics(port=…, address={self._address!r})",
            why="each process is a program of its own with numbers of its own, and a port belongs to one of them",
            hint=f"give each a port: port=range({first}, {first + processes}); or set {MULTIPROCESS} to an empty directory, "
            "and one port serves the numbers of all of them",
        )

    def after_process(self, pid: int) -> None:
        """Take what a process held and ran out of the numbers that all of them share: it is in nobody's hand any more."""
        if os.environ.get(MULTIPROCESS):
            from prometheus_client import multiprocess  # noqa: PLC0415 - as above

            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call] # prometheus-client's own

    def before_run(self, queue: str) -> None:
        """Serve the metrics, if there is a port; counters begin at 0 now, and not with the first message."""
        with self._changing:
            if self._ports and not self._running:
                self._stop = self._serve()
            self._running += 1
        self._metrics.prepare(queue)

    def after_run(self, queue: str, report: RunReport | None) -> None:  # noqa: ARG002 - the hook's own parameters
        """Serve no more; what was left behind by a run that was ended at once is in nobody's hand."""
        with self._changing:
            self._hold(queue, -self._in_hand[queue])
            self._running -= 1
            if not self._running and self._stop is not None:
                self._stop()
                self._stop = None

    def after_receive(self, queue: str, messages: Sequence[Message], error: BaseException | None) -> None:
        """Count messages, and receives that failed."""
        if messages:
            self._metrics.received.labels(queue).inc(len(messages))
            with self._changing:
                self._hold(queue, len(messages))
        if error is not None:
            self._metrics.receive_errors.labels(queue, type(error).__name__).inc()

    def before_match(self, message: Message) -> None:
        """Observe how long the message has waited; clocks that differ make it no younger than nothing."""
        sent = message.sent_at
        if sent is not None:
            self._metrics.age.labels(message.queue).observe(max(0.0, time.time() - sent.timestamp()))

    def before_handle(self, handling: Handling) -> None:
        """Count a handler that runs."""
        self._metrics.running.labels(handling.message.queue).inc()

    def after_handle(self, handling: Handling) -> None:
        """Count what a handler said, and observe how long it took."""
        queue, name = handling.message.queue, handling.subscription
        said = handling.outcome.name.lower() if handling.outcome is not None else "not_called"
        error = type(handling.error).__name__ if handling.error is not None else ""
        self._metrics.running.labels(queue).dec()
        self._metrics.handled.labels(queue, name, said, error).inc()
        self._metrics.seconds.labels(queue, name).observe(handling.seconds)

    def after_settle(self, settled: Settled) -> None:
        """Count what became of a message, and why queries could not decide."""
        queue = settled.message.queue
        with self._changing:
            self._hold(queue, -1)
        self._metrics.messages.labels(queue, settled.tally.value).inc()
        if settled.failed:
            self._metrics.undone.labels(queue).inc()
        if settled.settlement.unmatched:
            for cause in settled.settlement.unmatched.causes:
                self._metrics.unknown.labels(queue, *self._bounded(cause)).inc()

    def _hold(self, queue: str, more: int) -> None:
        # What a run has left behind may be settled after its end.
        self._in_hand[queue] = held = max(0, self._in_hand[queue] + more)
        self._metrics.in_hand.labels(queue).set(held)

    def _bounded(self, cause: UnknownCause) -> UnknownCause:
        """Return a cause, or one for all the others once there are too many."""
        with self._changing:
            if cause not in self._causes and len(self._causes) >= MOST_CAUSES:
                return OTHER_CAUSES
            self._causes.add(cause)
        return cause

    def _serve(self) -> Callable[[], None] | None:
        """Serve the metrics at the first free port; returns what ends it. `None` where another process serves them for this one."""
        from prometheus_client import CollectorRegistry, multiprocess, start_http_server  # noqa: PLC0415 - as above

        registry, together = self._registry, bool(os.environ.get(MULTIPROCESS))
        if together:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # prometheus-client's own
        for port in self._ports:
            try:
                server, thread = start_http_server(port, self._address, registry)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and (together or port != self._ports[-1]):
                    continue
                raise self._no_port(error) from error
            LOGGER.info("metrics are at http://%s:%d/metrics", self._address, server.server_port)
            return lambda: _end(server, thread)
        LOGGER.info("metrics of this process are served by another one, from %s", os.environ[MULTIPROCESS])
        return None

    def _named_ports(self) -> str:
        return str(self._ports[0]) if len(self._ports) == 1 else f"{self._ports[0]} to {self._ports[-1]}"

    def _no_port(self, error: OSError) -> ConsumerError:
        return ConsumerError(
            f"metrics cannot be served at port {self._named_ports()}",
            where=f"PrometheusMetrics(port=…, address={self._address!r})",
            why=error.strerror or str(error),
            hint="give a free port, or as many as there are processes: port=range(9464, 9468); port=0 takes any",
        )


def _end(server: WSGIServer, thread: threading.Thread) -> None:
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True, slots=True)
class _Metrics:
    """The metrics of one registry; each has the label `queue` first."""

    received: Counter
    receive_errors: Counter
    messages: Counter
    undone: Counter
    unknown: Counter
    handled: Counter
    seconds: Histogram
    age: Histogram
    in_hand: Gauge
    running: Gauge

    def prepare(self, queue: str) -> None:
        """Let the counters of a queue begin at 0: a rate over one that appears with its first message misses that message."""
        for metric in (self.received, self.undone, self.in_hand, self.running):
            metric.labels(queue)
        for tally in Tally:
            self.messages.labels(queue, tally.value)


_MADE: Final[WeakKeyDictionary[CollectorRegistry, _Metrics]] = WeakKeyDictionary()
_MAKING: Final = threading.Lock()


def _metrics(registry: CollectorRegistry) -> _Metrics:
    """Return the metrics of a registry, which takes each name once."""
    with _MAKING:
        if registry not in _MADE:
            _MADE[registry] = _made(registry)
        return _MADE[registry]


def _made(registry: CollectorRegistry) -> _Metrics:
    from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415 - as above

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"megaql_{name}", text, ("queue", *labels), registry=registry)

    def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"megaql_{name}", text, ("queue", *labels), buckets=buckets, registry=registry)

    def gauge(name: str, text: str) -> Gauge:
        return Gauge(f"megaql_{name}", text, ("queue",), registry=registry, multiprocess_mode="livesum")

    return _Metrics(
        received=counter("received", "Messages that the queue handed over; one that comes again counts again."),
        receive_errors=counter("receive_errors", "Receives that failed.", "error"),
        messages=counter(
            "messages", "Receives of messages by what became of them; one that comes again counts again.", "outcome"
        ),
        undone=counter("undone", "Deletes and returns that the queue did not do."),
        unknown=counter(
            "unknown",
            "Queries that could not decide on a message that nobody took.",
            "subscription",
            "clause",
            "reason",
        ),
        handled=counter("handled", "Calls of handlers by what they said.", "subscription", "outcome", "error"),
        seconds=histogram("handler_seconds", "How long handlers took.", HANDLER_SECONDS, "subscription"),
        age=histogram("message_age_seconds", "Time from sending a message until it is matched.", AGE_SECONDS),
        in_hand=gauge("in_hand", "Messages received and not settled."),
        running=gauge("handlers_running", "Handlers that run."),
    )
