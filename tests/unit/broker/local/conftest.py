"""A broker whose clock the test moves, and short ways to say what a test does with it."""

import itertools

import pytest

from megaql.broker import local


class Clock:
    """Seconds since the epoch, as far as the test has moved them."""

    def __init__(self):
        self.time = 1_700_000_000.0

    def __call__(self):
        return self.time

    def advance(self, seconds):
        self.time += seconds


class Bench:
    """A client, one queue after another, and messages in and out of them by their bodies."""

    def __init__(self, home, clock):
        self.home = home
        self.clock = clock
        self.client = local.client(home, clock=clock)
        self._names = (f"queue-{number}" for number in itertools.count())

    def queue(self, name=None, **attributes):
        name = name or next(self._names)
        if name.endswith(".fifo"):
            attributes.setdefault("FifoQueue", "true")
            attributes.setdefault("ContentBasedDeduplication", "true")
        return self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def arn(self, url):
        return self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def send(self, url, *bodies, **parameters):
        return [self.client.send_message(QueueUrl=url, MessageBody=body, **parameters) for body in bodies]

    def receive(self, url, limit=10, **parameters):
        answer = self.client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=limit, AttributeNames=["All"], MessageAttributeNames=["All"], **parameters
        )
        return answer.get("Messages", [])

    def bodies(self, url, limit=10, **parameters):
        return [message["Body"] for message in self.receive(url, limit, **parameters)]

    def delete(self, url, message):
        self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def change(self, url, message, seconds):
        self.client.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )

    def counts(self, url):
        values = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        kinds = ("", "NotVisible", "Delayed")
        return tuple(int(values[f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)

    def rows(self, table):
        with self.client._store.read() as db:
            return db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def broker(tmp_path, clock):
    bench = Bench(tmp_path / "broker", clock)
    yield bench
    bench.client.close()


@pytest.fixture
def refused():
    """Return what a call is refused with: its code and message."""

    def call(operation, **parameters):
        with pytest.raises(local.ClientError) as caught:
            operation(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return call
