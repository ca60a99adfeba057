import hashlib

import pytest

from megaql.broker.local.checksums import attributes_md5

LIMIT = 1 << 20


def test_a_message_may_be_one_mebibyte_and_no_more(broker, refused):
    url = broker.queue()
    broker.send(url, "x" * LIMIT)
    code, message = refused(broker.client.send_message, QueueUrl=url, MessageBody="x" * (LIMIT + 1))
    assert code == "InvalidParameterValue"
    assert message == "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
    assert broker.receive(url)[0]["Body"] == "x" * LIMIT


def test_bytes_count_and_attributes_count(broker, refused):
    url = broker.queue(MaximumMessageSize="1024")
    attributes = {"ab": {"DataType": "String", "StringValue": "é"}}  # 2 + 6 + 2 bytes
    broker.send(url, "é" * 507, MessageAttributes=attributes)
    code, _ = refused(
        broker.client.send_message, QueueUrl=url, MessageBody="é" * 507 + "x", MessageAttributes=attributes
    )
    assert code == "InvalidParameterValue"


@pytest.mark.parametrize(
    "char", ["\t", "\n", "\r", " ", "~", "\x7f", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"]
)
def test_characters_sqs_takes(broker, char):
    url = broker.queue()
    broker.send(url, f"a{char}b")
    assert broker.bodies(url) == [f"a{char}b"]


@pytest.mark.parametrize("char", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_characters_sqs_refuses(broker, refused, char):
    url = broker.queue()
    code, message = refused(broker.client.send_message, QueueUrl=url, MessageBody=f"secret{char}")
    assert code == "InvalidMessageContents"
    assert "secret" not in message
    attributes = {"k": {"DataType": "String", "StringValue": f"secret{char}"}}
    code, message = refused(broker.client.send_message, QueueUrl=url, MessageBody="a", MessageAttributes=attributes)
    assert code == "InvalidMessageContents"
    assert "secret" not in message


def test_an_empty_body_is_no_message(broker, refused):
    code, message = refused(broker.client.send_message, QueueUrl=broker.queue(), MessageBody="")
    assert (code, message) == ("MissingParameter", "The request must contain the parameter MessageBody.")


@pytest.mark.parametrize(
    "attributes",
    [
        {"k": {"DataType": "Text", "StringValue": "v"}},
        {"k": {"DataType": "String.", "StringValue": "v"}},
        {"k": {"DataType": "String", "StringValue": ""}},
        {"k": {"DataType": "String", "BinaryValue": b"v"}},
        {"k": {"DataType": "Binary", "StringValue": "v"}},
        {"k": {"DataType": "String", "StringValue": "v", "BinaryValue": b"v"}},
        {"k": {"DataType": "String", "StringListValues": ["v"]}},
        {"k": {"DataType": "Number", "StringValue": "one"}},
        {"k": {"DataType": "Number", "StringValue": "NaN"}},
        {"k": {"DataType": "Number", "StringValue": "1e127"}},
        {"k": {"DataType": "Number", "StringValue": "1e-129"}},
        {"k": {"DataType": "Number", "StringValue": "1_000"}},
        {"k": {"DataType": "Number", "StringValue": " 1"}},
        {"AWS.k": {"DataType": "String", "StringValue": "v"}},
        {"amazon.k": {"DataType": "String", "StringValue": "v"}},
        {".k": {"DataType": "String", "StringValue": "v"}},
        {"k.": {"DataType": "String", "StringValue": "v"}},
        {"a..b": {"DataType": "String", "StringValue": "v"}},
        {"k k": {"DataType": "String", "StringValue": "v"}},
        {"k" * 257: {"DataType": "String", "StringValue": "v"}},
        {f"k{i}": {"DataType": "String", "StringValue": "v"} for i in range(11)},
    ],
)
def test_attributes_sqs_refuses(broker, refused, attributes):
    url = broker.queue()
    code, _ = refused(broker.client.send_message, QueueUrl=url, MessageBody="a", MessageAttributes=attributes)
    assert code == "InvalidParameterValue"


@pytest.mark.parametrize("number", ["0", "-1.5", "1e126", "1e-128", "12345678901234567890123456789012345678"])
def test_numbers_sqs_takes(broker, number):
    url = broker.queue()
    broker.send(url, "a", MessageAttributes={"n": {"DataType": "Number", "StringValue": number}})
    assert broker.receive(url)[0]["MessageAttributes"]["n"]["StringValue"] == number


def test_a_binary_value_given_as_text_is_encoded_as_in_boto3(broker):
    url = broker.queue()
    broker.send(url, "a", MessageAttributes={"b": {"DataType": "Binary", "BinaryValue": "ü"}})
    assert broker.receive(url)[0]["MessageAttributes"]["b"]["BinaryValue"] == "ü".encode()


def test_system_attributes_are_the_trace_header_alone(broker, refused):
    url = broker.queue()
    for system in (
        {"Other": {"DataType": "String", "StringValue": "v"}},
        {"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}},
    ):
        code, _ = refused(broker.client.send_message, QueueUrl=url, MessageBody="a", MessageSystemAttributes=system)
        assert code == "InvalidParameterValue"


@pytest.mark.parametrize(
    "parameters",
    [
        {"DelaySeconds": 901},
        {"DelaySeconds": -1},
        {"MessageGroupId": "a b"},
        {"MessageGroupId": "x" * 129},
        {"MessageDeduplicationId": "on a standard queue"},
        {"MessageDeduplicationId": "standard"},
    ],
)
def test_parameters_a_standard_queue_refuses(broker, refused, parameters):
    code, _ = refused(broker.client.send_message, QueueUrl=broker.queue(), MessageBody="a", **parameters)
    assert code == "InvalidParameterValue"


def test_the_attributes_digest_is_sqss_layout():
    layout = b"".join(
        [
            (1).to_bytes(4, "big") + b"a",
            (6).to_bytes(4, "big") + b"Binary",
            b"\x02" + (2).to_bytes(4, "big") + b"\x01\x02",
            (1).to_bytes(4, "big") + b"b",
            (6).to_bytes(4, "big") + b"String",
            b"\x01" + (3).to_bytes(4, "big") + "xé".encode(),
        ]
    )
    attributes = {
        "b": {"DataType": "String", "StringValue": "xé"},
        "a": {"DataType": "Binary", "BinaryValue": b"\x01\x02"},
    }
    assert attributes_md5(attributes) == hashlib.md5(layout).hexdigest()


@pytest.mark.parametrize(
    "parameters",
    [
        {"MessageAttributes": {"k": {"DataType": "String.\ud800", "StringValue": "v"}}},
        {"MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "\ud800"}}},
    ],
)
def test_text_that_is_no_unicode_is_refused(broker, refused, parameters):
    code, message = refused(broker.client.send_message, QueueUrl=broker.queue(), MessageBody="a", **parameters)
    assert (code, message) == ("InvalidParameterValue", "A parameter is no Unicode text: it holds a surrogate.")
