"""An application's filter policy keeps back no message that one of its subscriptions takes, whoever wrote it and however.

Three judges, as of exports: the reference of event-ruler's rules, the embedded SNS, and messages published to a topic of the embedded broker and taken from
the queues behind it. Where nothing is promised of bodies, they are JSON, BSON, text and bytes.
"""

import json
import os
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import megaql
from megaql.broker.local import filter_policy
from megaql.broker.message import Message
from megaql.broker.publisher import attribute
from megaql.broker.queue import Queue
from megaql.codec.encode import encode
from megaql.codec.envelopes import wrap
from megaql.consumer.pushdown import pushdown
from megaql.lang import nodes as n
from megaql.lang import tree
from megaql.query import Query
from tests.property import exports
from tests.property.test_export import moved
from tests.unit.convert import reference

MESSAGES = 40

thorough = settings(max_examples=120 if os.environ.get("CI") else 80, deadline=None)

TESTS = [
    "{p} == {v}",
    "{p} == {v}",
    "{p} in [{v}, {w}]",
    "{p} startswith {t}",
    "{p} endswith {t}",
    "{p} ~ /^x/",
    "{p} > {i}",
    "{p} <= {i}",
]
TESTS += [
    "{p} == {t}i",
    "{p} between 1 and {i}",
    '{p} like "x*"',
    "lower({p}) == {t}",
    "{p} != {v}",
    "{p} ?? 1 == {v}",
    "exists {p}",
]
VALUES = ['"x"', '"xy"', '"X"', "1", "5", "true", "null"]
OF_BODY = ["a", "o.b", "o.a", "event.name", "event.b", "list[*].a"]
OF_ATTRIBUTES = ["@attributes.a", "@attributes.b"]


@st.composite
def asked_of(draw, paths):
    """A test of one of the paths, as people write them."""
    values = {"v": VALUES, "w": VALUES, "t": ['"x"', '"xy"', '"ab"'], "i": ["0", "1", "5"], "p": paths}
    template = draw(exports.one_of(TESTS))
    return megaql.compile(template.format(**{name: draw(exports.one_of(some)) for name, some in values.items()})).node


def of(paths, others):
    """Clauses that a policy can be made of more often than not, and some of any kind."""
    test = asked_of(paths)
    joined = st.lists(test, min_size=2, max_size=3, unique=True)
    return st.one_of(
        test,
        joined.map(lambda items: n.And(tuple(items))),
        joined.map(lambda items: n.Or(tuple(items))),
        st.builds(lambda one, other: tree.conjunction([one, other]), test, others),
        others,
    )


any_clause = exports.clauses(depth=1)
of_attributes = of(
    OF_ATTRIBUTES, st.one_of(asked_of(OF_BODY), any_clause.map(lambda clause: moved(clause, envelope=False)))
)
of_bodies = of(OF_BODY, st.one_of(asked_of(OF_ATTRIBUTES), any_clause))
mostly_attributes = st.lists(of_attributes, min_size=1, max_size=3)
mostly_bodies = st.lists(of_bodies, min_size=1, max_size=3)


def app_of(clauses, target=None):
    app = megaql.App(target)
    for number, clause in enumerate(clauses):
        app.subscribe(Query(clause), subscription=f"s{number}", catch_all=True)(print)
    return app


def near(random, clauses):
    """Return message attributes `a` and `b` with values that the clauses name, and others."""
    named = [value for clause in clauses for value in exports.literals_in(clause)]
    given = {}
    for name in "ab":
        value = random.choice([*(named * 4), *exports.SCALARS])
        shape = random.random()
        if shape < 0.15:
            continue
        if shape < 0.4 or value is None or isinstance(value, bool) or value == "":
            value = [value, random.choice(exports.TEXTS)]
        given[name] = attribute(name, value)
    return given


