"""Queries that policies can be made of, and messages aimed at them: few names and values, so that they meet.

With `arrays=False` the messages keep the promise of that name: `a` and `b` are plain values, `o` is an object, and an array stands only
under `list`, which only quantifiers ask for.
"""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from megaql.lang import nodes as n
from megaql.lang import tree

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
SCALAR_NAMES = ["a", "b"]
OBJECT_NAMES = ["o"]

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
            if isinstance(value, n.Path) and draw(one_of([False, False, True])):
                return n.In(draw(literals()), value, negated)
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


def literals_in(clause):
    """The plain values that a clause names, as JSON has them."""
    found = []
    for node in tree.walk(clause):
        match node:
            case n.String(value) | n.Number(value) | n.Boolean(value):
                found.append(value)
            case n.Null():
                found.append(None)
    return found


def document(random, clause, *, arrays):
    """A message that is no less likely to match a clause than not."""
    named = literals_in(clause)
    near = [*named, *(value + 1 for value in named if isinstance(value, int) and value < 10**9)]
    near += [text for value in named if isinstance(value, str) for text in (value.upper(), f"x{value}", f"{value}y")]
    scalars = [*(near * (40 // (len(near) + 1))), *random.sample(SCALARS, 12)]
    make = _Any(random, scalars) if arrays else _Flat(random, scalars)
    return make.event() if random.random() < 0.3 else make.body()


class _Any:
    """Messages with arrays and objects anywhere."""

    def __init__(self, random, scalars):
        self.random, self.scalars = random, scalars

    def scalar(self):
        return self.random.choice(self.scalars)

    def value(self, name, depth):
        chance = self.random.random()
        if depth and chance < 0.25:
            return [self.value(name, depth - 1) for _ in range(self.random.choice([0, 1, 2, 2, 3]))]
        is_object = name in {*OBJECT_NAMES, "event", "attributes", "object", "detail"}
        if depth and (chance < 0.9 if is_object else chance < 0.35):
            return self.members(depth - 1)
        return self.scalar()

    def members(self, depth):
        return {
            name: self.value(name, depth) for name in [*SCALAR_NAMES, *OBJECT_NAMES, "name", "version"] if self.maybe()
        }

    def maybe(self):
        return self.random.random() < 0.7

    def body(self):
        found = self.members(3)
        if self.maybe():
            found["detail"] = self.members(2)
        if self.maybe():
            found["event"] = self.value("event", 3)
            if isinstance(found["event"], dict) and self.maybe():
                found["event"]["attributes"] = self.value("attributes", 2)
        if self.maybe():
            found["object"] = self.value("object", 2)
        return found

    def event(self):
        """An event of the protocol, each attribute in one of the two forms, or in both."""
        attributes = {key: value for key, value in self.members(2).items() if key not in {"name", "version"}}
        form = {key: self.random.choice(["flat", "nested", "both"]) for key in attributes}
        event = {key: value for key, value in attributes.items() if form[key] != "nested"}
        if nested := {key: value for key, value in attributes.items() if form[key] != "flat"}:
            event["attributes"] = nested
        event |= {"name": "x", "timestamp": "2026-01-02T00:00:00Z"}
        if self.maybe():
            event["version"] = self.random.choice([1, 2])
        whole = {"protocol": "mega", "version": 1, "event": event}
        if self.maybe():
            whole["object"] = {"version": 1} if self.maybe() else {"current": self.members(1)}
        return whole


class _Flat(_Any):
    """Messages that keep the promise of `arrays=False`."""

    def value(self, name, depth):  # noqa: ARG002 - objects of objects would be compared
        if name in SCALAR_NAMES or name in {"name", "version"}:
            return self.scalar()
        return self.members(0)

    def members(self, depth):
        names = [*SCALAR_NAMES, "name", "version", *(OBJECT_NAMES if depth else ())]
        return {name: self.value(name, depth) for name in names if self.maybe()}

    def body(self):
        found = super().body()
        if self.maybe():
            found["list"] = [self.members(1) for _ in range(self.random.choice([0, 1, 2, 3]))]
        return found
