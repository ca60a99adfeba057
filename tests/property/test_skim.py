"""Bodies decoded in part say what bodies decoded whole say, of all that was asked for."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.codec import formats, protocol, skim
from megaql.codec.decode import decode
from tests.property.bodies import ATTRIBUTES, NAMES, Bodies

names = st.sampled_from(NAMES)
near_mega = st.sampled_from([
    *[("event",), ("object",), ("event", "name"), ("object", "current", "a"), ("object", "current"), ("extra", "a")],
    *[("event", "q"), ("event", "attributes", "q"), ("event", "attributes"), ("event", "version"), ("version",)],
    *[("object", "version"), ("event", "version", "a")],
])  # fmt: skip
path_sets = st.lists(st.lists(names, min_size=1, max_size=4).map(tuple) | near_mega, max_size=6) | st.just([()])
chance = st.integers(0, 2**32).map(Random)

ABSENT = object()


def reached(value, path):
    """Return what names lead to; arrays stay as they are, since a query may ask for a position in them."""
    if not path:
        return value
    if isinstance(value, dict):
        return reached(value[path[0]], path[1:]) if path[0] in value else ABSENT
    if isinstance(value, list):
        return [reached(element, path) for element in value]
    return ABSENT


def exact(value):
    """Return a value such that `==` tells apart whatever a query could."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(element) for element in value]
    return (type(value), value.as_tuple() if isinstance(value, Decimal) else value)


@given(chance, st.sampled_from([0, 0, 0.1]), path_sets, st.booleans(), st.none() | st.sampled_from(ATTRIBUTES))
def test_a_part_is_what_the_whole_says(random, broken, paths, mega, attributes):
    body = Bodies(random, broken).body()
    found = skim.Skimmer(paths, mega=mega).read(body, attributes)
    whole = decode(body, attributes)
    if found is None:
        return
    if whole.payload.kind == "text":
        # All that goes unseen; where it is read, it is seen.
        assert "exponent is out of all bounds" in whole.reason or "nested deeper than 200 levels" in whole.reason
        assert paths != [()]
        return
    assert whole.format == "json"
    assert found.envelopes == whole.envelopes
    if mega:
        assert (found.kind, found.reason) == (whole.payload.kind, whole.payload.reason if not found.mega else "")
    for path in paths:
        if mega or not skim.depends_on_mega(path):
            assert exact(reached(found.document, path)) == exact(reached(whole.payload.document, path)), path


@given(chance)
def test_a_path_that_does_not_depend_on_mega_leads_to_the_same(random):
    document = decode(Bodies(random).event(), ATTRIBUTES[2]).payload.document
    if not protocol.is_mega(document) or protocol.violation(document):
        return
    canonical = protocol.canonical(document)
    paths = [(), *((first,) for first in NAMES)]
    paths += [(first, second) for first in ("event", "object") for second in [*NAMES, *protocol.EVENT_FIELDS]]
    for path in paths:
        if not skim.depends_on_mega(path):
            assert exact(reached(document, path)) == exact(reached(canonical, path)), path


@pytest.mark.parametrize(
    "path", [("event", "name"), ("event", "timestamp"), ("object", "id"), ("object", "current", "a"), ("a",)]
)
def test_plain_paths_do_not_depend_on_mega(path):
    assert not skim.depends_on_mega(path)


@pytest.mark.parametrize(("levels", "read"), [(198, True), (199, False), (900, False), (100_000, False)])
def test_nesting_is_bounded_in_what_is_read(levels, read):
    body = '{"a":{"b":' + "[" * levels + "]" * levels + "}}"
    found = skim.Skimmer([("a", "b")], mega=False).read(body)
    assert (found is not None) is (decode(body).payload.kind == "data") is read


def test_nesting_that_nobody_reads_is_not_seen_until_it_is_beyond_the_stack():
    skimmer = skim.Skimmer([("a",)], mega=False)
    assert skimmer.read('{"a":1,"b":' + "[" * 300 + "]" * 300 + "}").document == {"a": 1}
    assert skimmer.read('{"a":1,"b":' + "[" * 100_000 + "]" * 100_000 + "}") is None


@given(chance, st.sampled_from([0, 0, 0.1]))
def test_the_fast_reader_of_json_reads_what_the_plain_one_does(random, broken):
    text = Bodies(random, broken).body().removeprefix("\ufeff")
    try:
        fast = formats._fast_decode()(text)
    except (ValueError, RecursionError):
        return  # it is then read by the plain one
    assert exact(fast) == exact(formats._plain_json(text))
