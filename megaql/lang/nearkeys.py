"""What stands where a path leads nowhere: the key that was probably meant, or the same name in another place.

A maintainer keeps one rule: what this costs is bounded by constants, because it is asked for every message that lacks something.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.actual import operands
from megaql.lang.kinds import Kind, kind
from megaql.lang.nodes import Key, Path, Quantified, Root
from megaql.lang.paths import BODY, Found, Step, children
from megaql.lang.reasons import Reason
from megaql.lang.record import MISSING
from megaql.lang.tree import walk
from megaql.lang.vocabulary import nearest

if TYPE_CHECKING:
    from megaql.lang.paths import Where
    from megaql.lang.record import Record
    from megaql.lang.trace import Note

#: Keys of one object that are compared with the missing one; larger objects and arrays are not searched for it.
KEYS: Final = 100

#: Shorter names are not taken for misspelled ones. Code points.
SPELLED: Final = 3

#: Values that are visited for the same name elsewhere.
VISITS: Final = 200

#: Values of one clause that are searched for one that is missing.
SEARCHED: Final = 100

#: Answers that are remembered: most messages of a queue have the same keys.
REMEMBERED: Final = 1_000


class NearKeys:
    """Finds keys near to missing ones, and remembers what it found. One for a run over many messages; not thread-safe."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def instead(self, note: Note, record: Record) -> tuple[Where, Where] | None:
        """Return a place where a clause found nothing, and the place that was probably meant by it."""
        if (missing := _missing(note)) is None or (near := self.near(*missing, record)) is None:
            return None
        return missing[0], near

    def near(self, where: Where | None, path: Path, record: Record) -> Where | None:
        """Return the place that was probably meant by a path that ended at a place where nothing is, `None` where there is no such place."""
        steps = _steps(where)
        place: Where | None = None
        value: Any = None
        for step in steps:
            if place is None:
                place, value = (None, step), record.envelope if step == "@" else record.body
            elif isinstance(step, int) and kind(value) is Kind.ARRAY and 0 <= step < len(value):
                place, value = (place, step), value[step]
            elif isinstance(step, str) and not isinstance(step, Step) and kind(value) is Kind.OBJECT:
                if step not in value:
                    return self._beside(place, value, step, record) or _elsewhere(path, record)
                place, value = (place, step), value[step]
            else:
                return _elsewhere(path, record)
        return None

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
            near = nearest(name, keys)
            # Of names so short nearly any two are alike.
            is_like = near is not None and (len(name) >= SPELLED or near.casefold() == name.casefold())
            self._found[name, keys] = near if is_like else None
        return self._found[name, keys]


def _steps(where: Where | None) -> list[str | int]:
    steps: list[str | int] = []
    while where is not None:
        where, step = where
        steps.append(step)
    return steps[::-1]


def _elsewhere(path: Path, record: Record) -> Where | None:
    """Find the last name of a path of plain names in another place of the body, the outermost first."""
    last = path.segments[-1]
    if (
        path.root is not Root.BODY
        or not isinstance(last, Key)
        or not all(isinstance(step, Key) for step in path.segments)
    ):
        return None
    queue = deque([Found(record.body, BODY)])
    visits = 0
    while queue and visits < VISITS:
        one = queue.popleft()
        visits += 1
        if kind(one.value) is Kind.OBJECT and last.name in one.value:
            return (one.where, last.name)
        if kind(one.value) in {Kind.OBJECT, Kind.ARRAY} and len(one.value) <= KEYS:
            queue.extend(children(one))
    return None


def _missing(note: Note) -> tuple[Where, Path] | None:
    """Return the first place where a clause's value should have been, and the path that ended there."""
    decider = note.finding.decider
    if (
        isinstance(note.node, Quantified)
        and decider is not None
        and isinstance(decider.value, Reason)
        and decider.where is not None
    ):
        return decider.where, note.node.path
    for operand, found in zip(operands(note.node), note.finding.operands, strict=False):
        where = next((one.where for one in islice(found, SEARCHED) if one.value is MISSING), None)
        path = next((one for one in walk(operand) if isinstance(one, Path)), None)
        if where is not None and path is not None:
            return where, path
    return None
