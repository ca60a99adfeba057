"""A message in a few words, however long it is."""

import json

import pytest

from megaql.cli.messages.preview import MAX_PREVIEW, payload_text
from megaql.codec.payloads import DataObject


class Asked(list):
    """A list that counts how many of its items are looked at."""

    looked_at = 0

    def __iter__(self):
        for item in super().__iter__():
            self.looked_at += 1
            yield item


class Holding:
    """What a preview reads of a message."""

    def __init__(self, data):
        self.payload = DataObject(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": [], "b": {"c": None}},
        {str(number): number for number in range(1000)},
        {"list": [[[]] * 300] * 300, "after": 1},
        {"text": '"é\n' * 1000, "after": "text"},
        {"a": [{"b": [number] * 3} for number in range(200)]},
    ],
    ids=lambda data: f"{str(data)[:20]}",
)
def test_it_is_the_start_of_the_whole(data):
    assert payload_text(Holding(data)) == json.dumps(data, ensure_ascii=False, separators=(", ", ": "))[:MAX_PREVIEW]


def test_no_more_is_looked_at_than_can_be_seen():
    many = Asked(range(60_000))
    payload_text(Holding({"a": many}))
    assert 0 < many.looked_at <= MAX_PREVIEW
