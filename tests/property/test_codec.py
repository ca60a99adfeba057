"""Laws of the codec: what is written is read back the same, reading never raises, nothing a publisher sent is lost."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal

import bson
from hypothesis import example, given
from hypothesis import strategies as st

from megaql.codec import mega
from megaql.codec.decode import Decoded, decode, payload_of
from megaql.codec.encode import encode
from megaql.codec.envelopes import wrap
from megaql.codec.payloads import Blob, DataObject, MegaEvent, MegaObject, Plaintext
from megaql.codec.protocol import EVENT_FIELDS

TOPIC = "arn:aws:sns:local:000000000000:orders"
WHEN = datetime(2026, 1, 2, tzinfo=UTC)

anything = st.text(st.characters(), max_size=20)
characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-_", min_size=1, max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
short_decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)

scalars = st.none() | st.booleans() | st.text(max_size=20)
json_scalars = scalars | anything | st.integers() | decimals
bson_scalars = (
    scalars
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | short_decimals
    | st.binary(max_size=20)
    | st.datetimes(timezones=st.just(UTC)).map(lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000))
    | st.binary(min_size=12, max_size=12).map(bson.ObjectId)
)


def trees(scalars, keys):
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=15
    )


bson_keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
json_objects = st.dictionaries(anything, trees(json_scalars, anything), max_size=4)
bson_objects = st.dictionaries(bson_keys, trees(bson_scalars, bson_keys), max_size=4)
timestamps = st.datetimes() | st.datetimes(timezones=st.timezones()) | st.just("2026-01-02T03:04:05.123456789Z")


def optional(strategy):
    return st.none() | strategy


def events(objects, texts):
    mega_objects = st.builds(
        MegaObject, optional(objects), optional(objects), id=optional(texts), type=optional(texts), version=small
    )
    return st.builds(
        MegaEvent,
        names,
        timestamp=timestamps,
        version=small,
        domain=optional(texts),
        subject=optional(texts),
        publisher=optional(texts),
        attributes=objects,
        object=optional(mega_objects),
        extra=objects,
    )


small = st.integers(-(2**31), 2**31 - 1)
json_payloads = events(json_objects, anything) | json_objects.map(payload_of) | st.lists(json_scalars).map(DataObject)
bson_payloads = events(bson_objects, st.text()) | bson_objects.map(payload_of)
other_payloads = st.text(characters, min_size=1).map(Plaintext) | st.binary(min_size=1).map(Blob)


def delivered(payload, way, **options):
    """Return a payload as a consumer reads it, sent directly or through topics."""
    encoded = encode(payload, **options)
    if way == "queue":
        return decode(encoded.body, encoded.attributes)
    body = wrap(TOPIC, encoded.body, message_id="1", timestamp=WHEN, attributes=encoded.attributes)
    if way == "nested":
        body = wrap(TOPIC, body, message_id="2", timestamp=WHEN)
    return decode(body)


ways = st.sampled_from(["queue", "topic", "nested"])


@given(json_payloads | other_payloads, ways)
def test_what_is_published_is_delivered(payload, way):
    decoded = delivered(payload, way)
    assert decoded.payload == payload
    assert len(decoded.envelopes) == ["queue", "topic", "nested"].index(way)


@given(bson_payloads, ways)
def test_what_is_published_in_bson_is_delivered(payload, way):
    decoded = delivered(payload, way, bson=True)
    assert decoded.payload == payload
    assert decoded.format == "bson"


@given(json_payloads, bson_payloads)
def test_documents_need_no_attribute(as_json, as_bson):
    assert decode(encode(as_json).body).payload == as_json
    assert decode(encode(as_bson, bson=True).body).payload == as_bson


@given(json_objects)
def test_written_json_is_json_for_everybody(document):
    text = encode(document).body
    text.encode("utf-8")
    assert json.loads(text, parse_float=Decimal) == document


bodies = (
    st.text(st.characters())
    | st.text('{}[]",:0123456789eE+-.\\ ntu')
    | st.binary().map(lambda data: base64.b64encode(data).decode())
    | st.binary().map(lambda data: base64.b64encode((len(data) + 5).to_bytes(4, "little") + data + b"\0").decode())
    | json_objects.map(lambda document: json.dumps(document, default=str))
)
attribute_values = trees(st.none() | st.text(max_size=5) | st.integers() | st.binary(max_size=5), st.text(max_size=5))
hostile_attributes = attribute_values | st.fixed_dictionaries(
    {
        "megaql.format": attribute_values
        | st.fixed_dictionaries({"StringValue": st.sampled_from(["json", "bson", "base64", "text"]) | attribute_values})
    }
)


@given(bodies, hostile_attributes)
@example("[" * 100_000, None)
@example('{"a":' * 100_000, None)
@example("\ud800", None)
@example("9" * 100_000, None)
@example("[" + "9" * 100_000 + "]", None)
@example("[1e999999999999999999999]", None)
def test_reading_never_raises(body, attributes):
    decoded = decode(body, attributes)
    assert isinstance(decoded, Decoded)
    assert decoded.payload.kind in {"mega", "data", "text", "blob"}


@given(bodies, hostile_attributes)
def test_text_and_blobs_are_the_whole_body(body, attributes):
    payload = decode(body, attributes).payload
    if isinstance(payload, Plaintext):
        assert payload.text == body
    elif isinstance(payload, Blob):
        assert base64.b64encode(payload.data).decode() == body.replace("\r", "").replace("\n", "")


@given(json_objects, st.data())
def test_both_forms_of_an_attribute_are_one_event(attributes, data):
    unlisted = {key: value for key, value in attributes.items() if key not in EVENT_FIELDS and data.draw(st.booleans())}
    listed = {key: value for key, value in attributes.items() if key not in unlisted}
    event = {"name": "a", "timestamp": "2026-01-02"}
    frame = {"protocol": "mega", "version": 1}
    mixed = mega.read({**frame, "event": {**event, **unlisted, "attributes": listed}})
    plain = mega.read({**frame, "event": {**event, "attributes": attributes}})
    assert isinstance(mixed, MegaEvent)
    assert mixed == plain
    assert mixed.attributes == attributes


def leaves(value, path=()):
    """Yield the places and values in a document that hold nothing further."""
    inner = value.items() if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else ()
    if not inner:
        yield path, repr(value)
    for key, member in inner:
        yield from leaves(member, (*path, key))


wild = trees(json_scalars, st.sampled_from(["name", "attributes", "version", "current"]) | anything)
objects = st.dictionaries(st.sampled_from(["x", "name", "attributes"]) | anything, wild, max_size=4)
fitting_events = st.fixed_dictionaries(
    {"name": names, "timestamp": st.just("2026-01-02")},
    optional={
        "version": optional(small),
        "domain": optional(anything),
        "attributes": optional(objects),
        "x": wild,
        "a b": wild,
    },
)
fitting_objects = st.fixed_dictionaries(
    {}, optional={"current": optional(objects), "id": optional(anything), "version": optional(small), "x": wild}
)
any_section = wild | st.dictionaries(st.sampled_from([*sorted(EVENT_FIELDS), "x", "current", "id"]), wild, max_size=5)
would_be_events = st.fixed_dictionaries(
    {"protocol": st.just("mega"), "version": st.just(1), "event": fitting_events | fitting_events | any_section},
    optional={"object": fitting_objects | any_section, "extra": optional(objects), "trace": wild},
)


@given(would_be_events)
def test_nothing_a_publisher_sent_is_lost(sent):
    payload = mega.read(sent)
    if isinstance(payload, DataObject):
        assert payload.data == sent
        assert payload.reason.startswith("$.")
        return
    kept = dict(leaves(payload.document))
    for sent_at, value in leaves(sent):
        unlisted = sent_at[0] == "event" and sent_at[1] not in EVENT_FIELDS
        path = ("event", "attributes", *sent_at[1:]) if unlisted else sent_at
        got_members = any(place[: len(path)] == path and len(place) > len(path) for place in kept)
        empty = value == "{}" or (value == "None" and path == ("event", "attributes"))
        assert kept.get(path) == value or (empty and got_members)


@given(would_be_events)
def test_an_event_that_was_read_is_written_and_read_the_same(sent):
    payload = mega.read(sent)
    again = decode(encode(payload).body).payload
    assert again == payload
    assert type(again) is type(payload)
