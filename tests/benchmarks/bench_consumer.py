"""The consumer beside others: a loop over boto3, fanferro, dramatiq, Celery and PyQS, with a handler that does nothing.

All run on one server, in turns. The server is what limits how many messages a second there are, and what a consumer itself costs is its processor
time: user and system, of all its processes, without its start. The consumers run in the Python that `MEGAQL_BENCH_PYTHON` names, by default in this one;
fanferro needs 3.12.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.benchmarks.consuming import consumers, stage
from tests.benchmarks.tables import Table
from tests.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.consuming.consumers import Consumer
    from tests.benchmarks.consuming.stage import Stage
    from tests.benchmarks.timing import Options

PYTHON: Final = os.environ.get("MEGAQL_BENCH_PYTHON", sys.executable)
SERVERS: Final = ("roto", "ministack")
#: The round trip of the proxy, in seconds.
ROUND_TRIP: Final = 0.005

Figures = dict["Consumer", list[tuple[float, float]]]


def tables(options: Options) -> Iterator[Table]:
    """Yield the tables: each server, the embedded broker, a server behind a network."""
    messages, rounds = (50, 1) if options.quick else (5_000, 3)
    versions = _versions()
    chosen = [one for one in consumers.ALL if all(versions[name] for name in one.needs)]
    if options.quick:
        chosen = [one for one in chosen if one in consumers.OURS or one.title == consumers.BASE]
    for server in SERVERS[:1] if options.quick else SERVERS:
        with _on(server) as place:
            yield _compared(f"Consumers on {server}", _measured(place, chosen, messages, rounds), messages, versions)
