"""The consumer that `megaql demo` runs, and the queues it needs: a small example of an application.

python -m megaql.cli.demo_app                    makes the queues and the topic
megaql run megaql.cli.demo_app:app --once        handles what is in local:shop
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import timedelta
from typing import Final

from megaql import App, MegaEvent, Message, Retry

QUEUE: Final = "shop"
DEAD_LETTERS: Final = "shop-dlq"
TOPIC: Final = "shop-events"

#: Receives after which the embedded broker moves a message to the dead-letter queue.
MAX_RECEIVES: Final = 10

app = App(f"local:{QUEUE}", unmatched="dead-letter")
log = logging.getLogger("shop")


@app.subscribe('event.name == "item.added" and event.quantity > 0')
def reserve(event: MegaEvent) -> None:
    """Take the items out of the stock."""
    log.info("reserve  %s of %s", event.attributes["quantity"], event.attributes["sku"])


@app.subscribe('event.name == "order.paid"')
def ship(event: MegaEvent, message: Message) -> None:
    """Send the parcel; the carrier is busy when it is asked for the first time."""
    if asked_before.setdefault(message.id, 0) == 0:
        asked_before[message.id] += 1
        log.info("ship     order %s: the carrier is busy, once more in a moment", event.attributes["order"])
        raise Retry(after=timedelta(0), reason="the carrier is busy")
    log.info("ship     order %s", event.attributes["order"])


#: How often each message asked the carrier.
asked_before: dict[str, int] = {}


def prepare() -> str:
    """Make the queue, its dead-letter queue, and the topic that feeds it; return what was made."""
    from megaql.broker import local  # noqa: PLC0415 - the consumer needs no topics
    from megaql.broker.local.sns import sns_client  # noqa: PLC0415 - as above

    queues, topics = local.client(), sns_client()
    dead_letters = queues.create_queue(QueueName=DEAD_LETTERS)["QueueUrl"]
    arn = _arn_of(queues.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"]))
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
    queue = queues.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    topic = topics.create_topic(Name=TOPIC)["TopicArn"]
    endpoint = _arn_of(queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"]))
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    return f"local-topic:{TOPIC} feeds local:{QUEUE}; dead letters go to local:{DEAD_LETTERS}"


def _arn_of(answer: dict[str, dict[str, str]]) -> str:
    return answer["Attributes"]["QueueArn"]


if __name__ == "__main__":
    sys.stdout.write(f"{prepare()}\n")
