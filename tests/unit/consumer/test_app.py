from datetime import timedelta

import pytest

import megaql
from megaql.consumer.app import App
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.report import Stopped
from megaql.errors import ConsumerError, QueryCheckError, QueryError, QueueNotFound


def handler(_event):
    pass


def test_the_public_way(world, queue, drain):
    app = megaql.App(queue)
    reserved = []

    @app.subscribe('event.name == "item.added" and event.quantity > 0')
    def reserve(event: megaql.MegaEvent, message: megaql.Message) -> None:
        reserved.append((event.attributes["quantity"], message.receive_count))

    world.send(queue, megaql.MegaEvent("item.added", attributes={"quantity": 5}))
    report = drain(app)
    assert reserved == [(5, 1)]
    assert report.stopped is Stopped.EMPTY
    assert reserve.__name__ == "reserve"


def test_a_subscription_is_named_after_its_handler_unless_it_is_named():
    app = App()
    app.subscribe("a == 1")(handler)
    app.subscribe("a == 2", subscription="billing")(handler)
    assert [(one.name, str(one.query)) for one in app.subscriptions] == [("handler", "a == 1"), ("billing", "a == 2")]


def test_two_of_one_name_are_refused():
    app = App()
    app.subscribe("a == 1")(handler)
    with pytest.raises(ConsumerError) as error:
        app.subscribe("a == 2")(handler)
    assert error.value.what == "there is already a subscription named 'handler'"
    assert 'subscription="another name"' in error.value.hint
    assert len(app.subscriptions) == 1


@pytest.mark.parametrize(
    ("arguments", "keywords", "text"),
    [
        (("tenant == $tenant",), {"params": {"tenant": "acme"}}, 'tenant == "acme"'),
        ((megaql.compile("a == 1"),), {}, "a == 1"),
        ((), {"kind": "text"}, '@kind == "text"'),
        (("@body contains 'x'",), {"kind": "text"}, '@kind == "text" and @body contains "x"'),
        (("a == 1 and b == 2",), {"kind": "data"}, '@kind == "data" and a == 1 and b == 2'),
        (("a == 1 or b == 2",), {"kind": "data"}, '@kind == "data" and (a == 1 or b == 2)'),
        ((), {"catch_all": True}, "true"),
    ],
)
def test_everything_that_chooses_messages_is_in_the_query(arguments, keywords, text):
    app = App()
    app.subscribe(*arguments, **keywords)(handler)
    assert str(app.subscriptions[0].query) == text


@pytest.mark.parametrize("query", [None, "true", "TRUE # everything"])
def test_taking_everything_has_to_be_said(query):
    with pytest.raises(ConsumerError) as error:
        App().subscribe(query)(handler)
    assert str(error.value) == (
        "the subscription 'handler' takes every message\n"
        "  why: its query is `true`, so that no message is ever left for another consumer or counted as unmatched\n"
        "  next: give it a query; or say that it is meant: @app.subscribe(catch_all=True)"
    )


@pytest.mark.parametrize(
    ("arguments", "keywords", "error"),
    [
        (("a = 1",), {}, QueryError),
        (("a == $x",), {}, QueryCheckError),
        (("a == 1",), {"params": {"x": 1}}, QueryCheckError),
        ((), {"params": {"x": 1}}, ConsumerError),
        (("a == 1",), {"kind": "event"}, ConsumerError),
        (("a == 1",), {"kind": "data", "decoder": str.split}, ConsumerError),
        (("a == 1",), {"fatal": "ValueError"}, ConsumerError),
        (("a == 1",), {"fatal": (ValueError, 1)}, ConsumerError),
    ],
)
def test_mistakes_show_before_there_is_a_message(arguments, keywords, error):
    with pytest.raises(error):
        App().subscribe(*arguments, **keywords)(handler)


def test_forgotten_parentheses_are_named():
    with pytest.raises(ConsumerError) as error:
        App().subscribe(handler)
    assert error.value.what == "@app.subscribe stands on a function without its parentheses"
    assert error.value.where == "handler"


@pytest.mark.parametrize(
    ("arguments", "keywords", "what"),
    [
        ((5,), {}, "a query is a text or a Query, not int"),
        (("a == $x",), {"params": ["x"]}, "params= is a dict, not list"),
        (("a == 1",), {"decoder": "json"}, "decoder= cannot be of type str"),
        (("a == 1",), {"subscription": 5}, "subscription= cannot be of type int"),
        (("a == 1",), {"subscription": ""}, "subscription= cannot be of type str"),
        (("a == 1",), {"fatal": None}, "fatal= takes exception classes, not None"),
    ],
)
def test_what_cannot_subscribe_is_named(arguments, keywords, what):
    with pytest.raises(ConsumerError) as error:
        App().subscribe(*arguments, **keywords)(handler)
    assert error.value.what == what
    assert error.value.hint


@pytest.mark.parametrize(
    ("setting", "value", "hint"),
    [
        ("visibility", 30, "timedelta"),
        ("backoff", 5, "Backoff"),
        ("ledger", "done.db", "SQLiteLedger"),
        ("ledger", MemoryLedger, "SQLiteLedger"),
        ("connection", "eu-west-1", "Connection"),
    ],
)
def test_a_setting_of_the_wrong_type_is_named(setting, value, hint):
    with pytest.raises(ConsumerError, match=f"{setting}= cannot be of type") as error:
        App(**{setting: value})
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("drain_timeout", 5),
        ("wait", 5),
        ("concurrency", "4"),
        ("concurrency", 1.0),
        ("limit", 1.5),
        ("limit", True),
        ("connection", "eu-west-1"),
    ],
)
def test_a_setting_of_a_run_of_the_wrong_type_is_named(setting, value):
    app = App("local:orders")
    app.subscribe("a == 1")(handler)
    with pytest.raises(ConsumerError, match=f"{setting}= cannot be of type"):
        app.run(**{setting: value})


