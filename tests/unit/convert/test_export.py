"""Queries to policies: each way in which a message could be lost, and what must be asked afterwards."""

import json

import pytest

import megaql
from megaql.convert import eventbridge, lambda_filters, pipes, sns
from megaql.convert.export import Fit
from megaql.lang.nodes import Key, Opaque, Path
from megaql.query import Query
from tests.unit.convert import reference


def to_eventbridge(text, *, arrays=True):
    return eventbridge.to_pattern(megaql.compile(text), arrays=arrays)


def to_body(text, *, arrays=True):
    return sns.to_policy(megaql.compile(text), "MessageBody", arrays=arrays)


def to_attributes(text):
    return sns.to_policy(megaql.compile(text), "MessageAttributes")


def to_pipes(text):
    export = pipes.to_filters(megaql.compile(text))
    return export, export.policy and json.loads(export.policy["Filters"][0]["Pattern"])


def rest(export):
    return None if export.residual is None else str(export.residual)


EXACT = [
    ("a == 1", {"a": [1]}),
    ("a == 1.50", {"a": [1.5]}),
    ('a == "x" or a == null', {"a": ["x", None]}),
    ('a in ["x", 2, true]', {"a": ["x", 2, True]}),
    ('a.b.c startswith "x"', {"a": {"b": {"c": [{"prefix": "x"}]}}}),
    ('a endswith "x"', {"a": [{"suffix": "x"}]}),
    ('a contains "50%*"', {"a": [{"wildcard": r"*50%\**"}]}),
    ('a like "a*b"', {"a": [{"wildcard": "a*b"}]}),
    ('a like "a*"', {"a": [{"prefix": "a"}]}),
    ('a like "abc"', {"a": ["abc"]}),
    ("a ~ /^order\\./", {"a": [{"prefix": "order."}]}),
    ("a ~ /\\.gz$/", {"a": [{"suffix": ".gz"}]}),
    ("a ~ /^abc$/", {"a": ["abc"]}),
    ("a ~ /^abc.*/", {"a": [{"prefix": "abc"}]}),
    ("a > 5", {"a": [{"numeric": [">", 5]}]}),
    ("5 <= a", {"a": [{"numeric": [">=", 5]}]}),
    ("a between 1 and 9", {"a": [{"numeric": [">=", 1, "<=", 9]}]}),
    ("a between 4 and 4", {"a": [4]}),
    ("a == 1KiB", {"a": [1024]}),
    ('a == "abc"i', {"a": [{"equals-ignore-case": "abc"}]}),
    ('a startswith "ab"i', {"a": [{"prefix": {"equals-ignore-case": "ab"}}]}),
    ("any x of a: (x.b == 1 and x.c == 2)", {"a": {"b": [1], "c": [2]}}),
    ("any x of a: (x > 1 and x <= 5)", {"a": [{"numeric": [">", 1, "<=", 5]}]}),
    ("detail.b == 1 and detail.c == 2 and source == 3", {"detail": {"b": [1], "c": [2]}, "source": [3]}),
    ("a == 1 or b == 2", {"$or": [{"a": [1]}, {"b": [2]}]}),
    ("detail.a == 1 or detail.b == 2", {"detail": {"$or": [{"a": [1]}, {"b": [2]}]}}),
    ("c == 3 and (a == 1 or b == 2)", {"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}),
    ("a == 1 or (a == 1 and b == 2)", {"a": [1]}),
    ("not (not a == 1 or not b == 2)", {"a": [1], "b": [2]}),
    ("a == 1 and true", {"a": [1]}),
    ("a == 1 or false", {"a": [1]}),
    ("(a ?? 1) == 2", {"a": [2]}),
]


@pytest.mark.parametrize(("text", "pattern"), EXACT, ids=[text for text, _ in EXACT])
def test_exact(text, pattern):
    export = to_eventbridge(text)
    assert (export.policy, export.fit, rest(export)) == (pattern, Fit.EXACT, None)
    assert [reason for reason in export.reasons if reason.clause] == []


IN_OBJECTS = "any x in a: (x is object and x.b == 1 and x.c == 2)"
SUPERSET = [
    # Two fields of an array may be of two elements, and EventBridge wants both of one.
    ("a.b == 1 and a.c == 2", {"a": {"b": [1]}}, "a.c == 2"),
    ("a.b.c == 1 and a.b.d == 2", {"a": {"b": {"c": [1]}}}, "a.b.d == 2"),
    ("detail.b.c == 1 and detail.b.d == 2", {"detail": {"b": {"c": [1]}}}, "detail.b.d == 2"),
    ("any x of a: (x.b == 1) and any x of a: (x.c == 2)", {"a": {"b": [1]}}, "any x of a: (x.c == 2)"),
    ("any x of a: (x.b.c == 1 and x.b.d == 2)", {"a": {"b": {"c": [1]}}}, "any x of a: (x.b.c == 1 and x.b.d == 2)"),
    # An element of an array may be an array, whose elements `in` mixes.
    ("any x in a: (x.b == 1 and x.c == 2)", {"a": {"b": [1]}}, "any x in a: (x.b == 1 and x.c == 2)"),
    # … unless the query says that they are objects.
    ("a is object and a.b == 1 and a.c == 2", {"a": {"b": [1], "c": [2]}}, "a is object"),
    ("any x in a: (x is object and x.b == 1 and x.c == 2)", {"a": {"b": [1], "c": [2]}}, IN_OBJECTS),
    # An attribute of an event stands in one of two places.
    (
        "event.quantity > 5",
        {
            "event": {
                "$or": [{"quantity": [{"numeric": [">", 5]}]}, {"attributes": {"quantity": [{"numeric": [">", 5]}]}}]
            }
        },
        "event.quantity > 5",
    ),
    ('event.name == "x"', {"event": {"name": ["x"]}}, None),
    (
        "any e of event: (e.x == 1)",
        {"event": {"$or": [{"x": [1]}, {"attributes": {"x": [1]}}]}},
        "any e of event: (e.x == 1)",
    ),
    (
        "any e of event: (e.attributes.x == 1)",
        {"event": {"$or": [{"attributes": {"x": [1]}}, {"x": [1]}]}},
        "any e of event: (e.attributes.x == 1)",
    ),
    (
        '@kind == "mega" and event.name == "x" and event.q == 5',
        {"protocol": ["mega"], "event": {"name": ["x"], "$or": [{"q": [5]}, {"attributes": {"q": [5]}}]}},
        '@kind == "mega"',
    ),
    # An event without a version has version 1.
    ("event.version == 1", {"event": {"version": [1, {"exists": False}]}}, "event.version == 1"),
    ("object.version < 3", {"object": {"version": [{"numeric": ["<", 3]}, {"exists": False}]}}, "object.version < 3"),
    ("event.version == 2", {"event": {"version": [2]}}, None),
    # A policy sees nothing in objects and empty arrays, and looks into arrays.
    ("missing a", {"a": [{"exists": False}]}, "missing a"),
    ("empty a", {"a": [None, "", {"exists": False}]}, "empty a"),
    ("(a ?? 1) == 1", {"a": [1, {"exists": False}]}, "a ?? 1 == 1"),
    ("active", {"active": [True]}, "active"),
    ("not active", {"active": [False]}, "not active"),
    ("a is string", {"a": [{"wildcard": "*"}]}, "a is string"),
    ("a is null", {"a": [None]}, "a is null"),
    ("a[0] == 1", {"a": [1]}, "a[0] == 1"),
    ("a[*].b == 1", {"a": {"b": [1]}}, "a[*].b == 1"),
    ("one x of a: (x == 1)", {"a": [1]}, "one x of a: (x == 1)"),
    ('a == ["x", "y"]', {"a": ["x"]}, 'a == ["x", "y"]'),
    ('"vip" in tags', {"tags": ["vip"]}, '"vip" in tags'),
    ('any t of tags: (t in ["vip", "new"])', {"tags": ["vip", "new"]}, None),
    ('"vip" in tags and a == 1', {"tags": ["vip"], "a": [1]}, '"vip" in tags'),
    # What the service cannot compare.
    ("a == 12345678901234567890", {"a": [{"exists": True}]}, "a == 12345678901234567890"),
    ("a > 1e12", {"a": [{"exists": True}]}, "a > 1e12"),
    ("a == 0.1234567", {"a": [{"exists": True}]}, "a == 0.1234567"),
    ('a > "x"', {"a": [{"exists": True}]}, 'a > "x"'),
    ("number(a) > 5", {"a": [{"exists": True}]}, "number(a) > 5"),
    ("a ~ /^(?:x|y)z/", {"a": [{"exists": True}]}, "a ~ /^(?:x|y)z/"),
    ("a ~ /^ab?c/", {"a": [{"prefix": "a"}]}, "a ~ /^ab?c/"),
    ("a ~ /^x/m", {"a": [{"exists": True}]}, "a ~ /^x/m"),
    ('a like "a?c"', {"a": [{"wildcard": "a*c"}]}, 'a like "a?c"'),
    (
        'a == d"2026-01-01"',
        {"a": [{"prefix": "2025-12-31"}, {"prefix": "2026-01-01"}, {"prefix": "2026-01-02"}]},
        'a == d"2026-01-01"',
    ),
    (
        'a between d"2026-03-01" and d"2026-05-31"',
        {"a": [{"prefix": "2026-0"}]},
        'a between d"2026-03-01" and d"2026-05-31"',
    ),
    (
        'ip in cidr "10.0.0.0/8"',
        {"ip": [{"cidr": "10.0.0.0/8"}, {"prefix": ":"}, {"prefix": "0"}]},
        'ip in cidr "10.0.0.0/8"',
    ),
    ('ip in cidr "10.0.0.1/32"', {"ip": ["10.0.0.1", {"prefix": ":"}, {"prefix": "0"}]}, 'ip in cidr "10.0.0.1/32"'),
    # Of an `and` what can be tested; of a field one test.
    ("a == 1 and length(b) > 2", {"a": [1]}, "length(b) > 2"),
    ("a > 1 and a == 5", {"a": [5]}, "a > 1"),
    ("a == 1 or (b == 2 and c == d)", {"$or": [{"a": [1]}, {"b": [2]}]}, "a == 1 or b == 2 and c == d"),
    ("a == 1 and a.b == 2", {"a": [1]}, "a.b == 2"),
]


@pytest.mark.parametrize(("text", "pattern", "residual"), SUPERSET, ids=[text for text, _, _ in SUPERSET])
def test_superset(text, pattern, residual):
    export = to_eventbridge(text)
    assert export.policy == pattern
    assert rest(export) == residual
    assert export.fit is (Fit.SUPERSET if rest(export) else Fit.EXACT)
    assert bool(rest(export)) is any(reason.clause for reason in export.reasons)


IMPOSSIBLE = [
    ('a != "x"', "it also holds for an empty array or an object"),
    ("not a > 5", "it also holds for an empty array or an object"),
    ('a.b != "x"', "it must hold for every element of an array"),
    ("not a[*]", "it must hold for every element of an array"),
    ('"vip" not in tags', "it also holds for an empty array"),
    ('"abc" startswith a', "a policy compares a field with fixed values only"),
    ("5 between a and 9", "a policy compares a field with fixed values only"),
    ("exists a", "it also holds for objects and empty arrays"),
    ("a == b", "a policy compares a field with fixed values only"),
    ("length(a) > 1", "a policy has no length()"),
    ("a == []", "nothing can be asked of an empty array"),
    ("a is object", "a policy does not see arrays and objects"),
    ("all x in a: (x == 1)", "it holds for an empty array"),
    ("none x of a: (x == 1)", "it holds for an empty array"),
    ("count(x in a: (x == 1)) > 1", "a policy cannot count"),
    ("**.a == 1", "a policy cannot search at any depth"),
    ('."a.b" == 1', "a policy cannot name the key 'a.b'"),
    ('."$or" == 1', "a policy cannot name the key '$or'"),
    ('@kind == "text"', "EventBridge does not see @kind"),
    ("a == 1 or length(b) > 1", "a policy has no length()"),
    ("missing a[0]", "a policy cannot tell which elements of an array lack it"),
    ("any x of a: (missing x.b)", "a policy cannot tell which elements of an array lack it"),
    ("(a.b ?? 1) == 1", "a policy cannot tell which elements of an array lack it"),
    ("true", "it holds for every message"),
    ("false", "it holds for no message"),
    ("missing a or true", "it holds for every message"),
]


@pytest.mark.parametrize(("text", "why"), IMPOSSIBLE, ids=[text for text, _ in IMPOSSIBLE])
def test_impossible(text, why):
    export = to_eventbridge(text)
    assert (export.policy, export.fit, rest(export)) == (None, Fit.IMPOSSIBLE, str(megaql.compile(text)))
    assert export.reasons[0].why.startswith(why)


def test_a_callable_is_never_converted():
    opaque = Query(Opaque("check", bool, Path((Key("a"),))))
    export = eventbridge.to_pattern(opaque)
    assert (export.fit, export.reasons[0].why) == (Fit.IMPOSSIBLE, "a Python function runs nowhere else")


@pytest.mark.parametrize(
    ("text", "pattern", "residual"),
    [
        ('a != "x"', {"a": [{"anything-but": "x"}]}, None),
        ('a not in ["x", "y"]', {"a": [{"anything-but": ["x", "y"]}]}, None),
        ("a not in [1, 2.5]", {"a": [{"anything-but": [1, 2.5]}]}, None),
        ('a not in ["x", 1]', {"a": [{"anything-but": "x"}]}, 'a not in ["x", 1]'),
        ('a != "x" and a != "y"', {"a": [{"anything-but": ["x", "y"]}]}, None),
        ("not a > 5", {"a": [{"numeric": ["<=", 5]}]}, None),
        ("a not between 1 and 5", {"a": [{"numeric": ["<", 1]}, {"numeric": [">", 5]}]}, None),
        ('a not startswith "x"', {"a": [{"anything-but": {"prefix": "x"}}]}, 'a not startswith "x"'),
        ('a != "abc"i', {"a": [{"anything-but": {"equals-ignore-case": "abc"}}]}, None),
        ("a != null", {"a": [{"exists": True}]}, "a != null"),
        ("a.b == 1 and a.c == 2", {"a": {"b": [1], "c": [2]}}, None),
        ("a > 1 and a < 5", {"a": [{"numeric": [">", 1, "<", 5]}]}, None),
        ("active", {"active": [True]}, None),
        ("(a.b ?? 1) == 1", {"a": {"b": [1, {"exists": False}]}}, None),
        # The promise is about what is compared.
        ("missing a", {"a": [{"exists": False}]}, "missing a"),
        ("exists a", None, "exists a"),
        ("a is not null", None, "a is not null"),
        # An array that a quantifier asks for may have several elements.
        ("any x of a: (x.b == 1) and a.c == 2", {"a": {"b": [1]}}, "a.c == 2"),
    ],
)
def test_with_the_promise_that_there_are_no_arrays(text, pattern, residual):
    export = to_eventbridge(text, arrays=False)
    assert (export.policy, rest(export)) == (pattern, residual)


def test_a_fact_makes_a_negation_possible():
    assert to_eventbridge("a is string and a.b == 1 and c is number and c != 5").policy["c"] == [{"anything-but": 5}]
    event = to_eventbridge('@kind == "mega" and event.domain != "shop"')
    assert event.policy == {"protocol": ["mega"], "event": {"domain": [{"anything-but": "shop"}]}}


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("abc", ["abc"]),
        ("user", ["user", "u\u017fer"]),
        ("k", ["k", "\u212a"]),
        ("fi", ["fi", "\ufb01"]),
    ],
)
def test_ignoring_case_finds_what_folds_to_it(text, spellings):
    export = to_eventbridge(f'a == "{text}"i')
    assert export.policy == {"a": [{"equals-ignore-case": spelling} for spelling in spellings]}
    for spelling in spellings:
        assert reference.matches(export.policy, {"a": spelling})


