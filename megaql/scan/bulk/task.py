"""Watching a message move task to its end, and cancelling it when somebody interrupts.

A maintainer keeps one rule: the task is the service's and goes on without us, so a wait ends only when the task has, or with a second signal.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.move_task import MoveTask, TaskState
    from megaql.scan.stop import StopFlag

#: How often a task is asked how far it is; the first times sooner. Seconds.
INTERVAL: Final = 1.0
FIRST_INTERVAL: Final = 0.05


def follow(
    task: MoveTask, stop: StopFlag, watch: Callable[[TaskState], None], *, sleep: Callable[[float], None] = time.sleep
) -> TaskState:
    """Return a task's last state. `watch` is given each state on the way; once `stop` is set the task is cancelled."""
    cancelled = False
    interval = FIRST_INTERVAL
    while (state := task.state()).running:
        watch(state)
        if stop and not cancelled:
            task.cancel()
            cancelled = True
            continue
        sleep(interval)
        interval = min(interval * 2, INTERVAL)
    return state
