"""Any sequence of calls against a model that says in a few lines what a queue is."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from megaql.broker import local

LEASE = 30
RETENTION = 300


@dataclass(eq=False)
class Message:
    body: str
    group: str
    sent_at: float
    visible_at: float
    receives: int = 0


class Model(RuleBasedStateMachine):
    """A queue as a list of messages in the order of sending, beside the real one."""

    fifo = False

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.time = 1_000_000.0
        self.client = local.client(Path(self.folder.name), clock=lambda: self.time)
        kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if self.fifo else {}
        self.url = self.client.create_queue(
            QueueName="model.fifo" if self.fifo else "model",
            Attributes={"VisibilityTimeout": str(LEASE), "MessageRetentionPeriod": str(RETENTION), **kind},
        )["QueueUrl"]
        self.messages = []
        self.handles = []
        self.sent = 0

    def teardown(self):
        self.client.close()
        self.folder.cleanup()

    def live(self):
        return [message for message in self.messages if message.sent_at + RETENTION >= self.time]

    def in_flight(self, message):
        return message.receives > 0 and message.visible_at > self.time

    def receivable(self):
        """Return what may be received next: all that is visible, but of a FIFO group only while none is in flight."""
        locked = {message.group for message in self.live() if self.in_flight(message)} if self.fifo else set()
        return [m for m in self.live() if m.visible_at <= self.time and m.group not in locked]

    @rule(count=st.integers(1, 4), group=st.sampled_from("ab"))
    def send(self, count, group):
        bodies = [str(self.sent + number) for number in range(count)]
        self.sent += count
        entries = [{"Id": body, "MessageBody": body, "MessageGroupId": group} for body in bodies]
        assert len(self.client.send_message_batch(QueueUrl=self.url, Entries=entries)["Successful"]) == count
        self.messages += [Message(body, group, self.time, self.time) for body in bodies]

    @rule(limit=st.integers(1, 5), visibility=st.sampled_from([LEASE, 5]))
    def receive(self, limit, visibility):
        expected = self.receivable()
        answer = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=limit, VisibilityTimeout=visibility, AttributeNames=["All"]
        )
        received = answer.get("Messages", [])
        by_body = {message.body: message for message in expected}
        assert {message["Body"] for message in received} <= set(by_body)
        assert len(received) == min(limit, len(expected))
        for group in "ab" if self.fifo else "":
            mine = [m["Body"] for m in received if m["Attributes"]["MessageGroupId"] == group]
            assert mine == [m.body for m in expected if m.group == group][: len(mine)]
        for answer in received:
            message = by_body[answer["Body"]]
            message.receives += 1
            message.visible_at = self.time + visibility
            assert answer["Attributes"]["ApproximateReceiveCount"] == str(message.receives)
            self.handles.append((message, message.receives, answer["ReceiptHandle"]))

    def usable(self, message, receives):
        """Return whether a handle still works: always on a standard queue, during its own lease on a FIFO one."""
        return not self.fifo or (message.receives == receives and message.visible_at > self.time)

    @rule(pick=st.integers(0, 1000))
    def delete(self, pick):
        if not self.handles:
            return
        message, receives, handle = self.handles.pop(pick % len(self.handles))
        if message in self.messages and not self.usable(message, receives):
            with pytest.raises(local.ClientError, match="expired"):
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
            return
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
        if message in self.messages:
            self.messages.remove(message)

    @rule(pick=st.integers(0, 1000), seconds=st.sampled_from([0, 0, 1, 60]))
    def change(self, pick, seconds):
        if not self.handles:
            return
        message, receives, handle = self.handles[pick % len(self.handles)]
        request = {"QueueUrl": self.url, "ReceiptHandle": handle, "VisibilityTimeout": seconds}
        if message in self.messages and self.usable(message, receives) and self.in_flight(message):
            self.client.change_message_visibility(**request)
            message.visible_at = self.time + seconds
        else:
            with pytest.raises(local.ClientError, match=r"expired|not in flight|does not exist"):
                self.client.change_message_visibility(**request)

    @rule(seconds=st.sampled_from([1, 5, 30]))
    def wait(self, seconds):
        self.time += seconds
        # What expired and is still stored answers a stale handle differently from what is gone: forget such handles.
        self.messages = self.live()
        self.handles = [held for held in self.handles if held[0] in self.messages]

    @rule(chance=st.integers(0, 9))
    def purge(self, chance):
        if chance:
            return
        self.client.purge_queue(QueueUrl=self.url)
        self.messages.clear()

    @invariant()
    def counters_and_lanes_are_those_of_the_rows(self):
        with self.client._store.snapshot() as db:
            (queue,) = db.execute("SELECT id FROM queue").fetchone()
            rows = db.execute(
                "SELECT lane, visible_at, receives FROM message WHERE queue = ? ORDER BY id", (queue,)
            ).fetchall()
            assert db.execute("SELECT value FROM counter WHERE queue = ?", (queue,)).fetchone() == (len(rows),)
            assert db.execute("SELECT COUNT(*) FROM payload").fetchone() == (len(rows),)
            lanes = {lane for (lane,) in db.execute("SELECT id FROM lane")}
            assert lanes == {lane for lane, _, _ in rows if lane is not None}
            assert db.execute("SELECT COUNT(*) FROM discarded").fetchone() == (0,)


class FifoModel(Model):
    fifo = True


Model.TestCase.settings = FifoModel.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestStandard = Model.TestCase
TestFifo = FifoModel.TestCase
