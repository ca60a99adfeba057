"""The eight questions of the benchmark of matching, in every language, and the documents they are asked about.

A maintainer keeps one rule: a predicate written by hand is what a careful engineer would write: it checks types, and no missing key makes it
raise. The peers are asked in their shortest form, without guards against what is missing, unless that is the question.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Document = dict[str, Any]

#: Bytes of a document as JSON.
SIZES = (500, 2_000, 20_000)

_ITEMS = 20


def document(size: int, **current: object) -> Document:
    """Return a MEGA event of about so many bytes, which all shapes but the last match; `current` goes over what the object says."""
    body: Document = {
        "protocol": "mega",
        "version": 1,
        "event": {"name": "user.updated", "timestamp": "2026-01-01T00:00:00Z"},
        "object": {
            "current": {
                "status": "active",
                "email": "ann@example.com",
                "id": "u-123",
                "total": 5,
                "items": [{"n": number, "s": "a"} for number in range(_ITEMS)],
            }
        },
    }
    history: list[object] = []
    length, number = len(dumps(body)), 0
    while length < size - 100:
        entry = {"at": f"2026-01-01T00:{number % 60:02}:00Z", "by": f"u-{number}", "changed": ["status", "total"]}
        history.append(entry)
        length += len(dumps(entry)) + 1
        number += 1
    if history:
        body["object"]["current"]["history"] = history
    body["object"]["current"] |= current
    return body


def dumps(value: object) -> str:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":"))


def contrary(size: int) -> Document:
    """Return a document that no shape matches, not even the last."""
    items = [{"n": 1, "s": "b"}] * _ITEMS
    other = {
        "status": "gone",
        "email": "ann@example.net",
        "id": "v-7",
        "total": 11,
        "items": items,
        "closed_by": "robot",
    }
    return document(size, **other) | {"event": {"name": "cart.emptied", "timestamp": "2026-01-01T00:00:00Z"}}


#: Documents with something missing or of another type; peers are not asked about these, many of them raise.
ODD: tuple[Document, ...] = (
    {},
    {"event": None, "object": {}},
    {"event": {"name": 5}, "object": {"current": {"status": 1, "email": None, "id": False, "total": "5", "items": {}}}},
    {"event": {}, "object": {"current": {"total": True, "items": [{}, {"n": "19", "s": "a"}, {"n": 19, "s": 1}, 7]}}},
    {"object": {"current": 3}},
    {"object": {"current": {"total": 2.5, "items": [{"n": 19.5, "s": "abc"}], "status": "t9", "closed_by": "ann"}}},
)


@dataclass(frozen=True)
class Shape:
    """A question: its name, its query, the predicate with the same meaning, and what it is in the peers' languages by their titles."""

    name: str
    query: str
    predicate: Callable[[Document], bool]
    peers: dict[str, Any]


def nested_equality(document: Document) -> bool:
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    return isinstance(current, dict) and current.get("status") == "active"


_EXAMPLE = re.compile(r"@example\.(com|org)$").search


def equality_and_regex(document: Document) -> bool:
    event = document.get("event")
    if not isinstance(event, dict) or event.get("name") != "user.updated":
        return False
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    if not isinstance(current, dict):
        return False
    email = current.get("email")
    return isinstance(email, str) and _EXAMPLE(email) is not None


def numeric_range(document: Document) -> bool:
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    if not isinstance(current, dict):
        return False
    total = current.get("total")
    return isinstance(total, (int, float)) and not isinstance(total, bool) and 1 <= total <= 10


_STATUSES = ["new", "paid", "sent", "lost", "held", "back", "void", "done", "late", "active"]
_STATUS_SET = frozenset(_STATUSES)


def in_ten(document: Document) -> bool:
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    if not isinstance(current, dict):
        return False
    status = current.get("status")
    return isinstance(status, str) and status in _STATUS_SET


def prefix_and_suffix(document: Document) -> bool:
    event = document.get("event")
    if not isinstance(event, dict):
        return False
    name = event.get("name")
    if not isinstance(name, str) or not name.startswith("user."):
        return False
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    if not isinstance(current, dict):
        return False
    identity = current.get("id")
    return isinstance(identity, str) and identity.endswith("123")


def any_of_twenty(document: Document) -> bool:
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    if not isinstance(current, dict):
        return False
    items = current.get("items")
    if not isinstance(items, list):
        return False
    for item in items:
        if isinstance(item, dict):
            number = item.get("n")
            if isinstance(number, (int, float)) and not isinstance(number, bool) and number > 18:
                kind = item.get("s")
                if isinstance(kind, str) and kind.startswith("a"):
                    return True
    return False


def or_of_five(document: Document) -> bool:
    event = document.get("event")
    if not isinstance(event, dict):
        return False
    name = event.get("name")
    return name in ("cart.created", "cart.updated", "item.added", "user.created", "user.updated")


def negation(document: Document) -> bool:
    state = document.get("object")
    if not isinstance(state, dict):
        return False
    current = state.get("current")
    return isinstance(current, dict) and "closed_by" in current and current["closed_by"] != "robot"


_NAMES = ("cart.created", "cart.updated", "item.added", "user.created", "user.updated")


def _or(joint: str, test: str) -> str:
    return joint.join(test.replace("?", name) for name in _NAMES)


_CURRENT = "object.current."

