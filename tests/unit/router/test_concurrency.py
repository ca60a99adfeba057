import threading

import pytest

import megaql
from megaql.lang.record import Record
from megaql.router import Router, walks

#: Each reads a key of its own, so that what has to be decoded changes with every one of them. None takes `BODY`.
PASSING = {f"passing {number}": megaql.compile(f"a == 1 and missing c{number}") for number in range(25)}
INTERVALS = {f"interval {number}": megaql.compile(f"b between {number} and 40") for number in range(-20, 2)}

RECORD = Record({"a": 1, "b": 1}, {"kind": "data"})
BODY = f'{{"a": 1, "b": 50, {", ".join(f"{chr(34)}c{number}{chr(34)}: 0" for number in range(25))}}}'


@pytest.fixture(params=[1, 20, 10**9], ids=["generated at once", "generated later", "never generated"], autouse=True)
def tried(request, monkeypatch):
    """Set how soon the functions for a state of the router are generated."""
    monkeypatch.setattr(walks, "TRIED", request.param)


@pytest.fixture
def router():
    router = Router()
    router.add("first", megaql.compile("a == 1 and exists b"))
    return router


def complaints(router):
    """Yield what is wrong with one round of answers; those that come and go may be in them or not."""
    if router.route_body(BODY) != ["first"]:
        yield "route_body"
    if router.route({"a": 1, "b": 50} | dict.fromkeys((f"c{number}" for number in range(25)), 0)) != ["first"]:
        yield "route of a dict"
    names = router.route(RECORD)
    if names[:1] != ["first"] or len(names) != len(set(names)) or not set(names) <= {"first", *PASSING, *INTERVALS}:
        yield f"route: {names}"
    if router.names[0] != "first" or router.verdicts(RECORD)[0].name != "first":
        yield "names or verdicts"


def test_what_stays_is_found_while_others_come_and_go(router):
    done = threading.Event()
    wrong = []

    def read():
        while not done.is_set():
            wrong.extend(complaints(router))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            for name, query in (PASSING | INTERVALS).items():
                router.add(name, query)
                wrong += [] if name in router.route(RECORD) else [f"{name} was added and is not found"]
            for name in PASSING | INTERVALS:
                router.remove(name)
                wrong += [f"{name} was removed and is found"] if name in router.route(RECORD) else []
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert router.names == ("first",)


def test_a_query_that_was_added_meanwhile_is_not_asked_about_what_was_read_without_it(router):
    class Interrupted:
        def skim(self, skimmer, _fields):
            """Read the body, and before the answer somebody subscribes to what was not read."""
            document = skimmer.read(BODY).document
            router.add("new", PASSING["passing 0"])
            return Record(document, {}, mega=False)

    assert router.route(Interrupted()) == ["first"]
    assert router.route_body('{"a": 1, "b": 2}') == ["first", "new"]
