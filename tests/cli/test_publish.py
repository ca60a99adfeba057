"""`megaql publish`: what arrives, what is refused, and what is said when only part was sent."""

import base64
import json

import pytest

from megaql.broker.queue import Queue


def received(name, limit=10):
    return Queue.open(f"local:{name}").receive(limit)


def test_an_event_with_its_parts(megaql):
    result = megaql(
        "publish", "local:shop", "--event", "item.added", "--domain", "shop", "--subject", "42", "--publisher", "cart",
        "-s", "sku=A-1", "-s", "quantity=5", "-s", 'zip:="0815"', "-s", "tags[0]=new", "-s", "price=19.90",
        "-s", "object.type=item", "-s", "object.current.stock=3",
        "-a", "tenant=acme", "-a", "tries:Number=0",
    )  # fmt: skip
    (message,) = received("shop")
    event = message.payload
    assert (result.status, result.lines) == (0, [message.id])
    assert result.err == "published 1 message to local:shop\n"
    assert (event.name, event.domain, event.subject, event.publisher) == ("item.added", "shop", "42", "cart")
    assert event.attributes.keys() == {"sku", "quantity", "zip", "tags", "price"}
    assert (event.attributes["quantity"], event.attributes["zip"], event.attributes["tags"]) == (5, "0815", ["new"])
    assert '"price":19.90' in message.body.replace(" ", ""), "a number keeps its digits"
    assert (event.object.type, event.object.current) == ("item", {"stock": 3})
    assert (message.attribute("tenant"), message.attribute("tries")) == ("acme", 0)


def test_bson_data_text_and_bytes(megaql, tmp_path):
    file = tmp_path / "blob"
    file.write_bytes(b"\x89PNG")
    for words in (
        ["--event", "a.b", "--bson"],
        ["--data", '{"n": 1}', "-s", "deep.er=2"],
        ["--data", "[1, 2]"],
        ["--text", "hello"],
        ["--bytes", f"@{file}"],
        ["--bytes", "base64:iVBORw=="],
    ):
        assert megaql("publish", "local:mixed", *words).status == 0
    formats = [(message.decoded.format, message.payload.kind) for message in received("mixed")]
    assert formats == [
        ("bson", "mega"), ("json", "data"), ("json", "data"), ("text", "text"), ("base64", "blob"), ("base64", "blob"),
    ]  # fmt: skip


def test_files_and_standard_input(shell, megaql, tmp_path):
    file = tmp_path / "data.json"
    file.write_text('{"n": 1}')
    assert megaql("publish", "local:in", "--data", f"@{file}").status == 0
    assert shell("publish", "local:in", "--text", "-", stdin="grün\n".encode()).status == 0
    assert shell("publish", "local:in", "--bytes", "-", stdin=b"\x00\xff").status == 0
    payloads = [message.payload for message in received("in")]
    assert (payloads[0].data, payloads[1].text, payloads[2].data) == ({"n": 1}, "grün\n", b"\x00\xff")


def test_a_topic_hands_it_to_its_queues(megaql):
    from megaql.cli import demo_app

    demo_app.prepare()
    assert megaql("publish", "local-topic:shop-events", "--event", "item.added", "-s", "quantity=1").status == 0
    (message,) = received("shop")
    assert message.payload.name == "item.added"
    assert message.envelope()["topic"].endswith(":shop-events")


def test_group_dedup_and_delay(megaql):
    assert megaql("publish", "local:q.fifo", "--text", "a", "--group", "g", "--dedup", "d").status == 0
    (message,) = received("q.fifo")
    assert (message.group_id, message.dedup_id) == ("g", "d")
    assert megaql("publish", "local:late", "--text", "a", "--delay", "2m").status == 0
    assert Queue.open("local:late").info().delayed == 1


def test_copies_are_separate_messages_even_on_fifo(megaql):
    result = megaql("publish", "local:q.fifo", "--text", "a", "--group", "g", "--count", "12")
    assert len(set(result.lines)) == 12
    assert Queue.open("local:q.fifo").info().visible == 12


def test_records_go_out_as_they_were(megaql, events, tmp_path):
    saved = tmp_path / "saved.ndjson"
    records = [json.loads(line) for line in events.read_text().splitlines() if "owned" not in line]
    binary = {"DataType": "Binary.gif", "BinaryValue": base64.b64encode(b"\x00\x01").decode()}
    records[0]["attributes"]["pic"] = binary
    saved.write_text("".join(json.dumps(record) + "\n" for record in records))
    result = megaql("publish", "local:again", "--from", saved, "--attr", "again=yes")
    messages = received("again")
    assert (result.status, len(result.lines)) == (0, 8)
    assert [message.body for message in messages] == [record["body"] for record in records]
    assert messages[0].attributes["pic"] == {"DataType": "Binary.gif", "BinaryValue": b"\x00\x01"}
    assert [message.attribute("again") for message in messages] == ["yes"] * 8


