"""Equality and order of values: one number line, strings by code point, dates by instant or by day.

A maintainer keeps two rules. The answer `None` means that nobody can say (UNKNOWN), and only an order, an unreadable date and an
inexact count may give it: values of different kinds are simply not equal. And nothing here recurses, because documents may nest
deeper than Python's stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from megaql.lang import dates
from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Folded, Kind, kind, number, text
from megaql.lang.nodes import Comparison

if TYPE_CHECKING:
    from megaql.lang.budget import Budget


def relate(operator: Comparison, left: object, right: object, budget: Budget) -> bool | None:
    """Say whether an operator holds between two whole values, `None` where it cannot be said.

    Arrays are compared as wholes; which of their elements to look at is the evaluator's part. `!=` is never asked here:
    it is the negation of `==`.
    """
    if isinstance(left, CountRange):
        return _relate_count(operator, left, right, budget)
    if isinstance(right, CountRange):
        return _relate_count(operator.mirrored, right, left, budget)
    if operator is Comparison.EQ:
        return equal(left, right, budget)
    _spend_on_pair(left, right, budget)
    sign = order(left, right)
    if sign is None:
        return None
    match operator:
        case Comparison.LT:
            return sign < 0
        case Comparison.LE:
            return sign <= 0
        case Comparison.GT:
            return sign > 0
        case Comparison.GE:
            return sign >= 0
        case Comparison.NE:
            return sign != 0
        case _:
            assert_never(operator)


def _relate_count(operator: Comparison, count: CountRange, other: object, budget: Budget) -> bool | None:
    """Compare a count that lies in a range: known when every count in the range gives the same answer."""
    low, high = (relate(operator, end, other, budget) for end in count)
    if operator is Comparison.EQ and low is False and high is False:
        # Both ends differ from the other value, which may still be one of the counts between them.
        above, below = order(count.low, other), order(count.high, other)
        return None if above == -1 and below == 1 else False
    return low if low == high else None


def equal(left: object, right: object, budget: Budget) -> bool | None:
    """Say whether two values are the same, containers member by member; a difference anywhere outweighs what is unknown."""
    answer: bool | None = True
    pairs: list[tuple[Any, Any]] = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        of = kind(one)
        _spend_on_pair(one, other, budget)
        if of is Kind.ARRAY and kind(other) is Kind.ARRAY:
            if len(one) != len(other):
                return False
            pairs.extend(zip(one, other, strict=True))
        elif of is Kind.OBJECT and kind(other) is Kind.OBJECT:
            if len(one) != len(other) or any(name not in other for name in one):
                return False
            pairs.extend((member, other[name]) for name, member in one.items())
        else:
            same = _equal_scalars(one, other)
            if same is False:
                return False
            answer = answer and same
    return answer


def _spend_on_pair(left: object, right: object, budget: Budget) -> None:
    budget.spend()
    if (isinstance(left, Folded) or isinstance(right, Folded)) and kind(left) is kind(right):
        budget.spend_on(text(left), text(right))


def _equal_scalars(left: Any, right: Any) -> bool | None:
    if isinstance(left, Moment) or isinstance(right, Moment):
        return _equal_moments(left, right)
    of = kind(left)
    if of is not kind(right):
        return False
    match of:
        case Kind.NULL:
            return True
        case Kind.NUMBER:
            one, other = number(left), number(right)
            return one is not None and other is not None and one == other
        case Kind.STRING:
            return order_text(left, right) == 0
        case Kind.DATE:
            early, late = dates.aware(left), dates.aware(right)
            return bool(left == right) if early is None else early == late
        case Kind.BINARY:
            return bytes(left) == bytes(right)
        case Kind.BOOLEAN | Kind.DURATION:
            return bool(left == right)
        case _:
            return type(left) is type(right) and _python_equal(left, right)


def _python_equal(left: object, right: object) -> bool:
    """Ask a class that the language does not know; one that cannot tell is not equal."""
    try:
        return bool(left == right)
    except Exception:  # noqa: BLE001 - a foreign `__eq__` may raise anything, and data never raises
        return False


def _equal_moments(left: object, right: object) -> bool | None:
    if {kind(left), kind(right)} - {Kind.DATE, Kind.STRING}:
        return False
    sign = order(left, right)
    return None if sign is None else sign == 0


def order(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1 as left comes before, with or after right; `None` where there is no order between them."""
    if isinstance(left, Moment) or isinstance(right, Moment):
        one, other = _moment(left), _moment(right)
        return None if one is None or other is None else one.order(other)
    of = kind(left)
    if of is not kind(right):
        return None
    if of is Kind.NUMBER:
        low, high = number(left), number(right)
        return None if low is None or high is None else (low > high) - (low < high)
    if of is Kind.STRING:
        return order_text(left, right)
    if of is Kind.DATE:
        return _order_dates(left, right)
    if of is Kind.DURATION:
        return int(left > right) - int(left < right)
    return None


def _order_dates(left: object, right: object) -> int | None:
    early, late = dates.aware(left), dates.aware(right)
    return None if early is None or late is None else (early > late) - (early < late)


def _moment(value: object) -> Moment | None:
    """Read what stands against a date of the query: a date, or a string as ISO 8601."""
    if isinstance(value, Moment):
        return value
    if kind(value) is Kind.STRING:
        instant = dates.read(text(value))
    elif kind(value) is Kind.DATE:
        instant = dates.aware(value)
    else:
        return None
    return None if instant is None else Moment(instant)


def order_text(left: object, right: object) -> int:
    """Order two strings by code point, both casefolded when one of them says so."""
    one, other = text(left), text(right)
    if isinstance(left, Folded) or isinstance(right, Folded):
        one, other = one.casefold(), other.casefold()
    return (one > other) - (one < other)
