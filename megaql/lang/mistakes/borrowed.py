"""Syntax borrowed from other languages: SQL, MongoDB, EventBridge, jq, JMESPath, JSONPath, JavaScript, templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang import literals
from megaql.lang.mistakes.failure import COMPARISONS, Failure, replace
from megaql.lang.tokens import TokenKind
from megaql.lang.vocabulary import FUNCTIONS
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

#: MongoDB's operators: ours, `{}` standing for what follows.
_MONGO: Final = {
    "$eq": "==",
    "$ne": "!=",
    "$gt": ">",
    "$gte": ">=",
    "$lt": "<",
    "$lte": "<=",
    "$in": "in",
    "$nin": "not in",
    "$regex": "~",
    "$and": "and",
    "$or": "or",
    "$not": "not",
    "$exists": "exists",
    "$elemMatch": "any x in path: (...)",
    "$all": "all x in path: (...)",
    "$size": "length(path) ==",
}

#: Methods of other languages: what to write, `{0}` standing for the path and `{1}` for the argument.
_METHODS: Final = {
    "startswith": "{0} startswith {1}",
    "hasprefix": "{0} startswith {1}",
    "endswith": "{0} endswith {1}",
    "hassuffix": "{0} endswith {1}",
    "contains": "{0} contains {1}",
    "includes": "{0} contains {1}",
    "include": "{0} contains {1}",
    "has": "exists {0}[{1}]",
    "get": "{0}[{1}]",
    "equals": "{0} == {1}",
    "equalsignorecase": "{0} == {1}i",
    "matches": "{0} ~ /.../",
    "match": "{0} ~ /.../",
    "test": "{0} ~ /.../",
    "lower": "lower({0})",
    "tolowercase": "lower({0})",
    "upper": "upper({0})",
    "touppercase": "upper({0})",
    "length": "length({0})",
    "size": "length({0})",
    "len": "length({0})",
    "count": "length({0})",
    "isempty": "empty {0}",
    "exists": "exists {0}",
    "between": "{0} between ... and ...",
    "any": "any x in {0}: (...)",
    "existsone": "one x in {0}: (...)",
    "some": "any x in {0}: (...)",
    "every": "all x in {0}: (...)",
    "all": "all x in {0}: (...)",
}

#: Methods that take a variable and a condition, as CEL's macros do, and the quantifier that is meant.
_MACROS: Final = {"exists": "any", "any": "any", "some": "any", "existsone": "one", "all": "all", "every": "all"}

#: Words that open or continue statements elsewhere.
_CLAUSE_WORDS: Final = frozenset({"order", "group", "limit", "having", "offset", "sort"})


def empty_query(failure: Failure) -> Diagnostic | None:
    """Nothing but spaces and comments."""
    if len(failure.tokens) > 1:
        return None
    return Diagnostic(
        "the query is empty",
        Span(0, 0),
        'write a condition: event.name == "user.updated"',
        "the query true matches every message",
        "empty",
    )


def statement(failure: Failure) -> Diagnostic | None:
    """`select * from … where …`, `where …`, `filter …`."""
    first = failure.tokens[0]
    if first.kind is not TokenKind.WORD or failure.index not in (1, 2):
        return None
    if (
        first.word in ("where", "filter", "when", "if", "for")
        and failure.index == 1
        and failure.token.text not in COMPARISONS
    ):
        place = Span(first.start, failure.token.start)
        return Diagnostic(
            f"a query is only the condition, without '{first.text}'", place, "leave it out", code="statement", fix=""
        )
    if first.word not in ("select", "delete", "update", "find", "from"):
        return None
    where = next((token for token in failure.tokens if token.word == "where"), None)
    rest = failure.source.text[where.end :].strip() if where else ""
    label = f"write only what follows 'where': {rest[:60]}" if rest else 'write only a condition: event.name == "x"'
    return Diagnostic("a query is a condition, not a statement", first.span, label, code="statement")


def comment(failure: Failure) -> Diagnostic | None:
    """`-- note`, `// note`, `/* note */`."""
    token, after = failure.token, failure.after
    dashes = token.text == "-" == after.text and after.start == token.end
    if not (dashes or token.text.startswith(("//", "/*"))) or failure.wants_literal:
        return None
    fix = None if token.text.startswith("/*") else "#"
    return Diagnostic(
        "a comment begins with # and ends with its line",
        Span(token.start, token.start + 2),
        "write # before the comment",
        code="comment",
        fix=fix,
    )


def trailing_clause(failure: Failure) -> Diagnostic | None:
    """`… order by x`, `… limit 10`, `…;`."""
    token = failure.token
    if token.text == ";" and not failure.open_brackets():
        return Diagnostic("a query does not end with ';'", token.span, "leave it out", code="semicolon", fix="")
    if (failure.wants_joint or failure.wants_operator) and token.word in _CLAUSE_WORDS:
        return Diagnostic(
            f"a query only says which messages match, so it has no '{token.text}'",
            Span(token.start, failure.tokens[-1].end),
            "leave it out; sorting and limits are options of the command",
            code="statement",
        )
    return None


def mongo(failure: Failure) -> Diagnostic | None:
    """`a $gt 5`, `$gt: 5`, `{"a": {"$gt": 5}}`."""
    token = failure.token
    meant = _MONGO.get(token.text)
    if token.kind is TokenKind.PARAM and meant and (failure.wants_operator or failure.wants_joint):
        return replace(token.span, f"'{token.text}' is an operator of MongoDB", meant, "mongo")
    if failure.before.text in _MONGO and failure.before.kind is TokenKind.PARAM:
        label = f"write {_MONGO[failure.before.text]} between a path and a value"
        return Diagnostic(
            f"'{failure.before.text}' is an operator of MongoDB", failure.before.span, label, code="mongo"
        )
    return None


def json_object(failure: Failure) -> Diagnostic | None:
    """A filter or pattern written as a JSON object."""
    if failure.token.text != "{" or failure.before.word == "in" or "COLON" in failure.expected:
        return None
    if failure.after.text == "{":
        span = Span(failure.token.start, failure.after.end)
        return Diagnostic("templates are not filled in here", span, "write a parameter: $name", code="placeholder")
    if failure.before.text in COMPARISONS:
        label = "compare its members, each with its own path: a.b == 1"
        return Diagnostic("there is no literal for an object", failure.token.span, label, code="object")
    mongo_words = [token for token in failure.tokens if token.text.strip("\"'") in _MONGO]
    name = "a MongoDB filter" if mongo_words else "a pattern in JSON"
    example = 'path == "x" and other > 5' if mongo_words else 'event.name in ["a", "b"]'
    return Diagnostic(
        f"a query is text, not an object; this looks like {name}", failure.token.span, f"write {example}", code="object"
    )


def placeholders(failure: Failure) -> Diagnostic | None:
    """`?`, `:name`, `%s`, `$1` in the place of a parameter."""
    token, after = failure.token, failure.after
    if not (failure.wants_value or failure.wants_literal):
        return None
    if token.text == "?":
        return Diagnostic("parameters have names", token.span, "write $name", code="placeholder")
    if token.text == ":" and after.kind is TokenKind.WORD and after.start == token.end:
        span = Span(token.start, after.end)
        return replace(span, "parameters begin with a dollar sign", f"${after.text}", "placeholder")
    if token.text == "%" and after.start == token.end:
        return Diagnostic(
            "values are not pasted into a query", token.span, "write a parameter: $name", code="placeholder"
        )
    if token.text == "$" and after.text == ".":
        fix = "a path starts at the body already, so it has no $"
        return Diagnostic(fix, Span(token.start, after.end), "leave it out", code="json-path", fix="")
    if token.text == "$" and after.text == "{" and failure.at(2).kind is TokenKind.WORD:
        span = Span(token.start, failure.at(3).end if failure.at(3).text == "}" else failure.at(2).end)
        return replace(span, "parameters have no braces", f"${failure.at(2).text}", "placeholder")
    if token.text == "$":
        label = "write $ and a name: $tenant"
        if after.kind is TokenKind.NUMBER and after.start == token.end:
            label = f"write {after.text} for the number, or a name: $tenant"
        return Diagnostic("the parameter has no name", token.span, label, code="placeholder")
    if token.text == "@":
        label = "write one, such as @id or @attributes.tenant"
        hint = "an element of an array gets a name: any x in items: (x.price > 5)" if after.text == "." else ""
        return Diagnostic("'@' begins the name of an envelope field", token.span, label, hint, "envelope")
    return None


def parameter_with_keys(failure: Failure) -> Diagnostic | None:
    """`$event.name`: a path, or a parameter taken for an object."""
    parameter = failure.before
    if parameter.kind is not TokenKind.PARAM or failure.token.text not in (".", "[") or not failure.glued:
        return None
    message = "a parameter has no keys, and a path has no $ before it"
    return replace(parameter.span, message, parameter.text.removeprefix("$"), "json-path")


def method(failure: Failure) -> Diagnostic | None:
    """`a.startsWith("x")`."""
    name = failure.before
    if (
        "COLON" in failure.expected
        or failure.token.text != "("
        or name.kind is not TokenKind.WORD
        or failure.at(-2).text != "."
    ):
        return None
    path = failure.operand_before(-2)
    if path is None:
        return None
    closing = failure.operand_after(-1)
    argument = failure.slice(closing)[1:-1].strip() if closing and failure.slice(closing).startswith("(") else ""
    method_name = name.word.replace("_", "")
    form = _METHODS.get(method_name)
    macro = re.fullmatch(r"(\w+)\s*(?:,|=>|->)\s*(.+)", argument, re.DOTALL)
    if method_name in _MACROS and macro:
        form = f"{_MACROS[method_name]} {macro[1]} in {{0}}: ({{1}})"
        argument = macro[2]
    if not form or ("{1}" in form and not argument):
        return Diagnostic(
            f"values have no methods such as .{name.text}()",
            Span(failure.at(-2).start, failure.token.end),
            "use an operator, or a function around the path: lower(path)",
            code="method",
        )
    if form.endswith("{1}i") and not argument.endswith(("'", '"')):
        form = "lower({0}) == lower({1})"
    meant = form.format(failure.slice(path), argument)
    whole = Span(path.start, closing.end if closing else failure.token.end)
    fix = None if "..." in meant else meant
    return Diagnostic("values have no methods", whole, f"write {meant}", code="method", fix=fix)


def pipe(failure: Failure) -> Diagnostic | None:
    """`.a | select(.b == 1)`, and a single `|` or `&`."""
    token = failure.token
    if token.text not in ("|", "&"):
        return None
    if failure.after.word in (
        "where",
        "filter",
        "project",
        "select",
        "map",
        "keys",
        "test",
        "any",
        "all",
        "contains",
        "startswith",
    ):
        return Diagnostic(
            "a query has no pipes", token.span, "write the condition itself: a.b == 1 and a.c > 2", code="pipe"
        )
    path = failure.operand_before()
    if failure.after.word in FUNCTIONS and path:
        fix = f"{failure.after.word}({failure.slice(path)})"
        return replace(Span(path.start, failure.after.end), "a query has no pipes", fix, "pipe")
    fix = "or" if token.text == "|" else "and"
    return replace(token.span, f"'{token.text}' is not an operator here; did you mean '{fix}'?", fix, "single-sign")


def brackets_of_paths(failure: Failure) -> Diagnostic | None:
    """`a[?b == 1]`, `a[]`, `a[name]`, `a[1:2]`, where only an index, a quoted key or `*` can stand."""
    opening = next(iter(failure.open_brackets()[-1:]), None)
    at_end = failure.token.kind is TokenKind.END
    if at_end or opening is None or opening.text != "[" or "STAR" not in failure.expected | _bracket_rest(failure):
        return None
    token = failure.token
    if token.text == "]":
        return replace(Span(opening.start, token.end), "an index is missing; [*] means each element", "[*]", "index")
    if token.kind is TokenKind.WORD and failure.after.text == "]":
        fix = literals.write_string(token.text)
        return replace(token.span, "a key in brackets needs quotes", fix, "index")
    if token.text == ":":
        return Diagnostic("a path has no slices", token.span, "write one index, or [*] for each element", code="index")
    if token.kind is TokenKind.PARAM:
        return Diagnostic("a parameter cannot be part of a path", token.span, "write the key itself", code="index")
    array = failure.operand_before(failure.tokens.index(opening) - failure.index)
    name = failure.slice(array) if array else "path"
    return Diagnostic(
        "a condition on elements does not go in brackets",
        Span(opening.start, token.end),
        f"write any x in {name}: (x.key == ...)",
        code="element-filter",
    )


def _bracket_rest(failure: Failure) -> frozenset[str]:
    """Return what could stand after the bracket of a path, where the failing token is the second one in it."""
    inside = failure.at(-2).text == "[" and failure.expected == {"RSQB"} and failure.at(-3).end == failure.at(-2).start
    return frozenset({"STAR"}) if inside else frozenset()


def string_prefixes(failure: Failure) -> Diagnostic | None:
    """`b"x"`, `f"x"`, `date"2026-01-01"`, `"x"I`."""
    token, before = failure.token, failure.before
    if not failure.glued:
        return None
    if token.kind is TokenKind.STRING and before.kind is TokenKind.WORD:
        if before.word in ("date", "datetime", "timestamp", "t", "dt", "d"):
            fix = f"d{token.text}"
            return replace(Span(before.start, token.end), "a date is a string with d before it", fix, "string-prefix")
        fix = f"r{token.text}" if before.word == "r" else token.text
        place = Span(before.start, token.end)
        return replace(place, f"'{before.text}' is not a prefix of a string; only r and d are", fix, "string-prefix")
    if token.kind is TokenKind.WORD and before.kind is TokenKind.STRING and token.word in ("i", "ci", "g", "s", "m"):
        return replace(token.span, "only a lower-case i may follow a string; it ignores case", "i", "string-suffix")
    return None


RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    empty_query,
    statement,
    comment,
    trailing_clause,
    mongo,
    json_object,
    placeholders,
    parameter_with_keys,
    method,
    pipe,
    brackets_of_paths,
    string_prefixes,
)
