"""Local queues with numbered events in them, for tests of bulk work."""

import json

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue


def queue_of(name, count=0, **attributes):
    """Make a local queue with numbered events in it."""
    client = local.client()
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    queue = Queue.open(f"local:{name}", client=client)
    assert queue.url == url
    queue.send_batch([event(number) for number in range(count)])
    return queue


def event(number):
    return Outgoing(
        json.dumps({"number": number, "customer": f"customer-{number % 3}", "total": 10 * number}),
        {"tenant": {"DataType": "String", "StringValue": "acme"}},
        system={"AWSTraceHeader": {"DataType": "String", "StringValue": f"Root=1-{number:08x}-0"}},
    )


def numbers(queue, name="number"):
    found = []
    while messages := queue.receive(10):
        found += [json.loads(message.body)[name] for message in messages]
    return sorted(found)
