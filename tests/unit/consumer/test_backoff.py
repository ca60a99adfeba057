from datetime import timedelta

import pytest

from megaql.consumer.backoff import LONGEST_LEASE, Backoff, within_limit
from megaql.errors import ConsumerError

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (1_000_000, 60)])
def test_the_ceiling_doubles_up_to_the_cap(tries, seconds):
    backoff = Backoff(base=5 * SECOND, cap=60 * SECOND, random=lambda: 1.0)
    assert backoff.delay(tries) == timedelta(seconds=seconds)


@pytest.mark.parametrize("tries", [0, -1])
def test_fewer_than_one_try_counts_as_one(tries):
    assert Backoff(base=5 * SECOND, random=lambda: 1.0).delay(tries) == 5 * SECOND


def test_the_whole_range_is_random():
    drawn = iter([0.0, 0.25, 0.999])
    backoff = Backoff(base=8 * SECOND, cap=60 * SECOND, random=lambda: next(drawn))
    assert [backoff.delay(2).total_seconds() for _ in range(3)] == pytest.approx([0, 4, 15.984])


@pytest.mark.parametrize(("base", "cap"), [(-SECOND, SECOND), (2 * SECOND, SECOND), (SECOND, LONGEST_LEASE + SECOND)])
def test_times_that_do_not_fit_are_refused(base, cap):
    with pytest.raises(ConsumerError, match="0 ≤ base ≤ cap ≤ 12:00:00"):
        Backoff(base=base, cap=cap)


@pytest.mark.parametrize(
    ("delay", "held", "allowed"),
    [
        (timedelta(minutes=5), timedelta(0), timedelta(minutes=5)),
        (timedelta(days=3), timedelta(0), timedelta(hours=11, minutes=59)),
        (timedelta(hours=12), timedelta(hours=2), timedelta(hours=9, minutes=59)),
        (timedelta(minutes=5), timedelta(hours=12), timedelta(0)),
    ],
)
def test_no_delay_passes_twelve_hours_since_the_receive(delay, held, allowed):
    assert within_limit(delay, held) == allowed
