import json
from collections import Counter

from megaql.consumer.report import RunReport, Stopped, UnknownCause

ONE, OTHER = UnknownCause("a", "x > 1", "x is missing"), UnknownCause("b", "y > 1", "y is null")


def test_a_report_as_json():
    report = RunReport(received=3, unknown=3, unknown_causes=Counter({ONE: 1, OTHER: 2}), stopped=Stopped.AT_ONCE)
    told = report.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["unknown_causes"] == [
        {"subscription": "b", "clause": "y > 1", "reason": "y is null", "count": 2},
        {"subscription": "a", "clause": "x > 1", "reason": "x is missing", "count": 1},
    ]
    assert (told["received"], told["stopped"], told["signal"]) == (3, "at_once", None)
    assert list(told) == list(RunReport.__dataclass_fields__)


def test_causes_of_two_reports_are_added():
    both = RunReport(unknown_causes=Counter({ONE: 1})).plus(RunReport(unknown_causes=Counter({ONE: 2, OTHER: 1})))
    assert both.unknown_causes == {ONE: 3, OTHER: 1}
