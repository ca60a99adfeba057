"""What stands where a path leads nowhere: the key that was probably meant, or the same name in another place.

A maintainer keeps one rule: what this costs is bounded by constants, because it is asked for every message that lacks something.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.kinds import Kind, kind
from megaql.lang.paths import Found, Step, children
from megaql.lang.vocabulary import nearest

if TYPE_CHECKING:
    from megaql.lang.paths import Where
    from megaql.lang.record import Record

#: Keys of one object that are compared with the missing one.
KEYS: Final = 100

#: Values that are visited for the same name elsewhere.
VISITS: Final = 200

#: Answers that are remembered: most messages of a queue have the same keys.
REMEMBERED: Final = 1_000


class NearKeys:
    """Finds keys near to missing ones, and remembers what it found. One for a run over many messages; not thread-safe."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def near(self, where: Where | None, record: Record) -> Where | None:
        """Return the place that was probably meant by a place where nothing is, `None` where there is no such place."""
        steps = _steps(where)
        place: Where | None = None
        value: Any = None
        for step in steps:
            if place is None:
                place, value = (None, step), record.envelope if step == "@" else record.body
            elif isinstance(step, int) and kind(value) is Kind.ARRAY and step < len(value):
                place, value = (place, step), value[step]
            elif isinstance(step, str) and not isinstance(step, Step) and kind(value) is Kind.OBJECT:
                if step not in value:
                    return self._beside(place, value, step, record) or _elsewhere(steps, record)
                place, value = (place, step), value[step]
            else:
                break
        return _elsewhere(steps, record)

    def _beside(self, place: Where, value: Any, name: str, record: Record) -> Where | None:
        """Look among the keys of the object that lacks the name; of a MEGA event's attributes also among the event's fields."""
        if (key := self._nearest(name, value)) is not None:
            return (place, key)
        parent = place[0]
        if record.mega and place == ((BODY, "event"), "attributes") and parent is not None:
            key = self._nearest(name, record.body["event"])  # type: ignore[index] # a place in it was just found
            return None if key is None else (parent, key)
        return None

    def _nearest(self, name: str, value: Any) -> str | None:
        keys = tuple(key for key in islice(value, KEYS) if isinstance(key, str))
        if (name, keys) not in self._found:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            self._found[name, keys] = nearest(name, keys)
        return self._found[name, keys]


#: Where a message's body begins.
BODY: Final[Where] = (None, "$")


def _steps(where: Where | None) -> list[str | int]:
    steps: list[str | int] = []
    while where is not None:
        where, step = where
        steps.append(step)
    return steps[::-1]


def _elsewhere(steps: list[str | int], record: Record) -> Where | None:
    """Find the last name of a path of plain names in another place of the body, the outermost first."""
    name = steps[-1] if steps else None
    if (
        len(steps) < 2
        or steps[0] != "$"
        or not all(isinstance(step, str) and not isinstance(step, Step) for step in steps)
    ):
        return None
    queue = deque([Found(record.body, BODY)])
    visits = 0
    while queue and visits < VISITS:
        one = queue.popleft()
        visits += 1
        if kind(one.value) is Kind.OBJECT:
            if name in one.value:
                return (one.where, str(name))
            queue.extend(islice(children(one), KEYS))
    return None
