"""The consumer beside others: a loop over boto3, fanferro, dramatiq, Celery and PyQS, with a handler that does nothing.

All run on one server, in turns. The server is what limits how many messages a second there are; what a consumer itself costs is its processor
time: user and system, of all its processes, without its start. The consumers run in the Python that `MEGAQL_BENCH_PYTHON` names, by default in this one;
fanferro needs 3.12.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.benchmarks.consuming import consumers, processes, stage
from tests.benchmarks.tables import Table
from tests.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.consuming.consumers import Consumer
    from tests.benchmarks.consuming.stage import Stage
    from tests.benchmarks.tables import Cell
    from tests.benchmarks.timing import Options

PYTHON: Final = os.environ.get("MEGAQL_BENCH_PYTHON", sys.executable)
SERVER: Final = "roto"
#: The round trip of the proxy, in milliseconds.
ROUND_TRIP: Final = 5
#: Those which are measured in each round; the others in the first one.
CORE: Final = {consumers.BASE, consumers.OURS[0].title, "fanferro, plain", "fanferro, matched"}
#: Messages of one measurement.
MESSAGES: Final = 5_000
#: Rounds on the server, and for the tables that are beside the question.
ROUNDS: Final = 5
FEWER_ROUNDS: Final = 3
#: Messages for the frameworks, which take minutes for more.
FEW: Final = 500
#: Messages that are sent one at a time.
SINGLE: Final = 150

Figures = dict["Consumer", list[tuple[float, float]]]


def tables(options: Options) -> Iterator[Table]:
    """Yield a table for a server, for the embedded broker, for the server behind a network, and of latencies."""
    messages, rounds, fewer, single = (50, 1, 1, 5) if options.quick else (MESSAGES, ROUNDS, FEWER_ROUNDS, SINGLE)
    versions = _versions()
    there = [one for one in consumers.ALL if all(versions.get(name) for name in one.needs)]
    fast = [one for one in there if not one.sample]
    chosen = [one for one in fast if one.concurrency == 1 and not one.title.startswith("fanferro")]
    note = _note(versions)
    with _on(SERVER) as place:
        figures = _measured(place, chosen if options.quick else there, messages, rounds)
        yield _compared(f"Consumers on {SERVER}", figures, note)
    local = [one for one in fast if one.title in {consumers.BASE, consumers.OURS[0].title}]
    with _on_broker() as place:
        title = "Consumers on the embedded broker"
        yield _compared(title, _measured(place, local, messages, fewer), "The loop calls the broker's own client.")
    with _on(SERVER, behind=ROUND_TRIP) as place:
        figures = _measured(place, [one for one in fast if one.title in CORE], messages, fewer)
        yield _compared(f"Consumers on {SERVER}, {ROUND_TRIP} ms of round trip away", figures, "")
    alone = [one for one in fast if one.concurrency == 1 and one.title in CORE - {"fanferro, matched"}]
    yield _latencies(chosen if options.quick else alone, single)


def _measured(place: Stage, chosen: Sequence[Consumer], messages: int, rounds: int) -> Figures:
    figures: Figures = {}
    for number in range(rounds):
        for consumer in chosen:
            if number and consumer.title not in CORE:
                continue
            count = min(messages, FEW) if consumer.sample else messages
            cpu, seconds = place.measured(consumer, count)
            figures.setdefault(consumer, []).append((cpu * 1_000 / count, count / seconds))
    return figures


def _compared(title: str, figures: Figures, note: str) -> Table:
    table = Table(
        title, ["consumer", "threads", "CPU s per 1,000", f"ratio to the {consumers.BASE}", "messages/s"], note=note
    )
    for consumer, measured in figures.items():
        base = next(
            figures[one] for one in figures if one.title == consumers.BASE and one.concurrency == consumer.concurrency
        )
        cpu, rate = (statistics.median(each) for each in zip(*measured, strict=True))
        # What is too little for the system's clock is a tick of it, at least.
        ratio = statistics.median(ours[0] / max(theirs[0], 1e-3) for ours, theirs in zip(measured, base, strict=False))
        table.rows.append([consumer.title, consumer.concurrency, cpu, ratio, rate])
    return table


def _latencies(chosen: Sequence[Consumer], single: int) -> Table:
    table = Table(
        "From a send to its handler at an idle consumer, ms",
        ["consumer", "threads", "on", "median", "99 of 100", "worst", "own median", "own 99 of 100", "own worst"],
        note=f"{single} messages, each sent when the consumer has been idle for a moment; the time counts from before the send. Of the server, "
        f"consumers are {ROUND_TRIP} ms of round trip away, the sender is not. What is a consumer's own counts from the moment at which the answer with "
        "the message is handed to its connection: what comes before is the server's, which wakes those that wait, and the network's. On the embedded "
        "broker, which is ours, it counts from the end of the send.",
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        _on(SERVER, behind=ROUND_TRIP, notes=Path(folder, "answers")) as place,
    ):
        table.rows += [_latency(place, consumer, SERVER, single) for consumer in chosen]
    with _on_broker() as place:
        ours = [one for one in chosen if one in consumers.OURS]
        table.rows += [_latency(place, consumer, "embedded broker", single) for consumer in ours]
    return table


def _latency(place: Stage, consumer: Consumer, title: str, single: int) -> list[Cell]:
    delays, own = place.delays(consumer, single)
    return [consumer.title, consumer.concurrency, title, *_spread(delays), *_spread(own)]


def _spread(seconds: list[float]) -> list[float]:
    ordered = sorted(1_000 * each for each in seconds)
    return [statistics.median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1]]


@contextmanager
def _on(server: str, *, behind: float = 0, notes: Path | None = None) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder, running(server, Path(folder)) as url:
        if not behind:
            yield stage.on_server(url, PYTHON)
            return
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "tests.benchmarks.consuming.latency", port, str(behind / 2_000)]
        command += [str(notes)] if notes else []
        with subprocess.Popen(command, cwd=processes.ROOT, stdout=subprocess.PIPE, text=True) as proxy:
            try:
                shown = f"http://127.0.0.1:{int(proxy.stdout.readline()) if proxy.stdout else 0}"
                yield stage.on_server(url, PYTHON, by_way_of=shown, answers=notes)
            finally:
                proxy.terminate()


@contextmanager
def _on_broker() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as home:
        yield stage.on_broker(home, PYTHON)


def _versions() -> dict[str, str]:
    """Return the versions of the consumers that are installed in the Python that runs them."""
    names = sorted({name for one in consumers.ALL for name in one.needs})
    program = (
        "import importlib.metadata as m, json, platform, sys\n"
        "found = {d.metadata['Name'].lower().replace('_', '-'): d.version for d in m.distributions()}\n"
        "print(json.dumps({'python': platform.python_version(), **{n: found.get(n) for n in sys.argv[1:]}}))"
    )
    answer = subprocess.run([PYTHON, "-c", program, *names], stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return {name: version for name, version in found.items() if version}


def _note(versions: dict[str, str]) -> str:
    shown = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "python")
    return (
        f"CPython {versions['python']}; {shown}. {MESSAGES:,} messages; the loop, megaql and fanferro in turns, {ROUNDS} rounds, the others once. The "
        f"frameworks, which are slower, got {FEW}. Figures are medians; ratios are within a round, to the loop with as many threads. fanferro: `plain` "
        "gives its handler bytes, `matched` decodes and matches each body, as megaql does."
    )
