import json

import pytest

from megaql.broker.local.filter_policy import parse
from megaql.errors import ConvertError


def attribute(value):
    if isinstance(value, list):
        return {"DataType": "String.Array", "StringValue": json.dumps(value)}
    if isinstance(value, bytes):
        return {"DataType": "Binary", "BinaryValue": value}
    kind = "Number" if isinstance(value, int | float) else "String"
    return {"DataType": kind, "StringValue": str(value)}


def by_attributes(policy, **values):
    attributes = {name: attribute(value) for name, value in values.items()}
    return parse(json.dumps(policy), "MessageAttributes").accepts("body", attributes)


def by_body(policy, body):
    return parse(json.dumps(policy), "MessageBody").accepts(body if isinstance(body, str) else json.dumps(body), {})


BUT = {"anything-but": ["x", "y"]}


@pytest.mark.parametrize(
    ("conditions", "taken", "left"),
    [
        (["x", "y"], ["x", "y", ["q", "x"]], ["z", "X", ["q"], [], 1]),
        ([5], [5, 5.0, [5]], ["5", 6, [6]]),
        ([None, True], [[None], [True]], ["true", "None", [1], [0]]),
        ([BUT], ["z", 5, ["x", "z"]], ["x", "y", ["x", "y"], []]),
        ([{"anything-but": "x"}], ["y"], ["x"]),
        ([{"anything-but": [1, 2]}], [3, "1"], [1, 2.0]),
        ([{"anything-but": {"prefix": "x"}}], ["yx", ["xy", "y"], 5], ["xy"]),
        ([{"anything-but": {"suffix": "x"}}], ["xy", 5], ["yx"]),
        ([{"prefix": ""}], ["acme"], [5]),
        ([{"prefix": "ac"}], ["acme", ["b", "ac"]], ["bac", "AC", 5]),
        ([{"suffix": "me"}], ["acme"], ["mean", 5]),
        ([{"equals-ignore-case": "Straße"}], ["STRASSE", "straße"], ["strase", "Strasse", 5]),
        ([{"numeric": ["=", 5]}], [5, 5.0, [1, 5]], ["5", 4]),
        ([{"numeric": [">", 0]}], [0.1], [0, -1, "1"]),
        ([{"numeric": [">=", 0, "<", 10]}], [0, 9.99], [10, -0.1]),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "no address", "::1", 5]),
        ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1"]),
        ([{"exists": True}], ["x", 0, [None]], [[], b"binary"]),
        ([{"exists": False}], [[]], ["x", 0, b"binary"]),
        (["x", {"exists": False}], ["x", []], ["y"]),
        (["x", {"numeric": [">", 5]}], ["x", 6], ["y", 5]),
    ],
    ids=str,
)
def test_conditions(conditions, taken, left):
    assert [value for value in taken if not by_attributes({"a": conditions}, a=value)] == []
    assert [value for value in left if by_attributes({"a": conditions}, a=value)] == []


def test_missing_attribute_satisfies_only_absence():
    assert not by_attributes({"a": ["x"]})
    assert not by_attributes({"a": [BUT]})
    assert not by_attributes({"a": [{"exists": True}]})
    assert by_attributes({"a": [{"exists": False}]}, b="x")
    assert by_attributes({"a": [BUT, {"exists": False}]}, b="x")


def test_absence_wants_a_message_with_attributes():
    assert not by_attributes({"a": [{"exists": False}]})
    assert not by_attributes({"a": [BUT, {"exists": False}]})


def test_all_names_have_to_hold():
    policy = {"a": ["x"], "b": [{"prefix": "y"}]}
    assert by_attributes(policy, a="x", b="yz")
    assert not by_attributes(policy, a="x")


