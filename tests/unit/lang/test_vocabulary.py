import pytest

from megaql.lang import functions
from megaql.lang.record import ENVELOPE_FIELDS
from megaql.lang.vocabulary import FUNCTIONS, nearest


@pytest.mark.parametrize(
    ("word", "choice"),
    [
        ("sent-at", "sent_at"),
        ("SentAt", "sent_at"),
        ("recieve_count", "receive_count"),
        ("attribute", "attributes"),
        ("xyz", None),
        ("", None),
        ("a" * 100_000, None),
    ],
)
def test_the_nearest_name(word, choice):
    assert nearest(word, ENVELOPE_FIELDS) == choice


def test_every_function_shows_its_own_call():
    for name, function in FUNCTIONS.items():
        assert function.signature.startswith(f"{name}(")
        assert function.signature.endswith("()") is (function.arity == 0)


def test_the_evaluator_knows_the_same_functions():
    assert set(functions.FUNCTIONS) | {"now"} == set(FUNCTIONS)  # the time is given to the evaluator
