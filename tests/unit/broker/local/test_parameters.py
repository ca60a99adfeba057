import gzip
import json
from pathlib import Path

import pytest

from megaql.broker import local
from megaql.broker.local import parameters


def model():
    """Return botocore's own description of SQS."""
    import botocore

    (path,) = Path(botocore.__file__).parent.glob("data/sqs/*/service-2.json*")
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def as_model(shape):
    if isinstance(shape, parameters.Structure):
        return {name: as_model(member) for name, member in shape.members.items()}, sorted(shape.required)
    if isinstance(shape, parameters.ListOf):
        return [as_model(shape.member)]
    if isinstance(shape, parameters.MapOf):
        return {"*": as_model(shape.value)}
    return {parameters.TEXT: "text", parameters.INTEGER: "integer", parameters.BINARY: "binary"}[shape]


def described(shapes, name):
    shape = shapes[name]
    match shape["type"]:
        case "structure":
            members = {key: described(shapes, member["shape"]) for key, member in shape["members"].items()}
            return members, sorted(shape.get("required", []))
        case "list":
            return [described(shapes, shape["member"]["shape"])]
        case "map":
            return {"*": described(shapes, shape["value"]["shape"])}
        case "string":
            return "text"
        case "integer":
            return "integer"
        case "blob":
            return "binary"


@pytest.mark.parametrize("operation", sorted(parameters.REQUESTS))
def test_the_table_says_what_botocores_model_says(operation):
    described_model = model()
    shape = described_model["operations"][operation]["input"]["shape"]
    assert as_model(parameters.REQUESTS[operation]) == described(described_model["shapes"], shape)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"QueueUrl": "u"}, 'Missing required parameter in input: "MessageBody"'),
        (
            {"QueueUrl": "u", "MessageBody": 1},
            "Invalid type for parameter MessageBody, type: <class 'int'>, valid types: <class 'str'>",
        ),
        (
            {"QueueUrl": "u", "MessageBody": "b", "DelaySeconds": True},
            "Invalid type for parameter DelaySeconds, type: <class 'bool'>, valid types: <class 'int'>",
        ),
        (
            {"QueueUrl": "u", "MessageBody": "b", "MessageAttributes": {"k": {"StringValue": "v"}}},
            'Missing required parameter in MessageAttributes.k: "DataType"',
        ),
        (
            {"QueueUrl": "u", "MessageBody": "b", "MessageAttributes": []},
            "Invalid type for parameter MessageAttributes, type: <class 'list'>, valid types: <class 'dict'>",
        ),
    ],
)
def test_problems_are_named_as_boto3_names_them(broker, request_, text):
    with pytest.raises(local.ParamValidationError) as caught:
        broker.client.send_message(**request_)
    assert str(caught.value).endswith(f"Parameter validation failed:\n{text}")
    assert caught.value.response["Error"]["Code"] == "ParamValidationError"


def test_all_problems_are_named_and_no_value_is(broker):
    with pytest.raises(local.ParamValidationError) as caught:
        broker.client.send_message_batch(
            QueueUrl="u", Entries=[{"Id": "1", "MessageBody": b"secret"}, {"Body": "secret"}, "secret"], Wait=1
        )
    text = str(caught.value)
    known = parameters.REQUESTS["SendMessageBatch"].members["Entries"].member.members
    assert "secret" not in text
    assert text.split("failed:\n")[1].splitlines() == [
        "Invalid type for parameter Entries[0].MessageBody, type: <class 'bytes'>, valid types: <class 'str'>",
        'Missing required parameter in Entries[1]: "Id"',
        'Missing required parameter in Entries[1]: "MessageBody"',
        'Unknown parameter in Entries[1]: "Body", must be one of: ' + ", ".join(known),
        "Invalid type for parameter Entries[2], type: <class 'str'>, valid types: <class 'dict'>",
        'Unknown parameter in input: "Wait", must be one of: QueueUrl, Entries',
    ]


def test_every_operation_is_a_method_and_every_method_checks():
    import re

    methods = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in parameters.REQUESTS}
    for method in methods:
        with pytest.raises(local.ParamValidationError):
            getattr(local.client(Path("/nonexistent")), method)(Unknown=1)
