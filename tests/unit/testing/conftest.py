"""A broker of the test's own, made as a user without pytest makes it."""

import pytest

from megaql.testing import local_broker


@pytest.fixture
def broker(tmp_path):
    with local_broker(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def queue(broker):
    return broker.queue("orders", max_receives=5)
