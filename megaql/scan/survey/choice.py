"""Which path to count by where nobody says one: what a person would look at first.

A maintainer keeps one rule: the choice rests on a bounded sample, and whoever uses it says which path was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang.nodes import Key, Path, Root
from megaql.scan.survey.shape import Place, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.broker.message import Message

#: A path with more different values tells apart rather than sorts.
MAX_VALUES: Final = 20

#: Places deeper in than this are not looked at.
MAX_STEPS: Final = 3

#: A path is worth counting by where at least this part of the messages has it.
MIN_SHARE: Final = 0.5

#: Names of keys that say what a message is about, the best ones first.
TELLING: Final = (
    *("detail-type", "eventType", "event_type", "eventName", "event_name", "event", "type", "kind", "action"),
    *("name", "topic", "status", "state", "source", "level"),
)

_EVENT_NAME: Final = Path((Key("event"), Key("name")))
_KIND: Final = Path((Key("kind"),), Root.ENVELOPE)


def chosen(sample: Iterable[Message]) -> list[Path]:
    """Return the paths to count a sample's messages by: the event's name, else a telling key; the kinds of payloads where there are several."""
    shape = Shape()
    for message in sample:
        shape.add(message)
    paths = [_KIND] if len(shape.kinds) > 1 else []
    if shape.kinds["mega"]:
        return [_EVENT_NAME, *paths]
    ranked = sorted(filter(_sorts, shape.places()), key=_rank)
    return [*(place.path for place in ranked[:1]), *paths] or [_KIND]


def _sorts(place: Place) -> bool:
    """Whether a place sorts messages into a few groups."""
    spot = place.spot
    return (
        len(place.path.segments) <= MAX_STEPS
        and place.share >= MIN_SHARE
        and all(isinstance(segment, Key) for segment in place.path.segments)
        and not spot.more_terms
        and set(spot.kinds) <= {"string", "boolean", "null"}
        and 0 < len(spot.terms) <= MAX_VALUES
        and (len(spot.terms) < spot.values or _word(place) in TELLING)
        and not place.look
    )


def _rank(place: Place) -> tuple[int, bool, int, float]:
    """Order places: telling names first, then those that sort at all, those nearer to the top, and those that most messages have."""
    word = _word(place)
    telling = TELLING.index(word) if word in TELLING else len(TELLING)
    return telling, len(place.spot.terms) < 2, len(place.path.segments), -place.share


def _word(place: Place) -> str:
    """Return a place's own name; empty where it has none."""
    last = place.path.segments[-1]
    return last.name if isinstance(last, Key) else ""
