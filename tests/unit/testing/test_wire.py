"""Both protocols against botocore's own: what its serializer writes is read as it was, and its parser reads what is written."""

import botocore.session
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from megaql.testing.wire import JSON, Query

SESSION = botocore.session.get_session()
MODELS = {service: SESSION.get_service_model(service) for service in ("sqs", "sns")}
CODECS = {"sqs": JSON(), "sns": Query()}

ATTRIBUTES = {
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    "text": {"DataType": "String", "StringValue": 'a=b&c <d> "é" \r\n+%'},
    "with.dots": {"DataType": "Number", "StringValue": "1"},
}
REQUESTS = {
    "publish": ("sns", "Publish", {"TopicArn": "a", "Message": "é &=", "MessageAttributes": ATTRIBUTES}),
    "batch": (
        "sns",
        "PublishBatch",
        {
            "TopicArn": "a",
            "PublishBatchRequestEntries": [
                {"Id": str(number), "Message": "m", "MessageAttributes": ATTRIBUTES} for number in range(11)
            ],
        },
    ),
    "yes": ("sns", "Subscribe", {"TopicArn": "a", "Protocol": "sqs", "ReturnSubscriptionArn": True}),
    "no": ("sns", "Subscribe", {"TopicArn": "a", "Protocol": "sqs", "ReturnSubscriptionArn": False}),
    "map": ("sns", "CreateTopic", {"Name": "t", "Attributes": {"DisplayName": "", "Policy": "{}"}, "Tags": []}),
    "nothing": ("sns", "ListTopics", {}),
    "send": ("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": "é", "MessageAttributes": ATTRIBUTES}),
    "number": ("sqs", "ReceiveMessage", {"QueueUrl": "q", "MaxNumberOfMessages": 0, "AttributeNames": ["All"]}),
    "lists": (
        "sqs",
        "SendMessage",
        {
            "QueueUrl": "q",
            "MessageBody": "m",
            "MessageAttributes": {"a": {"DataType": "Binary", "BinaryListValues": [b"\x00", b"\x01"]}},
        },
    ),
    "queues": ("sqs", "ListQueues", {}),
}
ANSWERS = {
    "publish": ("sns", "Publish", {"MessageId": "m", "SequenceNumber": "1"}),
    "batch": (
        "sns",
        "PublishBatch",
        {
            "Successful": [{"Id": "1", "MessageId": "a"}, {"Id": "2", "MessageId": "b"}],
            "Failed": [{"Id": "3", "Code": "X", "Message": "<&>\r\n", "SenderFault": False}],
        },
    ),
    "map": ("sns", "GetTopicAttributes", {"Attributes": {"Policy": '{"a": "<b>"}', "DisplayName": " é "}}),
    "empty": ("sns", "ListTopics", {"Topics": []}),
    "receive": (
        "sqs",
        "ReceiveMessage",
        {"Messages": [{"MessageId": "m", "Body": "é\x01", "MessageAttributes": ATTRIBUTES}]},
    ),
    "numbers": ("sqs", "ListMessageMoveTasks", {"Results": [{"Status": "RUNNING", "StartedTimestamp": 5}]}),
    "nothing": ("sqs", "ReceiveMessage", {}),
}


def as_bytes(body):
    """Return a serialized body as botocore sends it."""
    from botocore.awsrequest import AWSRequest

    return AWSRequest(method="POST", url="http://x", data=body).prepare().body or b""


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_is_read_as_it_was(case):
    service, name, request = REQUESTS[case]
    operation = MODELS[service].operation_model(name)
    serializer = create_serializer(MODELS[service].protocol, include_validation=True)
    body = as_bytes(serializer.serialize_to_request(request, operation)["body"])
    read = CODECS[service].read(operation.input_shape, body if isinstance(body, bytes) else body.encode())
    assert read == request


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_is_what_boto3_makes_of_it(case):
    service, name, answer = ANSWERS[case]
    operation = MODELS[service].operation_model(name)
    status, headers, body = CODECS[service].write(name, operation.output_shape, answer)
    parsed = parsed_by_botocore(service, operation.output_shape, status, headers, body)
    assert parsed.pop("ResponseMetadata")["RequestId"]
    assert parsed == answer


@pytest.mark.parametrize("service", MODELS)
def test_an_error_is_what_boto3_makes_of_it(service):
    error = {"Code": "AWS.Code", "QueryErrorCode": "Shape", "Type": "Receiver", "Message": "<no> & \r\n é"}
    status, headers, body = CODECS[service].refuse(error, 503)
    parsed = parsed_by_botocore(service, None, status, headers, body)
    named = error if service == "sqs" else {key: error[key] for key in ("Code", "Type", "Message")}
    assert parsed["Error"] == named
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 503


def parsed_by_botocore(service, shape, status, headers, body):
    lower = {key.lower(): value for key, value in headers.items()}
    return create_parser(MODELS[service].protocol).parse({"headers": lower, "body": body, "status_code": status}, shape)
