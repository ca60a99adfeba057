"""docs/migrating.md: its code runs, both halves of it, and a class of the old framework is the query of the handler beside it."""

import base64
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace

import celery
import pytest

import megaql
from megaql import patterns
from megaql.broker.queue import Queue

PAGE = Path(__file__).parents[2] / "docs" / "migrating.md"
TEXT = PAGE.read_text(encoding="utf-8")

#: The framework's names for the MEGA keywords of `subscribe`.
ALIASES = {"event_name": "name", "current_object": "object_current"}


def send(name, body):
    """Send a body as another program does."""
    queue = Queue.open(f"local:{name}")
    queue.client.send_message(QueueUrl=queue.url, MessageBody=body)


def blocks(info):
    found = re.findall(rf"^```python{info}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [compile(block, str(PAGE), "exec") for block in found]


class Shop:
    """What the examples call: it notes what was asked of it."""

    def __init__(self):
        self.done = []
        self.names = {
            "reserve": lambda item, quantity: self.done.append(("reserve", item, quantity)),
            "profile_is_there": lambda user: user != "new",
            "greet": lambda name: self.done.append(("greet", name)),
            "TEMPLATES": {"welcome"},
            "notify": lambda user: self.done.append(("notify", user)),
            "in_stock": lambda order: order != 13,
            "send": lambda order: self.done.append(("send", order)),
        }


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def apps(shop):
    """Run the page's own code, in order; return its two applications, and the names of the end."""
    # With a dead-letter queue: without one, what is rejected comes back after a random while, which may be none at all.
    for name in ("shop", "parcels"):
        dead = Queue.open(f"local:{name}-dead", create=True)
        policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5})
        dead.client.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})
    made = []
    for block in blocks(""):
        exec(block, shop.names)
        if shop.names["app"] not in made:
            made.append(shop.names["app"])
    return made


@pytest.fixture
def classes(monkeypatch):
    """Run the framework's code with a stand-in for the framework, whose functions had the names of `megaql.patterns`."""
    registered = []
    subscribe = ModuleType("mega.aws.sqs.subscribe")
    subscribe.EventSubscriber = type("EventSubscriber", (), {})
    subscribe.DataSubscriber = type("DataSubscriber", (), {})
    subscribe.ProcessStatus = SimpleNamespace(DONE=1, RETRY_LATER=2, FATAL_ERROR=3)
    subscribe.SqsListener = lambda **_: SimpleNamespace(register_subscriber=registered.append, listen=lambda: None)
    functions = ModuleType("mega.match.functions")
    vars(functions).update({name: getattr(patterns, name) for name in patterns.__all__})
    for module in (subscribe, functions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in ("mega", "mega.aws", "mega.aws.sqs", "mega.match"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    (block,) = blocks(" sqs-mega")
    exec(block, {"__name__": "subscribers"})
    return registered


def test_a_class_is_the_query_of_the_handler_beside_it(classes, apps):
    queries = []
    for one in classes:
        rules = {
            ALIASES.get(name, name): value
            for name, value in vars(one).items()
            if name != "process" and not name.startswith("__")
        }
        given = rules.pop("pattern", None)
        queries.append(patterns.mega(**rules) if rules else megaql.compile('@kind == "data"') & patterns.pattern(given))
    shown = [one.query for one in apps[0].subscriptions[:3]]
    assert len(queries) == 3
    for old, new in zip(queries, shown, strict=True):
        assert set(str(old).split(" and ")) == set(str(new).split(" and "))


def test_the_query_as_text_is_that_of_the_first_handler(apps):
    (text,) = re.findall(r"`(@kind == \"mega\".*?)`", TEXT)
    event = megaql.MegaEvent(
        "item.added", domain="shopping_cart", version=2, attributes={"item_id": "61f", "quantity": 5}
    )
    first = apps[0].subscriptions[0].query
    for changed in ({}, {"quantity": 0}, {"item_id": ""}, {"item_id": None}):
        one = megaql.MegaEvent(event.name, domain=event.domain, version=2, attributes={**event.attributes, **changed})
        assert megaql.compile(text).matches(one) is first.matches(one) is (not changed)


def test_the_handlers_of_the_classes(shop, apps):
    publisher = megaql.Publisher("local:shop")
    publisher.publish(
        megaql.MegaEvent("item.added", domain="shopping_cart", version=2, attributes={"item_id": "61f", "quantity": 5}),
        bson=True,
    )
    for user, name in (("1", "ann"), ("new", "eve"), ("2", "test")):
        about = megaql.MegaObject({"username": name, "created_at": "2020-03-28T15:23:01"}, type="user", id=user)
        publisher.publish(megaql.MegaEvent("user.login.web", subject="17", object=about))
    event = {"name": "user:created", "timestamp": "2020-06-12T17:29:58", "subject": "bob"}
    send("shop", json.dumps({"protocol": "mega", "version": 1, "event": event}))
    for template in ("welcome", "goodbye"):
        publisher.publish({"type": "user:notification:email", "user": {"id": 7, "template": template}})
    report = apps[0].run(limit=7)
    assert shop.done == [("reserve", "61f", 5), ("greet", "ann"), ("greet", "bob"), ("notify", 7)]
    # Without a dead-letter queue what is rejected stays.
    assert (report.handled, report.retried, report.unmatched, report.rejected) == (4, 1, 1, 1)


def test_celerys_code_is_celerys(shop):
    (block,) = blocks(" celery")
    exec(block, shop.names)
    app, task = shop.names["celery"], shop.names["ship"]
    assert (task.name, task.max_retries, app.conf.task_acks_late) == ("shop.ship", 5, True)
    assert task.acks_on_failure_or_timeout is not False
    task.apply(args=[17], kwargs={"country": "DE"}, throw=True)
    task.apply(args=[18], kwargs={"country": "IS"}, throw=True)
    assert shop.done == [("send", 17)]


def test_the_handler_beside_the_task(shop, apps):
    parcels = apps[1]
    for order, country in ((17, "DE"), (18, "IS"), (13, "FR")):
        event = megaql.MegaEvent("order.placed", attributes={"order": order, "country": country})
        megaql.Publisher("local:parcels").publish(event)
    shop.names["place"](19, "DE")  # later
    report = parcels.run(once=True)
    assert shop.done == [("send", 17)]
    assert (report.received, report.handled, report.rejected, report.retried) == (3, 1, 1, 1)


def calls_of_celery():
    """Return bodies as Celery sends them to SQS: its own messages, taken from its broker in memory, and what its transport for SQS does with them."""
    app = celery.Celery("shop", broker="memory://", set_as_current=False)
    app.send_task("shop.ship", args=[17], kwargs={"country": "DE"})
    app.send_task("shop.ship", args=[18], eta=datetime.now(UTC) - timedelta(hours=1))
    app.send_task("shop.ship", args=[19], countdown=3600)
    app.send_task("shop.unknown")
    with app.connection_for_read() as connection:
        queue = connection.default_channel._queue_for("celery")
        while not queue.empty():
            yield base64.b64encode(json.dumps(queue.get()).encode()).decode()


def test_messages_of_celery_are_read(shop, apps):
    bodies = [*calls_of_celery(), base64.b64encode(b"\xff\xfe").decode(), base64.b64encode(b"[1]").decode()]
    for body in bodies:
        send("parcels", body)
    report = apps[1].run(limit=len(bodies))
    assert shop.done == [("send", 17), ("send", 18)]
    assert (report.handled, report.retried, report.unmatched + report.unknown) == (2, 1, 3)
