"""Queries that policies can be made of, and messages aimed at them: few names and values, so that they meet.

With `arrays=False` the messages keep the promise of that name: `a`, `b` and `c` are plain values, `o` and `p` objects, and an array stands only
under `list`, which only quantifiers ask for.
"""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from megaql.lang import nodes as n

TEXTS = [
    *("", "x", "X", "xy", "ab", "abc", "user", "USER", "u\u017fer", "k", "\u212a", "\u00df", "ss", "5", "a*b", "a\\b"),
    *(
        "2026-01-02",
        "2026-01-03T00:30:00+02:00",
        "2025-12-31T12:00:00Z",
        "10.0.0.1",
        "::ffff:10.1.2.3",
        "::1",
        "0.1.2.3",
    ),
]
NUMBERS = [0, 1, 2, 5, -1, Decimal("0.5"), Decimal("2.25"), 10**9, 4_000_000_000]
SCALARS = [None, True, False, *NUMBERS, *TEXTS]
SCALAR_NAMES = ["a", "b", "c"]
OBJECT_NAMES = ["o", "p"]

one_of = st.sampled_from


def literals():
    return (
        one_of(TEXTS).map(n.String)
        | one_of(TEXTS).map(lambda text: n.String(text, fold=True))
        | one_of([*NUMBERS, 10**12, Decimal("1.00000001")]).map(n.Number)
        | one_of([n.Null(), n.Boolean(True), n.Boolean(False), n.Size(1, "B")])
        | st.just(n.Date(datetime(2026, 1, 2, tzinfo=UTC), date_only=True))
    )


lists = st.lists(literals(), max_size=3).map(lambda items: n.ListLiteral(tuple(items)))
globs = one_of(["*", "x*", "*b", "a*c", "a?c", "*b*", r"a\*b", "", "abc", "a*b*c"])
regexes = st.builds(
    n.Regex,
    one_of(["^x", "x$", "^abc$", "b", "^a.*", "^(?:a|b)", "^ab?", "^a+", "a|b", "", "^$", "^\\d"]),
    one_of(["", "i", "m"]),
)


@st.composite
def paths(draw, *, arrays, variables, scalar=True):
    """A way to a value, or with `scalar` false to an object."""
    if variables and draw(st.booleans()):
        start, root = [n.Key(draw(one_of(sorted(variables))))], n.Root.VARIABLE
    else:
        start, root = [], n.Root.BODY
    names = draw(st.lists(one_of(OBJECT_NAMES), max_size=1))
    if root is n.Root.BODY and draw(st.booleans()):
        special = [["detail"], ["event"], ["event", "attributes"], ["object"]]
        start = [n.Key(name) for name in draw(one_of(special))]
    rest = [n.Key(name) for name in names]
    if scalar:
        last = draw(one_of([*SCALAR_NAMES, "name", "version"] if start else SCALAR_NAMES))
        rest.append(n.Key(last))
    if arrays:
        rest = [step for key in rest for step in (key, *draw(one_of([[], [], [], [n.Index(0)], [n.Each()]])))]
    segments = (*start, *rest)
    return n.Path(segments or (n.Key("o"),), root)


@st.composite
def clauses(draw, *, arrays=True, variables=frozenset(), depth=3):
    kind = draw(one_of(["test", "test", "and", "or", "not", "any", "fact"])) if depth else "test"
    inner = {"arrays": arrays, "variables": variables, "depth": depth - 1}
    match kind:
        case "and" | "or":
            joined = n.And if kind == "and" else n.Or
            items = draw(st.lists(clauses(**inner), min_size=2, max_size=3))
            return joined(tuple(n.Not(item) if isinstance(item, joined) else item for item in items))
        case "not":
            return n.Not(draw(clauses(**inner)))
        case "any" if len(variables) < 2:
            variable = draw(one_of(sorted({"v", "w"} - variables)))
            path = draw(paths(arrays=arrays, variables=variables, scalar=False)) if arrays else n.Path((n.Key("list"),))
            return n.Quantified(
                draw(one_of([*n.Quantifier, n.Quantifier.ANY, n.Quantifier.ANY])),
                variable,
                path,
                draw(clauses(arrays=arrays, variables=variables | {variable}, depth=depth - 1)),
                spread=draw(st.booleans()),
            )
        case "fact":
            path = draw(paths(arrays=False, variables=variables, scalar=draw(st.booleans())))
            fact = n.IsKind(path, draw(one_of(n.KindName)), draw(st.booleans()))
            mega = n.Compare(n.Comparison.EQ, n.Path((n.Key("kind"),), n.Root.ENVELOPE), n.String("mega"))
            return n.And((draw(one_of([fact, fact, mega])), *_flat(draw(clauses(**inner)))))
    return draw(tests(arrays=arrays, variables=variables))


