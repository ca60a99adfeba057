"""What a test compares its values with: the constants that cut numbers, texts, dates and durations into regions.

Within a region between two constants, next to each other, every test has the same verdict. A maintainer keeps one rule: a profile
names every constant that could make a difference, or says of texts that they are `UNCLEAR`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from megaql.lang import cidr, nodes
from megaql.lang.automata.languages import Language, OneOf, Order, Part, Search
from megaql.lang.dates import Moment
from megaql.lang.kinds import Folded, Kind, kind
from megaql.lang.nodes import Clause, Comparison, ListLiteral, Presence, TextOperator
from megaql.lang.solve.places import paths_in
from megaql.lang.solve.probes import UNKNOWABLE, constant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Texts(Enum):
    """How a test tells texts apart."""

    ALIKE = "not at all"
    BY_PLACE = "by where they stand in the order of texts"
    BY_FORM = "by a language"
    BY_READING = "by the date or the address that they are read as"
    UNCLEAR = "nobody knows"


@dataclass(slots=True)
class Profile:
    """What one test compares with.

    `lists` are list literals as values, `loose_lists` says that some are no plain values. `languages` are those whose common texts
    match, for `BY_PLACE` and `BY_FORM`; `addresses` are the first, the last and the neighbouring addresses of networks.
    `of_whole` tests never look into an array. With `of_elements` all this is about the elements of an array, and any other value is UNKNOWN: `"x" in P`.
    """

    numbers: list[int | Decimal] = field(default_factory=list)
    cuts: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    durations: list[timedelta] = field(default_factory=list)
    lists: list[list[object]] = field(default_factory=list)
    loose_lists: bool = False
    texts: Texts = Texts.ALIKE
    languages: tuple[Language, ...] = ()
    addresses: list[str] = field(default_factory=list)
    of_elements: bool = False
    of_whole: bool = False

    def add(self, values: Iterable[object]) -> None:
        """Take note of constants of every kind."""
        for value in values:
            match value:
                case bool() | None:
                    pass
                case int() | Decimal():
                    self.numbers.append(value)
                case str():
                    self.cuts.append(value)
                case Moment():
                    self.moments.append(value)
                case timedelta():
                    self.durations.append(value)
                case list():
                    self.lists.append(value)
                    self.loose_lists |= not _is_plain(value)
                case _:
                    pass


def profile(clause: Clause, now: datetime) -> Profile:
    """Return what a test of grade PLAIN, or the `of_result` of one of grade CALL, compares with."""
    found = Profile()
    match clause:
        case nodes.Compare(operator, left, right):
            mirrored = any(True for _ in paths_in(right))
            _compare(found, operator.mirrored if mirrored else operator, constant(left if mirrored else right, now))
        case nodes.In(item, ListLiteral() as options):
            _one_of(found, constant(options, now))
        case nodes.In(item):
            _compare(found, Comparison.EQ, constant(item, now))
            found.of_elements = True
        case nodes.Between(_, low, high):
            _between(found, constant(low, now), constant(high, now))
        case nodes.Matches(_, nodes.Regex() as regex):
            found.texts, found.languages = Texts.BY_FORM, (Search(regex),)
        case nodes.TextTest(operator, _, operand):
            _text_test(found, operator, constant(operand, now))
        case nodes.PresenceTest(Presence.EMPTY):
            found.texts, found.languages, found.cuts = Texts.BY_PLACE, (OneOf(frozenset({""})),), [""]
            found.of_whole = True
        case nodes.InCidr(_, nodes.String(network)):
            found.texts, found.addresses = Texts.BY_READING, cidr_edges(network)
        case nodes.IsKind() | nodes.Truth() | nodes.PresenceTest():
            pass
        case _:
            found.texts = Texts.UNCLEAR
    return found


def _compare(found: Profile, operator: Comparison, value: object) -> None:
    found.add([value])
    match value:
        case Moment():
            found.texts = Texts.BY_READING
        case Folded(text):
            found.texts, found.languages = Texts.BY_FORM, (_ordered(operator, text, fold=True),)
        case str():
            found.texts, found.languages = Texts.BY_PLACE, (_ordered(operator, value, fold=False),)
        case _ if value is UNKNOWABLE:
            found.texts = Texts.UNCLEAR


def _ordered(operator: Comparison, text: str, *, fold: bool) -> Language:
    return OneOf(frozenset({text}), fold) if operator is Comparison.EQ else Order(operator, text, fold)


def _one_of(found: Profile, items: object) -> None:
    values = items if isinstance(items, list) else []
    found.add(values)
    folded = frozenset(value.text for value in values if isinstance(value, Folded))
    plain = frozenset(value for value in values if isinstance(value, str))
    if any(isinstance(value, Moment) for value in values):
        found.texts = Texts.BY_READING if len(values) == 1 else Texts.UNCLEAR
    elif folded:
        found.texts, found.languages = Texts.BY_FORM, (OneOf(folded, fold=True),)
        if plain:
            found.texts, found.languages = Texts.UNCLEAR, ()
    elif plain:
        found.texts, found.languages = Texts.BY_PLACE, (OneOf(plain),)


def _between(found: Profile, low: object, high: object) -> None:
    found.add([low, high])
    kinds = {kind(low), kind(high)}
    if Kind.STRING not in kinds and not isinstance(low, Moment) and not isinstance(high, Moment):
        return
    if isinstance(low, str) and isinstance(high, str):
        found.texts = Texts.BY_PLACE
        found.languages = (_ordered(Comparison.GE, low, fold=False), _ordered(Comparison.LE, high, fold=False))
    elif isinstance(low, Moment) and isinstance(high, Moment):
        found.texts = Texts.BY_READING
    else:
        found.texts = Texts.UNCLEAR


def _text_test(found: Profile, operator: TextOperator, operand: object) -> None:
    if not isinstance(operand, str | Folded):
        found.texts = Texts.UNCLEAR
        return
    text, fold = (operand.text, True) if isinstance(operand, Folded) else (operand, False)
    found.texts, found.languages = Texts.BY_FORM, (Part(operator, text, fold),)
    if operator is TextOperator.STARTSWITH and not fold:
        found.texts = Texts.BY_PLACE
        found.cuts += [text, *_after_prefix(text)]


def _after_prefix(prefix: str) -> list[str]:
    """Return the first text after all that start with the prefix, nothing where there is none."""
    stem = prefix.rstrip(chr(0x10FFFF))
    return [stem[:-1] + chr(ord(stem[-1]) + 1)] if stem else []


def cidr_edges(network: str) -> list[str]:
    """Return the addresses at which membership in a network may change: its ends, and those beside them."""
    known = cidr.network(network)
    if known is None:
        return []
    first, last = int(known.network_address), int(known.broadcast_address)
    return [
        str(known[0] + offset)
        for offset in (-1, 0, last - first, last - first + 1)
        if 0 <= first + offset <= _LAST[known.version]
    ]


_LAST = {4: 2**32 - 1, 6: 2**128 - 1}


def _is_plain(value: object) -> bool:
    """Say whether all arrays equal to a list literal are alike to every test: nothing in it is folded or a date."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(one)
        elif one is not None and not isinstance(one, bool | int | str | Decimal | timedelta):
            return False
    return True