def test_the_messages_of_the_brief():
    split = {"a": [{"b": 1}, {"c": 2}]}
    query = megaql.compile("a.b == 1 and a.c == 2")
    export = eventbridge.to_pattern(query)
    assert query.matches(split)
    assert reference.matches(export.policy, split)
    assert not reference.matches({"a": {"b": [1], "c": [2]}}, split)


# Round trips

PATTERNS = [
    {"source": ["aws.ec2"], "detail": {"state": ["stopped", "terminated"], "n": [{"numeric": [">", 0, "<=", 5]}]}},
    {"a": ["x", 1, None, True]},
    {"a": [{"anything-but": ["x", "y"]}]},
    {"a": [{"anything-but": 1}]},
    {"a": [{"anything-but": {"prefix": "x"}}]},
    {"a": [{"anything-but": {"suffix": "x"}}]},
    {"a": [{"anything-but": {"wildcard": "x*y"}}]},
    {"a": [{"exists": True}]},
    {"a": [{"exists": False}]},
    {"a": {"b": [{"exists": False}]}},
    {"a": [{"exists": False}], "b": [1]},
    {"a": [{"equals-ignore-case": "user"}]},
    {"a": [{"prefix": {"equals-ignore-case": "ab"}}]},
    {"a": [{"suffix": {"equals-ignore-case": "ab"}}]},
    {"a": [{"wildcard": "*a*b"}]},
    {"a": {"b": [1], "c": {"d": ["x"], "e": ["y"]}}},
    {"$or": [{"a": [1]}, {"b": [2], "c": [3]}], "d": [4]},
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=json.dumps)
def test_what_was_imported_comes_back(pattern):
    export = eventbridge.to_pattern(eventbridge.from_pattern(pattern))
    assert (export.policy, export.fit) == (pattern, Fit.EXACT)


