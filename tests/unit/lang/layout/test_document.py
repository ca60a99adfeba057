import pytest

from megaql.lang.layout.document import HARD, LINE, SOFT, Break, Indent, Remark, group, render, separated

WORDS = group(("[", Indent((SOFT, separated(["one", "two", "three"], (",", LINE)))), Break("", ending=","), "]"))


def lines(document, columns):
    return list(render(document, columns).lines)


@pytest.mark.parametrize("columns", [17, 100])
def test_a_group_is_on_one_line_where_it_fits(columns):
    assert lines(WORDS, columns) == ["[one, two, three]"]


def test_a_group_that_does_not_fit_is_broken_at_all_its_breaks():
    assert lines(WORDS, 16) == ["[", "    one,", "    two,", "    three,", "]"]


def test_what_follows_a_group_must_fit_too():
    assert lines((WORDS, ")"), 17)[0] == "["
    assert lines((WORDS, SOFT, ")"), 17) == ["[one, two, three]", ")"]


def test_an_inner_group_may_fit_where_the_outer_one_does_not():
    outer = group(("(", Indent((SOFT, WORDS)), SOFT, ")" * 5))
    assert lines(outer, 21) == ["(", "    [one, two, three]", ")))))"]
    assert lines(outer, 23) == ["([one, two, three])))))"]


def test_a_line_that_must_end_breaks_all_groups_around_it():
    assert lines(group(("a", LINE, group(("b", HARD, "c")))), 100) == ["a", "b", "c"]


def test_wide_characters_take_two_cells():
    assert lines(group(("日本", LINE, "x")), 6) == ["日本 x"]
    assert lines(group(("日本", LINE, "x")), 5) == ["日本", "x"]


def test_a_remark_ends_its_line_whatever_else_is_written():
    assert lines(group(("a", Remark("# 1", 0), ",", LINE, "b")), 100) == ["a,  # 1", "b"]


def test_a_remark_alone_stands_in():
    assert lines(("a", Indent((HARD, Remark("# 1", 0), HARD, "b"))), 100) == ["a", "    # 1", "    b"]


def test_remarks_that_should_not_be_there_are_told():
    long, second, alone = Remark("# long", 0), Remark("# 2", 1), Remark("# alone and long", 2)
    assert render(("abcd", long), 10).beyond == (long,)
    assert render(("a", Remark("# 1", 0), second), 100).beyond == (second,)
    assert render((alone, HARD, "a"), 10).beyond == ()


def test_no_line_ends_in_blanks():
    assert lines(("a ", HARD, Indent((HARD, "b"))), 10) == ["a", "", "    b"]
