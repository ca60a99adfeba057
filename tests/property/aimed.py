"""Queries over few paths and constants, and records made of the same ones and of their neighbours, so that they meet often."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from megaql.lang.record import MISSING, Record

#: The time at which all of it is evaluated.
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)

PATHS = (
    *("a", "a", "a", "b", "a.b", "a.b.c", "a[0]", "a[-1]", "a[*]", "a[*].b", "a[0].b", "**.b"),
    *("event.x", "event.attributes.x", "event.name", "event", "**", "@kind", "@attributes.t", "@body"),
)
CONSTANTS = (
    *("1", "2", "1.5", '"x"', '"xy"', '"X"i', '""', "true", "null", 'd"2026-01-02"', 'd"2026-01-02T03:00:00Z"'),
    *("[]", "[1]", "[1, 2]", "[[1]]", '"2026-01-02"', '"10.0.0.1"', "5m"),
)
FUNCTIONS = ("number", "lower", "upper", "length", "size", "date", "epoch", "age")
ORDERS = ("==", "!=", "<", "<=", ">", ">=")
PARTS = ("startswith", "endswith", "contains", "like", "not startswith")
TEXTS = ('"x"', '"X"i', '"xy"', '""', '"2026"')
REGEXES = ("/x/", "/^x/i", "/^2026/", "/^[0-9]+$/")
KINDS = ("null", "string", "number", "boolean", "array", "object", "nan")


@st.composite
def _paths(draw, variables):
    if variables and draw(st.booleans()):
        return draw(st.sampled_from(variables)) + draw(
            st.sampled_from(("", "", ".b", ".c", "[0]", ".x", ".attributes.x"))
        )
    return draw(st.sampled_from(PATHS))


@st.composite
def _values(draw, variables):
    path = draw(_paths(variables))
    form = draw(st.integers(0, 9))
    if form == 0:
        return f"({path} ?? {draw(st.sampled_from(CONSTANTS))})"
    return f"{draw(st.sampled_from(FUNCTIONS))}({path})" if form == 1 else path


@st.composite
def _tests(draw, variables):
    value, constant = draw(_values(variables)), draw(st.sampled_from(CONSTANTS))
    match draw(st.integers(0, 11)):
        case 0 | 1 | 2 | 3:
            return f"{value} {draw(st.sampled_from(ORDERS))} {constant}"
        case 4:
            items = draw(st.lists(st.sampled_from(CONSTANTS), min_size=1, max_size=3))
            return f"{value} {draw(st.sampled_from(('in', 'not in')))} [{', '.join(items)}]"
        case 5:
            return f"{value} {draw(st.sampled_from(PARTS))} {draw(st.sampled_from(TEXTS))}"
        case 6:
            return f"{value} {draw(st.sampled_from(('~', '!~')))} {draw(st.sampled_from(REGEXES))}"
        case 7:
            return f"{value} is {draw(st.sampled_from(('', 'not ')))}{draw(st.sampled_from(KINDS))}"
        case 8:
            return f"{draw(st.sampled_from(('exists', 'missing', 'empty')))} {draw(_paths(variables))}"
        case 9:
            return f"{value} between {constant} and {draw(st.sampled_from(CONSTANTS))}"
        case 10:
            return f"{constant} in {draw(_paths(variables))}"
        case _:
            return f'{value} in cidr "10.0.0.0/{draw(st.sampled_from((8, 31, 32)))}"'


@st.composite
def queries(draw, depth=2, variables=()):
    """Texts of queries. Some do not compile, because an operand cannot be what its operator needs."""
    form = draw(st.integers(0, 9)) if depth else 0
    if form < 5:
        return draw(_tests(variables))
    inner = queries(depth - 1, variables)
    if form == 5:
        return f"not ({draw(inner)})"
    if form < 8:
        return f"({draw(inner)} {draw(st.sampled_from(('and', 'or')))} {draw(inner)})"
    if len(variables) == 2:
        return draw(_tests(variables))
    variable = "pq"[len(variables)]
    condition = draw(queries(depth - 1, (*variables, variable)))
    each = f"{variable} {draw(st.sampled_from(('in', 'of')))} {draw(_paths(variables))}: ({condition})"
    if draw(st.integers(0, 5)) == 0:
        return f"count({each}) {draw(st.sampled_from(ORDERS))} {draw(st.integers(0, 2))}"
    return f"{draw(st.sampled_from(('any', 'all', 'none', 'one')))} {each}"


SCALARS = (
    *(0, 1, 2, 3, 1.5, 1.25, -1, 100, float("nan"), True, False, None),
    *("", "x", "xy", "X", "xa", "y", "1", "03", "2026-01-02", "2026-01-02T03:00:00Z", "2026-01-03", "2025"),
    *("10.0.0.1", "10.0.0.2", "11.0.0.1", datetime(2026, 1, 2, 3, tzinfo=UTC), timedelta(minutes=5), b"", b"x", 1j),
)


def _value(random, depth):
    form = random.random()
    if depth == 0 or form < 0.5:
        return random.choice(SCALARS)
    if form < 0.75:
        return [_value(random, depth - 1) for _ in range(random.choice((0, 1, 1, 2, 2, 3)))]
    return {name: _value(random, depth - 1) for name in random.sample("abc", random.randint(0, 2))}


def _body(random):
    body = {name: _value(random, 3) for name in "ab" if random.random() < 0.8}
    if random.random() < 0.4:
        event = {"name": "x", random.choice(("x", "attributes", "more")): _value(random, 2)}
        body["event"] = random.choice((event, event, {"name": "x", "attributes": {"x": _value(random, 2)}}, []))
    return body


def record(number):
    """Return the record of a number; most are objects, some arrays of them, some no document."""
    random = Random(number)
    body = _body(random)
    body = random.choice((*[body] * 16, [body, _body(random)], [body], [], MISSING))
    # The body of a MEGA event in canonical form has its attributes in one place.
    event = body.get("event") if isinstance(body, dict) else None
    mega = isinstance(event, dict) and "x" not in event and random.random() < 0.5
    envelope = {"kind": random.choice(("mega", "data", "text", "blob"))} if random.random() < 0.8 else {}
    if random.random() < 0.4:
        envelope["attributes"] = {"t": random.choice(SCALARS)}
    if random.random() < 0.3:
        envelope["body"] = random.choice(("", "x", "xy", "2026-01-02"))
    return Record(body, envelope, mega=mega)


#: Records that any query is shown to.
POOL = tuple(map(record, range(400)))


def holds_array(value):
    """Say whether there is an array anywhere in a value."""
    if isinstance(value, dict):
        return any(map(holds_array, value.values()))
    return isinstance(value, list)