# Amazon SNS


def test_sns_may_or_may_not_take_fields_from_one_element():
    export = to_body("any x of a: (x.b == 1 and x.c == 2)")
    assert export.policy == {"a": {"b": [1], "c": [2]}}
    assert rest(export) == "any x of a: (x.b == 1 and x.c == 2)"
    assert to_body("a.b == 1 and a.c == 2").policy == {"a": {"b": [1]}}


def test_sns_takes_no_message_for_absence_alone():
    assert to_body("missing a").fit is Fit.IMPOSSIBLE
    assert to_attributes("missing @attributes.a").fit is Fit.IMPOSSIBLE
    assert to_body("missing a and b == 1").policy == {"a": [{"exists": False}], "b": [1]}
    assert to_body("missing a or b == 1").fit is Fit.IMPOSSIBLE


def test_sns_may_not_count_null_and_empty_text_as_present():
    assert to_body("a ~ /x*/").fit is Fit.IMPOSSIBLE
    assert to_body("a ~ /x+y/").policy == {"a": [{"exists": True}]}
    assert to_body('a <= "x"').fit is Fit.IMPOSSIBLE
    assert to_body("a != null", arrays=False).fit is Fit.IMPOSSIBLE


def test_sns_has_fewer_matchers_and_smaller_numbers():
    assert to_body('a contains "x"').policy == {"a": [{"exists": True}]}
    assert to_body('a like "ab*c"').policy == {"a": [{"prefix": "ab"}]}
    assert to_body('a startswith "ab"i').policy == {"a": [{"exists": True}]}
    assert to_body("a > 2000000000").policy == {"a": [{"exists": True}]}
    assert to_body("a == 0.000001").policy == {"a": [{"exists": True}]}