def test_records_of_a_fifo_queue_keep_their_group_and_get_through_twice(megaql, tmp_path):
    megaql("publish", "local:a.fifo", "--text", "x", "--group", "g")
    saved = tmp_path / "saved.ndjson"
    megaql("peek", "local:a.fifo", "--save", saved)
    for _ in range(2):
        assert megaql("publish", "local:b.fifo", "--from", saved).status == 0
    assert Queue.open("local:b.fifo").info().visible == 2
    assert received("b.fifo", 1)[0].group_id == "g"


def test_a_dry_run_prints_records_and_sends_nothing(megaql, tmp_path):
    result = megaql("publish", "local:dry", "--event", "a.b", "-s", "n=1", "--dry-run")
    assert json.loads(result.out)["payload"]["event"]["attributes"] == {"n": 1}
    assert "nothing was sent" in result.err
    assert megaql("peek", "local:dry").status == 5, "not even the queue was made"
    file = tmp_path / "dry.ndjson"
    file.write_text(result.out)
    assert megaql("publish", "local:dry", "--from", file).status == 0
    assert received("dry")[0].payload.name == "a.b"


def test_an_unreadable_line_is_passed_over_and_told(megaql, tmp_path):
    file = tmp_path / "records.ndjson"
    file.write_text('{"n": 1}\n{"n":\n{"n": 3}\n')
    result = megaql("publish", "local:part", "--from", file)
    assert (result.status, len(result.lines)) == (6, 2)
    assert f"{file}:2: " in result.err
    assert "published 2 messages to local:part; unreadable lines: 1" in result.err


def test_what_the_queue_refuses_is_told_with_its_number(megaql, tmp_path):
    file = tmp_path / "records.ndjson"
    lines = [json.dumps({"n": number, "pad": "x" * (1_100_000 if number == 2 else 1)}) for number in range(1, 13)]
    file.write_text("\n".join(lines))
    result = megaql("publish", "local:part", "--from", file)
    assert (result.status, len(result.lines)) == (6, 11)
    assert "message 2 was not sent: " in result.err
    assert "published 11 messages to local:part; not sent: 1" in result.err
    assert "xxx" not in result.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--text", "a", "--event", "b"],
        ["--text", "a", "-s", "n=1"],
        ["--text", "a", "--domain", "d"],
        ["--text", "a", "--bson"],
        ["--text", ""],
        ["--text", "a", "-a", "novalue"],
        ["--event", "a.b", "-s", "novalue"],
        ["--event", "a.b", "-s", "event.timestamp=yesterday"],
        ["--event", "a.b", "-s", "n:=yes"],
        ["--event", "a.b", "-s", "a[*]=1"],
        ["--event", "a.b", "-s", "@id=1"],
        ["--event", "a.b", "-s", "n=1", "-s", "n.m=1"],
        ["--event", "a.b", "-s", "list[7]=1"],
        ["--data", "5"],
        ["--data", "{"],
        ["--bytes", "abc"],
        ["--bytes", "base64:?"],
        ["--bytes", "@/no/such/file"],
        ["--from", "/no/such/file.ndjson"],
        ["--text", "a", "--dedup", "d", "--count", "2"],
        ["--text", "a", "--count", "0"],
        ["--text", "a", "--delay", "1h"],
        ["--from", "x.ndjson", "--bson"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_sent_is_refused_before_anything_is(megaql, words):
    result = megaql("publish", "local:none", *words)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err
    assert megaql("peek", "local:none").status == 5


def test_one_message_that_the_queue_refuses_is_an_error_of_four_parts(megaql):
    result = megaql("publish", "local:large", "--text", "x" * 1_100_000)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert "xxx" not in result.err


def test_everything_is_sent_although_nobody_reads_the_ids(child_environ, tmp_path):
    import subprocess
    import sys

    file = tmp_path / "records.ndjson"
    file.write_text('{"n": 1}\n' * 5000)
    command = f"{sys.executable} -m megaql.cli.main publish local:many --from {file} | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command], env=child_environ(), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == "published 5,000 messages to local:many\n"
    assert Queue.open("local:many").info().visible == 5000


def test_bytes_that_are_no_text_are_told_before_anything_is_sent(shell):
    done = shell("publish", "local:none", "--text", "-", stdin=b"ok\xff")
    assert (done.status, done.out) == (2, "")
    assert "not UTF-8 at byte 3" in done.err
