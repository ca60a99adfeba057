"""From the parser's syntax tree to the match AST: one function per rule of the grammar.

Only what needs the text is decided here: the values of literals, and which paths start at a quantifier's variable (a
leading dot says otherwise, and the AST keeps no leading dot). Whether the result means anything is `wellformed`'s
question. The nesting of the text is capped before, so recursion is safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from megaql.errors import Diagnostic, QueryCheckError
from megaql.lang import foreign, limits, literals, nodes, tree
from megaql.lang.lalr import Token, Tree
from megaql.lang.vocabulary import KINDS
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable

Branch: TypeAlias = Tree
Part: TypeAlias = Branch | Token


class Builder:
    """Builds the clauses of one source. `scope` in its methods holds the variables that are visible."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def clause(self, part: Part, scope: frozenset[str] = frozenset()) -> nodes.Clause:
        """Build a clause from any rule that has a verdict."""
        branch = cast("Branch", part)
        return _CLAUSES[branch.data](self, branch, scope)

    def value(self, part: Part, scope: frozenset[str]) -> nodes.Value:
        """Build a value: a path, a literal, a parameter, a call, a default."""
        if isinstance(part, Token):
            return self.token(part)
        return _VALUES[part.data](self, part, scope)

    # Clauses

    def disjunction(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a or b or c`."""
        return tree.disjunction([self.clause(part, scope) for part in branch.children], span_of(branch))

    def conjunction(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a and b and c`."""
        return tree.conjunction([self.clause(part, scope) for part in branch.children], span_of(branch))

    def negation(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`not a`."""
        return nodes.Not(self.clause(branch.children[1], scope), span=span_of(branch))

    def bare(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """A value that stands alone."""
        return nodes.Truth(self.value(branch.children[0], scope), span=span_of(branch))

    def compare(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a == b`."""
        left, operator, right = branch.children
        return nodes.Compare(
            nodes.Comparison(operator), self.value(left, scope), self.value(right, scope), span=span_of(branch)
        )

    def membership(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a in b`, `a not in b`."""
        item, negation, options = branch.children
        return nodes.In(
            self.value(item, scope), self.value(options, scope), negated=bool(negation), span=span_of(branch)
        )

    def cidr(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a in cidr "10.0.0.0/8"`."""
        value, negation, network = branch.children
        return nodes.InCidr(
            self.value(value, scope),
            cast("nodes.String | nodes.Param", self.value(network, scope)),
            negated=bool(negation),
            span=span_of(branch),
        )

    def matches(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a ~ /x/`, `a !~ /x/`."""
        value, operator, regex = branch.children
        return nodes.Matches(
            self.value(value, scope),
            cast("nodes.Regex | nodes.Param", self.value(regex, scope)),
            negated=operator == "!~",
            span=span_of(branch),
        )

    def text_test(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a startswith b` and its kin."""
        value, negation, operator, operand = branch.children
        return nodes.TextTest(
            nodes.TextOperator(str(operator).lower()),
            self.value(value, scope),
            self.value(operand, scope),
            negated=bool(negation),
            span=span_of(branch),
        )

    def between(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a between 1 and 2`."""
        value, negation, low, high = branch.children
        return nodes.Between(
            self.value(value, scope),
            self.value(low, scope),
            self.value(high, scope),
            negated=bool(negation),
            span=span_of(branch),
        )

    def is_kind(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`a is null`, `a is not string`."""
        value, negation, kind = branch.children
        word = str(kind).lower()
        if word not in KINDS:
            value_text, place = self.text_of(value), span_of(kind)
            half = place.end == len(self.source.text) and any(name.startswith(word) for name in ("not", *KINDS))
            raise QueryCheckError(self.source, [foreign.unknown_kind(word, value_text, place)], incomplete=half)
        return nodes.IsKind(
            self.value(value, scope), nodes.KindName(word), negated=bool(negation), span=span_of(branch)
        )

    def presence(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`exists a`, `missing a`, `empty a`."""
        test, path = branch.children
        return nodes.PresenceTest(nodes.Presence(str(test).lower()), self.path(path, scope), span=span_of(branch))

    def quantified(self, branch: Branch, scope: frozenset[str]) -> nodes.Clause:
        """`any x in P: (…)`, `any x of P: (…)`."""
        quantifier, variable, *of, path, condition = branch.children
        return nodes.Quantified(
            nodes.Quantifier(str(quantifier).lower()),
            str(variable),
            self.path(path, scope),
            self.clause(condition, self.inner_scope(variable, scope)),
            spread=bool(of),
            span=span_of(branch),
        )

    # Values

    def default(self, branch: Branch, scope: frozenset[str]) -> nodes.Value:
        """`P ?? literal`."""
        path, fallback = branch.children
        return nodes.Default(
            self.path(path, scope),
            cast("nodes.Literal | nodes.Param", self.value(fallback, scope)),
            span=span_of(branch),
        )

    def call(self, branch: Branch, scope: frozenset[str]) -> nodes.Value:
        """`number(a)`."""
        name, *arguments = branch.children
        return nodes.Call(
            str(name).lower(),
            tuple(self.value(argument, scope) for argument in arguments),
            span=span_of(branch),
        )

    def count(self, branch: Branch, scope: frozenset[str]) -> nodes.Value:
        """`count(x in P: (…))`, `count(x of P: (…))`."""
        name, variable, *of, path, condition = branch.children
        if str(name).lower() != "count":
            raise self.error(
                span_of(name),
                "unknown-function",
                f"only count(x in P: (...)) goes through elements, not {name}()",
                "write count, or a quantifier: any, all, none, one",
            )
        return nodes.Count(
            str(variable),
            self.path(path, scope),
            self.clause(condition, self.inner_scope(variable, scope)),
            spread=bool(of),
            span=span_of(branch),
        )

    def parenthesised(self, branch: Branch, scope: frozenset[str]) -> nodes.Value:
        """`(a)`: a rule of its own, because a literal is one token, which could not say that parentheses stand around it."""
        return self.value(branch.children[0], scope)

    def list(self, branch: Branch, scope: frozenset[str]) -> nodes.Value:
        """`[1, "a"]`."""
        items = tuple(cast("nodes.Literal | nodes.Param", self.value(item, scope)) for item in branch.children)
        return nodes.ListLiteral(items, span=span_of(branch))

    def inner_scope(self, variable: Part, scope: frozenset[str]) -> frozenset[str]:
        """Return the scope inside a quantifier; its variable must be a new one."""
        if str(variable) in scope:
            raise self.error(
                span_of(variable),
                "shadowed-variable",
                f"the variable {variable} is already in use around this quantifier",
                "choose another name",
            )
        return scope | {str(variable)}

    # Paths

    def path(self, part: Part, scope: frozenset[str]) -> nodes.Path:
        """Build a path from its head and segments."""
        branch = cast("Branch", part)
        head = branch.children[0]
        root = nodes.Root.BODY
        if branch.data == "envelope_path":
            root = nodes.Root.ENVELOPE
        elif branch.data == "named_path" and head in scope:
            root = nodes.Root.VARIABLE
        elif branch.data == "named_path" and str(head).lower() in foreign.NULLS:
            raise self.error(
                span_of(head),
                "foreign-null",
                f"'{head}' is not a word of this language for null",
                "write null, or ask for absence with: missing a",
                hint=f"for a key of that name, write .{head}",
                incomplete=span_of(head).end == len(self.source.text),
            )
        return nodes.Path(tuple(map(self.segment, branch.children)), root, span=span_of(branch))

    def segment(self, part: Part) -> nodes.Key | nodes.Index | nodes.Each | nodes.Deep:
        """Build one segment of a path."""
        span = span_of(part)
        if isinstance(part, Token):
            if part.type == "DEEP":
                return nodes.Deep(span=span)
            if part.type == "STRING":
                return nodes.Key(self.key_text(part), span=span)
            return nodes.Key(part.removeprefix("@"), span=span)
        if part.data == "each":
            return nodes.Each(span=span)
        inner = cast("Token", part.children[0])
        if part.data == "quoted":
            return nodes.Key(self.key_text(inner), span=span)
        if not inner.lstrip("-").isdecimal():
            raise self.error(
                span_of(inner), "index", f"{inner} is not an index of an array", "write a whole number: [0], [-1]"
            )
        return nodes.Index(int(inner) if len(inner) < 20 else limits.INDEX + 1, span=span)

    def key_text(self, token: Token) -> str:
        """Return the name in quotes; keys are always compared exactly."""
        string = cast("nodes.String", self.token(token))
        if string.fold:
            raise self.error(
                span_of(token), "key-fold", "a key is compared exactly, so it has no i after it", "leave the i out"
            )
        return string.value

    # Literals

    def token(self, token: Token) -> nodes.Literal | nodes.Param:
        """Build a literal or a parameter from its one token."""
        span = span_of(token)
        if token.type in ("NUMBER", "SIZE", "DURATION"):
            limits.check_digits(self.source, str(token), span)
        try:
            return self._token(token, span)
        except literals.LiteralError as error:
            place = Span(span.start + error.offset, span.start + error.offset + error.length)
            raise self.error(place, error.code, error.message, error.label) from None

    def _token(self, token: Token, span: Span) -> nodes.Literal | nodes.Param:
        text = str(token)
        match token.type:
            case "STRING":
                string = literals.read_string(text)
                return nodes.String(string.value, string.fold, span=span)
            case "RAW":
                return nodes.String(literals.read_raw(text).value, span=span)
            case "NUMBER":
                return nodes.Number(literals.read_number(text), span=span)
            case "DURATION":
                return nodes.Duration(literals.read_duration(text), span=span)
            case "SIZE":
                size = literals.read_size(text)
                return nodes.Size(size.units, size.unit, span=span)
            case "DATE":
                date = literals.read_date(text)
                return nodes.Date(date.value, date.date_only, span=span)
            case "REGEX":
                regex = literals.read_regex(text)
                return nodes.Regex(regex.pattern, regex.flags, span=span)
            case "PARAM":
                return nodes.Param(text[1:], span=span)
            case "NULL":
                return nodes.Null(span=span)
            case _:
                return nodes.Boolean(token.type == "TRUE", span=span)

    def text_of(self, part: Part) -> str:
        """Return what was written for a part of the tree."""
        span = span_of(part)
        return self.source.text[span.start : span.end]

    def error(
        self, span: Span, code: str, message: str, label: str, *, hint: str = "", incomplete: bool = False
    ) -> QueryCheckError:
        """Return the error for one place."""
        return QueryCheckError(self.source, [Diagnostic(message, span, label, hint, code)], incomplete=incomplete)


def span_of(part: Part) -> Span:
    """Return the place of a token or of everything a rule covers, parentheses at its ends included."""
    return Span(part.start, part.end)


_CLAUSES: Final[dict[str, Callable[[Builder, Branch, frozenset[str]], nodes.Clause]]] = {
    "disjunction": Builder.disjunction,
    "conjunction": Builder.conjunction,
    "negation": Builder.negation,
    "bare": Builder.bare,
    "compare": Builder.compare,
    "membership": Builder.membership,
    "cidr": Builder.cidr,
    "matches": Builder.matches,
    "text_test": Builder.text_test,
    "between": Builder.between,
    "is_kind": Builder.is_kind,
    "presence": Builder.presence,
    "quantified": Builder.quantified,
}

_VALUES: Final[dict[str, Callable[[Builder, Branch, frozenset[str]], nodes.Value]]] = {
    "default": Builder.default,
    "call": Builder.call,
    "count": Builder.count,
    "list": Builder.list,
    "parenthesised": Builder.parenthesised,
    "named_path": Builder.path,
    "dotted_path": Builder.path,
    "envelope_path": Builder.path,
}
