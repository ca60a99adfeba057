"""What stands at one place of many documents: kinds, looks, values, and the places in it.

A maintainer keeps one rule: everything that can be many has a bound here, and a bound that was met shows in the result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from megaql.lang.kinds import Kind, kind, number, text
from megaql.lang.nodes import Deep, Each, Key
from megaql.scan.survey.looks import is_identity, look
from megaql.scan.survey.terms import Term, term_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Different values of one place that are told apart.
MAX_TERMS: Final = 50

#: Keys of an object from which it may be a map: its keys are data, so that `.**` stands for all of them.
MAP_KEYS: Final = 64

#: The same where all keys look like identifiers.
MAP_IDENTITIES: Final = 12

#: A key of an object with fixed keys is in more of its objects than this.
MAP_SHARE: Final = 0.25

#: An object with more keys is taken for a map in any case.
MAX_KEYS: Final = 512

#: How a kind is called in one word.
NAMES: Final = {
    Kind.NULL: "null",
    Kind.BOOLEAN: "boolean",
    Kind.NUMBER: "number",
    Kind.STRING: "string",
    Kind.DATE: "date",
    Kind.DURATION: "duration",
    Kind.ARRAY: "array",
    Kind.OBJECT: "object",
    Kind.BINARY: "binary",
}

#: Kinds of which values are told apart.
_COUNTED: Final = frozenset({Kind.STRING, Kind.NUMBER, Kind.BOOLEAN})

#: A step from a place to one in it: a key, each element, or any key of a map.
Segment: TypeAlias = Key | Each | Deep

EACH: Final = Each()
ANY: Final = Deep()


@dataclass(slots=True)
class Spot:
    """One place. `messages` have something there, `values` are so many somethings (of arrays there are several in a message).

    `terms` are the different values, each with the messages that have it; with `more_terms` there are more than are told apart, and the counts stopped at that point.
    `about` says that `messages` is only about right. `last` is the serial number of the last message that had
    it, and `_fresh` are that message's values.
    """

    messages: int = 0
    values: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)
    terms: Counter[Term] = field(default_factory=Counter)
    more_terms: bool = False
    whole: bool = True
    least: Any = None
    most: Any = None
    shortest: int | None = None
    longest: int | None = None
    about: bool = False
    inside: dict[Segment, Spot] = field(default_factory=dict)
    last: int = 0
    _fresh: set[Term] = field(default_factory=set)

    @property
    def is_map(self) -> bool:
        """Whether the keys are data."""
        return ANY in self.inside

    def see(self, value: Any, serial: int) -> None:
        """Take note of a value in the message of a serial number."""
        self.values += 1
        if self.last != serial:
            self.last = serial
            self.messages += 1
            self._fresh.clear()
        of = kind(value)
        self.kinds[NAMES.get(of, "other")] += 1
        match of:
            case Kind.STRING:
                self._text(text(value))
            case Kind.NUMBER:
                self._number(value)
            case Kind.ARRAY:
                self._measure(len(value))
            case _:
                pass
        if not self.more_terms and of in _COUNTED:
            self._term(term_of(value))

    def _text(self, value: str) -> None:
        self.looks[look(value)] += 1
        self._measure(len(value))

    def _number(self, value: Any) -> None:
        exact = number(value)
        if exact is None:
            self.whole = False
            return
        self.whole = self.whole and (isinstance(exact, int) or exact == exact.to_integral_value())
        self.least = exact if self.least is None else min(self.least, exact)
        self.most = exact if self.most is None else max(self.most, exact)

    def _measure(self, length: int) -> None:
        self.shortest = length if self.shortest is None else min(self.shortest, length)
        self.longest = length if self.longest is None else max(self.longest, length)

    def _term(self, term: Term) -> None:
        if term in self._fresh:
            return
        self._fresh.add(term)
        if term in self.terms or len(self.terms) < MAX_TERMS:
            self.terms[term] += 1
        else:
            self.more_terms = True

    def turn_into_map(self) -> None:
        """Make one place of all that the keys lead to; how many messages have what is deeper in is then only about right."""
        joined = Spot(about=True)
        for spot in list(self.inside.values()):
            joined.join(spot)
        joined.messages = min(joined.messages, self.messages)
        self.inside = {ANY: joined}

    def join(self, other: Spot) -> None:
        """Add what is known of another place."""
        self.messages += other.messages
        self.values += other.values
        self.last = max(self.last, other.last)
        for mine, theirs in ((self.kinds, other.kinds), (self.looks, other.looks)):
            mine.update(theirs)
        for term, count in other.terms.items():
            if term in self.terms or len(self.terms) < MAX_TERMS:
                self.terms[term] += count
            else:
                self.more_terms = True
        self.more_terms = self.more_terms or other.more_terms
        self.whole = self.whole and other.whole
        self.about = True
        self.least, self.most = _least(self.least, other.least), _most(self.most, other.most)
        self.shortest, self.longest = _least(self.shortest, other.shortest), _most(self.longest, other.longest)
        for segment, spot in other.inside.items():
            mine_ = self.inside.setdefault(segment, Spot(about=True))
            mine_.join(spot)

    def looks_like_map(self) -> bool:
        """Say whether the keys seen so far are data rather than names that somebody chose."""
        keys = [segment.name for segment in self.inside if isinstance(segment, Key)]
        if len(keys) >= MAP_IDENTITIES and all(map(is_identity, keys)):
            return True
        if len(keys) < MAP_KEYS:
            return False
        share = sum(spot.values for spot in self.inside.values()) / (len(keys) * max(self.kinds["object"], 1))
        return share < MAP_SHARE or len(keys) > MAX_KEYS

    def walk(self, path: tuple[Segment, ...] = ()) -> Iterator[tuple[tuple[Segment, ...], Spot]]:
        """Yield the places in this one, each before those in it."""
        for segment, spot in self.inside.items():
            here = (*path, segment)
            yield here, spot
            yield from spot.walk(here)


def _least(one: Any, other: Any) -> Any:
    return min((value for value in (one, other) if value is not None), default=None)


def _most(one: Any, other: Any) -> Any:
    return max((value for value in (one, other) if value is not None), default=None)
