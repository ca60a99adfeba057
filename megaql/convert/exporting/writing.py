"""Matchers as the JSON that services read, the other way round than `megaql.convert.importing.reading`.

A maintainer keeps one rule: what is written here is read back as the same matchers. Numbers are `int` or `float`, since services take no others.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from megaql.convert.matchers import (
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Fields,
    Numeric,
    Prefix,
    Suffix,
    Wildcard,
)

if TYPE_CHECKING:
    from megaql.convert.matchers import Matcher


def policy(fields: Fields) -> dict[str, Any]:
    """Return the pattern of an object, ready for `json.dumps`."""
    written: dict[str, Any] = {
        key: policy(rule) if isinstance(rule, Fields) else [_condition(matcher) for matcher in rule]
        for key, rule in fields.members
    }
    if fields.alternatives:
        written["$or"] = [policy(alternative) for alternative in fields.alternatives]
    return written


def _condition(matcher: Matcher) -> Any:
    match matcher:
        case Exact(value):
            return _number(value) if isinstance(value, Decimal) else value
        case Prefix(text, fold):
            return {"prefix": {"equals-ignore-case": text} if fold else text}
        case Suffix(text, fold):
            return {"suffix": {"equals-ignore-case": text} if fold else text}
        case EqualsIgnoreCase(text):
            return {"equals-ignore-case": text}
        case Wildcard(text):
            return {"wildcard": text}
        case Numeric(bounds):
            return {"numeric": [part for sign, number in bounds for part in (sign, _number(number))]}
        case Cidr(text):
            return {"cidr": text}
        case Exists(present):
            return {"exists": present}
        case AnythingBut(of):
            return {"anything-but": _excluded([_condition(one) for one in of])}
        case _:
            assert_never(matcher)


def _excluded(conditions: list[Any]) -> Any:
    """Return the operand of `anything-but`: the value or the list of values, or one matcher with its text or texts."""
    if isinstance(conditions[0], dict):
        (name,) = conditions[0]
        texts = [condition[name] for condition in conditions]
        return {name: texts[0] if len(texts) == 1 else texts}
    return conditions if len(conditions) > 1 else conditions[0]


def _number(number: int | Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)
