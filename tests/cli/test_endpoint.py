"""The commands against a real SQS and SNS server, by `--endpoint-url`, by queue URL and by the environment."""

import importlib.util
import json
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("servers", Path(__file__).parents[1] / "servers.py")
servers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(servers)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with servers.running("ministack", tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def queue_url(endpoint, request):
    from megaql.broker import aws
    from megaql.broker.target import Connection

    client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=endpoint))
    try:
        yield client.create_queue(QueueName=f"cli-{abs(hash(request.node.name)) % 10**8}")["QueueUrl"]
    finally:
        client.close()


def test_a_name_with_an_endpoint(megaql, endpoint, queue_url):
    name = queue_url.rsplit("/", 1)[-1]
    sent = megaql("publish", name, "--event", "item.added", "-s", "quantity=5", "--bson", "--endpoint-url", endpoint)
    assert sent.status == 0
    shown = megaql("peek", name, "-w", "event.quantity > 3", "-n", "1", "--endpoint-url", endpoint)
    record = json.loads(shown.out)
    assert (record["id"], record["format"], record["payload"]["event"]["name"]) == (sent.lines[0], "bson", "item.added")
    assert "1 receive count raised by 1; released 1" in shown.err


def test_a_queue_url_and_the_environment(megaql, endpoint, queue_url, monkeypatch):
    assert megaql("publish", queue_url, "--text", "hello").status == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
    shown = megaql("peek", queue_url.rsplit("/", 1)[-1], "-n", "1", "-o", "body")
    assert shown.lines == ["hello"]
    told = megaql("explain", "@kind == 'text'", queue_url, tty=True)
    assert told.lines[1] == '✓ match     @kind == "text"'


def test_a_queue_that_is_not_there(megaql, endpoint):
    result = megaql("peek", "nosuchqueue", "--endpoint-url", endpoint)
    assert (result.status, result.out) == (5, "")
    assert "error: " in result.err
    assert "nosuchqueue" in result.err


def test_a_consumer(megaql, endpoint, queue_url, monkeypatch, tmp_path):
    import sys

    module = tmp_path / "endpoint_handlers.py"
    module.write_text(
        "import megaql\napp = megaql.App('local:unused')\nseen = []\n\n"
        "@app.subscribe('event.name == \"item.added\"')\ndef note(event):\n    seen.append(event.name)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    megaql("publish", queue_url, "--event", "item.added")
    result = megaql("run", "endpoint_handlers:app", queue_url, "--limit", "1", "--endpoint-url", endpoint)
    assert result.status == 0
    assert "received 1, handled 1" in result.err
    assert sys.modules["endpoint_handlers"].seen == ["item.added"]


@pytest.mark.parametrize(
    ("command", "found"), [("stats", '"path":"event.name"'), ("schema", '"path":"event.quantity"')]
)
def test_a_survey_gives_everything_back(megaql, endpoint, queue_url, command, found):
    name = queue_url.rsplit("/", 1)[-1]
    megaql("publish", name, "--event", "item.added", "-s", "quantity=5", "--count", "23", "--endpoint-url", endpoint)
    for _ in range(2):
        shown = megaql(command, name, "--endpoint-url", endpoint)
        assert shown.status == 0
        assert json.loads(shown.out)["seen"] == 23
        assert found in shown.out
        assert "23 receive counts raised by 1; released 23" in shown.err
