"""The examples of docs/consumer.md run, in order, as one program."""

import re
from pathlib import Path

import pytest

import megaql
from megaql.broker.queue import Queue

PAGE = Path(__file__).parents[2] / "docs" / "consumer.md"


def blocks():
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def program(capsys):
    """Run the page's blocks and return what they defined; the queue has one event for the first of them."""
    Queue.open("local:orders", create=True)
    megaql.Publisher("local:orders").publish(megaql.MegaEvent("item.added", attributes={"quantity": 5}))
    names = {}
    for block in blocks():
        exec(compile(block, str(PAGE), "exec"), names)
    return names, capsys.readouterr().out


def test_the_first_example_handles_its_event(program):
    _, output = program
    assert output == "reserve 5 received 1\n1 1\n"


def test_every_handler_of_the_page_is_subscribed_and_works(program, capsys):
    names, _ = program
    app = names["app"]
    assert [one.name for one in app.subscriptions] == ["reserve", "expensive", "ship"]
    publisher = megaql.Publisher("local:orders")
    publisher.publish("order;17;120")
    publisher.publish(megaql.MegaEvent("order.paid", attributes={"stock": 0, "country": "DE"}))
    publisher.publish(megaql.MegaEvent("order.paid", attributes={"stock": 1, "country": "FR"}))
    publisher.publish(megaql.MegaEvent("order.paid", attributes={"stock": 1, "country": "IS"}))
    report = app.run(limit=4)
    assert capsys.readouterr().out == "expensive 17\n"
    assert (report.handled, report.retried, report.kept) == (2, 1, 1)


@pytest.mark.parametrize(
    "row", re.findall(r"`(@app\.subscribe\(.*?\))`(?: \||, and|: it)", PAGE.read_text(encoding="utf-8"))
)
def test_every_way_of_subscribing_is_accepted(row):
    app = megaql.App()
    scope = {"app": app, "tenant": "acme", "parse_line": str.split}
    scope |= {"one_of": megaql.patterns.one_of, "match": megaql.patterns.match}
    exec(f"{row}\ndef handler(payload): ...", scope)
    assert len(app.subscriptions) == 1


def test_the_numbers_on_the_page_are_the_programs_own():
    from datetime import timedelta

    from megaql.consumer import backoff, choices, plan, startup

    assert (backoff.Backoff().base, backoff.Backoff().cap) == (timedelta(seconds=5), timedelta(minutes=15))
    assert timedelta(seconds=5) == plan.POLL_WAIT
    assert timedelta(seconds=10) == startup.SHORT_VISIBILITY
    assert timedelta(seconds=25) == choices.DRAIN_TIMEOUT
