"""A client that answers as it is told, and a clock that moves only when it is told."""

import pytest

from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue


class ClientError(Exception):
    """The shape of botocore's class of this name."""

    def __init__(self, code, message="the service's reason", status=400):
        super().__init__(code)
        self.operation_name = "Operation"
        self.response = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


class FakeSQS:
    """Answers each batch with the next script: a function of its entries, or an exception; past the scripts, all succeed."""

    def __init__(self):
        self.scripts = []
        self.requests = []
        self.messages = []
        self.attributes = {"VisibilityTimeout": "30", "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:orders"}

    def script(self, *answers):
        self.scripts += answers

    def _batch(self, **request):
        entries = request["Entries"]
        self.requests.append(entries)
        answer = self.scripts.pop(0) if self.scripts else succeed
        if isinstance(answer, Exception):
            raise answer
        return answer(entries)

    send_message_batch = delete_message_batch = change_message_visibility_batch = _batch

    def receive_message(self, **request):
        self.requests.append(request)
        return {"Messages": self.messages} if self.messages else {}

    def get_queue_attributes(self, **request):
        self.requests.append(request)
        if isinstance(self.attributes, Exception):
            raise self.attributes
        return {"Attributes": self.attributes}


def succeed(entries):
    return {"Successful": [{"Id": entry["Id"], "MessageId": f"m-{entry['Id']}"} for entry in entries]}


def failing(*ids, code="InternalError", sender_fault=False):
    """Answer that the entries of these ids failed and the others succeeded."""

    def answer(entries):
        return {
            "Successful": [
                {"Id": entry["Id"], "MessageId": f"m-{entry['Id']}"} for entry in entries if entry["Id"] not in ids
            ],
            "Failed": [
                {"Id": entry["Id"], "Code": code, "SenderFault": sender_fault, "Message": "no"}
                for entry in entries
                if entry["Id"] in ids
            ],
        }

    return answer


class Clock:
    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def sqs():
    return FakeSQS()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(sqs, clock):
    return make_queue(sqs, clock, "orders")


@pytest.fixture
def fifo(sqs, clock):
    return make_queue(sqs, clock, "orders.fifo")


def make_queue(sqs, clock, name):
    url = f"https://sqs.eu-west-1.amazonaws.com/123456789012/{name}"
    return Queue(sqs, url, parse_queue(url), clock=clock, sleep=clock.sleep)
