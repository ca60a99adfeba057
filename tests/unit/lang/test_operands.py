"""Lists made ready for `in`: kept while they are few, made anew when they are many, the same either way."""

from decimal import Decimal

import megaql
from megaql.lang import operands
from megaql.lang.kinds import Folded, Kind


def listed(text):
    return megaql.compile(f"a in {text}").node.options


def test_items_are_sorted_by_how_they_are_looked_up():
    ready = operands.options(listed('[1, 1.0, "x", "X"i, true, null, d"2026-01-02", [1]]'))
    assert ready.scalars == {(Kind.NUMBER, Decimal(1)), (Kind.STRING, "x"), (Kind.BOOLEAN, True), (Kind.NULL, None)}
    assert ready.folded == {"x"}
    assert [type(other).__name__ for other in ready.others] == ["Moment", "list"]
    assert Folded("x") in list(ready.every())
    assert len(list(ready.every())) == 7


def test_a_list_is_made_ready_once():
    node = listed("[1, 2]")
    assert operands.options(node) is operands.options(node)


def test_lists_past_the_bound_are_made_anew_and_mean_the_same(monkeypatch):
    monkeypatch.setattr(operands, "READY_ITEMS", 4)
    nodes = [listed(f"[{number}, 7]") for number in range(20)]
    for node in [*nodes, *nodes]:
        assert (Kind.NUMBER, node.items[0].value) in operands.options(node).scalars
