"""What an operator asks of one value, as matchers: the tightest that a service has, and whether they are the same.

A maintainer keeps one rule: a value for which the operator holds is one for which a matcher holds. `Asks.why` says in plain words what makes
the converse false, and is empty where it is true. `Cannot` is for what no matcher can be found, with the reason.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard, assert_never

from megaql.convert.exporting import texts
from megaql.convert.matchers import (
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Numeric,
    Prefix,
    Suffix,
    Wildcard,
)
from megaql.lang import cidr, operands
from megaql.lang.nodes import (
    Boolean,
    Comparison,
    Date,
    Duration,
    KindName,
    ListLiteral,
    Null,
    Number,
    Param,
    Regex,
    Size,
    String,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from megaql.convert.exporting.target import Target
    from megaql.convert.matchers import Comparison as Sign
    from megaql.convert.matchers import Matcher
    from megaql.lang.nodes import Literal


class Asks(NamedTuple):
    """Matchers of which one holds wherever the operator does; `why` says what else they take, and is empty if nothing."""

    matchers: tuple[Matcher, ...]
    why: str = ""


class Cannot(Exception):  # noqa: N818 - an answer, not a fault
    """A clause cannot be pushed down; the text says why."""


PRESENT: Final = Exists(present=True)
ABSENT: Final = Exists(present=False)


def anything(target: Target, why: str, *, blank: bool) -> Asks:
    """Ask for any value at all; `blank` says whether the operator may hold for null or an empty string."""
    if blank and target.exists_needs_content:
        raise Cannot(f"{why}, and SNS does not count null and empty strings as present")
    return Asks((PRESENT,), why)


def first(target: Target, *choices: Asks) -> Asks:
    """Return the first choice that the service knows; the last is one that it does."""
    return next((asks for asks in choices if all(map(target.takes, asks.matchers))), choices[-1])


# Equality


def equal(target: Target, literal: Literal | Param) -> Asks:
    """`== literal`."""
    match literal:
        case String(text, fold):
            return folded(target, text) if fold else string(target, text)
        case Null():
            return Asks((Exact(None),))
        case Boolean(value):
            return Asks((Exact(value),))
        case Number() | Size():
            number = operands.literal(literal)
            if isinstance(number, int | Decimal) and target.compares(number):
                return Asks((Exact(number),))
            return anything(target, _beyond(target), blank=False)
        case Date(value):
            return _dates(target, value, value)
        case ListLiteral(items):
            if not items:
                raise Cannot("nothing can be asked of an empty array")
            return equal(target, items[0])._replace(why="a policy sees the elements of an array one by one")
        case Duration() | Regex() | Param():
            raise Cannot("no JSON value is equal to it")
        case _:
            assert_never(literal)


def listed(target: Target, items: Iterable[Literal | Param]) -> Asks:
    """`in [items]`."""
    asked = [equal(target, item) for item in items]
    if not asked:
        raise Cannot("nothing is in an empty list")
    return union(asked)


def union(asked: Sequence[Asks]) -> Asks:
    """Ask for what any of several asks for."""
    if any(PRESENT in asks.matchers for asks in asked):
        return next(asks for asks in asked if PRESENT in asks.matchers)
    matchers = tuple(dict.fromkeys(matcher for asks in asked for matcher in asks.matchers))
    return Asks(matchers, next((asks.why for asks in asked if asks.why), ""))


def _beyond(target: Target) -> str:
    return (
        f"{target.dialect.service} compares numbers up to {target.largest_number:,} with {target.decimals} digits after "
        "the point"
    )


#: What a service reads as an address, and compares as one.
_ADDRESS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*")


def string(target: Target, text: str) -> Asks:
    """`== "x"`."""
    check_text(text)
    if _ADDRESS.fullmatch(text):
        return Asks((Exact(text),), f"{target.dialect.service} takes it for an IP address, in any of its spellings")
    return Asks((Exact(text),))


def check_text(text: str) -> None:
    """Raise `Cannot` for a text that no policy can hold."""
    if not texts.is_unicode(text):
        raise Cannot("a lone surrogate cannot be written in a policy")


def folded(target: Target, text: str) -> Asks:
    """`== "x"i`: by all its spellings, or by what it begins with as far as that has one spelling only."""
    check_text(text)
    spelled = texts.spellings(text)
    if spelled is not None:
        why = "" if texts.keeps_case(text) else f"{target.dialect.service} ignores case in its own way"
        return first(target, Asks(tuple(map(EqualsIgnoreCase, spelled)), why))
    why = "too many spellings are equal to it when case is ignored"
    plain = _plain_start(text)
    loose = anything(target, why, blank=not text)
    return first(target, Asks((Prefix(plain, fold=True),), why), loose) if plain else loose


def _plain_start(text: str) -> str:
    """Return the longest start of a text that has one spelling, whatever follows."""
    ends = range(len(text), 0, -1)
    return next((text[:end] for end in ends if texts.spellings(text[:end], open_end=True) == (_fold(text[:end]),)), "")


def _fold(text: str) -> str:
    return text.casefold()


def _dates(target: Target, first: datetime, last: datetime) -> Asks:
    prefixes = texts.date_prefixes(first, last)
    why = "dates are written in many ways and zones, and a policy compares text only"
    return Asks(tuple(map(Prefix, prefixes)), why) if prefixes else anything(target, why, blank=False)


# Order

_BOUNDS: Final[dict[Comparison, tuple[Sign, Sign]]] = {
    Comparison.LT: ("<", ">="),
    Comparison.LE: ("<=", ">"),
    Comparison.GT: (">", "<="),
    Comparison.GE: (">=", "<"),
}


def ordered(target: Target, operator: Comparison, literal: Literal, *, negated: bool = False) -> Asks:
    """`< literal` and its kin, or that it is not so for a value that can be compared."""
    match literal:
        case Number() | Size():
            number = operands.literal(literal)
            if not target.open_ranges:
                return anything(target, f"{_beyond(target)}, and a message may have another", blank=False)
            if isinstance(number, int | Decimal) and target.compares(number):
                return Asks((_numeric(_BOUNDS[operator][negated], number),))
            return anything(target, _beyond(target), blank=False)
        case String(text):
            why = f"{target.dialect.service} has no order of text"
            below = operator in {Comparison.LT, Comparison.LE} or not text
            return anything(target, why, blank=below or negated)
        case Date():
            return anything(target, "dates are text to a policy, and text has no order there", blank=False)
        case _:
            raise Cannot("no JSON value has an order with it")


def _numeric(sign: Sign, number: int | Decimal, *more: tuple[Sign, int | Decimal]) -> Numeric:
    return Numeric(((sign, number), *more))


def between(target: Target, low: Literal, high: Literal, *, negated: bool = False) -> Asks:
    """`between low and high`, or that it is not so for a value that can be compared."""
    if isinstance(low, Date) and isinstance(high, Date) and not negated:
        return _dates(target, low.value, high.value)
    if not (isinstance(low, Number | Size) and isinstance(high, Number | Size)):
        first, last = ordered(target, Comparison.GE, low), ordered(target, Comparison.LE, high)
        return anything(target, first.why or last.why or "there is no such range", blank=isinstance(low, String))
    least, most = operands.literal(low), operands.literal(high)
    assert isinstance(least, int | Decimal)  # noqa: S101 - what a Number or a Size is
    assert isinstance(most, int | Decimal)  # noqa: S101 - as above
    if not (target.compares(least) and target.compares(most)):
        return anything(target, _beyond(target), blank=False)
    if negated and not target.open_ranges:
        return anything(target, f"{_beyond(target)}, and a message may have another", blank=False)
    if negated and least <= most:
        return Asks((_numeric("<", least), _numeric(">", most)))
    if least < most and not negated:
        return Asks((_numeric(">=", least, ("<=", most)),))
    if least == most and not negated:
        return Asks((Exact(least),))
    return anything(target, "the range is empty", blank=False)


# Kinds and addresses


def in_cidr(target: Target, network: String | Param) -> Asks:
    """`in cidr`; the query also takes addresses in spellings that no service reads."""
    read = cidr.network(network.value) if isinstance(network, String) else None
    why = f"the query also reads addresses that {target.dialect.service} does not, such as ::ffff:10.0.0.1"
    if read is None or read.version != 4 or read.prefixlen == 0:
        return anything(target, why, blank=False)
    # An IPv4 address in its IPv6 form begins with a colon or a zero.
    mapped = (Prefix(":"), Prefix("0"))
    plain = Exact(str(read.network_address)) if read.prefixlen == 32 else Cidr(str(read))
    return first(target, Asks((plain, *mapped), why), anything(target, why, blank=False))


def any_string(target: Target) -> Asks:
    """Ask for any string."""
    if target.takes(Wildcard("*")):
        return Asks((Wildcard("*"),))
    return anything(target, "a policy cannot ask for any string", blank=True)


def kind(target: Target, name: KindName) -> Asks:
    """`is kind`."""
    match name:
        case KindName.NULL:
            return Asks((Exact(None),))
        case KindName.BOOLEAN:
            return Asks((Exact(value=True), Exact(value=False)))
        case KindName.STRING:
            return any_string(target)
        case KindName.NUMBER:
            return anything(target, "a policy cannot ask for any number", blank=False)
        case KindName.ARRAY | KindName.OBJECT:
            raise Cannot("a policy does not see arrays and objects, only what is in them")
        case KindName.NAN:
            raise Cannot("JSON has no NaN")
        case _:
            assert_never(name)


# What must not be


def other_than(target: Target, literals: Sequence[Literal | Param]) -> Asks:
    """`!= literal` and `not in [literals]`, for a value that is neither array nor object."""
    folded = [one for literal in literals for one in _folded_excluded(literal)]
    if folded and len(folded) == len(literals) and target.takes(AnythingBut(tuple(folded))):
        return Asks((AnythingBut(tuple(folded)),))
    excluded = [_excluded(target, literal) for literal in literals]
    texts = tuple(one for one in excluded if isinstance(one, Exact) and isinstance(one.value, str))
    numbers = tuple(one for one in excluded if isinstance(one, Exact) and not isinstance(one.value, str))
    chosen = texts or numbers
    if not chosen:
        return anything(target, "anything-but takes strings or numbers only", blank=True)
    why = "" if len(chosen) == len(literals) else "anything-but takes only strings or only numbers"
    return Asks((AnythingBut(chosen),), why)


def _excluded(target: Target, literal: Literal | Param) -> Exact | None:
    match literal:
        case String(text, False) if texts.is_unicode(text):
            return Exact(text)
        case Number() | Size():
            number = operands.literal(literal)
            return Exact(number) if isinstance(number, int | Decimal) and target.compares(number) else None
    return None


def _folded_excluded(literal: Literal | Param) -> tuple[EqualsIgnoreCase, ...]:
    """`!= "x"i` for a text of one spelling."""
    if isinstance(literal, String) and literal.fold and texts.keeps_case(literal.value):
        spelled = texts.spellings(literal.value)
        return tuple(map(EqualsIgnoreCase, spelled)) if spelled is not None and len(spelled) == 1 else ()
    return ()


#: What a policy cannot help that asks for the opposite of a text test.
NO_STRING: Final = "anything-but also takes what is no string"


def not_so(target: Target, asks: Asks) -> Asks:
    """Ask for a value for which text matchers do not hold; numbers and booleans pass as well."""
    (only, *others) = asks.matchers
    if not asks.why and not others and isinstance(only, Prefix | Suffix | Wildcard | Exact):
        excluded = AnythingBut((only,))
        if target.takes(excluded):
            return Asks((excluded,), NO_STRING)
    return anything(target, f"{target.dialect.service} cannot ask for the opposite", blank=True)


# Less


def loosened(target: Target, matchers: Sequence[Matcher]) -> tuple[Matcher, ...] | None:
    """Return one matcher for everything that many take: a common prefix, a range, or any value; `None` if there is none."""
    strings = [text for one in matchers if (text := _start_of(one)) is not None]
    if len(strings) == len(matchers) and (common := texts.common_start(strings)):
        return (Prefix(common),)
    numbers = [one.value for one in matchers if isinstance(one, Exact) and _is_number(one.value)]
    if len(numbers) == len(matchers) and min(numbers) < max(numbers):
        return (_numeric(">=", min(numbers), ("<=", max(numbers))),)
    blank = any(isinstance(one, AnythingBut | Wildcard) or one in (Exact(None), Exact("")) for one in matchers)
    return None if ABSENT in matchers or (blank and target.exists_needs_content) else (PRESENT,)


def _start_of(matcher: Matcher) -> str | None:
    """Return what a text begins with for which a matcher holds, `None` where that is not known."""
    match matcher:
        case Exact(str() as text) | Prefix(text, False):
            return text
    return None


def _is_number(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
