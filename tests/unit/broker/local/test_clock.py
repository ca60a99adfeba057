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
