import json
import logging
import re
from pathlib import Path

import pytest

from megaql.codec.payloads import MegaEvent
from megaql.consumer.jsonlog import JsonFormatter
from megaql.consumer.raised import MOST_CAUSES, MOST_FRAMES, Raised


def record(text="done", *args, exc_info=None, **extra):
    made = logging.makeLogRecord({"name": "megaql.consumer", "msg": text, "args": args, "levelno": 20, **extra})
    made.levelname = "INFO"
    made.created = 1_800_000_000.25
    made.process = 17
    made.exc_info = exc_info
    return made


def told(*args, formatter=None, **settings):
    line = (formatter or JsonFormatter()).format(record(*args, **settings))
    assert "\n" not in line
    assert line.isascii()
    return json.loads(line, parse_constant=pytest.fail)


def test_a_record_is_one_object_with_its_fields():
    assert told("%s wants message %s", "reserve", "m-1", queue="orders", subscription="reserve", message_id="m-1") == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "info",
        "logger": "megaql.consumer",
        "message": "reserve wants message m-1",
        "process": 17,
        "queue": "orders",
        "subscription": "reserve",
        "message_id": "m-1",
    }


def test_line_breaks_and_lone_surrogates_stay_in_their_line():
    assert told("one\ntwo\u2028\ud800")["message"] == "one\ntwo\u2028\ud800"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ({"a": [1, ("b",)], 2: {}}, {"a": [1, ["b"]], "2": {}}),
        (MegaEvent("a", attributes={"card": "4111"}), "<MegaEvent>"),
        (b"4111", "<bytes>"),
        ({"event": MegaEvent("a")}, {"event": "<MegaEvent>"}),
        ([[[[[["deep"]]]]]], [[[[["<list>"]]]]]),
    ],
)
def test_extra_is_shown_as_json_or_by_its_type(value, shown):
    assert told(mine=value)["mine"] == shown


def test_extra_takes_the_place_of_no_field_of_ours():
    assert told(time="yesterday")["time"] == "2027-01-15T08:00:00.250Z"


def failing(depth):
    if depth:
        return failing(depth - 1)
    raise ValueError("cannot read 4111-1111")


def caught(function, *args):
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001 - what is formatted
        return type(error), error, error.__traceback__


def test_an_exception_is_told_by_type_and_place():
    error = told(exc_info=caught(failing, 2))["error"]
    assert error["type"] == "ValueError"
    assert re.fullmatch(re.escape(str(Path(__file__))) + r":\d+ in failing", error["where"])
    assert [frame.rpartition(" in ")[2] for frame in error["stack"]] == ["failing"] * 3 + ["caught"]
    assert "4111" not in str(error)
    assert "causes" not in error


def test_a_long_stack_is_cut_at_its_outer_end():
    stack = told(exc_info=caught(failing, 100))["error"]["stack"]
    assert len(stack) == MOST_FRAMES
    assert stack[0].endswith("in failing")


def test_what_is_behind_an_exception_is_told_by_type():
    def chained():
        try:
            failing(0)
        except ValueError as error:
            raise KeyError("4111") from error

    [cause] = told(exc_info=caught(chained))["error"]["causes"]
    assert (cause["type"], cause["where"].rpartition(" ")[2]) == ("ValueError", "failing")


def test_exceptions_that_are_behind_each_other_come_to_an_end():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    error = told(exc_info=(ValueError, one, None))["error"]
    assert (error["where"], error["stack"], len(error["causes"])) == ("", [], MOST_CAUSES)


def test_our_own_frames_are_left_out_where_there_are_others():
    import megaql

    error = told(exc_info=caught(megaql.compile, "a = 1"))["error"]
    assert error["where"].startswith(str(Path(__file__)))


def test_the_text_of_exceptions_is_there_for_who_asks():
    formatter = JsonFormatter(exception_text=True)
    failed = caught(failing, 0)
    assert told(formatter=formatter, exc_info=failed)["error"]["text"] == "cannot read 4111-1111"
    # A record of the consumer's own has had its exception taken out.
    assert told(formatter=formatter, error=Raised(failed[1]))["error"]["text"] == "cannot read 4111-1111"
    assert "4111" not in str(told(error=Raised(failed[1])))


def test_a_record_with_no_exception_under_way_has_none():
    assert "error" not in told(exc_info=(None, None, None))
