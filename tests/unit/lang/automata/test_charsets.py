"""Sets of code points and the classes they split all code points into."""

import pytest

from megaql.lang.automata.charsets import EVERYTHING, LAST, NONE, CharSet, Split, all_chars


def test_ranges_that_touch_or_overlap_become_one():
    assert CharSet.of([(5, 9), (0, 1), (2, 2), (7, 12), (20, 20)]).ranges == ((0, 2), (5, 12), (20, 20))


def test_a_set_knows_its_members():
    chars = CharSet.of([(2, 4), (8, 8)])
    assert [code for code in range(12) if code in chars] == [2, 3, 4, 8]


@pytest.mark.parametrize(
    ("chars", "rest"),
    [
        (NONE, EVERYTHING),
        (CharSet(((0, 4),)), CharSet(((5, LAST),))),
        (CharSet(((3, 4), (9, LAST))), CharSet(((0, 2), (5, 8)))),
    ],
)
def test_the_complement_is_all_the_rest(chars, rest):
    assert ~chars == rest
    assert ~rest == chars


def test_sets_are_joined_cut_and_taken_away():
    one, other = CharSet(((1, 5),)), CharSet(((4, 8),))
    assert (one | other, one & other, one - other) == (
        CharSet(((1, 8),)),
        CharSet(((4, 5),)),
        CharSet(((1, 3),)),
    )


def test_a_split_has_one_class_for_each_combination_of_sets():
    split = Split.by([CharSet.chars("abc"), CharSet.chars("bcd")])
    classes = {char: split.within[split.class_of(char)] for char in "abcde"}
    assert classes == {"a": {0}, "b": {0, 1}, "c": {0, 1}, "d": {1}, "e": frozenset()}
    assert len(split.within) == 4


def test_the_classes_of_a_split_are_a_partition():
    split = Split.by([CharSet.chars("az"), CharSet(((0, 50),)), CharSet(((100, LAST),))])
    covered = [one for low, high, _ in split.intervals() for one in (low, high)]
    assert covered[0] == 0
    assert covered[-1] == LAST
    assert all(after == before + 1 for before, after in zip(covered[1::2], covered[2::2], strict=False))
    assert CharSet.of(one for chars in split.sets() for one in chars.ranges) == EVERYTHING


def test_all_characters_are_in_their_order():
    text = all_chars()
    assert (len(text), text[0x41], text[0xD800], text[-1]) == (LAST + 1, "A", "\ud800", "\U0010ffff")
