"""An embedded broker of a test's own, with its queues and topics.

A maintainer keeps one rule: the broker is where `MEGAQL_HOME` says for as long as the test runs, so that the code under test finds it by `local:NAME` like
any other.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import local
from megaql.broker.publisher import Publisher
from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue
from megaql.testing import contents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from megaql.broker.message import Message
    from megaql.broker.publisher import Publishable
    from megaql.testing.contents import DeadLetter

_FIFO: Final = ".fifo"


@contextmanager
def local_broker(home: str | Path | None = None) -> Iterator[Broker]:
    """Give an embedded broker of its own in `home`, by default a new folder that is removed at the end.

    `MEGAQL_HOME` names it meanwhile, for this process and those that it starts.
    """
    with tempfile.TemporaryDirectory(prefix="megaql-") as folder:
        # A test that changes its directory keeps its broker.
        broker = Broker(Path(home or folder).absolute())
        with environment(MEGAQL_HOME=str(broker.home)):
            yield broker


@dataclass(frozen=True, slots=True)
class Broker:
    """Makes queues and topics of the embedded broker whose folder is `home`."""

    home: Path

    def queue(self, name: str = "queue", *, max_receives: int | None = None, **attributes: str) -> LocalQueue:
        """Make a queue, a FIFO one where the name ends in `.fifo`.

        With `max_receives` it has a dead-letter queue (`NAME-dead`), which gets a message after that many receives. `attributes` are SQS's own, as
        in `VisibilityTimeout="5"`.
        """
        if max_receives is not None:
            base, fifo = _split(name)
            dead = self.queue(f"{base}-dead{fifo}")
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receives})
        if name.endswith(_FIFO):
            attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} | attributes
        client = local.client(self.home)
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return LocalQueue(client, url, parse_queue(f"local:{name}"))

    def topic(
        self, name: str, *queues: Queue, raw: bool = False, filter_policy: Mapping[str, Any] | None = None
    ) -> LocalTopic:
        """Make a topic, a FIFO one where the name ends in `.fifo`, and subscribe queues to it, each with the same settings."""
        client = local.sns_client(self.home)
        fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if name.endswith(_FIFO) else {}
        arn = client.create_topic(Name=name, Attributes=fifo)["TopicArn"]
        settings = {"RawMessageDelivery": "true"} if raw else {}
        if filter_policy is not None:
            settings["FilterPolicy"] = json.dumps(filter_policy)
        for queue in queues:
            client.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn, Attributes=settings)
        return LocalTopic(name, arn)


class LocalQueue(Queue):
    """A queue of the embedded broker, for `App`, for `run_until_empty` and to be looked into; `str()` is its target, `local:NAME`."""

    def __str__(self) -> str:
        return f"local:{self.name}"

    def publish(self, payload: Publishable, **options: Any) -> str:
        """Publish a payload and return the message id; the options are those of `megaql.Publisher.publish`."""
        return self.send(Publisher(self.target).outgoing(payload, **options))

    def messages(self) -> list[Message]:
        """Return all that is in the queue, in the order it was sent: visible, delayed and in flight. Looking changes nothing."""
        return contents.messages(self)

    def dead_letters(self) -> list[DeadLetter]:
        """Return all that is in the dead-letter queue, with the reasons; nothing where there is none."""
        return contents.dead_letters(self)


@dataclass(frozen=True, slots=True)
class LocalTopic:
    """A topic of the embedded broker; `str()` is its target, `local-topic:NAME`."""

    name: str
    arn: str

    def __str__(self) -> str:
        return f"local-topic:{self.name}"

    def publish(self, payload: Publishable, **options: Any) -> str:
        """Publish a payload and return the message id; the options are those of `megaql.Publisher.publish`."""
        return Publisher(str(self)).publish(payload, **options)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables, and put back what was there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _split(name: str) -> tuple[str, str]:
    return (name.removesuffix(_FIFO), _FIFO) if name.endswith(_FIFO) else (name, "")
