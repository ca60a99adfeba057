"""Amounts as people say them."""

import pytest

from megaql.cli.terminal import amounts
from megaql.scan.survey.amounts import Amounts, Range


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (312, "312 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (262_144, "256 KiB"),
        (1_047_000, "1,022 KiB"),
        (1_048_576, "1 MiB"),
        (5 * 1024**3, "5 GiB"),
    ],
)
def test_sizes(number, words):
    assert amounts.size(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (1, "1 s"),
        (59.6, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (86_400 * 9 + 7200, "9 d 2 h"),
    ],
)
def test_times(seconds, words):
    assert amounts.span(seconds) == words


@pytest.mark.parametrize(
    ("one", "words"),
    [((0, 1, 5), "1"), ((3, 5, 1), "4 to 5"), ((2, 3, 1), "3"), ((100, None, 1), "over 100")],
)
def test_ranges_of_counts(one, words):
    assert amounts.count_label(Range(*one)) == words


@pytest.mark.parametrize(
    ("one", "words"),
    [((0, 256, 5), "up to 256 B"), ((256, 1024, 1), "256 B to 1 KiB"), ((1_048_576, None, 1), "over 1 MiB")],
)
def test_ranges_of_sizes(one, words):
    assert amounts.label(Range(*one), amounts.size) == words


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([5], "5"), ([5, 5], "all 5"), ([1] * 9 + [100], "half up to about 1, 95% up to about 100, most 100")],
)
def test_summaries(numbers, words):
    counted = Amounts((1,))
    for number in numbers:
        counted.add(number)
    assert amounts.summary(counted, amounts.count, "most") == words