def test_starting_with_no_subscription_has_to_be_said(world, queue, drain):
    world.send(queue, {"a": 1})
    with pytest.raises(ConsumerError) as error:
        App(queue).run(once=True)
    assert str(error.value) == (
        "the application has no subscription\n"
        "  why: every message would match none, and what matches none is deleted\n"
        "  next: put @app.subscribe(…) on a handler, in a module that is imported; or say run(no_subscriptions=True)"
    )
    assert drain(App(queue, unmatched="return"), no_subscriptions=True, limit=1).unmatched == 1


def test_a_queue_has_to_be_named():
    app = App()
    app.subscribe("a == 1")(handler)
    with pytest.raises(ConsumerError, match="the application has no queue"):
        app.run()


def test_a_queue_that_is_not_there_is_an_error_at_the_start():
    app = App("local:nowhere")
    app.subscribe("a == 1")(handler)
    with pytest.raises(QueueNotFound):
        app.run()


def test_run_may_name_another_queue(world, queue, drain):
    world.send(queue, {"a": 1})
    app = App("local:nowhere")
    app.subscribe("a == 1")(handler)
    assert drain(app, target=queue).handled == 1


@pytest.mark.parametrize(
    ("settings", "where", "why"),
    [
        ({"limit": 0}, "limit=0", "it has to be at least 1"),
        ({"concurrency": 0}, "concurrency=0", "it has to be at least 1"),
        ({"processes": 0}, "processes=0", "it has to be at least 1"),
        ({"drain_timeout": timedelta(seconds=-1)}, "drain_timeout=-1s", "it has to be 0 or more"),
        ({"wait": timedelta(seconds=21)}, "wait=21s", "it has to be from 0 to 20 seconds"),
        ({"restart_after": timedelta(0)}, "restart_after=0s", "it has to be at least a second"),
    ],
)
def test_settings_out_of_range_are_refused(queue, settings, where, why):
    app = App(queue)
    app.subscribe("a == 1")(handler)
    with pytest.raises(ConsumerError) as caught:
        app.run(**settings)
    error = caught.value
    (name,) = settings
    assert (error.what, error.where, error.why) == (f"{name} is out of range", where, why)
    assert error.hint


@pytest.mark.parametrize("visibility", [timedelta(0), timedelta(hours=13)])
def test_a_visibility_timeout_that_sqs_does_not_have_is_refused(visibility):
    with pytest.raises(ConsumerError, match="is no visibility timeout"):
        App(visibility=visibility)


def test_an_application_runs_once_at_a_time(world, queue, drain):
    world.send(queue, {"a": 1})
    app = App(queue)
    errors = []

    @app.subscribe("a == 1")
    def again(_data):
        with pytest.raises(ConsumerError) as error:
            app.run(once=True)
        errors.append(error.value.what)

    assert drain(app).handled == 1
    assert errors == ["the application is already running"]
    assert drain(app).received == 0


def test_async_handlers(world, queue, drain):
    world.send(queue, {"a": 1}, {"a": 2})
    app = App(queue)
    got = []

    @app.subscribe("exists a")
    async def note(data, message):
        got.append((data.data["a"], message.queue))

    assert drain(app).handled == 2
    assert got == [(1, "orders"), (2, "orders")]
    assert drain(app).handled == 0


def test_limit_ends_after_that_many_messages(world, queue, drain):
    world.send(queue, *({"a": number} for number in range(25)))
    app = App(queue)
    app.subscribe("exists a")(handler)
    report = drain(app, once=False, limit=12)
    assert (report.received, report.handled, report.stopped) == (12, 12, Stopped.LIMIT)
    assert queue.info().visible == 13


def test_a_handler_can_stop_its_run(world, queue, drain):
    world.send(queue, *({"a": number} for number in range(25)))
    app = App(queue)

    @app.subscribe("exists a")
    def stop_at_five(data):
        if data.data["a"] == 5:
            app.stop()

    report = drain(app, once=False)
    assert report.stopped is Stopped.ASKED
    assert report.received == report.handled + report.returned
    info = queue.info()
    assert (info.visible, info.in_flight) == (25 - report.handled, 0)


def test_stopping_without_a_run_does_nothing():
    App().stop()


def test_a_query_keeps_the_text_it_was_written_as():
    app = App()
    app.subscribe("a or (b and c == $x)", params={"x": 1})(handler)
    app.subscribe("a == 1", kind="data", subscription="joined")(handler)
    assert [one.query.source.text for one in app.subscriptions] == ["a or (b and c == $x)", ""]


def test_a_value_of_a_parameter_as_a_keyword_is_told_where_it_belongs():
    with pytest.raises(megaql.ConsumerError) as caught:
        megaql.App().subscribe("event.tenant == $tenant and name == $name", tenant="acme")
    assert str(caught.value).startswith("the value of $tenant is given as tenant=\n")
    assert 'params={"tenant": …}' in str(caught.value)
