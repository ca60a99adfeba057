"""The consumers that are compared, each a program of its own that is started as its own pages say.

A maintainer keeps one rule: every consumer gets the settings that its pages recommend for many short messages, and a body as it writes them itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_HERE: Final = "tests.benchmarks.consuming"


@dataclass(frozen=True)
class Consumer:
    """One way to consume. `needs` are the distributions it takes; `sample` is the module that can send one of its own messages, `""` for a MEGA event.

    `arguments` follow Python's path.
    """

    title: str
    concurrency: int
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    sample: str = ""
    environment: dict[str, str] = field(default_factory=dict, hash=False)


def _megaql(title: str, environment: dict[str, str]) -> list[Consumer]:
    module = f"{_HERE}.megaql_app"
    return [Consumer(title, n, ("-m", module, str(n)), ("boto3", "msgspec"), environment=environment) for n in (1, 8)]


OURS: Final = _megaql("megaql", {"MEGAQL_LEAN": "1"})

#: What ours is to be measured by, first; then ours over boto3's own path and the frameworks.
BASE: Final = "boto3 loop"

ALL: Final = [
    *(Consumer(BASE, n, ("-m", f"{_HERE}.boto3_loop", str(n)), ("boto3",)) for n in (1, 8)),
    *OURS,
    *_megaql("megaql, boto3's path", {"MEGAQL_LEAN": "0"}),
    *(
        Consumer(f"fanferro, {how}", n, ("-m", f"{_HERE}.fanferro_app", how, str(n)), ("fanferro",))
        for how in ("plain", "matched")
        for n in (1, 8)
    ),
    *(
        Consumer(
            f"dramatiq, {n} thread{'s' * (n > 1)}",
            n,
            ("-m", "dramatiq", f"{_HERE}.dramatiq_app", "--processes", "1", "--threads", str(n)),
            ("dramatiq", "dramatiq-sqs"),
            f"{_HERE}.dramatiq_app",
            # Its default, twice the threads, is less than one receive can bring.
            {"dramatiq_queue_prefetch": "10" if n == 1 else "16"},
        )
        for n in (1, 8)
    ),
    *(
        Consumer(
            f"celery, {pool}",
            n,
            ("-m", "celery", "-A", f"{_HERE}.celery_app", "worker", "-P", pool, "-c", str(n), "--without-gossip"),
            ("celery", "kombu", "pycurl"),
            f"{_HERE}.celery_app",
        )
        for pool, n in (("solo", 1), ("threads", 8))
    ),
    Consumer(
        "PyQS",
        1,
        ("-c", "import sys; from pyqs.main import main; sys.argv = ['pyqs', '{queue}', '-c', '1']; main()"),
        ("pyqs",),
        f"{_HERE}.pyqs_tasks",
    ),
]
