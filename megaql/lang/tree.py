"""Walking match trees without recursion, and putting clauses together.

A maintainer who adds a node adds it to `children`; everything that walks a tree, the caps included, stands on it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar, assert_never, cast

from megaql.lang import nodes
from megaql.source import NO_SPAN, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Every class a tree is made of, path segments excepted.
AnyNode = nodes.Clause | nodes.Value

T = TypeVar("T", bound=AnyNode)

#: Nearly all nodes without children are of these.
_CHILDLESS = frozenset({nodes.Path, nodes.String, nodes.Number, nodes.Regex, nodes.Boolean, nodes.Null})


def children(node: AnyNode) -> tuple[AnyNode, ...]:  # noqa: C901, PLR0912 - one case per kind of node
    """Return the clauses and values directly inside a node, in the order of the text. Path segments are no children."""
    if type(node) in _CHILDLESS:  # two nodes of three; said here because it is the last case below
        return ()
    match node:
        case nodes.Or() | nodes.And() | nodes.ListLiteral():
            return tuple(node.items)
        case nodes.Not():
            return (node.item,)
        case nodes.Compare():
            return (node.left, node.right)
        case nodes.In():
            return (node.item, node.options)
        case nodes.Matches():
            return (node.value, node.regex)
        case nodes.TextTest():
            return (node.value, node.operand)
        case nodes.Between():
            return (node.value, node.low, node.high)
        case nodes.InCidr():
            return (node.value, node.network)
        case nodes.IsKind() | nodes.Truth():
            return (node.value,)
        case nodes.PresenceTest() | nodes.Opaque():
            return (node.path,)
        case nodes.Quantified() | nodes.Count():
            return (node.path, node.condition)
        case nodes.Default():
            return (node.path, node.fallback)
        case nodes.Call():
            return node.arguments
        case (
            nodes.Path()
            | nodes.Param()
            | nodes.Null()
            | nodes.Boolean()
            | nodes.Number()
            | nodes.String()
            | nodes.Regex()
            | nodes.Date()
            | nodes.Duration()
            | nodes.Size()
        ):
            return ()
    assert_never(node)


def walk(node: AnyNode) -> Iterator[AnyNode]:
    """Yield a node and everything in it, each parent before its children, in the order of the text."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


def conjunction(clauses: Iterable[nodes.Clause], span: Span = NO_SPAN) -> nodes.Clause:
    """Return the `and` of clauses, flat; one clause stands for itself. There must be at least one."""
    flat = [part for clause in clauses for part in (clause.items if isinstance(clause, nodes.And) else (clause,))]
    return _one_or(flat) or nodes.And(tuple(flat), span=span)


def disjunction(clauses: Iterable[nodes.Clause], span: Span = NO_SPAN) -> nodes.Clause:
    """Return the `or` of clauses, flat; one clause stands for itself. There must be at least one."""
    flat = [part for clause in clauses for part in (clause.items if isinstance(clause, nodes.Or) else (clause,))]
    return _one_or(flat) or nodes.Or(tuple(flat), span=span)


def _one_or(clauses: Sequence[nodes.Clause]) -> nodes.Clause | None:
    if not clauses:
        raise ValueError("an empty 'and' or 'or' has no meaning of its own: say true or false")
    return clauses[0] if len(clauses) == 1 else None


def replace(node: T, change: Callable[[nodes.Param], nodes.Literal]) -> T:
    """Return the tree with every parameter changed to a literal, spans kept. It must be within `limits.check_tree`."""
    if isinstance(node, nodes.Param):
        return cast("T", change(node))
    inside: dict[str, object] = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, nodes.Node):
            inside[field.name] = replace(cast("AnyNode", value), change)
        elif isinstance(value, tuple) and not isinstance(node, nodes.Path):
            inside[field.name] = tuple(replace(item, change) for item in value)
    return cast("T", dataclasses.replace(node, **cast("Any", inside))) if inside else node


def unplaced(node: T) -> T:
    """Return the tree without its places: those of a part of another text would point anywhere. It must be within `limits.check_tree`."""
    inside: dict[str, object] = {"span": NO_SPAN}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, nodes.Node):
            inside[field.name] = unplaced(cast("AnyNode", value))
        elif isinstance(value, tuple):
            inside[field.name] = tuple(unplaced(item) for item in value)
    return dataclasses.replace(node, **cast("Any", inside))
