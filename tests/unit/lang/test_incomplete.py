import pytest

from megaql.errors import QueryError
from megaql.lang.parser import parse


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a ==",
        "a == 1 an",
        "a =",
        "a.",
        "a[",
        "detail-",
        "a == 1.",
        "a == 2h30",
        "a == 64K",
        "a == 1e-",
        '"x',
        "a ~ /x",
        "(a",
        "@attr",
        "a is nu",
        "a is no",
        "a == nil",
        "null",
        "a like r",
        "a in [tru",
    ],
)
def test_more_text_could_make_it_a_query(text):
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.incomplete


@pytest.mark.parametrize(
    "text",
    [
        "a = 1",
        "a == 1)",
        "a / 2",
        "a == 1.2.3",
        "nubmer(a) > 1",
        "a is int ",
        "@attr.x == 1",
        "a == b c == 1",
        "a~/x/g",
    ],
)
def test_no_text_could_mend_it(text):
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert not caught.value.incomplete
