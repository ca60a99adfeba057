"""A policy keeps back no message that its query matches; with the residual query it is the query, and an exact one is so alone.

Three judges of a policy: the rules of event-ruler in `tests/unit/convert/reference.py`, which know nothing of `megaql.convert`; the same without
consistency of arrays, which SNS does not promise; and the embedded SNS.
"""

import json
import os
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import megaql
from megaql.broker.local import filter_policy
from megaql.broker.message import Message
from megaql.convert import eventbridge, lambda_filters, pipes, sns
from megaql.convert.export import Fit
from megaql.lang import nodes as n
from megaql.query import Query
from tests.property import exports
from tests.unit.convert import reference

#: Messages for each query.
MESSAGES = 25

thorough = settings(max_examples=200 if os.environ.get("CI") else 60, deadline=None)
seeds = st.integers(0, 2**32)


def judge(query, export, message, *takes):
    """Check one message: `takes` are what judges say of the policy."""
    matches = query.matches(message)
    for taken in takes:
        if matches:
            assert taken, (str(query), export.policy, message)
        left = export.residual is None or export.residual.matches(message)
        assert (taken and left) is matches, (str(query), export.policy, str(export.residual), message)


@pytest.mark.parametrize("arrays", [True, False])
def test_eventbridge(arrays):
    @thorough
    @given(exports.clauses(arrays=arrays), seeds)
    def check(clause, seed):
        query, random = Query(clause), Random(seed)
        export = eventbridge.to_pattern(query, arrays=arrays)
        if export.policy is None:
            assert (export.fit, export.residual) == (Fit.IMPOSSIBLE, query)
            return
        for _ in range(MESSAGES):
            document = exports.document(random, clause, arrays=arrays)
            judge(query, export, document, reference.matches(export.policy, document))

    check()


@pytest.mark.parametrize("arrays", [True, False])
def test_sns_by_the_body(arrays):
    @thorough
    @given(exports.clauses(arrays=arrays), seeds)
    def check(clause, seed):
        query, random = Query(clause), Random(seed)
        export = sns.to_policy(query, "MessageBody", arrays=arrays)
        if export.policy is None:
            return
        embedded = filter_policy.parse(json.dumps(export.policy), "MessageBody")
        for _ in range(MESSAGES):
            document = exports.document(random, clause, arrays=arrays)
            body = json.dumps(document, default=float)
            judge(
                query,
                export,
                document,
                reference.matches(export.policy, document),
                _matches_inconsistently(export.policy, document),
                embedded.accepts(body, {}),
            )
        for text in ("plain", "[1]", '{"a": 1}'):
            message = Message("m", text)
            if query.matches(message) and message.payload.kind != "data":
                assert embedded.accepts(text, {}), (str(query), export.policy)

    check()


@pytest.mark.parametrize("arrays", [True, False])
def test_lambda_and_pipes_by_the_body(arrays):
    @thorough
    @given(exports.clauses(arrays=arrays), seeds)
    def check(clause, seed):
        query, random = Query(clause), Random(seed)
        for to_filters in (lambda_filters.to_filters, pipes.to_filters):
            export = to_filters(query, arrays=arrays)
            if export.policy is None:
                continue
            pattern = json.loads(export.policy["Filters"][0]["Pattern"])
            for _ in range(MESSAGES):
                document = exports.document(random, clause, arrays=arrays)
                judge(query, export, document, reference.matches(pattern, {"body": document}))
            assert not query.matches(Message("m", "plain")), "what is no document never passes"

    check()


def _matches_inconsistently(pattern, document):
    """Judge as event-ruler would if it did not care which elements of an array its fields are from."""
    fields = {
        name: [reference.Field(one.value, {}) for one in found] for name, found in reference.flatten(document).items()
    }
    return any(reference._take(sorted(rule), rule, fields, {}) for rule in reference.expand(pattern))


# Attributes, which are texts, numbers and arrays of them

_TYPES = {
    "String": exports.one_of([text for text in exports.TEXTS if text]),
    "Number": exports.one_of(["0", "1", "2", "5", "-1", "0.5", "2.25"]),
    "String.Array": st.lists(exports.one_of(["x", "xy", "1", 1, 5, True, None]), max_size=3).map(json.dumps),
}
attribute = exports.one_of(sorted(_TYPES)).flatmap(
    lambda kind: _TYPES[kind].map(lambda text: {"DataType": kind, "StringValue": text})
)
messages = st.builds(
    lambda attributes, group, count: Message(
        "m-1",
        "{}",
        attributes=attributes,
        system={"ApproximateReceiveCount": str(count), **({"MessageGroupId": group} if group else {})},
    ),
    st.dictionaries(exports.one_of(["a", "b"]), attribute, max_size=2),
    st.none() | exports.one_of(["x", "xy", "5"]),
    st.integers(1, 3),
)


