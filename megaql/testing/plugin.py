"""The pytest fixtures: a broker of the test's own, queues and a topic on it, and boto3 that reaches it.

A maintainer keeps one rule: what a fixture needs is imported when a test asks for it, because pytest imports this module in runs that never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.testing import Broker, LocalQueue, LocalTopic

#: Receives after which the queues of the fixtures give a message to their dead-letter queues.
MAX_RECEIVES: Final = 5


@pytest.fixture
def megaql_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give the test an embedded broker of its own, which `local:NAME` and `local-topic:NAME` reach; makes queues and topics of any name."""
    from megaql.testing import local_broker  # noqa: PLC0415 - see the module

    with local_broker(tmp_path_factory.mktemp("megaql")) as broker:
        yield broker


@pytest.fixture
def megaql_queue(megaql_broker: Broker) -> LocalQueue:
    """Make `local:queue`, which has a dead-letter queue: a message goes there after five receives."""
    return megaql_broker.queue("queue", max_receives=MAX_RECEIVES)


@pytest.fixture
def megaql_fifo_queue(megaql_broker: Broker) -> LocalQueue:
    """Make `local:queue.fifo`, a FIFO queue with content-based deduplication and a dead-letter queue, as `megaql_queue` has."""
    return megaql_broker.queue("queue.fifo", max_receives=MAX_RECEIVES)


@pytest.fixture
def megaql_topic(megaql_broker: Broker, megaql_queue: LocalQueue) -> LocalTopic:
    """Make `local-topic:topic`, to which `megaql_queue` subscribes, with SNS's envelope around its messages."""
    return megaql_broker.topic("topic", megaql_queue)


@pytest.fixture
def megaql_boto3(megaql_broker: Broker) -> Iterator[Broker]:
    """Let every boto3 client of SQS and SNS reach the test's broker, also one that was made before; gives the broker."""
    from megaql.testing import patched  # noqa: PLC0415 - see the module

    with patched(megaql_broker.home):
        yield megaql_broker
