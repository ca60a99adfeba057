"""Handlers that answer by a script, on any queue: the report and the queues say what the scripts say."""

from collections import Counter, defaultdict
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

import megaql
from megaql.testing import local_broker, run_until_empty

MOST = 4
RETRIES = ["retry at once", "retry later", "retry much later", "expected"]
ENDS = ["done", "reject", "fatal"]
DELAYS = [None, timedelta(seconds=1), timedelta(minutes=10)]

scripts = st.lists(
    st.tuples(st.lists(st.sampled_from(RETRIES), max_size=MOST + 1), st.sampled_from(ENDS), st.sampled_from(DELAYS)),
    max_size=15,
)


class Stage:
    """An application whose handler answers each message by its script, once per receive that reaches it."""

    def __init__(self, queue):
        self.app = megaql.App(queue)
        self.calls = Counter()
        self.ended = defaultdict(list)
        self.app.subscribe(catch_all=True, fatal=KeyError)(self.handle)

    def handle(self, payload, message):
        number, answers = payload.data["n"], payload.data["answers"]
        self.calls[number] += 1
        answer = answers[self.calls[number] - 1]
        if answer in ENDS:
            self.ended[message.group_id].append(number)
        match answer:
            case "retry at once":
                raise megaql.Retry(timedelta(0))
            case "retry later":
                raise megaql.Retry(timedelta(seconds=20))
            case "retry much later":
                raise megaql.Retry(timedelta(hours=3))
            case "expected":
                raise ConnectionError
            case "reject":
                raise megaql.Reject("by the script")
            case "fatal":
                raise KeyError


@settings(max_examples=25)
@given(scripts=scripts, concurrency=st.integers(1, 4))
def test_a_standard_queue(scripts, concurrency):
    with local_broker() as broker:
        queue = broker.queue("orders", max_receives=MOST)
        stage = Stage(queue)
        for number, (retries, end, delay) in enumerate(scripts):
            queue.publish({"n": number, "answers": [*retries, end]}, delay=delay)
        report = run_until_empty(stage.app, expected=ConnectionError, concurrency=concurrency)
        assert queue.messages() == []
        too_often = [number for number, (retries, _, _) in enumerate(scripts) if len(retries) >= MOST]
        ends = Counter(end for retries, end, _ in scripts if len(retries) < MOST)
        assert (report.handled, report.rejected) == (ends["done"], ends["reject"] + ends["fatal"])
        assert report.retried == sum(min(len(retries), MOST) for retries, _, _ in scripts)
        assert report.received == report.handled + report.rejected + report.retried
        reasons = Counter(letter.reason for letter in report.dead_letters)
        expected = {
            "it was received too often": len(too_often),
            "by the script": ends["reject"],
            "the handler raised a fatal exception": ends["fatal"],
        }
        assert reasons == Counter(expected)


@settings(max_examples=25)
@given(
    scripts=scripts, groups=st.lists(st.sampled_from("abc"), min_size=15, max_size=15), concurrency=st.integers(1, 4)
)
def test_a_fifo_queue(scripts, groups, concurrency):
    with local_broker() as broker:
        queue = broker.queue("orders.fifo", max_receives=1000)
        stage = Stage(queue)
        for number, (retries, end, _) in enumerate(scripts):
            queue.publish({"n": number, "answers": [*retries, end]}, group_id=groups[number])
        report = run_until_empty(stage.app, expected=ConnectionError, concurrency=concurrency, tries=1000)
        assert queue.messages() == []
        assert stage.calls == Counter({number: len(retries) + 1 for number, (retries, _, _) in enumerate(scripts)})
        for group, numbers in stage.ended.items():
            assert numbers == [number for number in range(len(scripts)) if groups[number] == group]
        assert report.handled + report.rejected == len(scripts)