def body(random, document, *, only_json):
    """Return a document as some publisher would write it."""
    way = "json" if only_json else random.choice(["json", "json", "bson", "text", "blob"])
    plain = json.loads(json.dumps(document, default=float))
    match way:
        case "text":
            return encode("plain").body
        case "blob":
            return encode(b"\x00\x01").body
    try:
        return encode(plain, bson=way == "bson").body
    except megaql.CodecError:  # a number that BSON has no room for
        return encode(plain).body


def received(body, attributes, *, raw):
    """Return a message as it comes out of a queue behind a topic."""
    if raw:
        return Message("m", body, attributes=attributes)
    from datetime import UTC, datetime

    arn = "arn:aws:sns:eu-west-1:123456789012:t"
    return Message(
        "m", wrap(arn, body, message_id="n", timestamp=datetime(2026, 1, 1, tzinfo=UTC), attributes=attributes)
    )


@pytest.mark.parametrize("json_bodies", [False, True], ids=["anything", "json"])
def test_nothing_that_is_taken_is_kept_back(json_bodies):
    taken = Counter()

    @thorough
    @given(mostly_bodies if json_bodies else mostly_attributes, st.integers(0, 2**32))
    def check(clauses, seed):
        random = Random(seed)
        app = app_of(clauses)
        small_numbers = bool(seed % 2)
        found = pushdown(app.subscriptions, json_bodies=json_bodies, small_numbers=small_numbers)
        if found.policy is None:
            return
        policy = filter_policy.parse(json.dumps(found.policy), found.scope)
        whole = Query(tree.unplaced(n.Or(tuple(clauses)))) if len(clauses) > 1 else Query(clauses[0])
        for _ in range(MESSAGES):
            document = exports.document(random, whole.node, arrays=True)
            text, attributes = body(random, document, only_json=json_bodies), near(random, clauses)
            message = received(text, attributes, raw=random.random() < 0.5)
            takes = [one.name for one in app.subscriptions if one.query.matches(message)]
            accepted = policy.accepts(text, attributes)
            if takes:
                taken.update([found.scope, way(text)])
                assert accepted, (takes, found.policy, text, attributes)
                if found.scope == "MessageBody":
                    assert reference.matches(found.policy, json.loads(text)), (takes, found.policy, text)
                    if not small_numbers:
                        assert reference.matches(found.policy, without_large(json.loads(text))), (found.policy, text)
            left = found.residual is None or found.residual.matches(message)
            if found.scope == "MessageBody" or attributes:
                assert (accepted and left) is bool(takes), (found.policy, str(found.residual), text, attributes)

    check()
    wanted = ["json", "MessageBody"] if json_bodies else ["json", "bson", "text", "base64", "MessageAttributes"]
    assert min(taken[name] for name in wanted) >= 5, f"too few messages were taken to judge by: {taken}"


def without_large(value):
    """A document as SNS may see it, to which a number beyond what it compares is no number."""
    match value:
        case dict():
            return {key: without_large(member) for key, member in value.items()}
        case list():
            return [without_large(member) for member in value]
        case bool() | None | str():
            return value
    return value if abs(value) <= 10**9 and value == round(value, 5) else "no number"


OPEN = ["a > 5", "a >= 5 and o.b == 1", "a <= 1", "a is number and not a < 5", "a is number and a not between 1 and 5"]


@pytest.mark.parametrize("query", OPEN)
@pytest.mark.parametrize("number", [4 * 10**9, -4 * 10**9, 10**12, 5.0000001, 0.9999999])
def test_numbers_beyond_what_sns_compares_pass(query, number):
    app = app_of([megaql.compile(query).node])
    found = pushdown(app.subscriptions, json_bodies=True)
    document = {"a": number, "o": {"b": 1}}
    if app.subscriptions[0].query.matches(document) and found.policy is not None:
        assert reference.matches(found.policy, without_large(document)), found.policy


def test_open_ranges_would_lose_them():
    found = pushdown(app_of([megaql.compile("a > 5").node]).subscriptions, json_bodies=True, small_numbers=True)
    assert not reference.matches(found.policy, without_large({"a": 4 * 10**9}))


