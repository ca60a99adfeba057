"""The embedded broker as a client object: boto3's SQS method names, response dicts and errors.

A maintainer keeps one rule: every call goes through `_call`, which checks the parameters and leaves the rest to `calls`.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from megaql.broker.local import calls, leases, moves, parameters, receive, removal, send, settings
from megaql.broker.local.home import home as default_home
from megaql.broker.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from megaql.broker.client import Response, SQSClient
    from megaql.broker.local.clock import Uptime

    Operation = Callable[[Store, dict[str, Any]], Response]


def client(
    home: Path | None = None,
    *,
    clock: Callable[[], float] = time.time,
    uptime: Callable[[], Uptime | None] | None = None,
) -> SQSClient:
    """Return a client of the embedded broker in `home` (`$MEGAQL_HOME` and so on where it is None).

    Thread-safe, and safe to use on both sides of a fork. Nothing is created before the first call. `clock` gives seconds
    since the epoch, `uptime` the time that nobody sets; they are for tests, which move them.
    """
    return LocalSQS(Store(default_home() if home is None else home, clock, uptime))


class LocalSQS:
    """The methods of boto3's SQS client over a `Store`; all arguments by keyword. Errors: `ClientError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _call(self, name: str, operation: Operation, request: dict[str, Any]) -> Response:
        def perform() -> Response:
            parameters.check(name, request)
            return operation(self._store, request)

        return calls.answer(self._store, name, perform)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what this thread's calls of the block do to the disk in one go when it ends, which costs as much as one of them; nothing of it where an exception leaves the block.

        For calls that come in a row: nobody else writes meanwhile. It is no call of boto3's.
        """
        with calls.failing_as("Together", self._store), self._store.together():
            yield

    def close(self) -> None:
        """Close the database; a call after this is an error."""
        self._store.close()

    # Queues

    def create_queue(self, **request: Any) -> Response:
        """CreateQueue."""
        return self._call("CreateQueue", settings.create, request)

    def get_queue_url(self, **request: Any) -> Response:
        """GetQueueUrl."""
        return self._call("GetQueueUrl", settings.get_url, request)

    def get_queue_attributes(self, **request: Any) -> Response:
        """GetQueueAttributes."""
        return self._call("GetQueueAttributes", settings.get_attributes, request)

    def set_queue_attributes(self, **request: Any) -> Response:
        """SetQueueAttributes."""
        return self._call("SetQueueAttributes", settings.set_attributes, request)

    def delete_queue(self, **request: Any) -> Response:
        """DeleteQueue."""
        return self._call("DeleteQueue", removal.delete, request)

    def purge_queue(self, **request: Any) -> Response:
        """PurgeQueue."""
        return self._call("PurgeQueue", removal.purge, request)

    def list_queues(self, **request: Any) -> Response:
        """ListQueues."""
        return self._call("ListQueues", settings.list_all, request)

    def list_dead_letter_source_queues(self, **request: Any) -> Response:
        """ListDeadLetterSourceQueues."""
        return self._call("ListDeadLetterSourceQueues", settings.list_sources, request)

    def tag_queue(self, **request: Any) -> Response:
        """TagQueue."""
        return self._call("TagQueue", settings.tag, request)

    def untag_queue(self, **request: Any) -> Response:
        """UntagQueue."""
        return self._call("UntagQueue", settings.untag, request)

    def list_queue_tags(self, **request: Any) -> Response:
        """ListQueueTags."""
        return self._call("ListQueueTags", settings.list_tags, request)

    # Messages

    def send_message(self, **request: Any) -> Response:
        """SendMessage."""
        return self._call("SendMessage", send.send, request)

    def send_message_batch(self, **request: Any) -> Response:
        """SendMessageBatch."""
        return self._call("SendMessageBatch", send.send_batch, request)

    def receive_message(self, **request: Any) -> Response:
        """ReceiveMessage."""
        return self._call("ReceiveMessage", receive.receive, request)

    def delete_message(self, **request: Any) -> Response:
        """DeleteMessage."""
        return self._call("DeleteMessage", leases.delete, request)

    def delete_message_batch(self, **request: Any) -> Response:
        """DeleteMessageBatch."""
        return self._call("DeleteMessageBatch", leases.delete_batch, request)

    def change_message_visibility(self, **request: Any) -> Response:
        """ChangeMessageVisibility."""
        return self._call("ChangeMessageVisibility", leases.change_visibility, request)

    def change_message_visibility_batch(self, **request: Any) -> Response:
        """ChangeMessageVisibilityBatch."""
        return self._call("ChangeMessageVisibilityBatch", leases.change_visibility_batch, request)

    # Message move tasks

    def start_message_move_task(self, **request: Any) -> Response:
        """StartMessageMoveTask."""
        return self._call("StartMessageMoveTask", moves.start, request)

    def list_message_move_tasks(self, **request: Any) -> Response:
        """ListMessageMoveTasks."""
        return self._call("ListMessageMoveTasks", moves.list_tasks, request)

    def cancel_message_move_task(self, **request: Any) -> Response:
        """CancelMessageMoveTask."""
        return self._call("CancelMessageMoveTask", moves.cancel, request)