def test_alternatives():
    policy = {"z": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"], "c": ["w"]}]}
    assert by_attributes(policy, z="z", a="x")
    assert by_attributes(policy, z="z", b="y", c="w")
    assert not by_attributes(policy, z="z", b="y")
    assert not by_attributes(policy, a="x")


@pytest.mark.parametrize("rule", [["x"], [{"prefix": "x"}]])
def test_a_key_may_be_called_or(rule):
    assert by_attributes({"$or": rule}, **{"$or": "x"})


@pytest.mark.parametrize(
    ("policy", "taken", "left"),
    [
        (
            {"a": {"b": ["x"]}},
            [{"a": {"b": "x"}}, {"a": [{"b": "y"}, {"b": "x"}]}],
            [{"a": {"b": "y"}}, {"a": "x"}, {}],
        ),
        ({"a": ["x"]}, [{"a": [["y"], ["x"]]}], [{"a": {"x": "x"}}, {"a": []}]),
        ({"a": [True]}, [{"a": True}], [{"a": 1}, {"a": "true"}, {"a": 1.0}]),
        ({"a": [1]}, [{"a": 1}, {"a": 1.0}], [{"a": True}, {"a": "1"}]),
        ({"a": [None]}, [{"a": None}], [{}, {"a": 0}, {"a": False}]),
        ({"a": [0.1]}, ['{"a": 0.1}', '{"a": 0.10}'], ['{"a": 0.1000000000000000055}']),
        ({"a": {"b": [{"exists": False}]}}, [{}, {"a": {}}, {"a": {"c": 1}}], [{"a": {"b": None}}]),
        ({"a": {"b": ["x"], "c": ["y"]}}, [{"a": [{"b": "x", "c": "y"}]}], [{"a": [{"b": "x"}, {"c": "y"}]}]),
        (
            {"a": {"b": [1], "c": [{"exists": False}]}},
            [{"a": [{"b": 1}, {"c": 2}]}],
            [{"a": [{"b": 1, "c": 2}, {"b": 3}]}],
        ),
        ({"a": {"$or": [{"b": ["x"]}, {"c": ["y"]}]}}, [{"a": {"c": "y"}}], [{"a": {"c": "x"}}]),
    ],
    ids=str,
)
def test_bodies(policy, taken, left):
    assert [body for body in taken if not by_body(policy, body)] == []
    assert [body for body in left if by_body(policy, body)] == []


@pytest.mark.parametrize("body", ["text", "[]", '"x"', '{"a": NaN}', '{"a": ', "[" * 100_000, '{"a":' * 100_000])
def test_bodies_that_are_no_documents_are_left(body):
    assert not by_body({"b": [{"exists": False}]}, body)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "sNaN", "twelve"])
def test_numbers_that_are_none_are_text(text):
    policy = parse('{"a": [{"numeric": [">", 0]}]}', "MessageAttributes")
    assert not policy.accepts("", {"a": {"DataType": "Number", "StringValue": text}})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("nonsense", "failed to parse JSON"),
        ("[" * 100_000, "failed to parse JSON"),
        ('{"a": [1e9999999999999999999]}', "failed to parse JSON"),
        ('{"a": [NaN]}', "failed to parse JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": "x"}', '"a" must be an object or an array'),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": [[]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{"no-such": 1}]}', "Unrecognized match type no-such"),
        ('{"a": [{"wildcard": "x*"}]}', "Unrecognized match type wildcard"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed"),
        ('{"a": [{}]}', "Match expression name not found"),
        ('{"a": [{"prefix": 5}]}', "prefix match pattern must be a string"),
        ('{"a": [{"exists": "yes"}]}', "must be either true or false"),
        ('{"a": [{"anything-but": []}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": [null]}]}', "Inside anything but list"),
        ('{"a": [{"anything-but": ["x", 1]}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', "Unsupported anything-but pattern"),
        ('{"a": [{"numeric": "=1"}]}', "Value of numeric must be an array"),
        ('{"a": [{"numeric": []}]}', "Invalid member in numeric match"),
        ('{"a": [{"numeric": [">"]}]}', "Value of > must be numeric"),
        ('{"a": [{"numeric": [">", "1"]}]}', "Value of > must be numeric"),
        ('{"a": [{"numeric": [">", true]}]}', "Value of > must be numeric"),
        ('{"a": [{"numeric": ["~", 1]}]}', "Unrecognized numeric range operator"),
        ('{"a": [{"numeric": ["<", 1, ">", 0]}]}', "Too many elements in numeric expression"),
        ('{"a": [{"numeric": [">", 1, "<", 1]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": ["=", 1e10]}]}', "between -1.0E9 and 1.0E9"),
        ('{"a": [{"cidr": "300.0.0.0/8"}]}', "Invalid IP address"),
        (json.dumps({name: ["x"] for name in "abcdef"}), "can not have more than 5 keys"),
        (json.dumps({"a": list("abcdefghijklm"), "b": list("abcdefghijklm")}), "too complex"),
        (json.dumps({"a": ["x" * 300_000]}), "longer than 256 KB"),
        ('{"a": {"b": ["x"]}}', "does not support nested"),
    ],
    ids=lambda value: value[:40],
)
def test_policies_that_are_refused(policy, reason):
    with pytest.raises(ConvertError) as caught:
        parse(policy, "MessageAttributes")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [('{"a": {}}', "Empty objects"), ('{"a":' * 200 + '["x"]' + "}" * 200, "nested too deeply")],
)
def test_nested_policies_that_are_refused(policy, reason):
    with pytest.raises(ConvertError, match=reason):
        parse(policy, "MessageBody")


def test_deeper_names_cost_more():
    values = [str(number) for number in range(80)]
    parse(json.dumps({"a": values}), "MessageBody")
    with pytest.raises(ConvertError, match="too complex"):
        parse(json.dumps({"a": {"b": values}}), "MessageBody")


def test_brackets_inside_strings_are_no_nesting():
    assert by_body({"a": ["[" * 500]}, {"a": "[" * 500})
    assert by_body({"a": ['"{' * 500]}, {"a": '"{' * 500})
