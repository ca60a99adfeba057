"""Tests of the envelope that a policy can only make in another form than the query.

A maintainer keeps one rule: a service shows an attribute as text with a type, while a query sees a number or an array where the type says so;
whatever the text, a message of another type than the policy can read is let through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.convert.exporting import atoms
from megaql.convert.exporting.atoms import Tested
from megaql.convert.exporting.branches import Step
from megaql.convert.exporting.values import ABSENT, PRESENT, Cannot
from megaql.convert.matchers import EqualsIgnoreCase, Exact, Prefix, Suffix
from megaql.lang.nodes import (
    Compare,
    Comparison,
    In,
    Key,
    ListLiteral,
    Number,
    Path,
    Presence,
    PresenceTest,
    Root,
    String,
)

if TYPE_CHECKING:
    from megaql.convert.exporting.branches import Place
    from megaql.convert.exporting.paths import Scope
    from megaql.convert.matchers import Matcher
    from megaql.lang.nodes import Clause


def tested(clause: Clause, scope: Scope, *, holds: bool) -> Tested | None:
    """Return the fields for a test of the envelope; `None` for one that the service sees as the query does, or not at all."""
    match clause:
        case Compare(Comparison.EQ, Path((Key("kind"),), Root.ENVELOPE), String("mega", False)) if holds:
            return _kind(scope)
    if scope.target.envelope.get("id") is None:
        return None
    match clause:
        case Compare(Comparison.EQ, Path((Key("receive_count"),), Root.ENVELOPE), Number(value)) if holds:
            return _receive_count((value,))
        case In(Path((Key("receive_count"),), Root.ENVELOPE), ListLiteral(items), False) if holds:
            return _receive_count([item.value for item in items if isinstance(item, Number)])
        case PresenceTest(presence, Path((Key("attributes"), Key(name)), Root.ENVELOPE)) if (
            presence is not Presence.EMPTY
        ):
            present = (presence is Presence.EXISTS) is holds
            return Tested(((_attribute(name, "dataType"), (PRESENT if present else ABSENT,)),), alone=not present)
    path = atoms.subject_path(clause)
    match path:
        case Path((Key("attributes"), Key(name)), Root.ENVELOPE):
            return _of_attribute(clause, name, scope, holds=holds)
    return None


def _kind(scope: Scope) -> Tested | None:
    """`@kind == "mega"`: the document says so, and is an event in every other respect."""
    if scope.target.body is None:
        return None
    fields = ((scope.target.place(("protocol",)), (Exact("mega"),)),)
    return Tested(fields, "a policy tests the protocol's name only, not whether the document is an event")


def _receive_count(counts: object) -> Tested:
    texts = (
        tuple(Exact(str(count)) for count in counts if count == int(count)) if isinstance(counts, list | tuple) else ()
    )
    if not texts:
        raise Cannot("it is never so")
    return Tested((((Step("attributes"), Step("ApproximateReceiveCount")), texts),))


def _attribute(name: str, part: str) -> Place:
    return (Step("messageAttributes"), Step(name), Step(part))


def _of_attribute(clause: Clause, name: str, scope: Scope, *, holds: bool) -> Tested:
    """A test of an attribute's value: of its text, or of its type where the query does not see the text."""
    if holds is atoms.is_negated(clause):
        raise Cannot("an attribute may be an array of texts or bytes, for which it holds as well")
    asks = atoms.asked(clause, scope)
    texts: list[Matcher] = [one for one in asks if isinstance(one, Prefix | Suffix | EqualsIgnoreCase) or _is_text(one)]
    types: list[Matcher] = [Exact("String.Array")]
    if len(texts) < len(asks):
        types = [PRESENT] if PRESENT in asks else [*types, Prefix("Number")]
    fields = [(_attribute(name, "stringValue"), tuple(texts))] if texts else []
    fields.append((_attribute(name, "dataType"), tuple(types)))
    return Tested(tuple(fields), "in the record an attribute is text, whatever its type")


def _is_text(matcher: Matcher) -> bool:
    return isinstance(matcher, Exact) and isinstance(matcher.value, str)
