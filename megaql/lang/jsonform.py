"""The JSON form of a query: for storing it, sending it and reading it back, exactly.

`{"megaql": 1, "query": …}`; each node is an object whose first key says what it is: `{"compare": "==", "left": {"path":
["event", "name"]}, "right": "user.updated"}`. Strings, whole numbers, booleans, null and arrays stand for the literals
they look like. A maintainer who changes the form so that older readers would misunderstand it raises `VERSION`.
"""

from __future__ import annotations

from typing import Final, TypeAlias, assert_never

from megaql.errors import Diagnostic, QueryCheckError
from megaql.lang import limits, literals, nodes, wellformed
from megaql.lang.jsonnodes import clause as read_clause
from megaql.lang.jsonread import Json, Object, document_of, fields, shown, wrong
from megaql.source import NO_SPAN

#: The version this module writes, and the only one it reads.
VERSION: Final = 1

#: Whole numbers up to here are written as JSON numbers; every JSON reader holds them exactly.
_EXACT: Final = 2**53


def to_json(clause: nodes.Clause) -> Object:
    """Return the JSON form of a clause. A Python callable in it cannot be stored and is a QueryCheckError."""
    limits.check_tree(clause)
    return {"megaql": VERSION, "query": _clause(clause)}


def from_json(form: Object | str) -> nodes.Clause:
    """Return the clause of a JSON form, given as text or as what `json.loads` made of it.

    Anything may come in here: what is no query is a QueryCheckError that names the place, what is too large a
    QueryLimitError.
    """
    document = document_of(form)
    if not isinstance(document, dict) or "megaql" not in document:
        raise wrong("$", "this is not the JSON form of a query", 'it looks like {"megaql": 1, "query": ...}')
    version = document["megaql"]
    if version != VERSION or isinstance(version, bool):
        label = f"this release reads version {VERSION}"
        raise wrong("$.megaql", f"version {shown(version)} of the JSON form is not known", label, code="json-version")
    fields(document, "$", "megaql", "query")
    clause = read_clause(document["query"], "$.query")
    limits.check_tree(clause)
    wellformed.check(clause)
    return clause


def _clause(clause: nodes.Clause) -> Json:
    match clause:
        case nodes.Or():
            return {"or": [_clause(item) for item in clause.items]}
        case nodes.And():
            return {"and": [_clause(item) for item in clause.items]}
        case nodes.Not():
            return {"not": _clause(clause.item)}
        case nodes.PresenceTest():
            return {"presence": clause.test.value, "path": _value(clause.path)}
        case nodes.Quantified():
            return {"quantifier": clause.quantifier.value, "variable": clause.variable, **_each(clause)}
        case nodes.Truth():
            return {"truth": _value(clause.value)}
        case nodes.Opaque():
            raise QueryCheckError(
                limits.CODE_SOURCE,
                [
                    Diagnostic(
                        f"the Python callable {clause.name} cannot be stored",
                        NO_SPAN,
                        hint="write its condition with operators, or keep the pattern in code",
                        code="opaque",
                    )
                ],
            )
        case _:
            return _test(clause)


_Test: TypeAlias = (
    nodes.Compare | nodes.In | nodes.Matches | nodes.TextTest | nodes.Between | nodes.IsKind | nodes.InCidr
)


def _test(clause: _Test) -> Json:
    if isinstance(clause, nodes.Compare):
        return {"compare": clause.operator.value, "left": _value(clause.left), "right": _value(clause.right)}
    form: Object
    match clause:
        case nodes.In():
            form = {"in": _value(clause.item), "options": _value(clause.options)}
        case nodes.Matches():
            form = {"matches": _value(clause.value), "regex": _value(clause.regex)}
        case nodes.TextTest():
            form = {
                "text": clause.operator.value,
                "value": _value(clause.value),
                "operand": _value(clause.operand),
            }
        case nodes.Between():
            form = {"between": _value(clause.value), "low": _value(clause.low), "high": _value(clause.high)}
        case nodes.IsKind():
            form = {"is": clause.kind.value, "value": _value(clause.value)}
        case nodes.InCidr():
            form = {"cidr": _value(clause.network), "value": _value(clause.value)}
        case _:
            assert_never(clause)
    return {**form, "negated": True} if clause.negated else form


def _each(node: nodes.Quantified | nodes.Count) -> Object:
    return {"of" if node.spread else "in": _value(node.path), "where": _clause(node.condition)}


def _value(value: nodes.Value) -> Json:
    match value:
        case nodes.Path():
            root = {nodes.Root.BODY: "path", nodes.Root.ENVELOPE: "envelope", nodes.Root.VARIABLE: "element"}[
                value.root
            ]
            return {root: [_segment(segment) for segment in value.segments]}
        case nodes.Default():
            return {"default": _value(value.fallback), "path": _value(value.path)}
        case nodes.Call():
            return {"call": value.function, "arguments": [_value(argument) for argument in value.arguments]}
        case nodes.Count():
            return {"count": value.variable, **_each(value)}
        case nodes.ListLiteral():
            return [_value(item) for item in value.items]
        case nodes.Param():
            return {"param": value.name}
        case _:
            return _literal(value)


def _literal(
    value: nodes.Null
    | nodes.Boolean
    | nodes.Number
    | nodes.String
    | nodes.Regex
    | nodes.Date
    | nodes.Duration
    | nodes.Size,
) -> Json:
    match value:
        case nodes.Null():
            return None
        case nodes.Boolean():
            return value.value
        case nodes.Number():
            whole = isinstance(value.value, int) and abs(value.value) <= _EXACT
            return value.value if whole else {"number": literals.write_number(value.value)}
        case nodes.String():
            return {"string": value.value, "fold": True} if value.fold else value.value
        case nodes.Regex():
            return {"regex": value.pattern, "flags": value.flags} if value.flags else {"regex": value.pattern}
        case nodes.Date():
            return {"date": literals.write_date(value)[2:-1]}
        case nodes.Duration():
            return {"duration": literals.write_duration(value.value)}
        case nodes.Size():
            return {"size": literals.write_size(value)}
    assert_never(value)


def _segment(segment: nodes.Key | nodes.Index | nodes.Each | nodes.Deep) -> Json:
    match segment:
        case nodes.Key():
            return segment.name
        case nodes.Index():
            return segment.position
        case nodes.Each():
            return {"wildcard": "each"}
        case nodes.Deep():
            return {"wildcard": "deep"}
    assert_never(segment)