def test_sns_limits():
    six = " and ".join(f"k{number} == {number}" for number in range(6))
    export = to_body(six)
    assert (len(export.policy), rest(export)) == (5, "k5 == 5")
    assert "Filter policy can not have more than 5 keys" in str(export.reasons[0])
    names = ", ".join(f'"item-{number}"' for number in range(200))
    export = to_body(f"a in [{names}]")
    assert export.policy == {"a": [{"prefix": "item-"}]}
    assert "Filter policy is too complex" in str(export.reasons[0])
    numbers = ", ".join(map(str, range(200)))
    assert to_body(f"a in [{numbers}]").policy == {"a": [{"numeric": [">=", 0, "<=", 199]}]}


def test_what_is_no_json_to_sns_is_said():
    assert [str(reason) for reason in to_body("a == 1").reasons] == [
        "SNS reads JSON objects only: a message published with bson=True cannot pass a policy for the body"
    ]
    assert to_body('a == 1 or @kind == "text"').fit is Fit.IMPOSSIBLE


def test_sns_attributes():
    export = to_attributes('@attributes.tenant == "acme" and @attributes.n > 5 and a == 1')
    assert export.policy == {"tenant": ["acme"], "n": [{"numeric": [">", 5]}]}
    assert rest(export) == "a == 1"
    assert to_attributes('@attributes["a.b"] == "x"').policy == {"a.b": ["x"]}
    assert to_attributes('any t of @attributes.tags: (t == "x")').policy == {"tags": ["x"]}
    assert to_attributes('@attributes.a != "x"').fit is Fit.IMPOSSIBLE


