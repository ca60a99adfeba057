"""The outside of a JSON form, which may come from anybody: its size, and the parts of its objects.

Size and nesting are checked before anything recurses. Every error names the place as a data path, `$.query.and[1].left`,
which stands where other diagnostics show the line of the query.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias, TypeVar, cast

from megaql.errors import Diagnostic, QueryCheckError, QueryError, QueryLimitError
from megaql.lang import limits
from megaql.lang.vocabulary import nearest
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

# What json.loads makes, with Decimal for numbers that are not whole.
Json: TypeAlias = "bool | int | float | Decimal | str | list[Json] | dict[str, Json] | None"
Object: TypeAlias = "dict[str, Json]"

_E = TypeVar("_E", bound=Enum)


def wrong(where: str, message: str, label: str = "", *, code: str = "json") -> QueryCheckError:
    """Return the error for a data path."""
    return QueryCheckError(Source(where), [Diagnostic(message, Span(0, len(where)), label, code=code)])


def _too_large(message: str, code: str, label: str = "split the query") -> QueryLimitError:
    return QueryLimitError(Source("$"), [Diagnostic(message, Span(0, 1), label, code=code)])


def document_of(form: object) -> Json:
    """Return a form as a document whose size and nesting are within the limits."""
    document = _loaded(form) if isinstance(form, str) else form
    seen = objects = items = longest = 0
    stack: list[tuple[object, int, object]] = [(document, 0, "")]
    while stack:
        value, depth, key = stack.pop()
        seen += 1
        if depth > limits.JSON_NESTING:
            raise _too_large(f"the JSON form is nested more than {limits.JSON_NESTING} levels deep", "nesting")
        inside: Iterable[tuple[object, object]] = ()
        if isinstance(value, dict):
            seen += len(value)
            objects += key != _IN_A_LIST
            inside = value.items()
        elif isinstance(value, list):
            seen += len(value)
            if key not in _NO_LITERALS:
                items += len(value)
                longest = max(longest, len(value))
            inside = ((key if key in _OF_NODES else _IN_A_LIST, part) for part in value)
        if seen > limits.JSON_VALUES:
            raise _too_large(f"the JSON form has more than {limits.JSON_VALUES:,} values", "length")
        if objects > limits.NODES + 1:  # the outermost is no node
            raise _too_large(f"the query has more than {limits.NODES:,} clauses and values", "nodes")
        if longest > limits.LIST_ITEMS:
            message = f"a list has {longest:,} items; at most {limits.LIST_ITEMS:,} are allowed"
            raise _too_large(message, "list-length")
        if items > limits.ALL_LIST_ITEMS:
            raise _too_large(f"the lists of the query have more than {limits.ALL_LIST_ITEMS:,} items", "list-length")
        stack.extend((part, depth + 1, name) for name, part in inside)
    return cast("Json", document)  # whatever else Python objects hold is refused where it is read


#: Keys whose arrays hold nodes, and those whose arrays are no list literals. An object in any other array is no node.
_OF_NODES: Final = frozenset({"or", "and", "arguments"})
_NO_LITERALS: Final = _OF_NODES | {"path", "envelope", "element"}
_IN_A_LIST: Final = "[]"


def _loaded(text: str) -> object:
    if len(text.encode("utf-8", "surrogatepass")) > limits.JSON_BYTES:
        raise _too_large(f"the JSON form is longer than {limits.JSON_BYTES:,} bytes", "length")
    if text.count(",") + text.count("[") + text.count("{") > limits.JSON_PARTS:
        raise _too_large(f"the JSON form has more than {limits.JSON_PARTS:,} commas and brackets", "length")
    try:
        # Whole numbers are left to the reader, which is much faster, and to the caps of the tree.
        return json.loads(text, parse_float=_exact, parse_constant=_constant, object_pairs_hook=_without_repeats)
    except QueryError:  # from the functions given; it is a ValueError, as what follows
        raise
    except RecursionError:
        raise _too_large(f"the JSON form is nested more than {limits.JSON_NESTING} levels deep", "nesting") from None
    except json.JSONDecodeError as error:
        place = Span(error.pos, min(error.pos + 1, len(text)))
        raise QueryCheckError(
            Source(text), [Diagnostic(f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}", place, code="json")]
        ) from None
    except ValueError:  # Python reads no whole number of so many digits
        raise _too_large(
            f"a number has more than {limits.NUMBER_DIGITS:,} digits", "number-length", "write it as a string"
        ) from None


def _exact(text: str) -> Decimal:
    if len(text) > 16:  # shorter ones can always be read; the caps of the tree come afterwards
        limits.check_digits(Source(text), text, Span(0, len(text)))
    return Decimal(text)


def _constant(name: str) -> NoReturn:
    raise wrong("$", f"{name} is no JSON value")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > limits.JSON_KEYS:
        raise wrong("$", f"an object has {len(pairs):,} keys; no part of a query has so many")
    document = dict(pairs)
    if len(document) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise wrong("$", f"the key {json.dumps(repeated)[:60]} stands twice in one object")
    return document


def fields(value: Object, where: str, *required: str, optional: tuple[str, ...] = ()) -> None:
    """Check that an object has the required keys, and no others than these and the optional ones."""
    for key in required:
        if key not in value:
            raise wrong(where, f"the key '{key}' is missing")
    for key in value:
        if key not in required and key not in optional:
            known = nearest(str(key), [*required, *optional])
            label = f"did you mean {known}?" if known else "leave it out"
            raise wrong(f"{where}.{shown(key)}", "this key is not known here", label)


def text(value: Object, key: str, where: str) -> str:
    """Return the string under a key."""
    found = value[key]
    if not isinstance(found, str):
        raise wrong(f"{where}.{key}", f"a string belongs here, not {shown(found)}")
    return found


def flag(value: Object, key: str, where: str) -> bool:
    """Return the boolean under an optional key."""
    found = value.get(key, False)
    if not isinstance(found, bool):
        raise wrong(f"{where}.{key}", f"true or false belongs here, not {shown(found)}")
    return found


def items(value: Object, key: str, where: str) -> list[tuple[Json, str]]:
    """Return the items of the array under a key, each with its data path."""
    found = value[key]
    if not isinstance(found, list):
        raise wrong(f"{where}.{key}", f"an array belongs here, not {shown(found)}")
    return [(item, f"{where}.{key}[{place}]") for place, item in enumerate(found)]


def choice(value: Object, key: str, where: str, choices: type[_E]) -> _E:
    """Return the member of an enumeration that a key names."""
    name = text(value, key, where)
    for member in choices:
        if member.value == name:
            return member
    raise wrong(f"{where}.{key}", f"'{shown(name)}' is none of: {', '.join(str(member.value) for member in choices)}")


def shown(value: object) -> str:
    """Return a short text for whatever was found."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    short = repr(value) if not isinstance(value, str | int | float | Decimal) else str(value)
    return short if len(short) <= 40 else f"{short[:39]}…"
