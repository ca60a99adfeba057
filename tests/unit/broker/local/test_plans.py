"""No statement on the way of a message looks at a whole table: a queue may hold a million."""

import re

import pytest


@pytest.fixture
def statements(broker):
    """Return the statements the broker ran since the fixture was made."""
    seen = []
    store = broker.client._store
    broker.queue("warm-up")
    with store.read() as db:
        db.set_trace_callback(seen.append)
    return seen


def run_everything(broker):
    import json

    dead = broker.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": broker.arn(dead), "maxReceiveCount": 1})
    for name in ("main", "main.fifo"):
        more = {"RedrivePolicy": policy} if name == "main" else {}
        url = broker.queue(name, VisibilityTimeout="5", MessageRetentionPeriod="60", **more)
        broker.send(url, *"abcde", MessageGroupId="g")
        first, second, *_ = broker.receive(url)
        broker.change(url, first, 10)
        broker.delete(url, second)
        broker.clock.advance(20)
        broker.receive(url)
        broker.counts(url)
        broker.clock.advance(100)
        broker.receive(url)
        broker.send(url, "late", MessageGroupId="g")
        broker.client.list_dead_letter_source_queues(QueueUrl=dead)


def test_no_statement_scans_a_table_that_grows(broker, statements):
    run_everything(broker)
    with broker.client._store.read() as db:
        db.set_trace_callback(None)
        plans = {
            statement: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
            for statement in set(statements)
            if re.match("SELECT|UPDATE|DELETE", statement)
        }
    assert len(plans) > 40
    growing = re.compile(r"SCAN (m|p|message|payload|lane|dedup)\b|USE TEMP B-TREE")
    assert {statement: plan for statement, plan in plans.items() if any(map(growing.search, plan))} == {}


def test_candidates_come_through_their_index(broker, statements):
    run_everything(broker)
    plans = []
    with broker.client._store.read() as db:
        db.set_trace_callback(None)
        for statement in set(statements):
            if "JOIN payload" in statement:
                plans += [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert set(plans) == {
        "SEARCH m USING INDEX message_due (queue=? AND visible_at<?)",
        "SEARCH m USING INDEX message_lane (lane=?)",
        "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
    }
