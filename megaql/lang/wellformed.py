"""What a tree must keep to be a query, however it was made: from text, from JSON, in code, with parameters bound.

The grammar says what can be written, this says what can mean something: names that exist, operands an operator can
use, literals that have a text. All mistakes are found, not only the first. `limits.check_tree` comes before.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic, QueryCheckError
from megaql.lang import foreign, nodes
from megaql.lang.limits import CODE_SOURCE
from megaql.lang.operand_checks import operand_mistakes
from megaql.lang.printer import is_name
from megaql.lang.tree import AnyNode, children
from megaql.lang.vocabulary import ENVELOPE_FIELDS, FUNCTIONS, KEYWORDS
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_VARIABLES: Final[frozenset[str]] = frozenset()


def check(clause: nodes.Clause, source: Source | None = None) -> None:
    """Raise QueryCheckError with everything that keeps a clause from meaning something.

    `source` is the text that the spans point into; without one, the errors say what and not where.
    """
    found = list(_mistakes(clause, source or Source("")))
    if not found:
        return
    if source is None:
        whole = Span(0, len(CODE_SOURCE.text))
        raise QueryCheckError(CODE_SOURCE, [dataclasses.replace(one, span=whole) for one in found])
    found = _outermost(found)
    raise QueryCheckError(source, found, incomplete=_may_go_on(found, source))


def _outermost(found: list[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics in the order of their places, without those inside the place of another one."""
    kept: list[Diagnostic] = []
    for one in sorted(found, key=lambda one: (one.span.start, -one.span.end)):
        if not kept or one.span.end > kept[-1].span.end or one.span.start >= kept[-1].span.end:
            kept.append(one)
    return kept


def _may_go_on(found: list[Diagnostic], source: Source) -> bool:
    """Return whether typing on at the end could mend the only mistake."""
    span, code = found[0].span, found[0].code
    word, rest = source.text[span.start : span.end], source.text[span.end :]
    if len(found) > 1:
        return False
    if code in ("bare-value", "loose-value"):
        return not rest.strip(" \n\t)")  # an operator may still follow: null == a
    if rest:
        return False
    if code == "unknown-field":  # @attr is the beginning of @attributes
        return any(name.startswith(word.removeprefix("@")) for name in ENVELOPE_FIELDS)
    return code == "glob-operand" and word == "r"  # the r of a raw string still looks like a path


def _mistakes(clause: nodes.Clause, source: Source) -> Iterator[Diagnostic]:
    stack: list[tuple[AnyNode, frozenset[str]]] = [(clause, _NO_VARIABLES)]
    while stack:
        node, scope = stack.pop()
        if isinstance(node, nodes.Quantified | nodes.Count):
            yield from _variable_mistakes(node, scope)
            stack += [(node.path, scope), (node.condition, scope | {node.variable})]
            continue
        if isinstance(node, nodes.Path):
            yield from _path_mistakes(node, scope)
        else:
            if isinstance(node, nodes.Call):
                yield from _call_mistakes(node, source)
            yield from operand_mistakes(node, source)
        stack += [(child, scope) for child in children(node)]


def _variable_mistakes(node: nodes.Quantified | nodes.Count, scope: frozenset[str]) -> Iterator[Diagnostic]:
    name = node.variable
    if not is_name(name) or name.lower() in KEYWORDS:
        yield Diagnostic(
            f"'{name}' cannot be a variable", node.span, "use a plain name: any item in a: (...)", code="variable"
        )
    elif name in scope:
        yield Diagnostic(
            f"the variable {name} is already in use around this quantifier",
            node.span,
            "choose another name",
            code="shadowed-variable",
        )


def _path_mistakes(path: nodes.Path, scope: frozenset[str]) -> Iterator[Diagnostic]:
    if not path.segments:
        yield Diagnostic("a path leads nowhere", path.span, "name at least one key", code="path")
        return
    head = path.segments[0]
    if path.root is nodes.Root.BODY:
        return
    if not isinstance(head, nodes.Key):
        yield Diagnostic("a path starts at no name", path.span, "start it with a name", code="path")
    elif path.root is nodes.Root.VARIABLE and head.name not in scope:
        yield Diagnostic(f"the variable {head.name} is not in scope", path.span, code="variable")
    elif path.root is nodes.Root.ENVELOPE and head.name not in ENVELOPE_FIELDS:
        yield foreign.unknown_field(head.name, head.span)


def _call_mistakes(call: nodes.Call, source: Source) -> Iterator[Diagnostic]:
    name, arguments = call.function, call.arguments
    known = FUNCTIONS.get(name)
    place = Span(call.span.start, min(call.span.end, call.span.start + len(name)))
    if name == "count":
        yield Diagnostic(
            "count() counts the elements that meet a condition",
            call.span,
            "write count(x in path: (...))",
            "for the length of an array, write length(path)",
            "count",
        )
    elif known is None:
        texts = [source.text[argument.span.start : argument.span.end] for argument in arguments]
        yield foreign.unknown_function(name, [text for text in texts if text], place)
    elif len(arguments) != known.arity:
        wanted = {0: "no argument", 1: "one argument"}[known.arity]
        given = {0: "none", 1: "one"}.get(len(arguments), str(len(arguments)))
        yield Diagnostic(f"{name}() takes {wanted}, not {given}", call.span, f"write {known.signature}", code="arity")
    elif name == "ago" and not isinstance(arguments[0], nodes.Duration | nodes.Param):
        yield Diagnostic("ago() takes a duration", arguments[0].span, "write ago(15m)", code="argument")
    elif name == "age" and isinstance(arguments[0], nodes.Duration):
        yield Diagnostic(
            "age() takes a path to a date", arguments[0].span, "write age(@sent_at) < 15m, or ago(15m)", code="argument"
        )
