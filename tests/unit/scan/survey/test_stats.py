"""The numbers of a run, all at one time."""

import json
from datetime import UTC, datetime, timedelta

import pytest

import megaql
from megaql.broker.message import Message
from megaql.lang.parser import parse
from megaql.lang.verdict import Verdict
from megaql.scan.survey.stats import Stats

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def message(body, *, age=None, receives=None):
    system = {}
    if age is not None:
        system["SentTimestamp"] = str(int((NOW - age).timestamp() * 1000))
    if receives is not None:
        system["ApproximateReceiveCount"] = str(receives)
    return Message(id="", body=json.dumps(body), system=system)


def stats(messages, query=None, paths=("a",), time=None):
    made = Stats(
        [parse(f"exists {path}").path for path in paths],
        megaql.compile(query) if query else None,
        now=NOW,
        time=parse(f"exists {time}").path if time else None,
    )
    for one in messages:
        made.add(one)
    return made


def test_ages_and_the_query_are_of_one_time():
    made = stats([message({"a": 1}, age=timedelta(minutes=5))], "age(@sent_at) == 5m")
    assert made.matched == 1
    assert (made.ages.least, made.ages.most) == (300, 300)


def test_verdicts_are_counted_and_returned():
    made = stats([], "a > 1")
    assert made.add(message({"a": 2})) is Verdict.MATCH
    assert made.add(message({"a": 1})) is Verdict.NO_MATCH
    assert made.add(message({"a": "x"})) is Verdict.UNKNOWN
    assert made.to_dict(10)["verdicts"] == {"match": 1, "no match": 1, "unknown": 1}


def test_without_a_time_of_sending_the_events_counts():
    event = {
        "protocol": "mega",
        "version": 1,
        "event": {"name": "a", "timestamp": "2026-11-24T11:00:00Z", "version": 1},
    }
    made = stats([message(event), message({"a": 1})])
    assert (made.first, made.undated) == (NOW - timedelta(hours=1), 1)


@pytest.mark.parametrize("value", ["2026-11-24T11:00:00Z", "2026-11-24 12:00+01:00"])
def test_time_at_a_path(value):
    made = stats([message({"at": value}, age=timedelta(days=3)), message({"at": "soon"}), message({})], time="at")
    assert made.first == made.last == NOW - timedelta(hours=1)
    assert made.undated == 2


def test_sums_are_exact():
    messages = [
        message({"a": number % 3}, age=timedelta(seconds=number), receives=1 + number % 4) for number in range(100)
    ]
    shown = stats(messages, "a == 1").to_dict(10)
    assert shown["seen"] == 100
    assert sum(one["count"] for one in shown["time"]["columns"]) == 100
    assert sum(one["matched"] for one in shown["time"]["columns"]) == shown["verdicts"]["match"] == 33
    assert shown["size_bytes"]["total"] == sum(one.size for one in messages)
    assert [one["count"] for one in shown["receive_count"]["ranges"]] == [25, 25, 25, 25]
    assert shown["funnel"] == [{"clause": "a == 1", "count": 33}]
    json.dumps(shown, allow_nan=False)


def test_nothing_was_read():
    shown = stats([]).to_dict(10)
    assert (shown["seen"], shown["time"], shown["size_bytes"]) == (0, None, None)


def test_times_that_no_calendar_has():
    made = stats(
        [Message(id="", body="{}", system={"SentTimestamp": "-99999999999"}), message({"a": 1}, age=timedelta(0))]
    )
    json.dumps(made.to_dict(10))
