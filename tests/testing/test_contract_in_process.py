"""The contract of queues and topics once more, over boto3's real clients that the embedded broker answers inside the process."""

import pytest

from megaql.broker.target import Connection
from megaql.testing import boto3_client
from tests.contract import test_dead_letters, test_fifo, test_queues, test_send_receive, test_topics, test_visibility
from tests.contract.conftest import World, refusal_fixture  # noqa: F401 - a fixture of the tests below

SUITE = (test_dead_letters, test_fifo, test_queues, test_send_receive, test_topics, test_visibility)

for module in SUITE:
    globals().update({name: test for name, test in vars(module).items() if name.startswith("test_")})


@pytest.fixture
def world():
    return World("in process", boto3_client("sqs"), boto3_client("sns"), Connection())