def way(text):
    return Message("m", text).decoded.format


@pytest.mark.parametrize("json_bodies", [False, True], ids=["anything", "json"])
@pytest.mark.parametrize("seed", range(12))
def test_published_to_a_topic_and_taken_from_its_queues(json_bodies, seed):
    """One queue behind the policy, one behind none: what is taken of the second one arrived at the first."""
    random, topic = Random(seed), f"local-topic:shop-{seed}"
    values = ["x", "xy", 1, 5, True, None]
    names = ["@attributes.a", "@attributes.b"] if not json_bodies else ["a", "o.b", "event.name", "@attributes.a"]
    queries = [
        " and ".join(
            f"{name} == {json.dumps(random.choice(values))}" for name in random.sample(names, random.randint(1, 2))
        )
        for _ in range(random.randint(1, 3))
    ]
    app = app_of([megaql.compile(query).node for query in queries], "local:filtered")
    everything = app_of([megaql.compile("true").node], "local:everything")
    plan = app.connect(topic, json_bodies=json_bodies, raw=random.random() < 0.5)
    everything.connect(topic)
    publisher = megaql.Publisher(topic)
    for _ in range(40):
        document = {
            "a": random.choice(values),
            "o": {"b": random.choice(values)},
            "event": {"name": random.choice(values)},
        }
        given = {
            name: [value] if value is None or value is True else value
            for name in "ab"
            if (value := random.choice(values)) != 5
        }
        payload = document if json_bodies or random.random() < 0.6 else random.choice(["text", b"bytes"])
        bson = isinstance(payload, dict) and not json_bodies and random.random() < 0.5
        publisher.publish(payload, bson=bson, attributes=given | {"number": str(random.random())})

    def numbers(name, *, taken):
        queue, found = Queue.open(f"local:{name}"), []
        while some := queue.receive():
            found += [
                one.attribute("number")
                for one in some
                if not taken or any(s.query.matches(one) for s in app.subscriptions)
            ]
        return set(found)

    wanted, came = numbers("everything", taken=True), numbers("filtered", taken=False)
    assert wanted <= came, (queries, str(plan))
    if plan.pushdown.residual is None and plan.pushdown.policy is not None:
        assert wanted == came, (queries, str(plan))


EXPOSED = ["a", "b", "o.a", "o.b", "event.name", "event.b", "list.a"]


def test_exposed_paths_are_asked_by_attributes_of_any_body():
    """What a publisher exposes stands for the body: nothing that a query of the body takes is kept back, be it JSON or BSON."""
    taken = Counter()
    publisher = megaql.Publisher("local-topic:t", expose=EXPOSED)

    @thorough
    @given(mostly_bodies, st.integers(0, 2**32))
    def check(clauses, seed):
        random = Random(seed)
        app = app_of(clauses)
        found = pushdown(app.subscriptions, exposed=EXPOSED)
        if found.policy is None:
            return
        policy = filter_policy.parse(json.dumps(found.policy), found.scope)
        whole = Query(tree.unplaced(n.Or(tuple(clauses)))) if len(clauses) > 1 else Query(clauses[0])
        for _ in range(MESSAGES):
            document = json.loads(json.dumps(exports.document(random, whole.node, arrays=True), default=float))
            try:
                entry = publisher.outgoing(document, bson=random.random() < 0.5)
            except megaql.MegaQLError:  # a number that BSON has no room for
                continue
            message = received(entry.body, entry.attributes, raw=random.random() < 0.5)
            takes = [one.name for one in app.subscriptions if one.query.matches(message)]
            accepted = policy.accepts(entry.body, entry.attributes)
            if takes:
                taken[message.decoded.format] += 1
                assert accepted, (takes, found.policy, document, entry.attributes)
            left = found.residual is None or found.residual.matches(message)
            assert (accepted and left) is bool(takes), (found.policy, str(found.residual), document, entry.attributes)

    check()
    assert min(taken["json"], taken["bson"]) >= 5, f"too few messages were taken to judge by: {taken}"
