"""The shape of many messages: which paths there are, what kinds of values stand there, and in how many messages.

A maintainer keeps two rules. Every path is one that a query can be written with. And no value is shown that fewer than `SHARED` messages have,
unless somebody asks for values: a schema is pasted into tickets, and a value that several messages share is rarely anybody's secret.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.nodes import Key, Path, Root
from megaql.lang.printer import to_text
from megaql.lang.record import MEGA_EVENT_FIELDS, MISSING
from megaql.scan.survey.spot import ANY, EACH, Segment, Spot
from megaql.scan.survey.terms import Term, term_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.broker.message import Message

#: Places that are kept of one shape; values at further ones are counted only.
MAX_SPOTS: Final = 3_000

#: Elements of one array that are looked at.
MAX_ELEMENTS: Final = 1_000

#: A value is shown where so many messages have it.
SHARED: Final = 3

#: Values of an enumeration at most.
MAX_ENUM: Final = 12

#: The part of the texts that has to look alike for a suggestion.
ALIKE: Final = 0.9

#: What MEGA says of every message, and no query is about.
_PROTOCOL: Final = frozenset({"protocol", "version"})

#: The fields of the envelope whose values differ from message to message for reasons that everybody knows.
_ENVELOPE: Final = ("attributes", "subject", "topic", "group_id")


@dataclass(frozen=True, slots=True)
class Place:
    """A path with what stands there; `within` is the number of messages that could have it."""

    path: Path
    spot: Spot
    within: int

    @property
    def text(self) -> str:
        """The path as a query has it."""
        return to_text(self.path)

    @property
    def share(self) -> float:
        """The part of the messages that have it, from 0 to 1."""
        return self.spot.messages / self.within if self.within else 0

    @property
    def enum(self) -> list[tuple[Term, int]]:
        """The values where they are few and shared, numbers in order and others by frequency; without those that fewer than `SHARED` messages have."""
        spot = self.spot
        few = len(spot.terms) <= MAX_ENUM and not spot.more_terms
        if not few or spot.terms.total() < SHARED * len(spot.terms):
            return []
        shown = [(term, count) for term, count in spot.terms.most_common() if count >= SHARED]
        if all(term.kind == "number" for term, _ in shown):
            shown.sort(key=_size)
        return shown

    @property
    def look(self) -> str:
        """What nearly all texts look like; empty for nothing in particular."""
        strings = self.spot.kinds["string"]
        if not strings:
            return ""
        name, count = self.spot.looks.most_common(1)[0]
        return name if count >= ALIKE * strings else ""

    @property
    def suggestion(self) -> str:
        """What to write in a query so that the values compare as what they look like."""
        spot = self.spot
        if spot.kinds["string"] and (self.look == "number" or (spot.kinds["number"] and spot.looks["number"])):
            return f"number({self.text})"
        if self.look.startswith("date"):
            return f"date({self.text})"
        return ""

    def samples(self, most: int) -> list[Term]:
        """Return some of the values, the most frequent first."""
        return [term for term, _ in self.spot.terms.most_common(most)]

    def to_dict(self, samples: int) -> dict[str, Any]:
        """Return JSON values; with samples, as many values at most, and what bounds the numbers."""
        spot = self.spot
        parts: dict[str, Any] = {
            "path": self.text,
            "messages": spot.messages,
            "messages_exact": None if not spot.about else False,
            "share": round(self.share, 4),
            "values": spot.values,
            "kinds": dict(spot.kinds.most_common()),
            "look": self.look,
            "suggestion": self.suggestion,
            "map": spot.is_map or None,
            "integers": spot.whole if spot.kinds["number"] else None,
            "length": [spot.shortest, spot.longest] if spot.longest is not None else None,
            "one_of": [{"value": term.plain, "count": count} for term, count in self.enum],
        }
        if samples:
            parts["samples"] = [term.plain for term in self.samples(samples)]
            if spot.least is not None:
                parts["range"] = [term_of(spot.least).plain, term_of(spot.most).plain]
        return {name: value for name, value in parts.items() if value not in (None, "", [])}


class Shape:
    """Looks at messages, one at a time. Not thread-safe."""

    def __init__(self) -> None:
        self.seen = 0
        self.kinds: Counter[str] = Counter()
        self.left_out = 0
        self._body = Spot()
        self._envelope = Spot()
        self._spots = 0
        #: Whether what is looked at is a MEGA event's body.
        self._mega = False

    def add(self, message: Message) -> None:
        """Look at a message."""
        self.seen += 1
        record = message.record()
        self.kinds[message.payload.kind] += 1
        self._mega = record.mega
        if record.body is not MISSING:
            self._look(self._body, record.body, ())
        self._mega = False
        shown = {name: record.envelope[name] for name in _ENVELOPE if record.envelope.get(name)}
        if shown:
            self._look(self._envelope, shown, ())

    def _look(self, spot: Spot, value: Any, path: tuple[Segment, ...]) -> None:
        spot.see(value, self.seen)
        if isinstance(value, dict):
            known = len(spot.inside)
            for key, item in value.items():
                if isinstance(key, str) and not (self._mega and not path and key in _PROTOCOL):
                    self._member(spot, Key(key), item, path)
            if len(spot.inside) > known and not spot.is_map and spot.looks_like_map():
                spot.turn_into_map()
        elif isinstance(value, list | tuple):
            for item in value[:MAX_ELEMENTS]:
                self._step(spot, EACH, item, path)
            self.left_out += max(0, len(value) - MAX_ELEMENTS)

    def _member(self, spot: Spot, key: Key, item: Any, path: tuple[Segment, ...]) -> None:
        if self._mega and path == _EVENT and key == _ATTRIBUTES and isinstance(item, dict):
            # `event.x` stands for `event.attributes.x` where the protocol lists no x: it is what people write.
            for name, inner in item.items():
                if not isinstance(name, str):
                    continue
                if name in MEGA_EVENT_FIELDS:
                    self._step(self._stepped(spot, key), Key(name), inner, (*path, key))
                else:
                    self._step(spot, Key(name), inner, path)
            return
        self._step(spot, ANY if spot.is_map else key, item, path)

    def _stepped(self, spot: Spot, segment: Segment) -> Spot:
        return spot.inside.setdefault(segment, Spot())

    def _step(self, spot: Spot, segment: Segment, item: Any, path: tuple[Segment, ...]) -> None:
        inner = spot.inside.get(segment)
        if inner is None:
            if self._spots >= MAX_SPOTS:
                self.left_out += 1
                return
            self._spots += 1
            inner = spot.inside[segment] = Spot()
        self._look(inner, item, (*path, segment))

    def places(self) -> Iterator[Place]:
        """Yield the places in the order in which they were first seen, those of the envelope last."""
        for root, spot in ((Root.BODY, self._body), (Root.ENVELOPE, self._envelope)):
            for segments, found in spot.walk():
                yield Place(Path(segments, root), found, self.seen)

    def to_dict(self, samples: int) -> dict[str, Any]:
        """Return JSON values; docs/stats.md says what they are."""
        return {
            "seen": self.seen,
            "kinds": dict(self.kinds.most_common()),
            "paths": [place.to_dict(samples) for place in self.places()],
            "values_left_out": self.left_out,
        }


def _size(counted: tuple[Term, int]) -> tuple[bool, Decimal]:
    """Order numbers; NaN and those too long to be kept whole come last."""
    term = counted[0]
    return (True, Decimal(0)) if term.digest or term.text == "NaN" else (False, Decimal(term.text))


_EVENT: Final = (Key("event"),)
_ATTRIBUTES: Final = Key("attributes")
