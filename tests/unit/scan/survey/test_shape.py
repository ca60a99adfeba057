"""Paths, kinds, looks and shared values of many documents."""

import json

import pytest

import megaql
from megaql.broker.message import Message
from megaql.scan.survey import shape as module
from megaql.scan.survey.choice import chosen
from megaql.scan.survey.looks import is_identity, look
from megaql.scan.survey.shape import Shape


def shape(*bodies, **envelope):
    made = Shape()
    for body in bodies:
        made.add(Message(id="", body=body if isinstance(body, str) else json.dumps(body), **envelope))
    return made


def places(made):
    return {place.text: place for place in made.places()}


def mega(name="a.b", **attributes):
    return {
        "protocol": "mega",
        "version": 1,
        "event": {"name": name, "timestamp": "2026-11-24T10:00:00Z", "version": 1, "attributes": attributes},
    }


def test_paths_kinds_and_presence():
    found = places(shape({"a": 1, "items": [{"p": 1}, {"p": "2"}]}, {"a": None, "items": []}, {"b": {"c": True}}))
    assert list(found) == ["a", "items", "items[*]", "items[*].p", "b", "b.c"]
    assert dict(found["a"].spot.kinds) == {"number": 1, "null": 1}
    assert found["a"].share == pytest.approx(2 / 3)
    prices = found["items[*].p"].spot
    assert (prices.messages, prices.values) == (1, 2)
    assert (found["items"].spot.shortest, found["items"].spot.longest) == (0, 2)


@pytest.mark.parametrize(
    "key", ["weird key", "a.b", 'q"uote', "", "and", "null", "5", "größe", "x-y", "[*]", "\u202e", "\n"]
)
def test_every_path_is_one_that_finds_its_value(key):
    document = {key: {key: [{key: 1}]}}
    for place in shape(document).places():
        assert megaql.compile(f"exists {place.text}").matches(document), place.text


def test_attributes_of_events_are_shown_as_people_write_them():
    found = places(shape(mega(sku="A-1", subject="s", nested={"x": 1})))
    assert {"event.name", "event.sku", "event.attributes.subject", "event.nested.x"} <= set(found)
    assert "event.attributes.sku" not in found
    assert not {"protocol", "version"} & set(found)
    for text in found:
        assert megaql.compile(f"exists {text}").matches(mega(sku="A-1", subject="s", nested={"x": 1})), text


def test_the_envelope_is_looked_at_too():
    attributes = {"tenant": {"DataType": "String", "StringValue": "acme"}}
    found = places(shape("just text", {"protocol": 5}, attributes=attributes))
    assert list(found) == ["protocol", "@attributes", "@attributes.tenant"]


def test_bodies_that_are_arrays_and_scalars():
    assert list(places(shape([{"a": 1}]))) == [".[*]", ".[*].a"]
    assert shape("5").kinds.total() == 1


@pytest.mark.parametrize(
    ("values", "look_", "suggestion"),
    [
        (["2026-01-02T03:04:05Z"] * 3, "date and time", "date(a)"),
        (["2026-01-02"] * 3, "date", "date(a)"),
        (["12.50", "7"], "number", "number(a)"),
        ([12.5, "7"], "number", "number(a)"),
        ([12.5, "seven"], "", ""),
        (["0e1c5f9e-3f2b-4c7e-9b0a-0123456789ab"], "uuid", ""),
        (["x", "12"], "", ""),
        (["x"] + ["12"] * 19, "number", "number(a)"),
    ],
)
def test_what_texts_look_like_and_how_to_compare_them(values, look_, suggestion):
    place = places(shape(*({"a": value} for value in values)))["a"]
    assert (place.look, place.suggestion) == (look_, suggestion)
    if suggestion:
        megaql.compile(f"exists a and {suggestion} == 1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-13-01", ""),
        ("a@example.com", "email"),
        ("https://example.com/x?y", "url"),
        ("arn:aws:sqs:eu-west-1:000000000000:orders", "arn"),
        ("10.0.0.1", "ip address"),
        ("10.0.0.256", ""),
        ("deadbeefdeadbeef0", "hexadecimal"),
        ("-1.5e3", "number"),
        ("", ""),
        ("x" * 1_000_000, ""),
    ],
)
def test_looks(text, expected):
    assert look(text) == expected