SHAPES = (
    Shape(
        "nested equality",
        'object.current.status == "active"',
        nested_equality,
        {
            "CEL": 'object.current.status == "active"',
            "JSONata": 'object.current.status = "active"',
            "jmespath": "object.current.status == 'active'",
            "mongoquery": {_CURRENT + "status": "active"},
            "zen-engine": 'object.current.status == "active"',
            "jq": '.object.current.status == "active"',
            "rule-engine": 'object.current.status == "active"',
        },
    ),
    Shape(
        "equality and regex",
        r'event.name == "user.updated" and object.current.email ~ /@example\.(com|org)$/',
        equality_and_regex,
        {
            "CEL": r"""event.name == "user.updated" && object.current.email.matches(r'@example\.(com|org)$')""",
            "JSONata": r'event.name = "user.updated" and $contains(object.current.email, /@example\.(com|org)$/)',
            "mongoquery": {"event.name": "user.updated", _CURRENT + "email": {"$regex": r"@example\.(com|org)$"}},
            "zen-engine": r"""event.name == "user.updated" and matches(object.current.email, '@example\.(com|org)$')""",
            "jq": r'.event.name == "user.updated" and (.object.current.email | test("@example\\.(com|org)$"))',
            "rule-engine": r'event.name == "user.updated" and object.current.email =~~ "@example\\.(com|org)$"',
        },
    ),
    Shape(
        "numeric range",
        "object.current.total between 1 and 10",
        numeric_range,
        {
            "CEL": "object.current.total >= 1 && object.current.total <= 10",
            "JSONata": "object.current.total >= 1 and object.current.total <= 10",
            "jmespath": "object.current.total >= `1` && object.current.total <= `10`",
            "mongoquery": {_CURRENT + "total": {"$gte": 1, "$lte": 10}},
            "zen-engine": "object.current.total in [1..10]",
            "jq": ".object.current.total | . >= 1 and . <= 10",
            "rule-engine": "object.current.total >= 1 and object.current.total <= 10",
        },
    ),
    Shape(
        "in ten",
        f"object.current.status in {dumps(_STATUSES)}",
        in_ten,
        {
            "CEL": f"object.current.status in {dumps(_STATUSES)}",
            "JSONata": f"object.current.status in {dumps(_STATUSES)}",
            "jmespath": f"contains(`{dumps(_STATUSES)}`, object.current.status)",
            "mongoquery": {_CURRENT + "status": {"$in": _STATUSES}},
            "zen-engine": f"object.current.status in {dumps(_STATUSES)}",
            "jq": f".object.current.status | IN({dumps(_STATUSES)}[])",
            "rule-engine": f"object.current.status in {dumps(_STATUSES)}",
        },
    ),
    Shape(
        "prefix and suffix",
        'event.name startswith "user." and object.current.id endswith "123"',
        prefix_and_suffix,
        {
            "CEL": 'event.name.startsWith("user.") && object.current.id.endsWith("123")',
            "JSONata": r"$contains(event.name, /^user\./) and $contains(object.current.id, /123$/)",
            "jmespath": "starts_with(event.name, 'user.') && ends_with(object.current.id, '123')",
            "mongoquery": {"event.name": {"$regex": r"^user\."}, _CURRENT + "id": {"$regex": "123$"}},
            "zen-engine": 'startsWith(event.name, "user.") and endsWith(object.current.id, "123")',
            "jq": '(.event.name | startswith("user.")) and (.object.current.id | endswith("123"))',
            "rule-engine": 'event.name.starts_with("user.") and object.current.id.ends_with("123")',
        },
    ),
    Shape(
        "any over twenty objects",
        'any x in object.current.items: (x.n > 18 and x.s startswith "a")',
        any_of_twenty,
        {
            "CEL": 'object.current.items.exists(x, x.n > 18 && x.s.startsWith("a"))',
            "JSONata": "$exists(object.current.items[n > 18 and $substring(s, 0, 1) = 'a'])",
            "jmespath": "length(object.current.items[?n > `18` && starts_with(s, 'a')]) > `0`",
            "mongoquery": {_CURRENT + "items": {"$elemMatch": {"n": {"$gt": 18}, "s": {"$regex": "^a"}}}},
            "zen-engine": 'some(object.current.items, #.n > 18 and startsWith(#.s, "a"))',
            "jq": 'any(.object.current.items[]; .n > 18 and (.s | startswith("a")))',
            "rule-engine": '$any([x.n > 18 and x.s.starts_with("a") for x in object.current.items])',
        },
    ),
    Shape(
        "or of five",
        _or(" or ", 'event.name == "?"'),
        or_of_five,
        {
            "CEL": _or(" || ", 'event.name == "?"'),
            "JSONata": _or(" or ", 'event.name = "?"'),
            "jmespath": _or(" || ", "event.name == '?'"),
            "mongoquery": {"$or": [{"event.name": name} for name in _NAMES]},
            "zen-engine": _or(" or ", 'event.name == "?"'),
            "jq": _or(" or ", '.event.name == "?"'),
            "rule-engine": _or(" or ", 'event.name == "?"'),
        },
    ),
    Shape(
        "negation with a missing path",
        'not object.current.closed_by == "robot"',
        negation,
        {
            "CEL": 'has(object.current.closed_by) && !(object.current.closed_by == "robot")',
            "JSONata": '$exists(object.current.closed_by) and $not(object.current.closed_by = "robot")',
            "jmespath": "object.current.closed_by != null && !(object.current.closed_by == 'robot')",
            "mongoquery": {
                "$and": [{_CURRENT + "closed_by": {"$exists": True}}, {_CURRENT + "closed_by": {"$ne": "robot"}}]
            },
            "zen-engine": 'object.current.closed_by != null and not(object.current.closed_by == "robot")',
            "jq": '.object.current | has("closed_by") and (.closed_by == "robot" | not)',
            "rule-engine": '"closed_by" in object.current and not (object.current.closed_by == "robot")',
        },
    ),
)
