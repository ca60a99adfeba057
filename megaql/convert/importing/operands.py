"""What stands after the name of a matcher, each kind read and refused in event-ruler's words.

A maintainer keeps one rule: a function here takes any JSON value and returns a matcher or raises `Refused`; it knows nothing of where it stands.
"""

from __future__ import annotations

import ipaddress
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.convert.matchers import (
    AnythingBut,
    Cidr,
    Comparison,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Matcher,
    Numeric,
    Prefix,
    Suffix,
    Wildcard,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

    from megaql.convert.dialects import Dialect

_NUMERIC_NAMES: Final[dict[Comparison, str]] = {"=": "equals", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NAMES: Final = {Prefix: "prefix", Suffix: "suffix"}
_ADDRESS: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*")


class Refused(Exception):  # noqa: N818 - an answer about the operand, which the reader makes an error of
    """The operand is none; the text is the service's reason."""


def is_number(value: Any) -> TypeGuard[int | float | Decimal]:
    """Tell whether a JSON value is a number: Python's booleans are none, nor is what JSON cannot say."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def plain_number(value: float | Decimal, dialect: Dialect) -> int | Decimal:
    """Return a number exactly, a float by its shortest decimal; refused past the largest that the service compares."""
    number = Decimal(repr(value)) if isinstance(value, float) else value
    if dialect.largest_number is not None and abs(number) > dialect.largest_number:
        raise Refused("Value of numeric must be between -1.0E9 and 1.0E9, inclusive.")
    return number


def is_comparable(number: int | Decimal) -> bool:
    """Tell whether the engine can compare a number: it must be the shortest decimal of a double."""
    try:
        return Decimal(repr(float(number))) == number
    except OverflowError:
        return False


def _number(value: Any, dialect: Dialect) -> int | Decimal:
    number = plain_number(value, dialect)
    if not is_comparable(number):
        raise Refused(f"Cannot compare number : {number}")
    return number


def _string(name: str, operand: Any) -> str:
    if isinstance(operand, str):
        return operand
    raise Refused(f"{name} match pattern must be a string")


def _exactly(operand: Any, _: Dialect) -> Exact:
    return Exact(_string("exact", operand))


def _ignore_case(operand: Any, _: Dialect) -> EqualsIgnoreCase:
    return EqualsIgnoreCase(_string("equals-ignore-case", operand))


def _affix(kind: type[Prefix | Suffix]) -> Callable[[Any, Dialect], Prefix | Suffix]:
    def read(operand: Any, dialect: Dialect) -> Prefix | Suffix:
        name = _NAMES[kind]
        if not isinstance(operand, dict) or not dialect.folded_affixes:
            return kind(_string(name, operand))
        if not operand:
            raise Refused(f"{name.capitalize()} expression name not found")
        inner, text = next(iter(operand.items()))
        if inner != "equals-ignore-case":
            raise Refused(f"Unsupported {name} pattern: {str(inner)[:80]}")
        folded = kind(_string("equals-ignore-case", text), fold=True)
        if len(operand) > 1:
            raise Refused("Only one key allowed in match expression")
        return folded

    return read


def _wildcard(operand: Any, _: Dialect) -> Wildcard:
    text = _string("wildcard", operand)
    position = 0
    while position < len(text):
        following = text[position + 1 : position + 2]
        # Counted in bytes, behind the quote that the engine puts before every text.
        place = len(text[:position].encode(errors="replace")) + 1
        if text[position] == "*" and following == "*":
            raise Refused(f"Consecutive wildcard characters at pos {place}")
        if text[position] == "\\":
            if following not in {"*", "\\"}:
                raise Refused(f"Invalid escape character at pos {place}")
            position += 1
        position += 1
    return Wildcard(text)


def _exists(operand: Any, _: Dialect) -> Exists:
    if not isinstance(operand, bool):
        raise Refused("exists match pattern must be either true or false.")
    return Exists(operand)


def _cidr(operand: Any, _: Dialect) -> Cidr:
    if not isinstance(operand, str):
        raise Refused("prefix match pattern must be a string")  # so says the engine, of `cidr` too
    address, *rest = operand.rstrip("/").split("/")
    if len(rest) != 1:
        raise Refused("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]+", rest[0]):
        raise Refused("Malformed CIDR, mask bits must be an integer")
    bits = int(rest[0])
    if bits < 0:
        raise Refused("Malformed CIDR, mask bits must not be negative")
    if not _ADDRESS.fullmatch(address):
        raise Refused(f"Nonstandard IP address: {address}")
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        raise Refused(f"Invalid IP address: {address}") from None
    if bits > (31 if version == 4 else 127):
        raise Refused(f"IPv{version} mask bits must be < {32 if version == 4 else 128}")
    return Cidr(str(ipaddress.ip_network(f"{address}/{bits}", strict=False)))


def _numeric(operand: Any, dialect: Dialect) -> Numeric:
    """`["=", n]`, one bound, or a lower and then an upper bound."""
    if not isinstance(operand, list):
        raise Refused("Value of numeric must be an array.")
    name, *rest = operand or ["]"]
    if not operand or not isinstance(name, str):
        raise Refused(f"Invalid member in numeric match: {name}")
    if name not in _NUMERIC_NAMES:
        raise Refused(f"Unrecognized numeric range operator: {name}")
    first = _bound(name, rest, dialect)
    if len(rest) == 1:
        return Numeric((first,))
    if name not in {">", ">="}:
        raise Refused("Too many elements in numeric expression")
    return Numeric((first, _upper_bound(first[1], rest[1:], dialect)))


def _bound(name: Any, rest: list[Any], dialect: Dialect) -> tuple[Comparison, int | Decimal]:
    if not rest or not is_number(rest[0]):
        raise Refused(f"Value of {_NUMERIC_NAMES[name]} must be numeric")
    return name, _number(rest[0], dialect)


def _upper_bound(bottom: int | Decimal, rest: list[Any], dialect: Dialect) -> tuple[Comparison, int | Decimal]:
    name = rest[0]
    if not isinstance(name, str):
        raise Refused(f"Bad value in numeric range: {name}")
    if name not in {"<", "<="}:
        raise Refused(f"Bad numeric range operator: {name}")
    top = _bound(name, rest[1:], dialect)
    if len(rest) > 2:
        raise Refused("Too many terms in numeric range expression")
    if bottom >= top[1]:
        raise Refused("Bottom must be less than top")
    return top


def _anything_but(operand: Any, dialect: Dialect) -> AnythingBut:
    if isinstance(operand, dict):
        return _anything_but_nested(operand, dialect)
    if isinstance(operand, list):
        if not all(isinstance(value, str) or is_number(value) for value in operand):
            raise Refused("Inside anything but list, start|null|boolean is not supported.")
        if len({isinstance(value, str) for value in operand}) != 1:
            raise Refused(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        values = operand
    elif isinstance(operand, str) or is_number(operand):
        values = [operand]
    else:
        raise Refused("Value of anything-but must be an array or single string/number value.")
    return AnythingBut(tuple(Exact(value if isinstance(value, str) else _number(value, dialect)) for value in values))


def _anything_but_nested(operand: dict[str, Any], dialect: Dialect) -> AnythingBut:
    if not operand:
        raise Refused("Anything-But expression name not found")
    name, texts = next(iter(operand.items()))
    if name not in dialect.inside_anything_but:
        raise Refused(f"Unsupported anything-but pattern: {str(name)[:80]}")
    listed = texts if isinstance(texts, list) else [texts]
    if not isinstance(texts, list | str) and not is_number(texts):
        raise Refused("Value of anything-but must be an array or single string/number value.")
    if not listed:
        raise Refused("Empty arrays are not allowed")
    found = tuple(_excluded(name, text, dialect) for text in listed)
    if len(operand) > 1:
        raise Refused("Too many elements in numeric expression")
    return AnythingBut(found)


def _excluded(name: str, text: Any, dialect: Dialect) -> Prefix | Suffix | EqualsIgnoreCase | Wildcard:
    if name in {"prefix", "suffix"}:
        if text == "":
            raise Refused("Null prefix/suffix not allowed")
        affix = Prefix if name == "prefix" else Suffix
        return affix(_string("prefix/suffix", text))
    if name == "wildcard":
        return _wildcard(text, dialect)
    if not isinstance(text, str):
        raise Refused("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
    return EqualsIgnoreCase(text)


#: The reader of each matcher's operand, by the matcher's name.
READERS: Final[dict[str, Callable[[Any, Dialect], Matcher]]] = {
    "exactly": _exactly,
    "prefix": _affix(Prefix),
    "suffix": _affix(Suffix),
    "equals-ignore-case": _ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
    "anything-but": _anything_but,
}
