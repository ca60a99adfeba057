"""Well-formed match trees for property tests: `clauses()` makes any, over few names so that they meet in documents.

Names, strings and numbers are nasty on purpose: keywords, quotes, surrogate-free Unicode, Decimals with exponents. Parameters
and Python callables are left out, since neither can be evaluated from text.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from megaql.lang import nodes
from megaql.lang.nodes import (
    And,
    Between,
    Boolean,
    Call,
    Compare,
    Comparison,
    Count,
    Date,
    Deep,
    Default,
    Duration,
    Each,
    In,
    InCidr,
    Index,
    IsKind,
    Key,
    KindName,
    ListLiteral,
    Matches,
    Not,
    Null,
    Number,
    Or,
    Path,
    Presence,
    PresenceTest,
    Quantified,
    Quantifier,
    Regex,
    Root,
    Size,
    String,
    TextOperator,
    TextTest,
    Truth,
)
from megaql.lang.record import ENVELOPE_FIELDS

#: Keys that documents should have, so that generated queries find something.
PLAIN_NAMES = ("a", "b", "event", "items", "x", "y")

NAMES = st.one_of(
    st.sampled_from(PLAIN_NAMES),
    st.sampled_from(
        ("in", "NOT", "any", "nil", "count", "detail-type", "weird key", "a.b", "", "日本", "é", '"', "\\", "i")
    ),
    st.text(max_size=4),
)
VARIABLES = ("x", "y", "item", "i", "event")
REGEXES = ("", "a", "^x.*y$", "a/b", r"\\", r"\d+\.\d", r"[/\"']", "é|日", "(?i:a)b", r"\x41", "[^a-z]{2,3}")
GLOBS = ("*", "a*", "?b", r"\*", "order-*", "", "é?")
NETWORKS = ("10.0.0.0/8", "192.168.1.1", "::1/128", "0.0.0.0/0")

TEXTS = st.one_of(st.sampled_from(("a", "x", "", "2026-01-02", "1", "É", 'say "hi"\n')), st.text(max_size=6))
STRINGS = st.builds(String, TEXTS, st.booleans())
DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9),
    st.builds(
        lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
        st.integers(0, 1),
        st.lists(st.integers(0, 9), min_size=1, max_size=30).map(tuple),
        st.integers(-300, 300),
    ),
)
NUMBERS = st.builds(Number, st.one_of(st.integers(-3, 3), st.integers(), st.integers(2**53 - 2, 2**53 + 2), DECIMALS))
DATES = st.one_of(
    st.builds(Date, st.datetimes(timezones=st.just(UTC))),
    st.builds(lambda day: Date(datetime(day.year, day.month, day.day, tzinfo=UTC), date_only=True), st.dates()),
)
DURATIONS = st.builds(lambda amount: Duration(timedelta(milliseconds=amount)), st.integers(-(10**12), 10**12))
SIZES = st.builds(
    Size,
    st.one_of(st.integers(0, 10**6), st.decimals(0, 1000, places=2)),
    st.sampled_from(("B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB")),
)
SCALARS = st.one_of(st.just(Null()), st.builds(Boolean, st.booleans()), NUMBERS, STRINGS, DATES, DURATIONS, SIZES)
LISTS = st.recursive(
    st.lists(SCALARS, max_size=4).map(lambda items: ListLiteral(tuple(items))),
    lambda inner: st.lists(st.one_of(SCALARS, inner), max_size=3).map(lambda items: ListLiteral(tuple(items))),
    max_leaves=3,
)
LITERALS = st.one_of(SCALARS, LISTS)

_SEGMENTS = st.one_of(
    NAMES.map(Key), st.integers(-2, 2).map(Index), st.just(Each()), st.just(Deep()), NAMES.map(Key), NAMES.map(Key)
)


@st.composite
def paths(draw, scope=frozenset()):
    """Paths of every root; those of variables only where `scope` has some."""
    rest = tuple(draw(st.lists(_SEGMENTS, max_size=3)))
    root = draw(st.sampled_from([Root.BODY, Root.BODY, Root.ENVELOPE] + [Root.VARIABLE] * 2 * bool(scope)))
    if root is Root.ENVELOPE:
        return Path((Key(draw(st.sampled_from(ENVELOPE_FIELDS))), *rest), root)
    if root is Root.VARIABLE:
        return Path((Key(draw(st.sampled_from(sorted(scope)))), *rest), root)
    return Path((draw(_SEGMENTS), *rest))


@st.composite
def values(draw, scope=frozenset(), depth=2):
    """Anything that can stand beside a comparison."""
    kind = draw(st.sampled_from(("path", "path", "path", "literal", "literal", "default", "call", "count")))
    if kind == "literal":
        return draw(LITERALS)
    if kind == "default":
        return Default(draw(paths(scope)), draw(LITERALS))
    if kind == "call":
        return draw(calls(scope, depth))
    if kind == "count" and depth > 0 and len(scope) < 3:
        variable = draw(st.sampled_from([name for name in VARIABLES if name not in scope]))
        return Count(variable, draw(paths(scope)), draw(_clauses(scope | {variable}, depth - 1)), draw(st.booleans()))
    return draw(paths(scope))


@st.composite
def calls(draw, scope=frozenset(), depth=2):
    """Calls of every function but `count`."""
    name = draw(
        st.sampled_from(
            ("number", "lower", "upper", "length", "size", "date", "epoch", "epoch_ms", "age", "ago", "now")
        )
    )
    if name == "now":
        return Call(name, ())
    if name == "ago":
        return Call(name, (draw(DURATIONS),))
    argument = draw(values(scope, depth - 1)) if depth > 0 else draw(paths(scope))
    return Call(name, (draw(paths(scope)) if isinstance(argument, Duration) else argument,))


@st.composite
def plain_clauses(draw, scope, depth):
    """Clauses without other clauses around them."""
    value = values(scope, depth)
    negated = draw(st.booleans())
    match draw(st.integers(0, 8)):
        case 0 | 1:
            return Compare(draw(st.sampled_from(Comparison)), draw(value), draw(value))
        case 2:
            options = st.one_of(LISTS, paths(scope), st.builds(Default, paths(scope), LISTS))
            return In(draw(value), draw(options), negated)
        case 3:
            return Matches(
                draw(value),
                Regex(draw(st.sampled_from(REGEXES)), draw(st.sampled_from(("", "i", "m", "ims")))),
                negated,
            )
        case 4:
            operator = draw(st.sampled_from(TextOperator))
            if operator is TextOperator.LIKE:
                operand = String(draw(st.sampled_from(GLOBS)), draw(st.booleans()))
            else:
                operand = draw(st.one_of(STRINGS, paths(scope)))
            return TextTest(operator, draw(value), operand, negated)
        case 5:
            return Between(draw(value), draw(value), draw(value), negated)
        case 6:
            return IsKind(draw(value), draw(st.sampled_from(KindName)), negated)
        case 7:
            return InCidr(draw(value), String(draw(st.sampled_from(NETWORKS))), negated)
        case _:
            if negated:
                return PresenceTest(draw(st.sampled_from(Presence)), draw(paths(scope)))
            bare = st.one_of(
                paths(scope), st.builds(Boolean, st.booleans()), st.builds(Default, paths(scope), LITERALS)
            )
            return Truth(draw(bare))


@st.composite
def _clauses(draw, scope, depth):
    kind = draw(st.sampled_from(("test", "test", "and", "or", "not", "quantified"))) if depth > 0 else "test"
    if kind == "not":
        return Not(draw(_clauses(scope, depth - 1)))
    if kind in ("and", "or"):
        joined = And if kind == "and" else Or
        items = draw(st.lists(_clauses(scope, depth - 1), min_size=2, max_size=3))
        return joined(tuple(Not(item) if isinstance(item, joined) else item for item in items))
    if kind == "quantified" and len(scope) < 3:
        variable = draw(st.sampled_from([name for name in VARIABLES if name not in scope]))
        condition = draw(_clauses(scope | {variable}, depth - 1))
        return Quantified(
            draw(st.sampled_from(Quantifier)), variable, draw(paths(scope)), condition, draw(st.booleans())
        )
    return draw(plain_clauses(scope, depth))


def clauses(depth: int = 3) -> st.SearchStrategy[nodes.Clause]:
    """Return the strategy of all well-formed clauses, `depth` levels of `and`, `or`, `not` and quantifiers deep."""
    return _clauses(frozenset(), depth)
