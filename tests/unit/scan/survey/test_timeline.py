"""Counts over time, in bins that grow."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.scan.survey.timeline import MAX_BINS, WIDTHS, Timeline, widths

DAY = 86_400_000
NOON = 20_781 * DAY + DAY // 2


def timeline(moments):
    made = Timeline()
    for moment in moments:
        made.add(moment)
    return made


def test_each_width_divides_the_next():
    shown = [width for width, _ in zip(widths(1), range(30), strict=False)]
    assert shown[: len(WIDTHS)] == list(WIDTHS)
    assert all(wide % narrow == 0 for narrow, wide in pairwise(shown))


@given(st.lists(st.integers(NOON - 400 * DAY, NOON + 400 * DAY), min_size=1), st.integers(12, 100))
def test_no_message_is_lost_and_none_is_counted_twice(moments, room):
    made = timeline(moments)
    frame = made.frame(room)
    row = frame.row(made.all, made.width)
    assert frame.columns == len(row) <= room
    assert sum(row) + frame.before + frame.after == len(moments)
    assert len(made.all) <= MAX_BINS
    end = frame.start + frame.columns * frame.width
    assert frame.before == sum(moment < frame.start for moment in moments)
    assert frame.after == sum(moment >= end for moment in moments)
    exact = Counter((moment - frame.start) // frame.width for moment in moments if frame.start <= moment < end)
    assert row == [exact[place] for place in range(frame.columns)]


def test_series_grow_together():
    made = Timeline()
    one, other = made.series(), made.series()
    for second in range(1_000):
        made.add(NOON + second * 1000, one, *([other] if second % 2 else []))
    frame = made.frame(100)
    assert frame.row(one, made.width) == frame.row(made.all, made.width)
    assert sum(frame.row(other, made.width)) == 500


def test_a_stray_message_does_not_flatten_the_rest():
    made = timeline([NOON - 9 * DAY, *(NOON + second * 1000 for second in range(600))])
    frame = made.frame(70)
    assert (frame.before, frame.after) == (1, 0)
    assert frame.width * frame.columns < DAY
    assert frame.columns >= 10


def test_few_messages_get_few_columns():
    frame = timeline(NOON + second * 1000 for second in range(9)).frame(200)
    assert (frame.columns, frame.width) == (9, 1000)


def test_one_moment_is_one_column():
    frame = timeline([NOON] * 50).frame(70)
    assert (frame.columns, frame.row(Counter({NOON: 50}), 1)) == (1, [50])


def test_nothing_has_no_frame():
    assert Timeline().frame(70) is None


@pytest.mark.parametrize("span", [1, 1000, 3_600_000, 400 * DAY, 90_000 * DAY])
def test_any_span_fills_its_room_reasonably(span):
    frame = timeline(NOON + span * place // 5000 for place in range(5000)).frame(70)
    assert 5 <= frame.columns <= 70 or span == 1


def test_times_before_1970_and_far_off_are_counted():
    made = timeline([-5 * DAY, 0, 253_000_000_000_000])
    frame = made.frame(70)
    assert sum(frame.row(made.all, made.width)) + frame.before + frame.after == 3
