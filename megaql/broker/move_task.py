"""The server's own way to empty a dead-letter queue: a message move task, started, watched and cancelled.

A maintainer keeps one rule: an endpoint that does not have these calls is an answer (`NoMoveTasks`), for not all have them and the caller knows
another way; whatever else goes wrong is a `BrokerError` like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import faults
from megaql.errors import AccessDenied, BrokerError

if TYPE_CHECKING:
    from megaql.broker.queue import Queue

#: The most messages a second that a task can be told to move; the service's limit.
MAX_RATE: Final = 500

#: What servers answer to a call they do not have.
_NOT_THERE: Final = frozenset(
    {
        "InvalidAction",
        "NotImplemented",
        "NotImplementedError",
        "UnknownOperation",
        "UnknownOperationException",
        "UnsupportedOperation",
    }
)

_RUNNING: Final = frozenset({"RUNNING", "CANCELLING"})


class NoMoveTasks(BrokerError):  # noqa: N818 - an answer, not a fault
    """The endpoint does not move messages by itself, or these credentials may not make it."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task's own account: `moved` of about `total` messages; `failure` is the service's word where it failed."""

    status: str
    moved: int = 0
    total: int = 0
    failure: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on moving messages."""
        return self.status in _RUNNING


class MoveTask:
    """A task under way; it runs at the service, whatever becomes of this process."""

    def __init__(self, source: Queue, handle: str) -> None:
        self._source = source
        self._handle = handle

    @classmethod
    def start(cls, source: Queue, destination: Queue, *, rate: int | None = None) -> MoveTask:
        """Start moving what is in a dead-letter queue. `rate` is messages a second, 500 at most.

        Raises `NoMoveTasks` where that is no way, and `BrokerError` for anything else, such as a task that is running already.
        """
        request: dict[str, Any] = {"SourceArn": source.arn, "DestinationArn": destination.arn}
        if rate is not None:
            request["MaxNumberOfMessagesPerSecond"] = rate
        try:
            with faults.translate("start a message move task", source.place):
                answer = source.client.start_message_move_task(**request)
        except AccessDenied as error:
            raise _no_way(error) from error
        except BrokerError as error:
            if faults.short_code(error.code) in _NOT_THERE:
                raise _no_way(error) from error
            if not error.retryable:
                raise
            # Some servers answer a call they do not have with a 500 (moto); AWS may have started the task all the same.
            return cls._begun(source, error)
        return cls(source, str(answer.get("TaskHandle") or ""))

    @classmethod
    def _begun(cls, source: Queue, error: BrokerError) -> MoveTask:
        """Return the task that runs although its start was answered with an error."""
        try:
            with faults.translate("look for a message move task", source.place):
                answer = source.client.list_message_move_tasks(SourceArn=source.arn, MaxResults=1)
        except BrokerError:
            raise _no_way(error) from error
        for task in answer.get("Results") or ():
            if task.get("Status") in _RUNNING:
                return cls(source, str(task.get("TaskHandle") or ""))
        raise error

    def state(self) -> TaskState:
        """Ask how far it is."""
        with faults.translate("watch a message move task", self._source.place):
            answer = self._source.client.list_message_move_tasks(SourceArn=self._source.arn, MaxResults=1)
        for task in answer.get("Results") or ():
            return TaskState(
                str(task.get("Status", "")),
                int(task.get("ApproximateNumberOfMessagesMoved") or 0),
                int(task.get("ApproximateNumberOfMessagesToMove") or 0),
                str(task.get("FailureReason") or ""),
            )
        return TaskState("UNKNOWN")

    def cancel(self) -> None:
        """Ask it to end; what was moved stays moved. A task that has ended by itself is no error."""
        try:
            with faults.translate("cancel a message move task", self._source.place):
                self._source.client.cancel_message_move_task(TaskHandle=self._handle)
        except BrokerError:
            if self.state().running:
                raise


def _no_way(error: BrokerError) -> NoMoveTasks:
    return NoMoveTasks(error.what, where=error.where, why=error.why, hint=error.hint, code=error.code)
