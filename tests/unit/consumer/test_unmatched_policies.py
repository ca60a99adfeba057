import pytest

from megaql.codec.payloads import MegaEvent
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.errors import ConsumerError

OTHER = MegaEvent("user.deleted", attributes={"price": 5})
UNDECIDABLE = MegaEvent("user.updated", attributes={"price": "5"})


def consumer(queue, **settings):
    app = App(queue, backoff=Backoff(random=lambda: 1.0), **settings)
    app.subscribe("event.price > 10", subscription="expensive")(lambda _event: None)
    return app


def test_by_default_they_are_deleted_counted_and_told(world, queue, drain, caplog):
    world.send(queue, OTHER, OTHER, UNDECIDABLE, "text")
    report = drain(consumer(queue))
    assert (report.unmatched, report.unknown, report.handled) == (2, 2, 0)
    assert world.bodies(queue) == []
    assert (
        "4 matched no subscription: user.deleted 2, user.updated (event.price is a string, not a number) 1, "
        "text (event.price is missing) 1"
    ) in caplog.messages


def test_they_may_be_returned_with_back_off(world, queue, drain):
    world.send(queue, OTHER)
    app = consumer(queue, unmatched="return")
    assert drain(app).unmatched == 1
    world.later(4)
    assert drain(app).received == 0
    world.later(1)
    assert drain(app).unmatched == 1
    assert queue.info().in_flight == 1


def test_they_may_be_dead_lettered(world, queue, drain):
    world.send(queue, OTHER)
    assert drain(consumer(queue, unmatched="dead-letter")).unmatched == 1
    [dead] = queue.dead_letter_queue().receive()
    assert dead.attribute("megaql.reason") == "it matched no subscription"
    assert dead.attribute("megaql.subscription") is None
    assert queue.info().visible + queue.info().in_flight == 0


def test_unknown_has_a_setting_of_its_own(world, queue, drain):
    world.send(queue, OTHER, UNDECIDABLE)
    report = drain(consumer(queue, unmatched="delete", unknown="dead-letter"))
    assert (report.unmatched, report.unknown) == (1, 1)
    [dead] = queue.dead_letter_queue().receive()
    assert dead.attribute("megaql.reason") == "it matched no subscription: event.price is a string, not a number"


def test_unknown_follows_unmatched_unless_it_is_set(world, queue, drain):
    world.send(queue, UNDECIDABLE)
    assert drain(consumer(queue, unmatched="return"), limit=1).unknown == 1
    assert queue.info().in_flight == 1


def test_a_match_of_one_outweighs_what_another_cannot_know(world, queue, drain):
    world.send(queue, UNDECIDABLE)
    app = consumer(queue, unknown="return")
    app.subscribe("exists event.price", subscription="all")(lambda _event: None)
    assert drain(app).handled == 1


def test_dead_lettering_them_needs_a_dead_letter_queue(world):
    app = consumer(world.queue("plain"), unmatched="dead-letter")
    with pytest.raises(ConsumerError) as error:
        app.run(once=True)
    assert error.value.what == "plain has no dead-letter queue"


def test_no_body_reaches_the_log(world, queue, drain, caplog):
    world.send(queue, "secret", {"secret": "secret"}, b"secret\xff", MegaEvent("a", attributes={"x": "secret"}))
    drain(consumer(queue))
    assert "4 matched no subscription" in caplog.text
    assert "secret" not in caplog.text
