"""From a path to the values it leads to, each with the place it was found at.

A maintainer keeps one rule: a name applied to an array is applied to each of its elements, nested arrays flattened, and an element that
lacks it counts as one missing value. That makes `items.price == 5` the same as `any i in items: (i.price == 5)`. Everything here
is iterative: documents may nest deeper than Python's stack.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, assert_never

from megaql.lang.budget import DEEP_VISITS
from megaql.lang.kinds import Kind, kind
from megaql.lang.nodes import Deep, Each, Index, Key, Path, Root
from megaql.lang.reasons import DEEP_BUDGET, Reason
from megaql.lang.record import MEGA_EVENT_FIELDS, MISSING, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from megaql.lang.budget import Budget

#: A place in a record: the place it is in, and the member's name or the element's number there. The outermost has no parent.
Where: TypeAlias = "tuple[Where | None, str | int]"


class Step(str):
    """A step that stands for many, in the place of what was not found; no member of an object has this class."""

    __slots__ = ()


EACH: Final = Step("[*]")
DEEP: Final = Step(".**")

BODY: Final[Where] = (None, "$")
EVENT: Final[Where] = (BODY, "event")
ENVELOPE: Final[Where] = (None, "@")


class Found(NamedTuple):
    """A value and its place.

    The value is `MISSING` where the path leads nowhere, and a `Reason` where it cannot be known. Literals have no place.
    """

    value: Any
    where: Where | None = None


def resolve(path: Path, record: Record, variables: Mapping[str, Found], budget: Budget) -> list[Found]:
    """Return what a path leads to; an empty list only for a path through an empty array."""
    segments: Sequence[Key | Index | Each | Deep] = path.segments
    match path.root:
        case Root.BODY:
            start = Found(record.body, BODY)
            if record.mega:
                segments = _canonical(segments)
        case Root.ENVELOPE:
            start = Found(record.envelope, ENVELOPE)
        case Root.VARIABLE:
            name = segments[0].name if isinstance(segments[0], Key) else ""
            start, segments = variables.get(name, Found(MISSING)), segments[1:]
            if record.mega and start.where == EVENT:
                segments = _canonical((_EVENT, *segments))[1:]
        case _:
            assert_never(path.root)
    return _follow(start, segments, budget)


_EVENT: Final = Key("event")


def _canonical(segments: Sequence[Key | Index | Each | Deep]) -> Sequence[Key | Index | Each | Deep]:
    """Rewrite `event.x` to `event.attributes.x` for an `x` that the MEGA protocol does not list."""
    if len(segments) > 1:
        first, second = segments[:2]
        if (
            isinstance(first, Key)
            and first.name == "event"
            and isinstance(second, Key)
            and second.name not in MEGA_EVENT_FIELDS
        ):
            return (first, Key("attributes"), *segments[1:])
    return segments


def _follow(start: Found, segments: Sequence[Key | Index | Each | Deep], budget: Budget) -> list[Found]:
    found = [start]
    searching = False
    for segment in segments:
        budget.spend(len(found) + 1)
        match segment:
            case Key(name):
                found = [next_ for one in found for next_ in _member(one, name, searching=searching, budget=budget)]
            case Index(position):
                found = [_element(one, position) for one in found]
            case Each():
                found = [next_ for one in found for next_ in _each(one, budget)]
            case Deep():
                found = _deep(found, budget)
                searching = True
            case _:
                assert_never(segment)
        if searching:
            # A search by `**` is about what is there: what lacks the next name is no finding.
            found = [one for one in found if one.value is not MISSING]
    return found if found or not searching else [Found(MISSING, _sought(start, segments))]


def _sought(start: Found, segments: Sequence[Key | Index | Each | Deep]) -> Where | None:
    """Name the place that a search did not find, by the segments of its path."""
    where = start.where
    for segment in segments:
        match segment:
            case Key(name):
                where = (where, name)
            case Index(position):
                where = (where, position)
            case Each():
                where = (where, EACH)
            case Deep():
                where = (where, DEEP)
            case _:
                assert_never(segment)
    return where


def _member(found: Found, name: str, *, searching: bool, budget: Budget) -> Sequence[Found]:
    value, where = found
    of = kind(value)
    if of is Kind.OBJECT:
        return (Found(value.get(name, MISSING), (where, name)),)
    if value is MISSING or isinstance(value, Reason):
        return (found,)
    if of is not Kind.ARRAY:
        return (Found(MISSING, (where, name)),)
    if searching:
        # After `**` each element has been visited by itself; mapping over the array would find everything twice.
        return ()
    return [
        member for element in leaves(found, budget) for member in _member(element, name, searching=False, budget=budget)
    ]


def _element(found: Found, position: int) -> Found:
    value, where = found
    if value is MISSING or isinstance(value, Reason):
        return found
    if kind(value) is Kind.ARRAY and -len(value) <= position < len(value):
        return Found(value[position], (where, position % len(value)))
    return Found(MISSING, (where, position))


def _each(found: Found, budget: Budget) -> Iterator[Found]:
    value, where = found
    if value is MISSING or isinstance(value, Reason):
        yield found
    elif kind(value) is Kind.ARRAY:
        yield from elements(found, budget)
    else:
        yield Found(MISSING, (where, EACH))


def _deep(starts: list[Found], budget: Budget) -> list[Found]:
    """Return the values and everything in them in document order; past the budget, one unknown value stands for the rest."""
    found: list[Found] = []
    stack = starts[::-1]
    while stack:
        one = stack.pop()
        if one.value is MISSING:
            continue
        budget.spend()
        if len(found) >= DEEP_VISITS:
            return [*found, Found(DEEP_BUDGET, one.where)]
        found.append(one)
        stack.extend(reversed(children(one)))
    return found


def children(found: Found) -> list[Found]:
    """Return the members of an object or the elements of an array; nothing for other values."""
    value, where = found
    if kind(value) is Kind.OBJECT:
        # A dict built in code may have keys that are no strings: no path names them, `**` finds their values.
        return [Found(member, (where, name if isinstance(name, str) else str(name))) for name, member in value.items()]
    if kind(value) is Kind.ARRAY:
        return [Found(element, (where, position)) for position, element in enumerate(value)]
    return []


def elements(array: Found, budget: Budget) -> Iterator[Found]:
    """Yield the elements of an array, nested arrays as they are."""
    value, where = array
    for position, element in enumerate(value):
        budget.spend()
        yield Found(element, (where, position))


def nested(array: Found, budget: Budget) -> Iterator[Found]:
    """Yield everything an array holds at any depth of nested arrays, the inner arrays themselves included."""
    stack = [elements(array, budget)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        yield element
        if kind(element.value) is Kind.ARRAY:
            stack.append(elements(element, budget))


def leaves(found: Found, budget: Budget) -> Iterator[Found]:
    """Yield a value that is no array as it is, and of an array everything in it that is no array."""
    if kind(found.value) is not Kind.ARRAY:
        yield found
        return
    for element in nested(found, budget):
        if kind(element.value) is not Kind.ARRAY:
            yield element


#: A name that a place shows without quotes.
_PLAIN: Final = re.compile(r"[^\W\d][\w-]*")

#: A place with more steps is shown by its first and last ones.
_SHOWN_STEPS: Final = 24


def location(where: Where | None) -> str:
    """Return a place as people write it: `$.items[2].price`, `@attributes.tenant`, `""` for a literal."""
    steps: list[str | int] = []
    while where is not None:
        where, step = where
        steps.append(step)
    if not steps:
        return ""
    root, *rest = reversed(steps)
    parts = [_step(step) for step in rest]
    if len(parts) > _SHOWN_STEPS:
        parts = [*parts[: _SHOWN_STEPS // 2], " … ", *parts[-_SHOWN_STEPS // 2 :]]
    text = "".join(parts)
    return f"@{text.removeprefix('.')}" if root == "@" else f"{root}{text}"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if isinstance(step, Step):
        return step
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"
