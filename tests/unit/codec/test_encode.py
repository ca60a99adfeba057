"""What is written, how it is marked, and what is refused before it reaches a queue."""

import base64
import json

import bson
import pytest

from megaql.codec.decode import decode
from megaql.codec.encode import encode
from megaql.codec.payloads import Blob, DataObject, MegaEvent, Plaintext
from megaql.errors import CodecError

EVENT = MegaEvent("item.added", timestamp="2026-01-02", attributes={"quantity": 5})


@pytest.mark.parametrize(
    ("payload", "body", "name"),
    [
        (EVENT, json.dumps(EVENT.document, separators=(",", ":")), "json"),
        (DataObject({"a": 1}), '{"a":1}', "json"),
        ({"a": 1}, '{"a":1}', "json"),
        ([1], "[1]", "json"),
        ("Hello", "Hello", "text"),
        (Plaintext("[1]"), "[1]", "text"),
        (b"\0", "AA==", "base64"),
        (Blob(b"\0"), "AA==", "base64"),
    ],
)
def test_bodies(payload, body, name):
    encoded = encode(payload)
    assert (encoded.body, encoded.format) == (body, name)
    assert encoded.attributes == {"megaql.format": {"DataType": "String", "StringValue": name}}


@pytest.mark.parametrize("payload", [EVENT, EVENT.document, DataObject(EVENT.document)])
def test_bson_bodies(payload):
    encoded = encode(payload, bson=True)
    assert bson.decode(base64.b64decode(encoded.body)) == EVENT.document
    assert encoded.attributes["megaql.format"]["StringValue"] == "bson"


def test_a_dict_is_written_as_it_stands():
    broken = {"protocol": "mega", "version": 1, "event": {"quantity": 5}}
    assert json.loads(encode(broken).body) == broken


@pytest.mark.parametrize(
    "text", ["ping", "[1]", "AAEC", "{", "5", '{"protocol": "mega"}', "\ttext\r\n", "\ue000\ufffd😀"]
)
def test_a_text_comes_back_as_text_whatever_it_looks_like(text):
    encoded = encode(text)
    assert decode(encoded.body, encoded.attributes).payload == Plaintext(text)


def test_bytes_come_back_as_bytes_even_if_they_are_bson():
    encoded = encode(bson.encode({"a": 1}))
    assert decode(encoded.body, encoded.attributes).payload == Blob(bson.encode({"a": 1}))


@pytest.mark.parametrize(
    ("text", "character", "place"),
    [("a\0", "U+0000", 2), ("\x1b[1m", "U+001B", 1), ("ok\uffff", "U+FFFF", 3)],
)
def test_text_that_sqs_refuses(text, character, place):
    with pytest.raises(CodecError) as caught:
        encode(text)
    assert str(caught.value) == (
        f"the text holds the character {character}\n"
        f"  where: character {place}\n"
        "  why: SQS accepts tab, line ends and the characters from U+0020 that XML 1.0 allows\n"
        "  next: send it as bytes, which travel as Base64: --bytes on the command line, .encode() in code"
    )


def test_half_of_a_surrogate_pair_is_not_told_to_travel_as_bytes_which_it_cannot():
    with pytest.raises(CodecError, match=r"U\+D83D") as caught:
        encode("\U0001f600\ud83d")
    assert caught.value.hint == "repair the text: this is half of a surrogate pair, which no encoding of text can hold"


def test_control_characters_are_fine_inside_a_document():
    document = {"a": "\0\x1b\uffff\ud800"}
    encoded = encode(document)
    assert encoded.body.isascii()
    assert decode(encoded.body).payload == DataObject(document)


@pytest.mark.parametrize("payload", ["", b"", Plaintext(""), Blob(b"")])
def test_an_empty_payload_is_refused(payload):
    with pytest.raises(CodecError, match="the payload is empty"):
        encode(payload)


@pytest.mark.parametrize(("payload", "what"), [("x", "text"), (b"x", "bytes")])
def test_text_and_bytes_are_not_bson(payload, what):
    with pytest.raises(CodecError, match=f"{what} cannot be written as BSON"):
        encode(payload, bson=True)


def test_other_values_are_refused():
    with pytest.raises(CodecError, match="a number is no payload"):
        encode(5)
