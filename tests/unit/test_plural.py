import pytest

from megaql.plural import counted


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("message",), "0 messages"),
        (1, ("message",), "1 message"),
        (1200, ("message",), "1,200 messages"),
        (1, ("process", "processes"), "1 process"),
        (2, ("message is", "messages are"), "2 messages are"),
    ],
)
def test_a_number_has_its_noun(number, words, text):
    assert counted(number, *words) == text
