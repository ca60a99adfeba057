import threading

import pytest

import megaql
from megaql.errors import MegaQLError
from megaql.lang.verdict import Verdict
from megaql.router import Router


@pytest.fixture
def router():
    router = Router()
    router.add("expensive", megaql.compile("event.price > 100"))
    router.add("added", megaql.compile('event.name == "item.added"'))
    router.add("texts", megaql.compile('@kind == "text"'))
    return router


def test_it_names_the_queries_that_match_in_order_of_adding(router):
    event = megaql.MegaEvent("item.added", attributes={"price": 120})
    assert router.route(event) == ["expensive", "added"]
    assert router.route(megaql.Plaintext("hello")) == ["texts"]
    assert router.route({"other": 1}) == []


def test_dicts_payloads_and_messages_are_the_same_to_it(router):
    event = megaql.MegaEvent("item.added", attributes={"price": 5})
    message = megaql.Message("m1", '{"protocol": "mega"}')
    assert router.route(event) == router.route(event.document) == ["added"]
    assert router.route(message) == []


def test_verdicts_say_why_one_cannot_be_known(router):
    event = megaql.MegaEvent("item.added", attributes={"price": "120"})
    verdicts = router.verdicts(event)
    assert [(name, verdict) for name, verdict, _ in verdicts] == [
        ("expensive", Verdict.UNKNOWN),
        ("added", Verdict.MATCH),
        ("texts", Verdict.NO_MATCH),
    ]
    assert str(verdicts[0].reason) == "event.price is a string, not a number"
    assert verdicts[1].reason is None


def test_an_empty_router_takes_nothing():
    assert Router().route({"a": 1}) == []


def test_removing_keeps_the_order_of_the_rest(router):
    router.remove("added")
    router.add("added", megaql.compile("exists event.price"))
    assert router.names == ("expensive", "texts", "added")
    assert router.route(megaql.MegaEvent("x", attributes={"price": 120})) == ["expensive", "added"]


def test_a_name_stands_for_one_query(router):
    with pytest.raises(MegaQLError) as error:
        router.add("added", megaql.compile("true"))
    assert str(error.value) == (
        "the router already has a query named 'added'\n"
        "  why: a name stands for one query, so that an answer says which one matched\n"
        "  next: choose another name, or remove() the old one first"
    )


def test_removing_what_is_not_there_names_what_is(router):
    with pytest.raises(MegaQLError) as error:
        router.remove("aded")
    assert error.value.why == "its names are 'expensive', 'added', 'texts'"
    with pytest.raises(MegaQLError, match="no query named 'x'\n  why: it is empty"):
        Router().remove("x")


def test_routing_goes_on_while_others_add_and_remove():
    router = Router()
    router.add("always", megaql.compile("true"))
    query = megaql.compile("exists a")
    wrong = []
    done = threading.Event()

    def route():
        while not done.is_set():
            names = router.route({"a": 1})
            if names[0] != "always" or len(names) != len(set(names)):
                wrong.append(names)

    readers = [threading.Thread(target=route) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(300):
        router.add(f"q{number}", query)
        if number >= 5:
            router.remove(f"q{number - 5}")
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert router.names == ("always", "q295", "q296", "q297", "q298", "q299")


def test_a_text_is_refused_when_it_is_added_and_not_when_it_routes():
    with pytest.raises(MegaQLError, match="a router takes compiled queries, not str") as error:
        Router().add("audit", "a == 1")
    assert "megaql.compile" in error.value.hint
