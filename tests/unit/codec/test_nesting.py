"""How deep a text nests: exact at the limit, whatever stands in strings."""

import json

import pytest

from megaql.codec.nesting import exceeds

FRAMES = ["[%s]", '{"a":%s}', '["}}",%s]', r'["\"]}",%s]', r'{"\\":%s}', r'["\\\"","[{",%s,"{"]']


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("limit", [4, 200])
def test_the_limit_is_exact(frame, limit):
    text = '"[{"'
    for _ in range(limit):
        text = frame.replace("%s", text)
    json.loads(text)
    assert not exceeds(text.encode(), limit)
    assert exceeds(frame.replace("%s", text).encode(), limit)


def test_many_brackets_are_not_deep():
    assert not exceeds(json.dumps([{"a": ["{" * 9, '"}'], "é": {}}] * 500).encode(), 3)
    assert exceeds(json.dumps([{"a": ["{" * 9, '"}'], "é": {}}] * 500).encode(), 2)