def moved(node, *, envelope):
    """The clause with its paths in the envelope: `a` and `b` are attributes, `name` and `version` fields of it."""
    fields = {"a": ("attributes", "a"), "b": ("attributes", "b"), "name": ("group_id",), "version": ("receive_count",)}

    def change(value):
        if isinstance(value, n.Path):
            last = value.segments[-1].name if isinstance(value.segments[-1], n.Key) else "a"
            names = fields.get(last if envelope else last.replace("name", "a").replace("version", "b"), fields["a"])
            return n.Path(tuple(map(n.Key, names)), n.Root.ENVELOPE)
        if isinstance(value, n.Node):
            inside = {key: change(getattr(value, key)) for key in value.__dataclass_fields__ if key != "span"}
            return type(value)(**inside)
        return tuple(map(change, value)) if isinstance(value, tuple) else value

    return change(node)


@thorough
@given(exports.clauses(depth=2), st.lists(messages, min_size=4, max_size=12))
def test_sns_by_attributes(clause, received):
    query = Query(moved(clause, envelope=False))
    export = sns.to_policy(query)
    if export.policy is None:
        return
    policy = filter_policy.parse(json.dumps(export.policy), "MessageAttributes")
    for message in received:
        if message.attributes or export.fit is not Fit.EXACT:
            judge(query, export, message, policy.accepts("x", message.attributes))


def _record(message):
    """A message as Pipes sees it."""
    return {
        "messageId": message.id,
        "body": json.loads(message.body),
        "attributes": dict(message.system),
        "messageAttributes": {
            name: {"stringValue": one["StringValue"], "dataType": one["DataType"]}
            for name, one in message.attributes.items()
        },
    }


@thorough
@given(exports.clauses(depth=2), st.lists(messages, min_size=4, max_size=12))
def test_pipes_by_the_envelope(clause, received):
    query = Query(moved(clause, envelope=True))
    export = pipes.to_filters(query)
    if export.policy is None:
        return
    pattern = json.loads(export.policy["Filters"][0]["Pattern"])
    for message in received:
        judge(query, export, message, reference.matches(pattern, _record(message)))


@thorough
@given(exports.clauses(), seeds)
def test_the_policy_is_read_back_as_the_same(clause, seed):
    query, random = Query(clause), Random(seed)
    export = eventbridge.to_pattern(query)
    if export.policy is None:
        return
    again = eventbridge.from_pattern(json.dumps(export.policy))
    for _ in range(MESSAGES):
        document = exports.document(random, clause, arrays=True)
        if "protocol" not in document and not _is_mapped(document):
            assert again.matches(document) is reference.matches(export.policy, document)
    for other in (sns.to_policy(query, "MessageBody"), lambda_filters.to_filters(query), pipes.to_filters(query)):
        assert (other.policy is None) is (other.fit is Fit.IMPOSSIBLE)


def _is_mapped(document):
    """Whether a message holds an IPv4 address in the form that a query reads and EventBridge does not."""
    return "::ffff:" in json.dumps(document, default=float)


#: Queries about events, whose attributes stand in one of two places; `%s` is a value.
ABOUT_EVENTS = [
    "any e of event: (e.a == %s and e.b == %s)",
    'any e of event: (e.attributes.a == %s and e.name == "x")',
    '@kind == "mega" and any e of event: (e.a == %s and e.b in [%s, "x"])',
    '@kind == "mega" and event.a == %s and event.attributes.b == %s',
    "any t of event.attributes: (t.a == %s and t.b == %s)",
    '@kind == "mega" and any t of event.attributes: (t.a == %s and t.b == %s)',
    "event.a in [%s, %s] and event.version == 1",
    '@kind == "mega" and event.o.a == %s and event.o.b == %s',
    "any x of event.o: (x.a == %s and x.b == %s)",
    'missing event.a and event.name == "x"',
    'empty event.attributes.a and event.name == "x"',
    '@kind == "mega" and event.a ?? 1 == %s',
    "any e of event: (any o of e.o: (o.a == %s))",
    '@kind == "mega" and event.version == 1',
    '@kind == "mega" and event.a is string and event.a != %s',
    '@kind == "mega" and object.version < 2 and event.version != 1',
]


@pytest.mark.parametrize("arrays", [True, False])
@pytest.mark.parametrize("template", ABOUT_EVENTS)
def test_events_of_the_protocol(template, arrays):
    random = Random(template)
    for _ in range(20):
        chosen = random.sample(['"x"', '"xy"', "1", "5", "null", "true"], template.count("%s"))
        query = megaql.compile(template % tuple(chosen))
        export = eventbridge.to_pattern(query, arrays=arrays)
        for _ in range(15 if export.policy else 0):
            document = exports.document(random, query.node, arrays=arrays)
            judge(query, export, document, reference.matches(export.policy, document))
