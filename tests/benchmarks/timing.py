"""Clocks for functions and for whole processes.

A maintainer keeps one rule: what is to be compared is measured in turns, round after round, so that a busy moment of the machine meets
all of them; a time by itself says little, a ratio within one run says much.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
import timeit
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What the command was asked for. `quick` runs everything once or so, to see that it runs: its figures mean nothing."""

    quick: bool = False


class Time(float):
    """The median of what was measured, in the unit of the function that returns it; `best` is the least."""

    best: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Time:
        """Return the median of the samples."""
        result = cls(statistics.median(samples))
        result.best = min(samples)
        return result


def time_ns(
    functions: Mapping[str, Callable[..., object]],
    *arguments: object,
    own: Mapping[str, Sequence[object]] | None = None,
    quick: bool = False,
    rounds: int = 31,
    round_ms: float = 1,
) -> dict[str, Time]:
    """Return the nanoseconds of one call of each function with these arguments, or with those in `own` under its name.

    Each function is called in a loop that takes about `round_ms`, and the loops take turns for so many rounds. The call is written out in
    the loop, so no lambda is needed (and measured) between. The garbage collector is off meanwhile; what was called first is warm.
    """
    given = own or {}
    timers = {name: _timer(function, given.get(name, arguments)) for name, function in functions.items()}
    if quick:
        return {name: Time.of([timer.timeit(1) * 1e9]) for name, timer in timers.items()}
    loops = {name: _loops(timer, round_ms / 1000) for name, timer in timers.items()}
    samples: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        for name, timer in timers.items():
            samples[name].append(timer.timeit(loops[name]) / loops[name] * 1e9)
    return {name: Time.of(times) for name, times in samples.items()}


def _timer(function: Callable[..., object], arguments: Sequence[object]) -> timeit.Timer:
    names = {f"argument{index}": argument for index, argument in enumerate(arguments)}
    return timeit.Timer(f"function({', '.join(names)})", globals={"function": function, **names})


def _loops(timer: timeit.Timer, seconds: float) -> int:
    """Return how often a function is called in about so many seconds; at least once."""
    loops = 1
    while (taken := timer.timeit(loops)) < seconds / 4:
        loops *= 2 if taken > seconds / 100 else 10
    return max(1, round(loops * seconds / taken))


@dataclass(frozen=True)
class Process:
    """What a command took: seconds of the clock, seconds of processor time (its children's too), the most memory in MiB.

    `peak_mib` is never less than what the process that measured held when it started the command. `output` is the last run's.
    """

    wall: Time
    cpu: Time
    peak_mib: float
    output: bytes


def time_processes(
    commands: Mapping[str, Sequence[str]],
    *,
    quick: bool = False,
    rounds: int = 11,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> dict[str, Process]:
    """Run the commands in turns for so many rounds, after one that fills the caches; raises `CalledProcessError` if one fails."""
    samples: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    outputs: dict[str, bytes] = {}
    for number in range(1 if quick else rounds + 1):
        for name, command in commands.items():
            taken, outputs[name] = _run(command, env, cwd)
            if number or quick:
                samples[name].append(taken)
    results = {}
    for name, taken in samples.items():
        walls, cpus, peaks = zip(*taken, strict=True)
        results[name] = Process(Time.of(walls), Time.of(cpus), max(peaks), outputs[name])
    return results


def _run(
    command: Sequence[str], env: Mapping[str, str] | None, cwd: str | Path | None
) -> tuple[tuple[float, float, float], bytes]:
    """Return seconds of the clock, of the processor, and MiB, then what the command wrote."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=env, cwd=cwd, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        written = output.read()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, written)
        return (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), written
