"""The match AST: what a query means, as frozen, comparable, hashable values.

Every part of MegaQL that looks at a query looks at these classes. A maintainer keeps three rules. Spans stand outside
equality, so that a parsed query equals a built one. A negated operator (`!=`, `not in`, `!~`, `not between`) is its own
node form only in print: its meaning is always the Kleene negation of the positive one. And Python's own equalities
must not leak in: `1 == True` and `1 == 1.0` in Python, so every kind of literal has a class of its own.

The classes fall in two unions: `Clause` (has a verdict) and `Value` (has zero or more values in a record).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from megaql.source import NO_SPAN, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The base of all nodes: a place in the source, which equality ignores."""

    span: Span = field(default=NO_SPAN, compare=False, repr=False)


# Literals


@dataclass(frozen=True, slots=True)
class Null(Node):
    """`null`."""


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`true`, `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Number(Node):
    """`1`, `1_000`, `1.5e3`: an `int` where the text has no fraction and no exponent, else an exact `Decimal`."""

    value: int | Decimal


@dataclass(frozen=True, slots=True)
class String(Node):
    """`"x"`, `'x'`, `r"x"`; with `fold`, `"x"i`: compared by Unicode casefold."""

    value: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Regex(Node):
    r"""`/pattern/flags`: RE2 syntax as written, with `\/` for a slash; flags are a sorted subset of `ims`."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Date(Node):
    """`d"2026-01-02"` (`date_only`, midnight UTC) or `d"2026-01-02T03:04:05Z"`: an aware datetime."""

    value: datetime
    date_only: bool = False


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """`500ms`, `15m`, `2h30m`, `7d`; in milliseconds at the finest."""

    value: timedelta


@dataclass(frozen=True, slots=True)
class Size(Node):
    """`64KiB`, `1MB`: a number of bytes, kept with its unit; `units` of `unit` ("B", "KB", "KiB" …)."""

    units: int | Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[1, "a"]`: literals, and parameters until they are bound."""

    items: tuple[Literal | Param, ...]


@dataclass(frozen=True, slots=True)
class Param(Node):
    """`$name`: replaced by a literal when a query is compiled, so that only the parser's output holds any."""

    name: str


# Paths


class Root(Enum):
    """Where a path starts."""

    BODY = "body"
    ENVELOPE = "@"
    VARIABLE = "variable"


@dataclass(frozen=True, slots=True)
class Key(Node):
    """`.name` or `["any text"]`: an object's member; on an array, that member of each element."""

    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`[0]`, `[-1]`: one element of an array."""

    position: int


@dataclass(frozen=True, slots=True)
class Each(Node):
    """`[*]`: each element of an array."""


@dataclass(frozen=True, slots=True)
class Deep(Node):
    """`.**`: the value itself and everything in it, at any depth, within a budget."""


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A way into a record.

    For `Root.ENVELOPE` the first segment is the field (`@id` is `Path((Key("id"),), Root.ENVELOPE)`). For
    `Root.VARIABLE` the first segment is the quantifier variable's name.
    """

    segments: tuple[Key | Index | Each | Deep, ...]
    root: Root = Root.BODY


# Other values


@dataclass(frozen=True, slots=True)
class Default(Node):
    """`P ?? literal`: the literal where the path is missing. A present null stays null."""

    path: Path
    fallback: Literal | Param


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`number(P)`, `age(P)` …: the function's name in lower case and its arguments."""

    function: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Count(Node):
    """`count(x in P: (…))`: how many elements satisfy the condition; `spread` as in `Quantified`."""

    variable: str
    path: Path
    condition: Clause
    spread: bool = False


# Clauses


@dataclass(frozen=True, slots=True)
class Or(Node):
    """`a or b or c`: two or more items, none of them an `Or`."""

    items: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class And(Node):
    """`a and b and c`: two or more items, none of them an `And`."""

    items: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not a`."""

    item: Clause


class Comparison(Enum):
    """The comparison operators, as they are written."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="

    @property
    def mirrored(self) -> Comparison:
        """The operator that says the same of the two sides exchanged."""
        return _MIRRORED.get(self, self)


_MIRRORED = {
    Comparison.LT: Comparison.GT,
    Comparison.LE: Comparison.GE,
    Comparison.GT: Comparison.LT,
    Comparison.GE: Comparison.LE,
}


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`left op right`."""

    operator: Comparison
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class In(Node):
    """`item in options`: options are a list literal, a path to an array, or a parameter."""

    item: Value
    options: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Matches(Node):
    """`value ~ /regex/`, `!~` when negated: an unanchored search."""

    value: Value
    regex: Regex | Param
    negated: bool = False


class TextOperator(Enum):
    """The string tests, as they are written."""

    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"
    LIKE = "like"


@dataclass(frozen=True, slots=True)
class TextTest(Node):
    """`value startswith operand` and its kin; for `like` the operand is a glob and always a literal."""

    operator: TextOperator
    value: Value
    operand: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`value between low and high`, both ends included."""

    value: Value
    low: Value
    high: Value
    negated: bool = False


class KindName(Enum):
    """The kinds that `is` can ask for."""

    NULL = "null"
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    NAN = "nan"


@dataclass(frozen=True, slots=True)
class IsKind(Node):
    """`value is kind`, `value is not kind`."""

    value: Value
    kind: KindName
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InCidr(Node):
    """`value in cidr "10.0.0.0/8"`: an IPv4 or IPv6 network as written."""

    value: Value
    network: String | Param
    negated: bool = False


class Presence(Enum):
    """The prefix tests, as they are written."""

    EXISTS = "exists"
    MISSING = "missing"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class PresenceTest(Node):
    """`exists P`, `missing P`, `empty P`."""

    test: Presence
    path: Path


class Quantifier(Enum):
    """The quantifiers, as they are written."""

    ANY = "any"
    ALL = "all"
    NONE = "none"
    ONE = "one"


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`any x in P: (…)`: the condition on each element of an array, through the variable.

    With `spread` it is `any x of P: (…)`: on each value that an operator would look at, which is what is in an array at any depth of
    arrays, and by itself a value that is no array.
    """

    quantifier: Quantifier
    variable: str
    path: Path
    condition: Clause
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Truth(Node):
    """A value that stands alone as a clause: it must be a boolean. `active`, `true`, `(active ?? false)`."""

    value: Value


@dataclass(frozen=True, slots=True)
class Opaque(Node):
    """A Python callable as a clause on a path's values: explained by its name, never printed as text that parses, stored or converted."""

    name: str
    function: Callable[[object], bool]
    path: Path


Literal = Null | Boolean | Number | String | Regex | Date | Duration | Size | ListLiteral
Value = Literal | Param | Path | Default | Call | Count
Clause = (
    Or
    | And
    | Not
    | Compare
    | In
    | Matches
    | TextTest
    | Between
    | IsKind
    | InCidr
    | PresenceTest
    | Quantified
    | Truth
    | Opaque
)
