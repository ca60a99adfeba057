"""The filters that Lambda and EventBridge Pipes put between an SQS queue and what takes its messages.

    criteria = {"Filters": [{"Pattern": "JSON text"}, …]}

A message passes if one of the patterns matches its record: `body`, which is a document if a pattern asks for something inside it and text if not,
`messageAttributes.NAME.stringValue`, `attributes` and `messageId`. A maintainer keeps one rule: where a query sees something else than the filter did,
a number for a text, the matchers are translated, and what has no translation is refused.

Reference: AWS Lambda developer guide, "Using event filtering with an Amazon SQS event source"; EventBridge user guide, "Event filtering in Pipes".
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.convert.importing import reading, rules, writing
from megaql.convert.importing.rules import Absent, All, Atom, Formula, Keys, One, Some
from megaql.convert.matchers import AnythingBut, Exact, Excluded, Exists, Matcher
from megaql.errors import ConvertError
from megaql.lang import nodes, tree
from megaql.lang.nodes import Root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.convert.dialects import Dialect
    from megaql.query import Query

#: The longest pattern. Characters.
MAX_PATTERN: Final = 4096

#: A body as text, in the place of `body`, which leads into the document.
_TEXT: Final[Keys] = ("@body",)
_BODY: Final[Keys] = ("body",)
_RECEIVE_COUNT: Final[Keys] = ("attributes", "ApproximateReceiveCount")

_ENVELOPE: Final[Mapping[Keys, str]] = {
    _TEXT: "body",
    ("messageId",): "id",
    _RECEIVE_COUNT: "receive_count",
    ("attributes", "MessageGroupId"): "group_id",
    ("attributes", "MessageDeduplicationId"): "dedup_id",
    ("attributes", "SequenceNumber"): "sequence",
}

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def from_criteria(criteria: dict[str, Any] | str, dialect: Dialect, most: int) -> Query:
    """Return the query that matches exactly the messages that pass; without filters, all of them. `most` is the number of filters there may be.

    Raises `ConvertError` with the service's reason for a filter that it refuses, and for one that asks for what a query does not see.
    """
    document = reading.parse(criteria, dialect) if isinstance(criteria, str) else criteria
    filters = document.get("Filters") if isinstance(document, dict) else None
    if not isinstance(filters, list) or not isinstance(document, dict) or document.keys() != {"Filters"}:
        raise dialect.refuse("Filter criteria must be an object with the list Filters and nothing else")
    if len(filters) > most:
        raise dialect.refuse(f"Member must have length less than or equal to {most}", "Filters")
    clauses = [_filter(item, dialect, f"Filters[{position}]") for position, item in enumerate(filters)]
    return writing.query(tree.disjunction(clauses) if clauses else nodes.Truth(nodes.Boolean(value=True)))


def _filter(item: object, dialect: Dialect, where: str) -> nodes.Clause:
    pattern = item.get("Pattern") if isinstance(item, dict) else None
    if not isinstance(pattern, str):
        raise dialect.refuse("a filter must be an object with the JSON text Pattern", where)
    if len(pattern) > MAX_PATTERN:
        raise dialect.refuse(f"Member must have length less than or equal to {MAX_PATTERN}", f"{where}.Pattern")
    formula = _seen(rules.formula(reading.read(pattern, dialect), dialect))
    names = {atom.path[1] for atom in rules.atoms(formula) if atom.path[0] == "messageAttributes"}
    clause = writing.clause(formula, _start(names))
    asks_inside = any(atom.path[0] == "body" for atom in rules.atoms(formula))
    if asks_inside and writing.without(formula, _BODY) is not None:
        # Of a body that is no document the service drops everything, however the rest of the pattern would fare.
        clause = tree.conjunction([writing.HAS_DOCUMENT, clause])
    return clause


def _start(names: set[str]) -> Mapping[Keys, nodes.Path]:
    """Return where the parts of an SQS record are in a record of ours."""
    start = {keys: nodes.Path((nodes.Key(field),), Root.ENVELOPE) for keys, field in _ENVELOPE.items()}
    start[_BODY] = nodes.Path((), Root.BODY)
    for name in names:
        attribute = nodes.Path((nodes.Key("attributes"), nodes.Key(name)), Root.ENVELOPE)
        start["messageAttributes", name, "stringValue"] = attribute
    return start


def _seen(formula: Formula) -> Formula:
    match formula:
        case All(items):
            return All(tuple(map(_seen, items)))
        case One(items):
            return One(tuple(map(_seen, items)))
        case _:
            return _atom(formula)


def _atom(atom: Atom) -> Atom:
    match atom.path:
        case ("body",):
            if isinstance(atom, Absent):
                raise _unseen(atom, "every message has a body")
            return replace(atom, path=_TEXT)
        case ("body", *_) | ("messageId",):
            return atom
        case ("messageAttributes", _, "stringValue"):
            return atom if isinstance(atom, Absent) else Some(atom.path, _with_numbers(atom.matchers))
        case ("attributes", "ApproximateReceiveCount"):
            return (
                atom if isinstance(atom, Absent) else Some(atom.path, tuple(_count(one, atom) for one in atom.matchers))
            )
        case path if path in _ENVELOPE:
            return atom
    raise _unseen(
        atom, "a query sees the body, the attributes' values, @id, @receive_count, @group_id, @dedup_id and @sequence"
    )


def _unseen(atom: Atom, why: str) -> ConvertError:
    return ConvertError(f"No query can ask for this of {rules.name(atom)}.", where=rules.name(atom), why=why)


def _with_numbers(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """Add to each text that is a number the number: the service sees the text of an attribute of either type, a query its value."""
    found: list[Matcher] = []
    for matcher in matchers:
        match matcher:
            case Exact():
                found.extend(_both(matcher))
            case AnythingBut(of):
                found.append(AnythingBut(tuple(spelled for one in of for spelled in _both(one))))
            case _:
                found.append(matcher)
    return tuple(found)


def _both(matcher: Excluded) -> tuple[Excluded, ...]:
    if isinstance(matcher, Exact) and isinstance(matcher.value, str) and _NUMBER.fullmatch(matcher.value):
        return matcher, Exact(json.loads(matcher.value, parse_float=Decimal))
    return (matcher,)


def _count(matcher: Matcher, atom: Atom) -> Matcher:
    """Translate a matcher for the receive count, a text for the service and a number for a query."""
    match matcher:
        case Exists():
            return matcher
        case Exact(str() as text) if text.isdecimal() and text == str(int(text)):
            return Exact(int(text))
        case AnythingBut(of):
            return AnythingBut(tuple(one for one in (_count(item, atom) for item in of) if isinstance(one, Exact)))
    raise _unseen(
        atom, "the service sees the text of a number there, which only whole numbers written as text can equal"
    )
