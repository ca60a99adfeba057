import pytest

from megaql.broker import local
from megaql.broker.local import store, wakeup


@pytest.fixture
def nap(broker, monkeypatch):
    """Replace real time in waits: each pause passes at once, on the test's clock, and may do something."""
    actions = []
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        broker.clock.advance(seconds)
        for when, action in list(actions):
            if broker.clock.time >= when:
                actions.remove((when, action))
                action()

    monkeypatch.setattr(wakeup.time, "sleep", sleep)
    monkeypatch.setattr(wakeup.time, "monotonic", broker.clock)
    sleep.naps = naps
    sleep.after = lambda seconds, action: actions.append((broker.clock.time + seconds, action))
    return sleep


def test_a_wait_ends_at_its_time(broker, nap):
    url = broker.queue()
    start = broker.clock.time
    assert broker.bodies(url, WaitTimeSeconds=20) == []
    assert broker.clock.time - start == pytest.approx(20)
    assert nap.naps[0] == wakeup.FIRST_INTERVAL
    assert max(nap.naps) == wakeup.LONGEST_INTERVAL


def test_what_is_there_is_not_waited_for(broker, nap):
    url = broker.queue()
    broker.send(url, "a")
    assert broker.bodies(url, WaitTimeSeconds=20) == ["a"]
    assert nap.naps == []


def test_a_wait_ends_when_somebody_sends(broker, nap):
    url = broker.queue()
    other = local.client(broker.home, clock=broker.clock)
    start = broker.clock.time
    nap.after(3, lambda: other.send_message(QueueUrl=url, MessageBody="a"))
    assert broker.bodies(url, WaitTimeSeconds=20) == ["a"]
    assert broker.clock.time - start == pytest.approx(3, abs=wakeup.LONGEST_INTERVAL)
    other.close()


def test_a_wait_notices_what_was_sent_while_its_connection_was_closed(broker, nap):
    """A fork closes all connections, and the version of one that is opened anew says nothing of what came before."""
    url = broker.queue()
    other = local.client(broker.home, clock=broker.clock)

    def fork():
        other.send_message(QueueUrl=url, MessageBody="a")
        for link in list(store._LINKS):
            link.close()

    nap.after(3, fork)
    start = broker.clock.time
    assert broker.bodies(url, WaitTimeSeconds=20) == ["a"]
    assert broker.clock.time - start == pytest.approx(3, abs=wakeup.LONGEST_INTERVAL)
    other.close()


@pytest.mark.usefixtures("nap")
@pytest.mark.parametrize("name", ["standard", "ordered.fifo"])
def test_a_wait_ends_when_a_message_becomes_visible(broker, name):
    url = broker.queue(name, VisibilityTimeout="5")
    broker.send(url, "a", MessageGroupId="g")
    broker.receive(url)
    start = broker.clock.time
    assert broker.bodies(url, WaitTimeSeconds=20) == ["a"]
    assert broker.clock.time - start == pytest.approx(5, abs=wakeup.LONGEST_INTERVAL)


def test_a_send_to_another_queue_does_not_end_a_wait(broker, nap):
    url, other_url = broker.queue(), broker.queue()
    other = local.client(broker.home, clock=broker.clock)
    nap.after(1, lambda: other.send_message(QueueUrl=other_url, MessageBody="a"))
    start = broker.clock.time
    assert broker.bodies(url, WaitTimeSeconds=2) == []
    assert broker.clock.time - start == pytest.approx(2)
    other.close()


@pytest.mark.usefixtures("nap")
def test_the_queues_own_wait_is_the_default(broker):
    url = broker.queue(ReceiveMessageWaitTimeSeconds="7")
    start = broker.clock.time
    assert broker.bodies(url) == []
    assert broker.clock.time - start == pytest.approx(7)
    assert broker.bodies(url, WaitTimeSeconds=0) == []
    assert broker.clock.time - start == pytest.approx(7)


def test_a_wait_notices_that_its_queue_is_gone(broker, nap, refused):
    url = broker.queue()
    other = local.client(broker.home, clock=broker.clock)
    nap.after(1, lambda: other.delete_queue(QueueUrl=url))
    code, _ = refused(broker.client.receive_message, QueueUrl=url, WaitTimeSeconds=20)
    assert code == "AWS.SimpleQueueService.NonExistentQueue"
    other.close()
