import logging

import pytest

from megaql.codec.payloads import Blob, DataObject, MegaEvent, Plaintext
from megaql.consumer.report import UnknownCause
from megaql.consumer.unmatched import (
    MOST_CAUSES,
    MOST_NAMES,
    OTHER_CAUSES,
    SUMMARY_INTERVAL,
    Unmatched,
    UnmatchedCount,
    checked_policy,
    label,
)
from megaql.errors import ConsumerError


def causes(reason):
    return (UnknownCause("expensive", "price > 5", reason),) if reason else ()


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (MegaEvent("user.updated"), "user.updated"),
        (MegaEvent("x" * 500), "x" * 100),
        (DataObject({"name": "secret"}), "data"),
        (Plaintext("secret"), "text"),
        (Blob(b"secret"), "blob"),
    ],
)
def test_messages_are_counted_by_event_or_kind(payload, name):
    assert label(payload) == name


def test_the_summary_names_the_most_frequent_first(caplog):
    count = UnmatchedCount("orders", now=0.0)
    for name, reason, times in (
        ("user.created", "", 3),
        ("user.deleted", "", 400),
        ("item.added", "price is a string, not a number", 9),
    ):
        for _ in range(times):
            count.add(Unmatched(name, causes(reason)))
    with caplog.at_level(logging.WARNING, "megaql.consumer"):
        count.tell(60.0)
    assert caplog.messages == [
        "412 matched no subscription: user.deleted 400, item.added (price is a string, not a number) 9, user.created 3",
        "queries could not decide: expensive: price > 5 (price is a string, not a number) 9",
    ]
    assert caplog.records[0].queue == "orders"


def test_it_is_due_once_a_minute_and_only_with_something_to_say(caplog):
    count = UnmatchedCount("orders", now=100.0)
    assert count.due() is None
    count.add(Unmatched("a"))
    assert count.due() == 100.0 + SUMMARY_INTERVAL
    count.tell(165.0)
    assert count.due() is None
    count.add(Unmatched("a"))
    assert count.due() == 165.0 + SUMMARY_INTERVAL
    count.tell(230.0)
    count.tell(300.0)
    assert len(caplog.messages) == 2


def test_endless_new_names_fill_no_memory(caplog):
    count = UnmatchedCount("orders", now=0.0)
    for number in range(MOST_NAMES + 500):
        count.add(Unmatched(f"name-{number}"))
    assert len(count._counts) == MOST_NAMES + 1
    count.tell(60.0)
    assert caplog.messages[0].startswith(f"{MOST_NAMES + 500} matched no subscription: others 500, name-")
    assert caplog.messages[0].endswith(f", and {MOST_NAMES - 9} more")


def test_causes_are_counted_over_the_run_and_told_of_the_last_minute(caplog):
    count = UnmatchedCount("orders", now=0.0)
    one, other = causes("price is null")[0], UnknownCause("cheap", "price < 5", "price is null")
    count.add(Unmatched("a", (one, other)))
    count.tell(60.0)
    count.add(Unmatched("a", (one,)))
    count.tell(120.0)
    assert count.causes == {one: 2, other: 1}
    assert caplog.messages[1::2] == [
        "queries could not decide: expensive: price > 5 (price is null) 1, cheap: price < 5 (price is null) 1",
        "queries could not decide: expensive: price > 5 (price is null) 1",
    ]


def test_endless_new_causes_fill_no_memory():
    count = UnmatchedCount("orders", now=0.0)
    for number in range(MOST_CAUSES + 500):
        count.add(Unmatched("a", (UnknownCause("deep", "a.** > 5", f"a.** is between 1 and {number}"),)))
    assert len(count.causes) == MOST_CAUSES + 1
    assert count.causes[OTHER_CAUSES] == 500


def test_a_policy_that_does_not_exist_is_refused():
    assert checked_policy("unmatched", "dead-letter") == "dead-letter"
    with pytest.raises(ConsumerError) as error:
        checked_policy("unknown", "drop")
    assert str(error.value) == (
        "unknown='drop' is not something to do with a message\n  next: one of 'delete', 'return', 'dead-letter'"
    )
