"""`megaql alive`: what a probe asks."""

import os

import pytest


@pytest.fixture
def file(tmp_path):
    """A liveness file whose last progress was so many seconds before the moment that the command line's tests have for now."""

    def make(seconds, text='{"pid": 1, "after_seconds": 120}'):
        path = tmp_path / "alive"
        path.write_text(text)
        then = 1795521600 - seconds  # 2026-11-24 12:00 UTC
        os.utime(path, (then, then))
        return path

    return make


@pytest.mark.parametrize(
    ("seconds", "options", "said"),
    [
        (5, (), "alive: no progress for 5 s, and 120 s are allowed\n"),
        (121, (), "not alive: no progress for 121 s, and 120 s are allowed\n"),
        (121, ("--after", "5m"), "alive: no progress for 121 s, and 300 s are allowed\n"),
        (5, ("--after", "1s"), "not alive: no progress for 5 s, and 1 s are allowed\n"),
    ],
)
def test_the_answer(megaql, file, seconds, options, said):
    done = megaql("alive", file(seconds), *options)
    assert (done.status, done.out, done.err) == (1 if said.startswith("not") else 0, said, "")


def test_without_a_file_nobody_lives(megaql, tmp_path):
    done = megaql("alive", tmp_path / "none")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("error: there is no liveness file to read\n")


def test_what_is_no_liveness_file(megaql, file):
    done = megaql("alive", file(5, "precious"))
    assert (done.status, done.err.splitlines()[0]) == (1, "error: this is no liveness file of a consumer")
