"""A short soak on each broker; the long one is a program (`python -m tests.faults.soak`)."""

import pytest

from tests.faults.soak import soak


@pytest.mark.parametrize(("server", "seed"), [("local", 1), ("ministack", 2), ("roto", 3)])
def test_nothing_is_lost_early_or_out_of_order_whatever_fails(server, seed):
    figures, broken = soak(server, 3000, seed, lease=4)
    assert broken == [], figures
    assert figures["faults in calls, all"] > 20, figures
    assert figures["events, all"] > 0, figures
