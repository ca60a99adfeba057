from random import Random

import pytest

from megaql.lang.nodes import Regex
from megaql.router import patterns
from megaql.router.patterns import Patterns


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(patterns, "LARGEST", 16)


def regex(number):
    return Regex(f"^{number}[a-z]+$")


def found(table, text):
    return sorted(table.found_in(text))


def test_those_are_found_that_match_and_are_still_there():
    table = Patterns()
    for number in range(50):
        table.add(regex(number), number)
    table.add(Regex("x"), 50)
    assert found(table, "7x") == [7, 50]
    table.remove(regex(7))
    assert found(table, "7x") == [50]
    assert table.get(regex(7)) is None
    table.add(regex(7), 51)
    assert found(table, "7x") == [50, 51]


def test_groups_are_few_and_of_bounded_size():
    table = Patterns()
    for number in range(100):
        table.add(regex(number), number)
    sizes = [len(group.regexes) for group in table._groups]
    assert sum(sizes) == 100
    assert len(sizes) <= 100 / 16 + 5
    assert max(sizes) <= 32


def test_what_is_removed_leaves_nothing_behind():
    table = Patterns()
    for number in range(50):
        table.add(regex(number), number)
    assert found(table, "3x") == [3]
    for number in range(50):
        assert table
        table.remove(regex(number))
        assert sum(len(group.regexes) for group in table._groups) <= 2 * (49 - number)
    assert not table
    assert table._groups == ()


@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_and_goes(seed):
    random, table, there = Random(seed), Patterns(), {}
    for _ in range(400):
        number = random.randrange(40)
        if number in there:
            table.remove(regex(number))
            del there[number]
        else:
            there[number] = f"bucket {random.random()}"
            table.add(regex(number), there[number])
        asked = random.randrange(40)
        assert found(table, f"{asked}x") == ([there[asked]] if asked in there else [])
