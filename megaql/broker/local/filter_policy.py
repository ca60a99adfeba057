"""Subscription filter policies: which of a topic's messages a subscription takes.

A policy is read once into fields and conditions, and matched against a document: the message's attributes as values, or its body. A maintainer
keeps one rule: a policy that SNS would refuse is refused here, with its reason, because one that is understood differently loses messages silently.

    policy      = { name: [condition, …], … , "$or": [policy, policy, …] }      and over names, or within an array
    policy      = { name: policy, … }                                           nested, in the scope MessageBody only
    condition   = string | number | true | false | null
                | {"anything-but": value | [value, …] | {"prefix": string} | {"suffix": string}}
                | {"prefix": string} | {"suffix": string} | {"equals-ignore-case": string}
                | {"numeric": ["=" | "<" | "<=" | ">" | ">=", number, …]} | {"exists": true | false} | {"cidr": string}

Amazon SNS developer guide: "Subscription filter policies", "Filter policy constraints".
"""

from __future__ import annotations

import functools
import ipaddress
import json
import math
import operator
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Check = Callable[[object], bool]

Scope = Literal["MessageAttributes", "MessageBody"]

#: The most keys a policy may have, and the most combinations of its values.
MAX_KEYS: Final = 5
MAX_COMBINATIONS: Final = 150
#: The longest policy. Bytes.
MAX_SIZE: Final = 256 * 1024
#: The deepest nesting that is followed in a policy or a body, far under Python's own limit.
MAX_NESTING: Final = 100
#: The largest number a policy may name, either way.
MAX_NUMBER: Final = 1_000_000_000

