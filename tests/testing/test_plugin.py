"""The plugin in a user's project: a directory of its own, with a conftest of one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CHECKOUT = Path(__file__).parents[2]

CONSUMER = """
import megaql

app = megaql.App("local:queue")

@app.subscribe('event.name == "item.added" and event.quantity > 0')
def reserve(event, message):
    if event.attributes["quantity"] > 100:
        raise megaql.Reject("more than there ever was")
    1 / (event.attributes["quantity"] - 13)
"""

TESTS = """
import os

import pytest
import shop
from megaql.testing import mega_event, run_until_empty

def test_an_order_is_reserved(megaql_queue):
    megaql_queue.publish(mega_event("item.added", quantity=2))
    report = run_until_empty(shop.app)
    assert report.handled == 1
    assert megaql_queue.messages() == []

def test_a_large_order_is_rejected(megaql_queue):
    megaql_queue.publish(mega_event("item.added", quantity=1000))
    (letter,) = run_until_empty(shop.app).dead_letters
    assert letter.reason == "more than there ever was"
    assert letter.message.payload.attributes == {"quantity": 1000}

def test_through_the_topic(megaql_topic, megaql_queue):
    megaql_topic.publish(mega_event("item.added", quantity=2), attributes={"tenant": "acme"})
    (message,) = megaql_queue.messages()
    assert message.attribute("tenant") == "acme"
    assert message.envelope()["topic"] == megaql_topic.arn
    assert run_until_empty(shop.app).handled == 1

def test_in_order(megaql_fifo_queue):
    for number in (1, 2, 3):
        megaql_fifo_queue.publish(mega_event("item.added", quantity=number), group_id="g")
    assert run_until_empty(shop.app, megaql_fifo_queue).handled == 3

@pytest.mark.parametrize("number", range(12))
def test_every_test_has_a_broker_of_its_own(megaql_broker, number):
    assert os.environ["MEGAQL_HOME"] == str(megaql_broker.home)
    queue = megaql_broker.queue("queue")
    assert queue.messages() == []
    queue.publish(mega_event("item.added", quantity=number))
    assert run_until_empty(shop.app).handled == (number > 0)

def test_boto3_of_the_code_under_test(megaql_boto3):
    import boto3
    queue = megaql_boto3.queue("orders")
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"], MessageBody="{}")
    assert len(queue.messages()) == 1

def test_the_environment_is_as_it_was():
    assert os.environ["MEGAQL_HOME"] == "/nowhere"
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A user's project with a consumer, its tests and the line that asks for the fixtures."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("MEGAQL_HOME", "/nowhere")
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.makeconftest('pytest_plugins = ["megaql.testing.plugin"]\n')
    pytester.makepyfile(shop=CONSUMER, test_shop=TESTS)
    return pytester


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one", "xdist"])
def test_a_users_tests_pass(project, options):
    project.runpytest_subprocess("-p", "no:cacheprovider", *options).assert_outcomes(passed=18)


def test_helpers_in_the_conftest_do_no_harm(project):
    project.makeconftest(
        'from megaql.testing import message, run_until_empty\npytest_plugins = ["megaql.testing.plugin"]\n'
    )
    project.runpytest_subprocess("-k", "reserved").assert_outcomes(passed=1, deselected=17)


def test_the_command_line_may_name_the_plugin_instead(project):
    project.makeconftest("")
    project.runpytest_subprocess("-p", "megaql.testing.plugin", "-k", "reserved").assert_outcomes(
        passed=1, deselected=17
    )


def test_a_failure_shows_the_handlers_own_traceback(project):
    project.makepyfile(
        test_broken="""
import shop
from megaql.testing import assert_matches, mega_event, run_until_empty

def test_broken(megaql_queue):
    megaql_queue.publish(mega_event("item.added", quantity=13))
    run_until_empty(shop.app)

def test_query():
    assert_matches(shop.app.subscriptions[0].query, mega_event("item.added", quantity=0))
"""
    )
    result = project.runpytest_subprocess("test_broken.py")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            ">       run_until_empty(shop.app)",
            ">       1 / (event.attributes*",
            "E       ZeroDivisionError: division by zero",
            "E       raised by reserve on message *, receive 1, from local:queue; the message is back in the queue",
            ">       assert_matches(shop.app.subscriptions*",
            "E       AssertionError: wanted MATCH, the verdict is NO_MATCH",
            "E         no match  event.quantity > 0",
        ],
    )
    shown = result.stdout.str().partition("Captured log call")[0]
    assert re.findall(r"^(\w+\.py):\d+: ", shown, re.MULTILINE) == ["test_broken.py", "shop.py"]


def test_the_fixtures_are_documented(project):
    text = project.runpytest_subprocess("--fixtures", "-q").stdout.str()
    for name in ("broker", "queue", "fifo_queue", "topic", "boto3"):
        assert f"megaql_{name}" in text
    assert "no docstring available" not in text.partition("megaql_broker")[2].partition("fixtures defined from")[0]


@pytest.mark.parametrize("statement", ["import megaql.testing.plugin", "import megaql.testing; dir(megaql.testing)"])
def test_importing_the_plugin_brings_nothing_heavy(statement):
    heavy = ("boto3", "botocore", "bson", "lark", "re2", "sqlite3", "megaql.broker", "megaql.consumer", "megaql.query")
    program = f"import pytest, sys\n{statement}\nprint(*[name for name in {heavy!r} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, cwd="/"
    )
    assert run.stdout.split() == []


def test_the_helpers_need_no_pytest():
    program = """
import sys
sys.modules["pytest"] = sys.modules["_pytest"] = None
import megaql.testing
for name in megaql.testing.__all__:
    assert getattr(megaql.testing, name) is not None
with megaql.testing.local_broker() as broker:
    queue = broker.queue("orders", max_receives=5)
    queue.publish(megaql.testing.mega_event("a"))
    app = megaql.App("local:orders")
    app.subscribe(catch_all=True)(lambda: None)
    print(megaql.testing.run_until_empty(app).handled)
"""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment, cwd="/"
    )
    assert (run.stdout, run.stderr) == ("1\n", "")
