import re

import pytest

from megaql import patterns
from megaql.codec.payloads import Blob, DataObject, MegaEvent, Plaintext
from megaql.consumer.app import App
from megaql.errors import ConsumerError


def read_line(text):
    if not text.startswith("order;"):
        return None
    _, number, price = text.split(";")
    return {"order": number, "price": int(price)}


def read_bytes(data):
    return {"size": len(data), "first": data[0]}


def recorded(app, *arguments, **settings):
    taken = []
    app.subscribe(*arguments, **{"subscription": f"s{len(app.subscriptions)}"} | settings)(taken.append)
    return taken


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("mega", MegaEvent("item.added")),
        ("data", DataObject({"a": 1})),
        ("text", Plaintext("hello there")),
        ("blob", Blob(b"\x00\xff\x00\xff")),
    ],
)
def test_a_kind_without_a_query_takes_all_of_that_kind(world, app, drain, kind, payload):
    others = recorded(app, catch_all=True)
    taken = recorded(app, kind=kind)
    world.send(app.target, MegaEvent("item.added"), {"a": 1}, "hello there", b"\x00\xff\x00\xff")
    assert drain(app).handled == 4
    assert len(others) == 4
    assert len(taken) == 1
    assert taken[0].kind == kind
    assert kind == "mega" or taken[0] == payload


def test_texts_are_matched_by_their_text(world, queue, app, drain):
    errors = recorded(app, "@body startswith 'ERROR'")
    world.send(queue, "ERROR: disk full", "INFO: all is well")
    report = drain(app)
    assert errors == [Plaintext("ERROR: disk full")]
    assert (report.handled, report.unmatched) == (1, 1)


def test_a_decoder_makes_a_document_of_a_text(world, queue, app, drain):
    expensive = recorded(app, "price > 100", decoder=read_line)
    world.send(queue, "order;17;120", "order;18;99", "something else", {"price": 500}, b"\xff\xfe")
    report = drain(app)
    assert expensive == [DataObject({"order": "17", "price": 120})]
    assert (report.handled, report.unmatched) == (1, 4)


def test_a_decoder_may_make_an_event_and_the_query_sees_the_envelope_too(world, queue, app, drain):
    taken = recorded(
        app,
        'event.name == "order.read" and @kind == "mega" and @queue == "orders" and @body == "order"',
        decoder=lambda text: MegaEvent("order.read", subject=text),
    )
    world.send(queue, "order")
    assert drain(app).handled == 1
    assert taken[0].subject == "order"


def test_a_decoder_of_blobs_gets_bytes(world, queue, app, drain):
    taken = recorded(app, "size == 4", kind="blob", decoder=read_bytes)
    world.send(queue, b"\xff\x00\xff\x00", b"\xff", "text")
    assert drain(app).handled == 1
    assert taken == [DataObject({"size": 4, "first": 255})]


def test_a_decoder_runs_once_for_all_its_subscriptions(world, queue, app, drain):
    calls = []

    def decoder(text):
        calls.append(text)
        return read_line(text)

    first = recorded(app, "price > 1", decoder=decoder)
    second = recorded(app, "price > 2", decoder=decoder)
    world.send(queue, "order;17;120")
    drain(app)
    assert calls == ["order;17;120"]
    assert len(first) == len(second) == 1


def test_handlers_run_in_order_of_subscribing_with_and_without_decoder(world, queue, app, drain):
    order = []
    for name, settings in (("a", {"kind": "text"}), ("b", {"decoder": read_line}), ("c", {"kind": "text"})):
        query = "price > 1" if "decoder" in settings else None
        app.subscribe(query, subscription=name, **settings)(lambda _payload, name=name: order.append(name))
    world.send(queue, "order;17;120")
    assert drain(app).handled == 1
    assert order == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("decoder", "said"),
    [
        (lambda _text: 1 / 0, r"the decoder <lambda> raised ZeroDivisionError at .*test_matching\.py:\d+"),
        (lambda text: {}[text], r"the decoder <lambda> raised KeyError at .*test_matching\.py:\d+"),
        (lambda _text: 17, "the decoder <lambda> returned an object of type int, which is no document and no payload"),
    ],
)
def test_a_decoder_that_fails_returns_the_message_as_a_handler_would(world, drain, caplog, decoder, said):
    queue = world.queue("orders")
    app = App(queue, unmatched="delete", unknown="delete")
    taken = recorded(app, "price > 1", decoder=decoder)
    texts = recorded(app, "@body == 'taken'")
    [unread, _] = world.send(queue, "secret", "taken")
    report = drain(app, limit=2)
    assert (report.retried, report.handled) == (2, 0)
    assert (taken, len(texts)) == ([], 1)
    assert any(re.fullmatch(f"{said}, for message {unread}; it is returned", line) for line in caplog.messages)
    assert "secret" not in caplog.text
    assert queue.info().in_flight == 2


def test_a_decoder_that_fails_once_costs_nobody_a_message(world, queue, app, drain):
    tries = []

    def decoder(text):
        tries.append(text)
        if len(tries) == 1:
            raise ConnectionError
        return read_line(text)

    expensive = recorded(app, "price > 100", decoder=decoder)
    texts = recorded(app, kind="text")
    world.send(queue, "order;17;120")
    assert drain(app).retried == 1
    assert (len(texts), expensive) == (1, [])
    world.later(6)
    assert drain(app).handled == 1
    assert (len(texts), len(expensive)) == (1, 1)


def test_patterns_and_mega_keywords_are_queries_too(world, queue, app, drain):
    by_pattern = recorded(app, pattern={"type": patterns.one_of("a", "b")})
    by_keyword = recorded(app, name="item.added", domain="shop")
    both = recorded(app, "event.quantity > 1", name=patterns.match(r"^item\."))
    world.send(
        queue,
        {"type": "b"},
        {"type": "c"},
        MegaEvent("item.added", domain="shop"),
        MegaEvent("item.added", domain="bank", attributes={"quantity": 5}),
    )
    assert drain(app).handled == 3
    assert (len(by_pattern), len(by_keyword), len(both)) == (1, 1, 1)


def test_mega_keywords_take_events_and_no_data_that_looks_like_one(world, queue, app, drain):
    by_keyword = recorded(app, name="item.added")
    by_text = recorded(app, 'event.name == "item.added"')
    world.send(queue, {"event": {"name": "item.added"}}, MegaEvent("item.added"))
    drain(app)
    assert (len(by_keyword), len(by_text)) == (1, 2)


def test_the_kind_of_mega_keywords_is_said_once_and_no_other_one_goes_with_them(app):
    recorded(app, kind="mega", name="item.added")
    assert str(app.subscriptions[0].query) == '@kind == "mega" and event.name == "item.added"'
    with pytest.raises(ConsumerError, match="kind='data' and name="):
        recorded(app, kind="data", name="item.added")
