"""Event patterns as EventBridge takes them, and events aimed at one: near it on both sides, with arrays where a pattern has none.

The names and values are few, so that patterns and events meet.
"""

from hypothesis import strategies as st

NAMES = ["a", "b", "c", "d"]

LETTERS = ["", "x", "X", "xy", "5", "k", "\u212a", "i", "I", "İ", "\u0131", "ß", "SS", "ss", "sté", "STÉ"]
OTHERS = ["a*b", "aXb", "a\\b", "10.0.0.1", "10.9.9.9", "2001:db8::1", "2001:DB8:0::1", "2026-01-02"]
texts = st.sampled_from([*LETTERS, *OTHERS])
numbers = st.sampled_from([0, 1, 1.0, 2, 5, -3, 0.1, 2.5, 1e20, 2**53])
scalars = texts | numbers | st.sampled_from([True, False, None])

folded = st.sampled_from(["x", "k", "ß", "İ", "\u0131", "i", "STé", "ff", "s", "Äk"])
wildcards = st.sampled_from(["a*b", "*", "a\\*b", "a\\\\b", "x*y*", "?", "a.b"])


def matcher(name, operands):
    return operands.map(lambda operand: {name: operand})


def one_or_more(values):
    return values | st.lists(values, min_size=1, max_size=3)


excluded = st.one_of(
    one_or_more(texts),
    one_or_more(numbers),
    *(matcher(name, one_or_more(texts.filter(bool))) for name in ("prefix", "suffix")),
    matcher("equals-ignore-case", one_or_more(folded)),
    matcher("wildcard", one_or_more(wildcards)),
)

conditions = st.one_of(
    scalars,
    scalars,
    matcher("exactly", texts),
    *(matcher(name, texts | matcher("equals-ignore-case", folded)) for name in ("prefix", "suffix")),
    matcher("equals-ignore-case", folded),
    matcher("wildcard", wildcards),
    matcher("numeric", st.sampled_from([[">", 0], ["<=", 2], ["=", 1.0], [">=", 0, "<", 5], [">=", 0, "<=", 5]])),
    matcher("cidr", st.sampled_from(["10.0.0.0/8", "2001:db8::/32"])),
    matcher("exists", st.booleans()),
    matcher("exists", st.just(value=False)),
    matcher("anything-but", excluded),
)


def fields(rules, *, most=3):
    return st.dictionaries(st.sampled_from(NAMES), rules, min_size=1, max_size=most)


def with_alternatives(objects):
    """Objects with `$or` anywhere among their names."""
    return st.tuples(objects, st.lists(objects, min_size=2, max_size=2), st.integers(0, 3)).map(
        lambda parts: dict(
            [*list(parts[0].items())[: parts[2]], ("$or", parts[1]), *list(parts[0].items())[parts[2] :]]
        )
    )


def nested(leaves):
    """Patterns of such leaves: two levels or three, alternatives anywhere."""
    objects = fields(leaves, most=2)
    rules = leaves | objects | with_alternatives(objects)
    return fields(rules, most=2) | with_alternatives(fields(rules, most=2)) | fields(fields(rules, most=2), most=1)


patterns = nested(st.lists(conditions, min_size=1, max_size=2))

#: Patterns about which leaf stands where, and little about what it is.
shapes = nested(
    st.sampled_from(
        [
            [1],
            [2],
            [{"exists": False}],
            [{"exists": False}],
            [1, {"exists": False}],
            [{"exists": True}],
            [{"anything-but": 1}],
        ]
    )
)


def _text_near(name, text):
    text = text if isinstance(text, str) else text["equals-ignore-case"]
    spelled = st.sampled_from([text, text.lower(), text.upper(), text.swapcase()])
    match name:
        case "prefix":
            return spelled.map(lambda found: found + "q")
        case "suffix":
            return spelled.map(lambda found: "q" + found)
        case "wildcard":
            return st.sampled_from([text.replace("*", ""), text.replace("*", "zz"), text.replace("\\", "")])
    return spelled


def _near(condition):
    """Values for which a condition may hold, or nearly."""
    if not isinstance(condition, dict):
        return st.just(condition)
    ((name, operand),) = condition.items()
    match name:
        case "numeric":
            return st.sampled_from([operand[1] - 1, operand[1], operand[1] + 1, operand[1] + 0.5])
        case "cidr":
            return st.sampled_from(["10.1.2.3", "2001:db8::5", "::ffff:a01:203", operand])
        case "exists":
            return scalars
        case "anything-but":
            inner = operand if isinstance(operand, dict) else {"exactly": operand}
            ((name, operand),) = inner.items()
            values = operand if isinstance(operand, list) else [operand]
            return scalars | st.one_of(
                _text_near(name, value) if isinstance(value, str) else st.just(value) for value in values
            )
    return _text_near(name, operand)


def _values(rule, *, arrays):
    plain = st.one_of([scalars, *map(_near, rule), *map(_near, rule)])
    objects = st.sampled_from([{}, {"a": 1}, {"q": "x"}])
    if not arrays:
        return plain | plain | objects
    elements = plain | objects | st.just([]) | st.lists(plain, max_size=2)
    return plain | plain | objects | st.lists(elements, max_size=3)


@st.composite
def _objects(draw, pattern, *, arrays):
    found = {}
    for name, rule in pattern.items():
        if name == "$or":
            for alternative in rule:
                if draw(st.booleans()):
                    found.update(draw(_objects(alternative, arrays=arrays)))
        elif draw(st.integers(0, 9)) > (5 if rule == [{"exists": False}] else 0):
            found[name] = draw(_values(rule, arrays=arrays) if isinstance(rule, list) else _places(rule, arrays=arrays))
    return found


def _places(pattern, *, arrays):
    objects = _objects(pattern, arrays=arrays)
    if not arrays:
        return objects
    inner = st.lists(objects | objects | scalars, max_size=2)
    return objects | objects | st.lists(objects | objects | inner, max_size=3)


def events(pattern, *, arrays=True):
    """Events aimed at a pattern; without `arrays`, such that have none."""
    return _objects(pattern, arrays=arrays)