# EventBridge's size, Lambda, Pipes


def test_eventbridges_limits():
    names = ", ".join(f'"{number:04}-item"' for number in range(1000))
    export = to_eventbridge(f"a in [{names}]")
    assert export.policy == {"a": [{"prefix": "0"}]}
    assert "4,096 bytes" in str(export.reasons[0])
    choices = " and ".join(f"(a{number} == 1 or b{number} == 2)" for number in range(12))
    export = to_eventbridge(choices)
    assert "$or" in export.policy
    assert "combinations" in str(export.reasons[0]) or "bytes" in str(export.reasons[0])
    assert to_eventbridge('a like "*a*b*c*d*e*f*"').policy == {"a": [{"exists": True}]}


def test_a_name_of_a_matcher_is_no_key_inside_or():
    assert to_eventbridge("prefix == 1").policy == {"prefix": [1]}
    assert to_eventbridge("prefix == 1 or b == 2").fit is Fit.IMPOSSIBLE


def test_lambda_sees_the_body_only():
    export = lambda_filters.to_filters(megaql.compile('a.b == 1 and @attributes.tenant == "acme"'))
    assert [json.loads(item["Pattern"]) for item in export.policy["Filters"]] == [{"body": {"a": {"b": [1]}}}]
    assert rest(export) == '@attributes.tenant == "acme"'


