"""JSON as a person edits it: laid out, and the same text otherwise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.cli.bulk.edit import laid_out
from megaql.codec.writers import write_json


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("{}", ["{}"]),
        ('{"a":0.10}', ["{", '  "a": 0.10', "}"]),
        ('{"a":[],"b":[1,{}]}', ["{", '  "a": [],', '  "b": [', "    1,", "    {}", "  ]", "}"]),
        ('["x: {y}, \\"z\\" \\\\"]', ["[", '  "x: {y}, \\"z\\" \\\\"', "]"]),
    ],
)
def test_the_layout(text, lines):
    assert laid_out(text).split("\n") == lines


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_the_value_is_the_same(value):
    document = {"value": value}
    assert json.loads(laid_out(write_json(document))) == document
