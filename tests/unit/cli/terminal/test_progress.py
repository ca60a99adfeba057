"""The progress line: only on work that takes a while, never wider than the terminal, gone at the end."""

import io

import pytest

from megaql.cli.environment import Environment
from megaql.cli.terminal.progress import Progress, how_far


@pytest.fixture
def world():
    return Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), width=40)


def test_short_work_shows_nothing(world):
    now = [10.0]
    progress = Progress(world, clock=lambda: now[0])
    for _ in range(9):
        now[0] += 0.1
        progress.show(lambda: "x")
    progress.clear()
    assert world.stderr.getvalue() == ""


def test_long_work_shows_a_line_ten_times_a_second_and_takes_it_away(world):
    now = [10.0]
    asked = []
    progress = Progress(world, clock=lambda: now[0])
    for _ in range(100):
        now[0] += 0.02
        progress.show(lambda: asked.append(1) or "seen 5")
    assert 9 <= len(asked) <= 11
    progress.clear()
    assert world.stderr.getvalue().startswith("\r\x1b[Kseen 5")
    assert world.stderr.getvalue().endswith("\r\x1b[K")


def test_a_line_is_cut_before_it_would_wrap(world):
    now = [10.0]
    progress = Progress(world, clock=lambda: now[0])
    now[0] += 5
    progress.show(lambda: "x" * 100)
    assert len(world.stderr.getvalue().removeprefix("\r\x1b[K")) == 39


@pytest.mark.parametrize(
    ("done", "total", "seconds", "width", "line"),
    [
        (5, None, 2.0, 80, "moved 5 …"),
        (5, 0, 2.0, 80, "moved 5 …"),
        (12, 10, 2.0, 80, "moved 12 …"),
        (50, 200, 5.0, 80, "moved 50  of about 200  █████░░░░░░░░░░░░░░░ 25%  10/s  about 15 s left"),
        (50, 200, 5.0, 60, "moved 50  of about 200  █████░░░░░░░░░░░░░░░ 25%  10/s"),
        (50, 200, 5.0, 30, "moved 50  of about 200  10/s"),
        (199, 200, 5.0, 80, "moved 199  of about 200  ███████████████████░ 99%  40/s  about 1 s left"),
        (1, 1000, 5.0, 80, "moved 1  of about 1,000  ░░░░░░░░░░░░░░░░░░░░ 0%"),
        (1_000, 50_000, 5.0, 90, "moved 1,000  of about 50,000  ░░░░░░░░░░░░░░░░░░░░ 2%  200/s  about 4 min left"),
    ],
)
def test_what_it_says(done, total, seconds, width, line):
    assert how_far(f"moved {done:,}", done, total, seconds, width) == line


def test_a_total_that_is_known_is_no_guess():
    assert how_far("sent 50", 50, 200, 5.0, 30, exact=True) == "sent 50  of 200  10/s"
