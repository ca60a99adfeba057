r"""The canonical text of a tree: words for operators, double quotes, single spaces, parentheses only where needed.

`parse(to_text(clause)) == clause` holds for every well-formed clause without an `Opaque`; a maintainer keeps it that
way. Three things change form without changing meaning: a line break in a regex becomes `\n`, a slash in one is always
`\/`, and two lone surrogates side by side in a string read back as the one code point they spell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang import literals, nodes
from megaql.lang.foreign import NULLS
from megaql.lang.tokens import WORD
from megaql.lang.vocabulary import KEYWORDS

if TYPE_CHECKING:
    from types import UnionType

    from megaql.lang.tree import AnyNode

_NAME: Final = re.compile(WORD)
_NOTHING: Final[frozenset[str]] = frozenset()

#: Code points of a clause that are shown to people among other things.
SHOWN: Final = 300


def to_text(node: AnyNode) -> str:
    """Return the canonical text of a clause or a value. A parameter prints as `$name`.

    The tree must be within the caps of `limits.check_tree`.
    """
    return _text(node, _NOTHING)


def cut(text: str) -> str:
    """Return a clause's text, cut where it would fill the screen, as one with a long list does."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} … ({len(text):,} characters)"


def is_name(text: str) -> bool:
    """Return whether a key can stand after a dot without quotes."""
    return _NAME.fullmatch(text) is not None


def _text(node: AnyNode, scope: frozenset[str]) -> str:
    match node:
        case nodes.Or():
            return " or ".join(_text(item, scope) for item in node.items)
        case nodes.And():
            return " and ".join(_wrapped(item, scope, nodes.Or) for item in node.items)
        case nodes.Not():
            return f"not {_wrapped(node.item, scope, nodes.Or | nodes.And)}"
        case nodes.PresenceTest():
            return f"{node.test.value} {path_text(node.path, scope)}"
        case nodes.Quantified():
            return f"{node.quantifier.value} {_each(node, scope)}"
        case nodes.Truth():
            return _text(node.value, scope)
        case nodes.Opaque():
            return f"<python {node.name}>({path_text(node.path, scope)})"
        case (
            nodes.Compare()
            | nodes.In()
            | nodes.Matches()
            | nodes.TextTest()
            | nodes.Between()
            | nodes.IsKind()
            | nodes.InCidr()
        ):
            return _test(node, scope)
        case _:
            return _value(node, scope)


def _wrapped(clause: nodes.Clause, scope: frozenset[str], looser: type | UnionType) -> str:
    text = _text(clause, scope)
    return f"({text})" if isinstance(clause, looser) else text


def _each(node: nodes.Quantified | nodes.Count, scope: frozenset[str]) -> str:
    condition = _text(node.condition, scope | {node.variable})
    return f"{node.variable} {'of' if node.spread else 'in'} {path_text(node.path, scope)}: ({condition})"


_Test = nodes.Compare | nodes.In | nodes.Matches | nodes.TextTest | nodes.Between | nodes.IsKind | nodes.InCidr


def _test(node: _Test, scope: frozenset[str]) -> str:
    match node:
        case nodes.Compare():
            return f"{_value(node.left, scope)} {node.operator.value} {_value(node.right, scope)}"
        case nodes.Matches():
            return f"{_value(node.value, scope)} {'!~' if node.negated else '~'} {_value(node.regex, scope)}"
        case nodes.IsKind():
            return f"{_value(node.value, scope)} is {'not ' if node.negated else ''}{node.kind.value}"
    negation = "not " if node.negated else ""
    match node:
        case nodes.In():
            return f"{_value(node.item, scope)} {negation}in {_value(node.options, scope)}"
        case nodes.InCidr():
            return f"{_value(node.value, scope)} {negation}in cidr {_value(node.network, scope)}"
        case nodes.TextTest():
            return f"{_value(node.value, scope)} {negation}{node.operator.value} {_value(node.operand, scope)}"
        case nodes.Between():
            low, high = _value(node.low, scope), _value(node.high, scope)
            return f"{_value(node.value, scope)} {negation}between {low} and {high}"
    assert_never(node)


def _value(node: nodes.Value, scope: frozenset[str]) -> str:
    match node:
        case nodes.Path():
            return path_text(node, scope)
        case nodes.Default():
            return f"{path_text(node.path, scope)} ?? {_value(node.fallback, scope)}"
        case nodes.Call():
            return f"{node.function}({', '.join(_value(argument, scope) for argument in node.arguments)})"
        case nodes.Count():
            return f"count({_each(node, scope)})"
        case nodes.ListLiteral():
            return f"[{', '.join(_value(item, scope) for item in node.items)}]"
        case nodes.Param():
            return f"${node.name}"
        case _:
            return _literal(node)


def _literal(
    node: nodes.Null
    | nodes.Boolean
    | nodes.Number
    | nodes.String
    | nodes.Regex
    | nodes.Date
    | nodes.Duration
    | nodes.Size,
) -> str:
    match node:
        case nodes.Null():
            return "null"
        case nodes.Boolean():
            return "true" if node.value else "false"
        case nodes.Number():
            return literals.write_number(node.value)
        case nodes.String():
            return literals.write_string(node.value, fold=node.fold)
        case nodes.Regex():
            return literals.write_regex(node)
        case nodes.Date():
            return literals.write_date(node)
        case nodes.Duration():
            return literals.write_duration(node.value)
        case nodes.Size():
            return literals.write_size(node)
    assert_never(node)


def path_text(path: nodes.Path, scope: frozenset[str] = _NOTHING) -> str:
    """Return a path as text; `scope` holds the variables it stands among."""
    if not path.segments:
        return "."  # not well-formed, but errors must be able to show it
    head, *rest = path.segments
    return _head(head, path.root, scope) + "".join(map(segment_text, rest))


def _head(segment: nodes.Key | nodes.Index | nodes.Each | nodes.Deep, root: nodes.Root, scope: frozenset[str]) -> str:
    if not isinstance(segment, nodes.Key):
        written = segment_text(segment)
        return written if written.startswith(".") else f".{written}"
    if root is nodes.Root.ENVELOPE:
        return f"@{segment.name}"
    if not is_name(segment.name):
        return f".{literals.write_string(segment.name)}"
    word = segment.name.lower()
    plain = root is nodes.Root.VARIABLE or (word not in KEYWORDS and word not in NULLS and segment.name not in scope)
    return segment.name if plain else f".{segment.name}"


def segment_text(segment: nodes.Key | nodes.Index | nodes.Each | nodes.Deep) -> str:
    """Return a segment as it stands after another one: `.name`, `["weird key"]`, `[0]`, `[*]`, `.**`."""
    match segment:
        case nodes.Key():
            return f".{segment.name}" if is_name(segment.name) else f"[{literals.write_string(segment.name)}]"
        case nodes.Index():
            return f"[{segment.position}]"
        case nodes.Each():
            return "[*]"
        case nodes.Deep():
            return ".**"
    assert_never(segment)
