"""Any clause that evaluation may meet, built as nodes: every operator on every kind of operand, sensible or not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from megaql.lang import nodes as n
from tests.property.documents import NAMES

VARIABLES = ["x", "y", "z"]


def one_of(*choices):
    return st.sampled_from(choices)


literals = one_of(
    n.Null(),
    n.Boolean(True),
    n.Boolean(False),
    n.Number(0),
    n.Number(1),
    n.Number(-2),
    n.Number(Decimal("0.1")),
    n.Number(2**53),
    n.String(""),
    n.String("x"),
    n.String("X", fold=True),
    n.String("5"),
    n.String("\ud800"),
    n.Date(datetime(2026, 1, 2, tzinfo=UTC), date_only=True),
    n.Date(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    n.Date(datetime.max.replace(tzinfo=UTC)),
    n.Date(datetime.min.replace(tzinfo=UTC), date_only=True),
    n.Duration(timedelta(minutes=15)),
    n.Duration(timedelta.max),
    n.Size(64, "KiB"),
    n.Size(Decimal("1.5"), "MB"),
)

lists = st.recursive(
    st.lists(literals, max_size=4).map(lambda items: n.ListLiteral(tuple(items))),
    lambda inner: st.lists(literals | inner, max_size=3).map(lambda items: n.ListLiteral(tuple(items))),
    max_leaves=6,
)

any_literal = literals | lists

segments = (
    st.builds(n.Key, st.sampled_from([*NAMES, "", "weird key"]))
    | st.builds(n.Index, st.integers(-3, 3))
    | st.just(n.Each())
    | st.just(n.Deep())
)

paths = (
    st.builds(lambda first, rest: n.Path((n.Key(first), *rest)), st.sampled_from(NAMES), st.lists(segments, max_size=3))
    | st.builds(
        lambda first, rest: n.Path((n.Key(first), *rest), n.Root.ENVELOPE),
        one_of("id", "kind", "sent_at", "size", "attributes", "body"),
        st.lists(segments, max_size=1),
    )
    # Outside its quantifier a variable stands for nothing, which is a missing path.
    | st.builds(
        lambda first, rest: n.Path((n.Key(first), *rest), n.Root.VARIABLE),
        st.sampled_from(VARIABLES),
        st.lists(segments, max_size=2),
    )
)

functions = one_of("number", "lower", "upper", "length", "size", "date", "epoch", "epoch_ms", "age", "ago")


def calls(inner):
    return st.builds(lambda name, argument: n.Call(name, (argument,)), functions, inner)


plain_values = st.recursive(
    paths | any_literal | st.builds(n.Default, paths, any_literal) | st.just(n.Call("now", ())), calls, max_leaves=3
)

regexes = st.builds(n.Regex, one_of("x", "^x$", "(?i)a+", "", "[^x]", "\\d"), one_of("", "i", "ms"))


def tests(values):
    """Every clause without clauses in it."""
    return (
        st.builds(n.Compare, st.sampled_from(n.Comparison), values, values)
        | st.builds(n.In, values, lists | values, st.booleans())
        | st.builds(n.Matches, values, regexes, st.booleans())
        | st.builds(n.TextTest, st.sampled_from(n.TextOperator), values, values, st.booleans())
        | st.builds(n.Between, values, values, values, st.booleans())
        | st.builds(n.IsKind, values, st.sampled_from(n.KindName), st.booleans())
        | st.builds(n.InCidr, values, one_of(n.String("10.0.0.0/8"), n.String("::/0")), st.booleans())
        | st.builds(n.PresenceTest, st.sampled_from(n.Presence), paths)
        | st.builds(n.Truth, values)
        | st.builds(n.Opaque, st.just("len"), st.just(len), paths)
    )


def compound(inner):
    two_or_more = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        st.builds(n.And, two_or_more)
        | st.builds(n.Or, two_or_more)
        | st.builds(n.Not, inner)
        | st.builds(
            n.Quantified, st.sampled_from(n.Quantifier), st.sampled_from(VARIABLES), paths, inner, st.booleans()
        )
        | st.builds(
            lambda operator, variable, path, condition, value: n.Compare(
                operator, n.Count(variable, path, condition), value
            ),
            st.sampled_from(n.Comparison),
            st.sampled_from(VARIABLES),
            paths,
            inner,
            plain_values,
        )
    )


clauses = st.recursive(tests(plain_values), compound, max_leaves=5)