_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PolicyRefused(Exception):  # noqa: N818 - an answer to who wrote the policy, not a fault in here
    """A policy is no policy; the text is the reason, in SNS's words where it has some."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one name asks for: any of `checks` on any value, or presence (`present`), or absence (`absent`)."""

    checks: tuple[Check, ...]
    present: bool
    absent: bool

    def accept(self, values: list[object]) -> bool:
        """Whether the values found under the name satisfy any condition; no values means that there is none."""
        if not values:
            return self.absent
        return self.present or any(check(value) for value in values for check in self.checks)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a document has to have: every name, and one of each group of alternatives."""

    names: Mapping[str, Conditions | Fields]
    alternatives: tuple[tuple[Fields, ...], ...]

    def accept(self, document: object) -> bool:
        """Whether a document is taken; an array is if one of its elements satisfies all names."""
        if isinstance(document, list):
            return any(self.accept(element) for element in document)
        members = document if isinstance(document, dict) else {}
        return all(self._accept_member(rule, members, name) for name, rule in self.names.items()) and all(
            any(fields.accept(document) for fields in group) for group in self.alternatives
        )

    @staticmethod
    def _accept_member(rule: Conditions | Fields, members: dict[str, object], name: str) -> bool:
        if isinstance(rule, Fields):
            return rule.accept(members.get(name))
        return rule.accept(list(_leaves(members[name])) if name in members else [])

    def combinations(self, depth: int = 1) -> int:
        """Return SNS's measure of complexity: the values of all names multiplied, deeper names counting more."""
        product = 1
        for rule in self.names.values():
            if isinstance(rule, Fields):
                product *= rule.combinations(depth + 1)
            else:
                product *= depth * max(1, len(rule.checks) + rule.present + rule.absent)
        for group in self.alternatives:
            product *= sum(fields.combinations(depth) for fields in group)
        return product

    def keys(self) -> int:
        """Return how many leaf names there are, those of alternatives included."""
        own = sum(rule.keys() if isinstance(rule, Fields) else 1 for rule in self.names.values())
        return own + sum(fields.keys() for group in self.alternatives for fields in group)


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """A policy ready to be asked; thread-safe."""

    fields: Fields
    scope: Scope

    def accepts(self, message: str, attributes: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether a message is taken; in the scope MessageBody, one whose body is no JSON object is not."""
        if self.scope == "MessageAttributes":
            return self.fields.accept(attribute_document(attributes))
        try:
            body = _read(message)
        except ValueError:
            return False
        return isinstance(body, dict) and self.fields.accept(body)


@functools.lru_cache(maxsize=256)
def parse(text: str, scope: Scope) -> FilterPolicy:
    """Return the policy a text is; `PolicyRefused` with the reason where it is none."""
    if len(text.encode()) > MAX_SIZE:
        raise PolicyRefused("Filter policy is longer than 256 KB")
    try:
        policy = _read(text)
    except ValueError:
        raise PolicyRefused("failed to parse JSON") from None
    if not isinstance(policy, dict) or not policy:
        raise PolicyRefused("Filter policy must be an object with at least one key")
    fields = _fields(policy, scope)
    if fields.keys() > MAX_KEYS:
        raise PolicyRefused(f"Filter policy can not have more than {MAX_KEYS} keys")
    if fields.combinations() > MAX_COMBINATIONS:
        raise PolicyRefused("Filter policy is too complex")
    return FilterPolicy(fields, scope)


def attribute_document(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Return message attributes as the document a policy sees; SNS ignores binary ones."""
    document: dict[str, object] = {}
    for name, attribute in attributes.items():
        data_type, text = str(attribute.get("DataType")), attribute.get("StringValue")
        if not isinstance(text, str):
            continue
        if data_type.partition(".")[0] == "Number":
            document[name] = _decimal(text)
        elif data_type == "String.Array":
            document[name] = _array(text)
        else:
            document[name] = text
    return document


def _decimal(text: str) -> object:
    """The number a text is; not a number and infinity stay text, since nothing compares with them."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _array(text: str) -> object:
    try:
        return _read(text)
    except ValueError:
        return text


def _read(text: str) -> object:
    """Return the document a JSON text is; `ValueError` where it is none, or is nested too deeply to be followed."""
    # Looked at before it is parsed, so that no text of a stranger gets near the end of Python's stack.
    if text.count("[") + text.count("{") > MAX_NESTING and _nesting(text) > MAX_NESTING:
        raise ValueError("nested too deeply")
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except InvalidOperation:
        raise ValueError("a number's exponent is out of all bounds") from None


def _nesting(text: str) -> int:
    depth = deepest = 0
    for piece in _STRING_OR_BRACKET.findall(text):
        if piece in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif piece in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _leaves(value: object) -> Iterator[object]:
    """The values that a condition looks at: an array's elements; objects and empty arrays are none, as in SNS."""
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif not isinstance(value, dict):
        yield value


# Reading a policy


def _fields(policy: dict[str, Any], scope: Scope) -> Fields:
    names: dict[str, Conditions | Fields] = {}
    alternatives: list[tuple[Fields, ...]] = []
    for name, rule in policy.items():
        if name == "$or" and _is_alternatives(rule):
            alternatives.append(tuple(_fields(item, scope) for item in rule))
        elif isinstance(rule, list):
            names[name] = _conditions(rule)
        elif isinstance(rule, dict) and scope == "MessageBody":
            if not rule:
                raise PolicyRefused("Empty objects are not allowed")
            names[name] = _fields(rule, scope)
        elif isinstance(rule, dict):
            raise PolicyRefused("Filter policy scope MessageAttributes does not support nested filter policy")
        else:
            raise PolicyRefused(f'"{name[:80]}" must be an object or an array')
    return Fields(names, tuple(alternatives))


def _is_alternatives(rule: object) -> bool:
    """Whether the value of `$or` makes it the operator and not a key of that name: two objects or more, none a condition."""
    return (
        isinstance(rule, list)
        and len(rule) >= 2
        and all(isinstance(item, dict) and item and not (item.keys() & _RESERVED) for item in rule)
    )


def _conditions(rule: list[Any]) -> Conditions:
    if not rule:
        raise PolicyRefused("Empty arrays are not allowed")
    checks: list[Check] = []
    present = absent = False
    for condition in rule:
        if isinstance(condition, dict) and condition.keys() == {"exists"}:
            wanted = condition["exists"]
            if not isinstance(wanted, bool):
                raise PolicyRefused("exists match pattern must be either true or false.")
            present, absent = present or wanted, absent or not wanted
        else:
            checks.append(_check(condition))
    return Conditions(tuple(checks), present, absent)


def _check(condition: object) -> Check:
    if isinstance(condition, dict):
        if len(condition) != 1:
            raise PolicyRefused("Only one key allowed in match expression")
        ((name, operand),) = condition.items()
        build = _OPERATORS.get(name)
        if build is None:
            raise PolicyRefused(f"Unrecognized match type {name[:80]}")
        return build(operand)
    if isinstance(condition, list):
        raise PolicyRefused("Match value must be String, number, true, false, or null")
    wanted = _number(condition) if _is_number(condition) else condition
    return lambda value: _equal(value, wanted)


def _anything_but(operand: object) -> Check:
    if isinstance(operand, dict):
        if len(operand) != 1 or not operand.keys() <= {"prefix", "suffix"}:
            raise PolicyRefused("Unsupported anything-but pattern: it takes values, or prefix or suffix")
        inner = _check(operand)
        return lambda value: isinstance(value, str) and not inner(value)
    values = operand if isinstance(operand, list) else [operand]
    if not values or not all(isinstance(value, str) or _is_number(value) for value in values):
        raise PolicyRefused("Inside anything-but list, values must be Strings or numbers")
    excluded = [_number(value) if _is_number(value) else value for value in values]
    return lambda value: not any(_equal(value, other) for other in excluded)


def _prefix(operand: object) -> Check:
    text = _text("prefix", operand)
    return lambda value: isinstance(value, str) and value.startswith(text)


def _suffix(operand: object) -> Check:
    text = _text("suffix", operand)
    return lambda value: isinstance(value, str) and value.endswith(text)


def _ignore_case(operand: object) -> Check:
    text = _text("equals-ignore-case", operand).casefold()
    return lambda value: isinstance(value, str) and value.casefold() == text


def _cidr(operand: object) -> Check:
    try:
        network = ipaddress.ip_network(_text("cidr", operand), strict=False)
    except ValueError:
        raise PolicyRefused("Malformed CIDR, one '/' required, an address before it and a mask after it") from None

    def check(value: object) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return check


def _numeric(operand: object) -> Check:
    """`["=", n]`, one bound, or a lower and an upper bound."""
    if not isinstance(operand, list) or not operand:
        raise PolicyRefused("Value of numeric must be an array.")
    names, values = operand[::2], operand[1::2]
    if len(names) != len(values) or len(names) > 2 or not all(map(_is_number, values)):
        raise PolicyRefused("Value of numeric must be operators with a number after each.")
    if not all(isinstance(name, str) and name in _COMPARISONS for name in names):
        raise PolicyRefused("Unrecognized numeric range operator.")
    bounds = [(_COMPARISONS[name], _number(value)) for name, value in zip(names, values, strict=True)]
    if len(bounds) == 2:
        if not (names[0].startswith(">") and names[1].startswith("<")):
            raise PolicyRefused("Bad numeric range operator: a range is a lower and then an upper bound.")
        if bounds[0][1] >= bounds[1][1]:
            raise PolicyRefused("Bottom must be less than top.")
    return lambda value: _is_number(value) and all(compare(value, bound) for compare, bound in bounds)


def _text(name: str, operand: object) -> str:
    if isinstance(operand, str) and (operand or name == "equals-ignore-case"):
        return operand
    raise PolicyRefused(f"{name} match pattern must be a string")


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _number(value: Any) -> int | Decimal:
    if not math.isfinite(value) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise PolicyRefused("Value of numeric must be between -1.0E9 and 1.0E9, inclusive.")
    return value if isinstance(value, Decimal) else int(value)


def _equal(value: object, wanted: object) -> bool:
    """Equality as JSON has it: Python's `True == 1` must not leak in."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return value == wanted


_OPERATORS: Final[dict[str, Callable[[object], Check]]] = {
    "anything-but": _anything_but,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "cidr": _cidr,
    "numeric": _numeric,
}

#: The keys that make an object a condition.
_RESERVED: Final = _OPERATORS.keys() | {"exists"}