def test_only_shared_values_are_shown():
    found = places(shape(*({"a": value} for value in ["paid"] * 5 + ["open"] * 4 + ["secret"])))
    assert [(term.text, count) for term, count in found["a"].enum] == [("paid", 5), ("open", 4)]
    text = json.dumps(found["a"].to_dict(0))
    assert "secret" not in text
    assert "secret" in json.dumps(found["a"].to_dict(5))


def test_one_message_with_a_value_often_does_not_share_it():
    found = places(shape({"a": ["secret"] * 50}, {"a": ["x"]}))
    assert found["a[*]"].enum == []


@pytest.mark.parametrize("values", [range(40), list(range(13)) * 4])
def test_many_values_are_no_enumeration(values):
    assert places(shape(*({"a": value} for value in values)))["a"].enum == []


def test_numbers_of_an_enumeration_are_in_order():
    found = places(shape(*({"a": value} for value in [10, 9, 9.5] * 4)))
    assert [term.text for term, _ in found["a"].enum] == ["9", "9.5", "10"]


def test_keys_that_are_data_become_one_path():
    bodies = [
        {"stock": {f"{number * 7 + day:05d}": {"left": day} for number in range(4)}, "id": day} for day in range(20)
    ]
    found = places(shape(*bodies))
    assert list(found) == ["stock", "stock.**", "stock.**.left", "id"]
    assert found["stock"].spot.is_map
    assert (found["stock.**"].spot.messages, found["stock.**"].spot.about) == (20, True)
    assert found["stock.**"].spot.values == 80
    assert all(megaql.compile("exists stock.**.left").matches(body) for body in bodies)


def test_names_that_somebody_chose_stay_paths_however_many():
    body = {f"field_{chr(97 + number % 26)}{chr(97 + number // 26)}": number for number in range(200)}
    assert len(places(shape(*[body] * 10))) == 200


def test_words_that_are_rare_each_are_keys_of_a_map():
    bodies = [{"m": {f"{first}{second}word": 1}} for first in "abcdefghij" for second in "abcdefghij"]
    assert list(places(shape(*bodies))) == ["m", "m.**"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("12345", True),
        ("0e1c5f9e-3f2b", True),
        ("sku-123", True),
        ("status", False),
        ("line2", False),
        ("address", False),
        ("deadbeef", False),
    ],
)
def test_keys_that_look_like_data(key, expected):
    assert is_identity(key) is expected


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_SPOTS", 10)
    made = shape(*({f"word{chr(97 + number)}": {"x": 1}} for number in range(26)))
    assert len(places(made)) == 10
    assert made.left_out == 21
    assert made.to_dict(0)["values_left_out"] == 21


def test_long_arrays_are_looked_at_in_part(monkeypatch):
    monkeypatch.setattr(module, "MAX_ELEMENTS", 3)
    made = shape({"a": [1] * 5})
    assert places(made)["a[*]"].spot.values == 3
    assert made.left_out == 2


def test_deep_nesting():
    deep = json.dumps("x")
    for _ in range(190):
        deep = '{"a":' + deep + "}"
    assert len(places(shape(deep))) == 190


def test_numbers_json_cannot_bound():
    found = places(shape('{"a": 1e400, "b": 123456789012345678901234567890}'))
    json.dumps([place.to_dict(3) for place in found.values()], allow_nan=False)


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([mega("a"), mega("b")], ["event.name"]),
        ([mega("a"), {"x": 1}], ["event.name", "@kind"]),
        ([{"type": "a", "status": "s"}, {"type": "b", "status": "s"}], ["type"]),
        ([{"detail-type": "a", "source": "x"}] * 3, ["detail-type"]),
        ([{"region": name, "note": str(n)} for n, name in enumerate("abab" * 20)], ["region"]),
        ([{"id": f"x{number}y"} for number in range(100)], ["@kind"]),
        (["text"], ["@kind"]),
        ([], ["@kind"]),
        ([{"type": "a"}, "text"], ["type", "@kind"]),
    ],
)
def test_what_to_count_by(bodies, expected):
    from megaql.lang.printer import to_text

    messages = [Message(id="", body=body if isinstance(body, str) else json.dumps(body)) for body in bodies]
    assert [to_text(path) for path in chosen(messages)] == expected
