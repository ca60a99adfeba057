"""Charts of characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.cli.terminal import charts
from megaql.source import width as cells


def text(pieces):
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ([], ""),
        ([0, 0], "  "),
        ([1, 0, 8], "▁ █"),
        ([1, 1000], "▁█"),
        ([5], "█"),
        ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"),
    ],
)
def test_sparklines(counts, line):
    assert charts.sparkline(counts) == line


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 40))
def test_bars_of_two_tones(one, other, more, full):
    matched, count, most = one, one + other, one + other + more
    bar = text(charts.two_tones(matched, count, most, full))
    assert cells(bar) == full
    seen = bar.count(charts.MATCHED) + bar.count(charts.BOTH)
    assert (seen > 0) == (matched > 0)
    assert (charts.OTHER in bar or charts.BOTH in bar) == (matched < count)
    assert (bar.strip() == "") == (count == 0)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=60), st.integers(1, 4))
def test_columns_show_whatever_is_there(pairs, thick):
    matched = [one for one, _ in pairs]
    counts = [one + other for one, other in pairs]
    for toned in (matched, None):
        lines = [text(line) for line in charts.columns(counts, toned, thick)]
        assert {cells(line) for line in lines} == {len(counts) * thick}
        assert len(lines) == charts.HEIGHT
        for place, count in enumerate(counts):
            column = "".join(line[place * thick] for line in lines)
            assert (column.strip() != "") == (count > 0)
            if toned is not None and count:
                assert (charts.MATCHED in column or charts.BOTH in column) == (matched[place] > 0)
                assert (charts.OTHER in column or charts.BOTH in column) == (matched[place] < count)
            # Nothing hangs in the air.
            assert " " not in column.lstrip(" ")
    assert charts.uses_both(counts, matched) == any(
        charts.BOTH in text(line) for line in charts.columns(counts, matched, 1)
    )
