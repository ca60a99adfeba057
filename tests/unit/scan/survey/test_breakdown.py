"""Counts by value: exact or not claimed."""

from collections import Counter

import pytest

from megaql.lang.parser import parse
from megaql.lang.record import Record
from megaql.scan.survey import breakdown as module
from megaql.scan.survey.breakdown import Breakdown
from megaql.scan.survey.timeline import Timeline


def breakdown(values, path="a", matched=lambda _: True):
    made = Breakdown(parse(f"exists {path}").path, Timeline())
    for value in values:
        body = {} if value is None else {"a": value}
        made.add(Record(body), matched=matched(value))
    return made


def counts(made, top=10):
    return [(row.term.label, row.tally.count, row.tally.matched) for row in made.rows(top)]


def test_the_most_frequent_come_first_and_missing_ones_last():
    made = breakdown(["x", None, None, None, "y", "y"], matched=lambda value: value == "y")
    assert counts(made) == [("y", 2, 2), ("x", 1, 0), ("(missing)", 3, 0)]
    assert (made.distinct, made.others) == (2, 0)


def test_what_top_leaves_out_is_counted():
    made = breakdown([*"aaabbc", None])
    assert counts(made, 1) == [("a", 3, 3), ("(missing)", 1, 1)]
    rest = made.rest(1)
    assert (rest.values, rest.count, rest.matched, rest.exact) == (2, 3, 3, True)


def test_a_message_counts_once_for_each_of_its_values():
    made = breakdown([["x", "x", "y"], ["x"]])
    assert counts(made) == [("x", 2, 2), ("y", 1, 1)]
    assert (made.messages, made.several) == (2, 1)


def test_past_the_bound_counts_stay_exact_and_the_others_are_one(monkeypatch):
    monkeypatch.setattr(module, "MAX_TERMS", 3)
    values = [str(number) for number in [1, 2, 3, 4, 5, 1, 4, 2, 1]]
    made = breakdown([*values, None, ["1", "8", "9"]])
    exact = Counter(values)
    exact["1"] += 1
    assert {label.strip('"'): count for label, count, _ in counts(made) if label != "(missing)"} == {
        value: exact[value] for value in "123"
    }
    assert counts(made)[-1] == ("(missing)", 1, 1)
    assert made.others == 4  # "4" twice, "5" once, and the message with two further values once
    assert made.rest(10).count == 4
    assert made.rest(10).exact is False


def test_values_that_stopped_being_told_apart_take_no_memory():
    made = breakdown(str(number) for number in range(5 * module.MAX_TERMS))
    assert len(made._tallies) == module.MAX_TERMS
    assert made.others == 4 * module.MAX_TERMS
    assert len(made.timeline._series) <= module.MAX_TERMS + 2


@pytest.mark.parametrize("judged", [True, False])
def test_json_says_what_matches_only_where_somebody_asked(judged):
    shown = breakdown(["x"]).to_dict(10, judged=judged)
    assert ("matched" in shown["values"][0]) is judged
    assert ("matched" in shown["rest"]) is judged
