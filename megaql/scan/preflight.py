"""The one question asked before a live queue is read: what would reading do to its messages.

SQS has no browse. Every receive raises a message's receive count, and past the queue's maxReceiveCount the message moves to the
dead-letter queue. A maintainer keeps one rule: nothing is received before this has answered, with one GetQueueAttributes call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from megaql.errors import ScanRefused

if TYPE_CHECKING:
    from megaql.broker.queue import Queue, QueueInfo

#: A queue with a maxReceiveCount up to this loses messages to its dead-letter queue after very few looks at it.
FEW_RECEIVES: Final = 3

#: How many messages SQS lets be in flight at once, on a standard and on a FIFO queue.
MAX_IN_FLIGHT: Final = 120_000

#: A scan holds at most this part of the in-flight messages that are left, so that consumers can go on: one tenth.
HEADROOM_SHARE: Final = 10


class Risk(Enum):
    """What reading costs the queue's messages."""

    NONE = "none"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is known before the first receive.

    `queue` is the queue's name. With `Risk.ASK` somebody must agree to `question` first, or `refusal()` is raised. `may_dead_letter` is true where the user
    allowed messages to be moved to the dead-letter queue by reading: a message on its last life then ends no scan.
    """

    info: QueueInfo
    queue: str = ""
    risk: Risk = Risk.NONE
    question: str = ""
    may_dead_letter: bool = False
    hold: int | None = None

    @property
    def max_held(self) -> int:
        """How many messages a scan may hold at once: a tenth of the in-flight headroom that is left, or `hold` and never more than nine tenths."""
        left = max(0, MAX_IN_FLIGHT - self.info.in_flight)
        share = left // HEADROOM_SHARE
        return share if self.hold is None else min(self.hold, left - share)

    @property
    def last_life(self) -> int | None:
        """The receive count at which the next receive dead-letters a message; `None` without a redrive policy."""
        return self.info.redrive.max_receive_count if self.info.redrive else None

    def refusal(self) -> ScanRefused:
        """Return the error for a question that nobody is there to answer, or that was answered with no."""
        return ScanRefused(
            "Reading this queue needs consent",
            where=self.queue,
            why=self.question.split("\n", maxsplit=1)[0],
            hint=f"pass --allow-receives to read it all the same, or {_SAFER}",
        )


_SAFER: Final = "use a safer way: `megaql peek` its dead-letter queue, or `megaql tap` the topic that feeds it"


def preflight(queue: Queue, *, allow_dead_letter: bool = False, allow_receives: bool = False) -> Preflight:
    """Look at a queue's redrive policy and depth with one request, and weigh what reading would do.

    Raises `ScanRefused` where each look dead-letters messages (maxReceiveCount 1) and `allow_dead_letter` is not set. With a
    maxReceiveCount of 2 or 3 and nothing allowed the answer is `Risk.ASK`. `allow_dead_letter` includes `allow_receives`.
    """
    info = queue.info()
    most = info.redrive.max_receive_count if info.redrive else None
    if most is None or most > FEW_RECEIVES or allow_dead_letter:
        return Preflight(info, queue.name, may_dead_letter=allow_dead_letter)
    target = info.redrive.dead_letter_arn.rsplit(":", 1)[-1] if info.redrive else ""
    if most <= 1:
        raise ScanRefused(
            "Reading this queue would move its messages to the dead-letter queue",
            where=queue.name,
            why=f"its maxReceiveCount is 1: a message that was looked at once goes to {target} at the next receive",
            hint=f"{_SAFER}; --allow-dead-letter reads it all the same",
        )
    if allow_receives:
        return Preflight(info, queue.name)
    question = (
        f"{queue.name} moves a message to {target} after {most} receives, and looking at one uses one up.\n"
        f"A safer way: peek {target}, or tap its topic. Read it all the same?"
    )
    return Preflight(info, queue.name, risk=Risk.ASK, question=question)
