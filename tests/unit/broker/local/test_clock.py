import pytest

from megaql.broker import local
from megaql.broker.local.clock import Uptime, machine_uptime
from tests.unit.broker.local.conftest import Bench

HOUR = 3600


def test_what_was_visible_stays_visible(broker):
    url = broker.queue()
    broker.send(url, "a")
    broker.clock.advance(-HOUR)
    assert broker.bodies(url) == ["a"]


def test_a_lease_keeps_what_was_left_of_it(broker):
    url = broker.queue(VisibilityTimeout="30")
    broker.send(url, "a")
    broker.receive(url)
    broker.clock.advance(10)
    broker.send(url, "b")
    broker.clock.advance(-HOUR)
    assert broker.bodies(url) == ["b"]
    broker.clock.advance(19)
    assert broker.bodies(url) == []
    broker.clock.advance(2)
    assert broker.bodies(url) == ["a"]


def test_a_fifo_queue_goes_on(broker):
    url = broker.queue("orders.fifo", VisibilityTimeout="30")
    broker.send(url, "a1", "a2", MessageGroupId="a")
    broker.receive(url)
    broker.clock.advance(-HOUR)
    broker.send(url, "a1", "b1", MessageGroupId="b")
    assert broker.bodies(url) == ["b1"]
    broker.clock.advance(31)
    assert broker.bodies(url) == ["a1", "a2", "b1"]


def test_a_small_step_back_changes_nothing(broker):
    url = broker.queue()
    broker.send(url, "a")
    broker.clock.advance(-1)
    assert broker.bodies(url) == []
    broker.clock.advance(1)
    assert broker.bodies(url) == ["a"]


def test_a_leap_ahead_ends_leases_and_harms_nothing(broker):
    url = broker.queue(VisibilityTimeout="30")
    broker.send(url, "a")
    broker.receive(url)
    broker.clock.advance(HOUR)
    assert broker.bodies(url) == ["a"]
    broker.clock.advance(-HOUR)
    broker.send(url, "b")
    assert broker.bodies(url) == ["b"]
    broker.clock.advance(31)
    assert sorted(broker.bodies(url)) == ["a", "b"]


class TwoClocks:
    """The machine's date, which may leap, and the time since it started, which does not."""

    def __init__(self):
        self.date, self.uptime, self.start = 1_700_000_000.0, 500.0, 1

    def __call__(self):
        return self.date

    def since_start(self):
        return Uptime(int(self.uptime * 1000), self.start)

    def advance(self, seconds):
        self.date += seconds
        self.uptime += seconds

    def leap(self, seconds):
        self.date += seconds


@pytest.fixture
def two(tmp_path):
    clocks = TwoClocks()
    bench = Bench(tmp_path / "two", clocks)
    bench.client = local.client(tmp_path / "two", clock=clocks, uptime=clocks.since_start)
    yield bench
    bench.client.close()


@pytest.mark.parametrize("leap", [-HOUR, HOUR, 30 * 24 * HOUR, -30 * 24 * HOUR])
def test_a_leap_either_way_leaves_leases_delays_and_ages_as_they_were(two, leap):
    url = two.queue(VisibilityTimeout="30")
    two.send(url, "leased")
    held = two.receive(url)[0]
    two.send(url, "delayed", DelaySeconds=60)
    two.send(url, "waiting")
    two.clock.advance(10)
    two.clock.leap(leap)
    assert two.bodies(url, VisibilityTimeout=600) == ["waiting"], (
        "neither lost to its retention nor held up, and no other came early"
    )
    two.clock.advance(19)
    assert two.bodies(url) == []
    two.change(url, held, 30)
    two.clock.advance(29)
    assert two.bodies(url, VisibilityTimeout=600) == []
    two.clock.advance(2)
    assert sorted(two.bodies(url)) == ["delayed", "leased"]


def test_a_leap_ahead_leaves_fifo_deduplication_and_groups_as_they_were(two):
    url = two.queue("orders.fifo", VisibilityTimeout="30")
    two.send(url, "a1", "a2", MessageGroupId="a")
    two.receive(url, limit=1)
    two.clock.leap(HOUR)
    assert two.bodies(url) == [], "its group is still held by the first"
    two.send(url, "a1", MessageGroupId="a")
    two.clock.advance(31)
    assert two.bodies(url) == ["a1", "a2"]


def test_time_in_which_nobody_used_the_broker_is_no_leap(two):
    url = two.queue(VisibilityTimeout="30", MessageRetentionPeriod="3600")
    two.send(url, "a")
    two.receive(url)
    two.clock.advance(HOUR / 2)
    assert two.bodies(url) == ["a"]
    two.clock.advance(2 * HOUR)
    assert two.bodies(url) == []


def test_after_a_start_of_the_machine_the_date_alone_counts(two):
    url = two.queue(VisibilityTimeout="30")
    two.send(url, "a")
    two.receive(url)
    two.clock.leap(HOUR)
    two.clock.uptime, two.clock.start = 900.0, 2
    assert two.bodies(url) == ["a"]


def test_a_waiting_receive_survives_a_leap(two):
    url = two.queue(VisibilityTimeout="30")
    two.send(url, "a")
    two.receive(url)
    two.clock.leap(HOUR)
    assert two.receive(url, WaitTimeSeconds=1) == []


def test_the_machines_own_uptime():
    first, second = machine_uptime(), machine_uptime()
    if first is None:
        pytest.skip("the platform has no such clock")
    assert 0 < first.milliseconds <= second.milliseconds
    assert first.start == second.start
