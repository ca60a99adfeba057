"""docs/observability.md: its program runs, and its tables are complete."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import megaql
from megaql.broker.queue import Queue
from megaql.consumer import hooks, matching, unmatched
from megaql.consumer.prometheus import PrometheusMetrics
from megaql.consumer.report import Tally

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture
def program(capsys):
    """Run the page's blocks, in order, as one program."""
    names = {}
    for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    return names, capsys.readouterr().out


def test_the_program_prints_what_the_page_says(program):
    _, out = program
    assert f"```text\n{out}```" in TEXT


def test_the_middleware_of_the_page_works(program, capsys):
    names, _ = program
    Queue.open("local:orders", create=True)
    names["publisher"].publish(megaql.MegaEvent("item.added", attributes={"quantity": 5}))
    names["publisher"].publish(megaql.MegaEvent("item.added"))
    app = megaql.App("local:orders", middleware=names["app"].middleware[:2])
    app.subscribe(name="item.added", subscription="reserve")(names["reserve"])
    report = app.run(limit=2)
    assert (report.handled, report.retried) == (1, 1)
    assert capsys.readouterr().out == ("begin for reserve\nreserve 5\ncommit\nbegin for reserve\nroll back\n")


def test_every_hook_is_on_the_page():
    assert [name for name in hooks.NAMES if not re.search(rf"`{name}\(", TEXT)] == []


def test_every_metric_is_on_the_page():
    registry = CollectorRegistry()
    PrometheusMetrics(registry=registry)
    made = {f"{family.name}_total" if family.type == "counter" else family.name for family in registry.collect()}
    assert made == set(re.findall(r"^\| `(megaql_\w+)`", TEXT, re.MULTILINE))
    outcomes = re.search(r"`outcome`: ([a-z, ]+) \|", TEXT)[1]
    assert outcomes.split(", ") == [tally.value for tally in Tally]


def test_the_record_on_the_page_is_json():
    record = json.loads(re.search(r"```json\n(.*?)\n```", TEXT)[1])
    assert [name for name in record if f"`{name}`" not in TEXT and f"`{name}." not in TEXT] == []


def test_the_numbers_on_the_page_are_the_programs_own():
    assert (matching.MOST_CAUSES, unmatched.MOST_CAUSES) == (20, 200)
    assert hooks.COMPLAINT_INTERVAL == unmatched.SUMMARY_INTERVAL == 60
