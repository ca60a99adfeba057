"""What a target word reads from, and what finding out costs."""

import subprocess
import sys
from datetime import timedelta

import pytest

from megaql.broker.queue import Queue
from megaql.errors import QueueNotFound, ScanError
from megaql.scan.target import FileSource, QueueSource, open_source


@pytest.mark.parametrize("word", ["-", "missing.json", "a/b.ndjson", "/no/such", "./orders", "x.jsonl", "x.ndjson.gz"])
def test_a_word_that_says_file(word):
    assert open_source(word) == FileSource(word)


def test_a_file_that_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders").write_text("{}")
    assert open_source("orders") == FileSource("orders")


def test_a_local_queue_answers_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "local:orders").write_text("a file of this name is no file target")
    Queue.open("local:orders", create=True)
    source = open_source("local:orders")
    assert isinstance(source, QueueSource)
    assert source.queue.name == "orders"
    assert source.wait == timedelta(0)


def test_a_queue_url_is_polled_long():
    source = open_source("https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo")
    assert isinstance(source, QueueSource)
    assert source.queue.fifo
    assert source.wait == timedelta(seconds=1)


def test_a_local_queue_that_is_missing():
    with pytest.raises(QueueNotFound):
        open_source("local:nothing-here")


@pytest.mark.parametrize("topic", ["local-topic:shop", "arn:aws:sns:eu-west-1:123456789012:shop"])
def test_a_topic_cannot_be_read(topic):
    with pytest.raises(ScanError) as caught:
        open_source(topic)
    assert caught.value.where == topic
    assert "megaql tap " in caught.value.hint


@pytest.mark.parametrize(
    ("target", "forbidden"),
    [
        ("messages.ndjson", {"boto3", "botocore", "sqlite3", "typer", "rich", "lark"}),
        ("local:orders", {"boto3", "botocore", "typer", "rich"}),
    ],
)
def test_opening_imports_only_what_it_needs(target, forbidden):
    Queue.open("local:orders", create=True)
    program = (
        "import sys\n"
        "from megaql.scan.target import open_source\n"
        "import megaql.scan.live, megaql.scan.files\n"
        f"open_source({target!r})\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert forbidden & set(run.stdout.split()) == set()
