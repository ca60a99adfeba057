from datetime import timedelta

import pytest

from megaql.broker.queue import Queue
from megaql.consumer.app import App
from megaql.consumer.startup import DEFAULT_VISIBILITY, check_queue
from megaql.errors import AccessDenied, EndpointUnreachable


def warnings(caplog):
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


def test_a_sound_queue_needs_no_words(queue, caplog):
    assert check_queue(queue, visibility=None, policies=("delete",)) == timedelta(seconds=30)
    assert warnings(caplog) == []


def test_what_will_hurt_is_said(world, caplog):
    queue = world.queue("orders", VisibilityTimeout="2")
    assert check_queue(queue, visibility=None, policies=("delete",)) == timedelta(seconds=2)
    assert warnings(caplog) == [
        "the visibility timeout of orders is 2 s: a handler that takes longer is handled again elsewhere meanwhile",
        "orders has no dead-letter queue: a message that never works comes back until it is too old",
    ]


def test_one_receive_is_no_retry(world, caplog):
    check_queue(world.with_dead_letters("orders", receives=1), visibility=None, policies=("delete",))
    [said] = warnings(caplog)
    assert said == (
        "maxReceiveCount of orders is 1: the first failure, lost lease or crash dead-letters a message, "
        "and nothing is ever retried"
    )


def test_the_visibility_that_is_asked_for_counts(queue, caplog):
    assert check_queue(queue, visibility=timedelta(seconds=3), policies=("delete",)) == timedelta(seconds=3)
    assert "is 3 s" in warnings(caplog)[0]


def test_without_permission_to_look_it_goes_on(queue, caplog, monkeypatch):
    def denied(_queue):
        raise AccessDenied("not allowed to read the queue's attributes")

    monkeypatch.setattr(Queue, "info", denied)
    assert check_queue(queue, visibility=None, policies=("delete",)) == DEFAULT_VISIBILITY
    assert warnings(caplog) == ["the settings of orders cannot be checked: not allowed to read the queue's attributes"]


def test_a_queue_that_does_not_answer_at_the_start_is_an_error(queue, monkeypatch):
    def away(_queue):
        raise EndpointUnreachable("no answer")

    monkeypatch.setattr(Queue, "info", away)
    app = App(queue)
    app.subscribe("a == 1", subscription="x")(lambda _data: None)
    with pytest.raises(EndpointUnreachable):
        app.run()


def test_a_dead_letter_queue_that_was_deleted_is_told_of(world, caplog):
    queue = world.with_dead_letters("orders")
    world.client.delete_queue(QueueUrl=queue.dead_letter_queue().url)
    lease = check_queue(queue, visibility=None, policies=("delete",))
    assert lease == timedelta(seconds=30)
    (said,) = warnings(caplog)
    assert said.startswith("the dead-letter queue of orders does not exist, arn:aws:sqs:local:")


def test_a_dead_letter_queue_that_may_not_be_asked_for_is_no_ones_trouble(world, flaky, caplog):
    queue = flaky(world.with_dead_letters("orders"), get_queue_url=["AccessDenied"])
    check_queue(queue, visibility=None, policies=("delete",))
    assert warnings(caplog) == []


def test_the_processes_of_a_supervisor_say_none_of_it_again(world, caplog):
    queue = world.queue("orders", VisibilityTimeout="5")
    assert check_queue(queue, visibility=None, policies=("delete",), warn=False) == timedelta(seconds=5)
    assert warnings(caplog) == []