def _flat(clause):
    return clause.items if isinstance(clause, n.And) else (clause,)


@st.composite
def tests(draw, *, arrays, variables):
    value = draw(paths(arrays=arrays, variables=variables))
    kind = draw(st.integers(0, 10))
    if kind < 9 and draw(one_of([False, False, False, True])):
        value = draw(
            st.builds(n.Default, st.just(value), literals())
            | st.builds(lambda name: n.Call(name, (value,)), one_of(["lower", "upper", "number", "length"]))
        )
    negated = draw(st.booleans())
    match kind:
        case 0 | 1 | 2:
            return n.Compare(draw(one_of(n.Comparison)), value, draw(literals()))
        case 3:
            return n.In(value, draw(lists), negated)
        case 4:
            return n.Matches(value, draw(regexes), negated)
        case 5 | 6:
            operator = draw(one_of(n.TextOperator))
            operand = globs if operator is n.TextOperator.LIKE else one_of(TEXTS)
            return n.TextTest(operator, value, n.String(draw(operand), draw(st.booleans())), negated)
        case 7:
            return n.Between(value, draw(literals()), draw(literals()), negated)
        case 8:
            return n.InCidr(value, n.String(draw(one_of(["10.0.0.0/8", "10.0.0.1/32", "::/0", "::1"]))), negated)
        case 9:
            return n.Truth(value)
        case _:
            return n.PresenceTest(draw(one_of(n.Presence)), value)


# Messages

scalars = one_of(SCALARS)
_names = one_of([*SCALAR_NAMES, *OBJECT_NAMES, "event", "attributes", "name", "version", "detail", "object", "list"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3), max_leaves=10
)
_objects = st.dictionaries(_names, values, max_size=4)


def _events(attributes):
    """Events of the protocol, their attributes in either form."""
    return st.builds(
        lambda flat, nested, version, described: {
            "protocol": "mega",
            "version": 1,
            "event": {
                **{key: value for key, value in flat.items() if key not in nested and key not in _LISTED},
                "name": "x",
                "timestamp": "2026-01-02T00:00:00Z",
                **({"attributes": nested} if nested else {}),
                **({"version": version} if version else {}),
            },
            **({"object": {"current": described}} if described else {}),
        },
        attributes,
        attributes,
        one_of([None, 1, 2]),
        attributes,
    )


_LISTED = {"name", "timestamp", "version", "domain", "subject", "publisher", "attributes"}

documents = (
    st.dictionaries(_names.filter(lambda name: name != "detail"), values, max_size=5)
    | st.builds(lambda detail, rest: {**rest, "detail": detail}, _objects, _objects)
    | _events(_objects)
)

_plain = st.fixed_dictionaries({}, optional=dict.fromkeys([*SCALAR_NAMES, "name", "version"], scalars))
_nested = st.builds(
    lambda plain, inner: {**plain, **inner},
    _plain,
    st.fixed_dictionaries({}, optional=dict.fromkeys(OBJECT_NAMES, _plain)),
)
#: Messages that keep the promise of `arrays=False`.
flat_documents = st.builds(
    lambda plain, inner, listed: {**plain, **inner, **({"list": listed} if listed is not None else {})},
    _nested,
    st.fixed_dictionaries(
        {},
        optional={
            "detail": _nested,
            "object": _nested,
            "event": st.builds(lambda own, attributes: {**own, "attributes": attributes}, _nested, _nested),
        },
    ),
    st.none() | st.lists(_nested, max_size=3),
) | _events(_nested)
