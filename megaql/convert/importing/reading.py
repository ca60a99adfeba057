"""Reading a pattern, filter policy or filter as JSON into matchers, or refusing it as its service does.

    pattern   = { name: pattern | [condition, …], …, "$or": [pattern, pattern, …] }
    condition = value | { matcher: operand }

A maintainer keeps one rule: what the service refuses is refused here, in its words, because a condition that is understood differently loses
messages silently. The order of the checks is event-ruler's, which reads from the front and stops at the first mistake.
"""

from __future__ import annotations

import ipaddress
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from megaql.convert.dialects import MAX_RULES, RESERVED_IN_OR, Dialect
from megaql.convert.importing import operands
from megaql.convert.matchers import Cidr, Exact, Fields, Matcher
from megaql.errors import ConvertError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Read = TypeVar("Read")

#: The deepest nesting that is followed, far under Python's own limit.
MAX_NESTING: Final = 100

_IPV6: Final = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")


def read(pattern: dict[str, Any] | str, dialect: Dialect) -> Fields:
    """Return the matchers that a pattern says, given as JSON text or as Python's reading of it.

    Raises `ConvertError` with the service's reason for a pattern that it refuses.
    """
    document = parse(pattern, dialect) if isinstance(pattern, str) else pattern
    if not isinstance(document, dict):
        raise dialect.refuse("Filter is not an object")
    if _combinations(document) > MAX_RULES:
        raise dialect.refuse(f"Event pattern contains more than {MAX_RULES} rule combinations")
    try:
        return _Reader(dialect, operator=True).fields(document, ())
    except ConvertError as refused:
        if not _mentions_or(document):
            raise
        # Where `$or` cannot be the operator it is a name like others, as it was before there was one.
        try:
            return _Reader(dialect, operator=False).fields(document, ())
        except ConvertError:
            raise refused from None


def parse(text: str, dialect: Dialect) -> Any:
    """Return the document that a JSON text is, numbers exact; a name said twice is refused, for one of the two would be lost."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise dialect.refuse(f"Path `{name}` cannot be allowed multiple times")
            found[name] = value
        return found

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=members)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise dialect.refuse("failed to parse JSON", why=str(error)) from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _combinations(pattern: Any, depth: int = 0) -> int:
    """Return how many rules the alternatives make, counted as EventBridge does: the lengths of all `$or` multiplied."""
    product = 1
    if isinstance(pattern, dict) and depth <= MAX_NESTING:
        for name, rule in pattern.items():
            if name == "$or" and isinstance(rule, list):
                product *= max(len(rule), 1)
                for item in rule:
                    product *= _combinations(item, depth + 1)
            else:
                product *= _combinations(rule, depth + 1)
    return product


def _mentions_or(pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return any(name == "$or" or _mentions_or(rule) for name, rule in pattern.items())
    return isinstance(pattern, list) and any(map(_mentions_or, pattern))


class _Reader:
    """Reads one pattern; `operator` says whether `$or` is the operator or a name."""

    def __init__(self, dialect: Dialect, *, operator: bool) -> None:
        self.dialect = dialect
        self.operator = operator

    def fields(self, pattern: Mapping[str, Any], path: tuple[str, ...], *, in_or: bool = False) -> Fields:
        if not pattern:
            raise self._refuse("Empty objects are not allowed", path)
        if len(path) > MAX_NESTING:
            raise self._refuse("nested too deeply", path[:3])
        members: list[tuple[str, Fields | tuple[Matcher, ...]]] = []
        alternatives: tuple[Fields, ...] = ()
        before: int | None = None
        for name, rule in pattern.items():
            if not isinstance(name, str):
                raise self._refuse(f"{name!r} is not a string", path)
            if name == "$or" and self.operator:
                alternatives = self._alternatives(rule, path)
                before = len(members)
            elif in_or and name in RESERVED_IN_OR:
                raise self._refuse(f"{name} is Ruler reserved fieldName which cannot be used inside $or.", path)
            else:
                members.append((name, self._member(name, rule, (*path, name), in_or=in_or)))
        return Fields(tuple(members), alternatives, None if before == len(members) else before)

    def _member(self, name: str, rule: Any, path: tuple[str, ...], *, in_or: bool) -> Fields | tuple[Matcher, ...]:
        if isinstance(rule, list):
            return self.conditions(rule, path)
        if not isinstance(rule, dict):
            raise self._refuse(
                f'"{name[:80]}" must be an object or an array', path, "put the value in a list, and fields in an object"
            )
        if not self.dialect.nested:
            raise self._refuse("Filter policy scope MessageAttributes does not support nested filter policy", path)
        return self.fields(rule, path, in_or=in_or)

    def _alternatives(self, rule: Any, path: tuple[str, ...]) -> tuple[Fields, ...]:
        if not isinstance(rule, list):
            raise self._refuse("It must be an Array followed with $or.", path)
        if not all(isinstance(item, dict) for item in rule):
            raise self._refuse("Only JSON object is allowed in array of $or relationship.", path)
        found = tuple(self.fields(item, path, in_or=True) for item in rule)
        if len(found) < 2:
            raise self._refuse("There must have at least 2 Objects in $or relationship.", path)
        return found

    def conditions(self, rule: list[Any], path: tuple[str, ...]) -> tuple[Matcher, ...]:
        if not rule:
            raise self._refuse("Empty arrays are not allowed", path)
        return tuple(self._condition(condition, path) for condition in rule)

    def _condition(self, condition: Any, path: tuple[str, ...]) -> Matcher:
        if isinstance(condition, dict):
            return self._matcher(condition, path)
        if condition is None or isinstance(condition, bool):
            return Exact(condition)
        if isinstance(condition, str):
            return _text(condition)
        if operands.is_number(condition):
            return Exact(self._checked(operands.plain_number, condition, path))
        raise self._refuse("Match value must be String, number, true, false, or null", path)

    def _matcher(self, condition: dict[str, Any], path: tuple[str, ...]) -> Matcher:
        if not condition:
            raise self._refuse("Match expression name not found", path)
        name, operand = next(iter(condition.items()))
        if name not in self.dialect.matchers:
            raise self._refuse(
                f"Unrecognized match type {str(name)[:80]}",
                path,
                f"{self.dialect.service} knows {', '.join(sorted(self.dialect.matchers))}",
            )
        found = self._checked(operands.READERS[name], operand, path)
        if len(condition) > 1:
            two = name in {"numeric", "anything-but"}
            raise self._refuse(
                "Too many elements in numeric expression" if two else "Only one key allowed in match expression", path
            )
        return found

    def _checked(self, reader: Callable[[Any, Dialect], Read], operand: Any, path: tuple[str, ...]) -> Read:
        try:
            return reader(operand, self.dialect)
        except operands.Refused as refused:
            raise self._refuse(str(refused), path) from None

    def _refuse(self, reason: str, path: tuple[str, ...], hint: str = "") -> ConvertError:
        return self.dialect.refuse(reason, ".".join(path), hint=hint)


def _text(text: str) -> Matcher:
    """A plain string, which is an address where it reads as one: IPv6 addresses are equal however they are spelled."""
    if _IPV6.fullmatch(text):
        try:
            return Cidr(f"{ipaddress.IPv6Address(text)}/128")
        except ValueError:
            pass
    return Exact(text)
