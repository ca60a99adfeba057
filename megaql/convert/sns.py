"""Subscription filter policies of Amazon SNS, about the attributes of a message or about its body.

Reference: Amazon SNS developer guide, "Subscription filter policies" and "Filter policy constraints".
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from megaql.convert import sns_limits
from megaql.convert.dialects import SNS_ATTRIBUTES, SNS_BODY, Dialect
from megaql.convert.export import Export, export
from megaql.convert.exporting.target import TO_SNS_ATTRIBUTES, TO_SNS_BODY
from megaql.convert.importing import reading, rules, writing
from megaql.errors import ConvertError
from megaql.lang import nodes, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.query import Query

Scope: TypeAlias = Literal["MessageAttributes", "MessageBody"]

#: The dialect of each scope.
DIALECTS: Final[Mapping[Scope, Dialect]] = {"MessageAttributes": SNS_ATTRIBUTES, "MessageBody": SNS_BODY}

#: The message has attributes.
_HAS_ATTRIBUTES: Final = nodes.Not(nodes.PresenceTest(nodes.Presence.EMPTY, writing.ATTRIBUTES[()]))


def from_policy(policy: dict[str, Any] | str, scope: Scope = "MessageAttributes") -> Query:
    """Return the query that matches exactly the messages a filter policy lets through; the policy is a dict or JSON text.

    `scope` is the subscription's `FilterPolicyScope`: `MessageAttributes`, which is also SNS's default, or `MessageBody`. Raises `ConvertError`
    with SNS's reason for a policy that it refuses, and for one that is past its limits.
    """
    return writing.query(clause(policy, scope))


def clause(policy: dict[str, Any] | str, scope: Scope) -> nodes.Clause:
    """Return what `from_policy` makes a query of, which may be larger than a query may be."""
    dialect = _dialect(scope)
    sns_limits.check_size(policy if isinstance(policy, str) else json.dumps(policy, default=str))
    fields = reading.read(policy, dialect)
    sns_limits.check_complexity(fields)
    formula = rules.formula(fields, dialect)
    found = writing.clause(formula, writing.ATTRIBUTES if scope == "MessageAttributes" else writing.BODY)
    if writing.without(formula, ()) is None:
        return found
    # What only asks for absence would hold of anything; SNS wants an attribute to look at, and in the body's scope an object.
    return tree.conjunction([_HAS_ATTRIBUTES if scope == "MessageAttributes" else writing.HAS_DOCUMENT, found])


def to_policy(
    query: Query, scope: Scope = "MessageAttributes", *, arrays: bool = True, open_ranges: bool = True
) -> Export:
    """Return the filter policy that lets every message through that the query matches, and as few others as can be.

    `arrays=False` is a promise, see `megaql.convert.export.export`. With `open_ranges=False` no number is compared by its size alone, since a message
    may have one beyond what SNS compares. Raises `ConvertError` for a scope that SNS does not have.
    """
    target = TO_SNS_ATTRIBUTES if _dialect(scope) is SNS_ATTRIBUTES else TO_SNS_BODY
    return export(query, target if open_ranges else replace(target, open_ranges=False), arrays=arrays)


def _dialect(scope: Scope) -> Dialect:
    if scope not in DIALECTS:
        raise ConvertError(
            f"SNS has no filter policy scope {scope!r}", where="scope", hint=f"give {' or '.join(map(repr, DIALECTS))}"
        )
    return DIALECTS[scope]
