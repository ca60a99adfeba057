"""Assertions on a verdict: silent where it is so, an explanation where it is not."""

import pytest

import megaql
from megaql.errors import QueryCheckError
from megaql.testing import assert_matches, assert_no_match, assert_unknown, message

PAYLOADS = {"MATCH": {"a": 5}, "NO_MATCH": {"a": 1}, "UNKNOWN": {"b": 5}}
ASSERTIONS = {"MATCH": assert_matches, "NO_MATCH": assert_no_match, "UNKNOWN": assert_unknown}


@pytest.mark.parametrize("wanted", ASSERTIONS)
@pytest.mark.parametrize("is_so", PAYLOADS)
def test_each_verdict_has_its_assertion(wanted, is_so):
    query, payload = megaql.compile("a > 3"), PAYLOADS[is_so]
    for subject in (payload, message(payload)):
        if wanted == is_so:
            ASSERTIONS[wanted](query, subject)
            continue
        with pytest.raises(AssertionError) as caught:
            ASSERTIONS[wanted](query, subject)
        assert str(caught.value) == f"wanted {wanted}, the verdict is {is_so}\n{query.explain(subject)}"


def test_a_text_is_compiled_with_its_parameters():
    assert_matches("a == $a", {"a": 5}, a=5)
    with pytest.raises(QueryCheckError):
        assert_matches("a == $a", {"a": 5})
