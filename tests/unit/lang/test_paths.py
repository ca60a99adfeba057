"""Where values are found, in which order, and what a place is called."""

import pytest

import megaql
from megaql.lang import paths
from megaql.lang.budget import DEEP_VISITS, Budget, OutOfBudget
from megaql.lang.paths import Found
from megaql.lang.reasons import DEEP_BUDGET
from megaql.lang.record import MISSING, Record

DOCUMENT = {
    "a": {"b": 1, "weird key": 2, "": 3},
    "list": [{"x": 1}, [{"x": 2}, 5], {}],
    "matrix": [[1, 2], [], [3]],
    "nothing": [],
    "event": {"name": "n", "attributes": {"q": 7, "name": "inner"}},
}


def found(text, record=None):
    path = megaql.compile(f"exists {text}").node.path
    record = Record(DOCUMENT, {"attributes": {"tenant": "acme"}}) if record is None else record
    return [(paths.location(one.where), one.value) for one in paths.resolve(path, record, {}, Budget())]


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("a.b", [("$.a.b", 1)]),
        ('a["weird key"]', [('$.a["weird key"]', 2)]),
        ('a[""]', [('$.a[""]', 3)]),
        ("a.z", [("$.a.z", MISSING)]),
        ("z.y.x", [("$.z", MISSING)]),
        ("a.b.c", [("$.a.b.c", MISSING)]),
        ("list.x", [("$.list[0].x", 1), ("$.list[1][0].x", 2), ("$.list[1][1].x", MISSING), ("$.list[2].x", MISSING)]),
        ("list[0].x", [("$.list[0].x", 1)]),
        ("list[-1].x", [("$.list[2].x", MISSING)]),
        ("list[9]", [("$.list[9]", MISSING)]),
        ("a[0]", [("$.a[0]", MISSING)]),
        ("matrix[*]", [("$.matrix[0]", [1, 2]), ("$.matrix[1]", []), ("$.matrix[2]", [3])]),
        ("matrix[*][*]", [("$.matrix[0][0]", 1), ("$.matrix[0][1]", 2), ("$.matrix[2][0]", 3)]),
        ("matrix[*][0]", [("$.matrix[0][0]", 1), ("$.matrix[1][0]", MISSING), ("$.matrix[2][0]", 3)]),
        ("a[*]", [("$.a[*]", MISSING)]),
        ("nothing.x", []),
        ("nothing[*]", []),
        ("list.**.x", [("$.list[0].x", 1), ("$.list[1][0].x", 2)]),
        ("matrix.**.x[0]", [("$.matrix.**.x[0]", MISSING)]),
        ("z.**.x", [("$.z.**.x", MISSING)]),
        ("@attributes.tenant", [("@attributes.tenant", "acme")]),
        ("@id", [("@id", MISSING)]),
    ],
)
def test_resolve(path, places):
    assert found(path) == places


def test_everything_at_any_depth_comes_in_document_order():
    document = {"a": {"b": [1, {"c": 2}], "d": 3}}
    assert [place for place, _ in found("a.**", Record(document))] == [
        "$.a",
        "$.a.b",
        "$.a.b[0]",
        "$.a.b[1]",
        "$.a.b[1].c",
        "$.a.d",
    ]


@pytest.mark.parametrize(
    ("path", "mega", "place"),
    [
        ("event.q", True, "$.event.attributes.q"),
        ("event.q", False, "$.event.q"),
        ("event.name", True, "$.event.name"),
        ("event.attributes.name", True, "$.event.attributes.name"),
        ("a.q", True, "$.a.q"),
    ],
)
def test_an_unlisted_field_of_an_event_is_its_attribute(path, mega, place):
    assert [where for where, _ in found(path, Record(DOCUMENT, mega=mega))] == [place]


def test_text_has_no_paths():
    assert found("a.b", Record(MISSING)) == [("$", MISSING)]


def test_a_deep_search_says_where_it_stopped():
    values = found("a.**", Record({"a": list(range(DEEP_VISITS + 5))}))
    assert len(values) == DEEP_VISITS + 1
    assert values[-1] == (f"$.a[{DEEP_VISITS - 1}]", DEEP_BUDGET)


def test_every_element_costs_a_step():
    path = megaql.compile("exists a.b").node.path
    with pytest.raises(OutOfBudget):
        paths.resolve(path, Record({"a": [{}] * 100}), {}, Budget(50))


def test_a_deep_place_is_shortened():
    where = paths.BODY
    for number in range(100):
        where = (where, number)
    assert paths.location(where) == "$" + "".join(f"[{n}]" for n in range(12)) + " … " + "".join(f"[{n}]" for n in range(88, 100))  # fmt: skip


def test_a_literal_has_no_place():
    assert paths.location(Found(1).where) == ""