def test_attributes_of_events_inside_a_body():
    export = lambda_filters.to_filters(megaql.compile('@kind == "mega" and event.name == "x" and event.q == 5'))
    (item,) = export.policy["Filters"]
    event = {"name": ["x"], "$or": [{"q": [5]}, {"attributes": {"q": [5]}}]}
    assert json.loads(item["Pattern"]) == {"body": {"protocol": ["mega"], "event": event}}
    assert rest(export) == '@kind == "mega"'


def test_pipes_see_attributes_as_text():
    export, pattern = to_pipes('@attributes.tenant == "acme"')
    place = {"$or": [{"stringValue": ["acme"]}, {"dataType": ["String.Array"]}]}
    assert pattern == {"messageAttributes": {"tenant": place}}
    assert export.fit is Fit.SUPERSET
    _, pattern = to_pipes("@attributes.n > 5")
    assert pattern == {"messageAttributes": {"n": {"dataType": ["String.Array", {"prefix": "Number"}]}}}
    export, pattern = to_pipes('@receive_count == 1 and @group_id startswith "g" and exists @attributes.x')
    assert pattern == {
        "attributes": {"ApproximateReceiveCount": ["1"], "MessageGroupId": [{"prefix": "g"}]},
        "messageAttributes": {"x": {"dataType": [{"exists": True}]}},
    }
    assert export.fit is Fit.EXACT
    assert to_pipes("@receive_count > 1")[0].fit is Fit.IMPOSSIBLE
