"""What is asked before a queue is read."""

import pytest

from megaql.errors import ScanRefused
from megaql.scan.preflight import Risk, preflight


def test_no_redrive_policy_is_no_risk_and_one_request(make_queue):
    queue = make_queue(4)
    flight = preflight(queue)
    assert flight.risk is Risk.NONE
    assert flight.last_life is None
    assert flight.info.visible == 4
    assert queue.infos == 1


def test_one_receive_before_dead_lettering_is_refused_with_the_safer_ways(make_queue):
    with pytest.raises(ScanRefused) as caught:
        preflight(make_queue(4, max_receive_count=1), allow_receives=True)
    assert str(caught.value) == (
        "Reading this queue would move its messages to the dead-letter queue\n"
        "  where: orders\n"
        "  why: its maxReceiveCount is 1: a message that was looked at once goes to orders-dlq at the next receive\n"
        "  next: use a safer way: `megaql peek` its dead-letter queue, or `megaql tap` the topic that feeds it;"
        " --allow-dead-letter reads it all the same"
    )


def test_one_receive_is_read_where_dead_lettering_is_allowed(make_queue):
    flight = preflight(make_queue(4, max_receive_count=1), allow_dead_letter=True)
    assert flight.risk is Risk.NONE
    assert flight.may_dead_letter


@pytest.mark.parametrize("most", [2, 3])
def test_few_receives_ask(make_queue, most):
    flight = preflight(make_queue(4, max_receive_count=most))
    assert flight.risk is Risk.ASK
    assert f"after {most} receives" in flight.question
    assert "A safer way: peek orders-dlq, or tap its topic" in flight.question
    refusal = flight.refusal()
    assert isinstance(refusal, ScanRefused)
    assert refusal.where == "orders"
    assert "--allow-receives" in str(refusal)
    assert "orders-dlq" in str(refusal)


@pytest.mark.parametrize("allowed", ["allow_receives", "allow_dead_letter"])
def test_few_receives_are_read_where_allowed(make_queue, allowed):
    flight = preflight(make_queue(4, max_receive_count=2), **{allowed: True})
    assert flight.risk is Risk.NONE
    assert flight.last_life == 2


def test_four_receives_are_enough(make_queue):
    assert preflight(make_queue(4, max_receive_count=4)).risk is Risk.NONE


@pytest.mark.parametrize(("in_flight", "most"), [(0, 12_000), (20_000, 10_000), (119_999, 0), (130_000, 0)])
def test_a_scan_holds_a_tenth_of_what_is_left(make_queue, in_flight, most):
    assert preflight(make_queue(4, in_flight=in_flight)).max_held == most
