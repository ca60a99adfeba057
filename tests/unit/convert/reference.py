"""What EventBridge says of an event, written from the rules of aws/event-ruler and sharing nothing with `megaql.convert`.

The rules, as its README and its compiler state them:

1. An event is flattened to fields: a name (the keys on the way, joined by dots) with a value that is no object and no array, and the elements
   of arrays it stands in. Objects and arrays are no values themselves, so an empty one leaves no field.
2. A pattern is expanded to rules without `$or`, one for each choice of alternatives. A name said twice keeps what was said last.
3. A rule goes through its names in their order as text. For each it takes a field with that name for which one of the conditions holds, and
   which stands in no other element of an array than the fields taken before. A rule for which that succeeds matches.
4. `exists: false` takes no field: there must be none with that name which could be taken.
"""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal
from typing import Any, NamedTuple

RESERVED = {
    *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
    *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
}


class Field(NamedTuple):
    value: Any
    #: For each array it stands in, by number, the position of the element.
    elements: dict[int, int]


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Say whether EventBridge takes an event; both are JSON as Python reads it, the pattern is one that EventBridge accepts."""
    fields = flatten(event)
    return any(
        _take(sorted(rule, key=lambda name: name.encode("utf-16-be")), rule, fields, {}) for rule in expand(pattern)
    )


def flatten(event: dict[str, Any]) -> dict[str, list[Field]]:
    fields: dict[str, list[Field]] = {}
    arrays = iter(range(10**9))

    def visit(value: Any, name: tuple[str, ...], elements: dict[int, int]) -> None:
        if isinstance(value, dict):
            for key, member in value.items():
                visit(member, (*name, key), elements)
        elif isinstance(value, list):
            number = next(arrays)
            for position, element in enumerate(value):
                # A plain value in an array is a field that stands beside all others: no element is taken with it.
                inside = {**elements, number: position} if isinstance(element, dict | list) else elements
                visit(element, name, inside)
        else:
            fields.setdefault(".".join(name), []).append(Field(value, elements))

    visit(event, (), {})
    return fields


def expand(pattern: dict[str, Any]) -> list[dict[str, list[Any]]]:
    """Return the rules of a pattern: for each a list of conditions by name."""
    try:
        return _expand(pattern, (), [{}], within_or=False, operator=True)
    except ValueError:
        # Where `$or` cannot be the operator it is a key like others, as before there was one.
        return _expand(pattern, (), [{}], within_or=False, operator=False)


def _expand(
    pattern: dict[str, Any],
    path: tuple[str, ...],
    rules: list[dict[str, list[Any]]],
    *,
    within_or: bool,
    operator: bool,
) -> list[dict[str, list[Any]]]:
    for key, rule in pattern.items():
        if operator and key == "$or":
            if not isinstance(rule, list) or len(rule) < 2 or not all(isinstance(item, dict) for item in rule):
                raise ValueError(key)
            rules = [
                one
                for item in rule
                for one in _expand(item, path, [dict(r) for r in rules], within_or=True, operator=True)
            ]
        elif within_or and key in RESERVED:
            raise ValueError(key)
        elif isinstance(rule, dict):
            rules = _expand(rule, (*path, key), rules, within_or=within_or, operator=operator)
        else:
            for one in rules:
                one[".".join((*path, key))] = rule
    return rules


def _take(names: list[str], rule: dict[str, list[Any]], fields: dict[str, list[Field]], taken: dict[int, int]) -> bool:
    if not names:
        return True
    name, *rest = names
    possible = [
        field
        for field in fields.get(name, ())
        if all(taken.get(number, at) == at for number, at in field.elements.items())
    ]
    if not possible and {"exists": False} in rule[name] and _take(rest, rule, fields, taken):
        return True
    return any(
        any(holds(condition, field.value) for condition in rule[name])
        and _take(rest, rule, fields, {**taken, **field.elements})
        for field in possible
    )


def holds(condition: Any, value: Any) -> bool:  # noqa: C901 - one case per operator
    """Say whether a condition holds for one value that is no object and no array."""
    if not isinstance(condition, dict):
        return _address(condition) == _address(value) if _address(condition) else equal(condition, value)
    ((name, operand),) = condition.items()
    is_text = isinstance(value, str)
    match name:
        case "exactly":
            return equal(operand, value)
        case "exists":
            return bool(operand)
        case "prefix" | "suffix" if isinstance(operand, dict):
            spelled = ignoring_case(operand["equals-ignore-case"])
            return is_text and bool(
                re.fullmatch(f"{spelled}.*" if name == "prefix" else f".*{spelled}", value, re.DOTALL)
            )
        case "prefix":
            return is_text and value.startswith(operand)
        case "suffix":
            return is_text and value.endswith(operand)
        case "equals-ignore-case":
            return is_text and bool(re.fullmatch(ignoring_case(operand), value))
        case "wildcard":
            return is_text and bool(re.fullmatch(wildcard(operand), value, re.DOTALL))
        case "numeric":
            return comparable(value) and all(
                _ordered(sign, _decimal(value), _decimal(bound))
                for sign, bound in zip(operand[::2], operand[1::2], strict=True)
            )
        case "cidr":
            address = _address(value)
            return address is not None and address in ipaddress.ip_network(operand, strict=False)
        case "anything-but":
            return not any(_excluded(excluded, value) for excluded in _excluding(operand))
    raise AssertionError(name)


def _excluding(operand: Any) -> list[Any]:
    if isinstance(operand, dict):
        ((name, texts),) = operand.items()
        return [{name: text} for text in (texts if isinstance(texts, list) else [texts])]
    return operand if isinstance(operand, list) else [operand]


def _excluded(excluded: Any, value: Any) -> bool:
    """`anything-but` compares text as text, also where it is an address."""
    return holds(excluded, value) if isinstance(excluded, dict) else equal(excluded, value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def equal(one: Any, other: Any) -> bool:
    if is_number(one) and is_number(other):
        return _decimal(one) == _decimal(other)
    return type(one) is type(other) and bool(one == other)


def comparable(value: Any) -> bool:
    """A number is compared if it is the shortest decimal of a double; others are only what they are."""
    return is_number(value) and Decimal(repr(float(value))) == _decimal(value)


def _decimal(value: float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _ordered(sign: str, value: Decimal, bound: Decimal) -> bool:
    return {"=": value == bound, "<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[
        sign
    ]


def ignoring_case(text: str) -> str:
    """Return a regex: each UTF-16 code unit of the text in its lower or its upper case, and in no other."""
    return "".join(
        f"(?:{re.escape(char.lower())}|{re.escape(char.upper())})" if ord(char) < 0x10000 else re.escape(char)
        for char in text
    )


def wildcard(text: str) -> str:
    pieces = re.findall(r"\\[*\\]|.", text, re.DOTALL)
    return "".join(".*" if piece == "*" else re.escape(piece[-1]) for piece in pieces)


def _address(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]+", value):
        return None
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
