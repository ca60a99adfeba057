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


def test_a_file_without_messages_is_told_as_such(megaql, tmp_path):
    (tmp_path / "none.ndjson").touch()
    result = megaql("publish", "local:orders", "--from", tmp_path / "none.ndjson")
    assert (result.status, result.err) == (0, "published 0 messages to local:orders\n")


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


def test_templates_in_every_value(megaql):
    result = megaql(
        "publish", "local:t.fifo", "--event", "item.{{seq}}", "--subject", "s{{seq}}", "-s", "n={{seq}}",
        "-s", "id={{uuid}}", "-a", "id={{uuid}}", "-a", "n:Number={{seq}}", "--group", "g{{seq}}", "--dedup", "d{{seq}}", "--count", "2",
    )  # fmt: skip
    one, two = sorted(received("t.fifo"), key=lambda message: message.group_id)
    assert result.status == 0
    assert [message.payload.name for message in (one, two)] == ["item.1", "item.2"]
    assert [message.payload.attributes["n"] for message in (one, two)] == [1, 2], "numbers, as n=1 is one"
    assert [(message.group_id, message.dedup_id) for message in (one, two)] == [("g1", "d1"), ("g2", "d2")]
    assert [message.attribute("n") for message in (one, two)] == [1, 2]
    assert one.payload.attributes["id"] == one.attribute("id") != two.attribute("id")


def test_a_body_of_the_users_own_is_a_template_only_where_it_is_typed_or_said(megaql, shell, tmp_path):
    file = tmp_path / "body.txt"
    file.write_text("{{seq}} {{customer}}")
    assert megaql("publish", "local:own", "--text", f"@{file}").err.startswith(
        "{{seq}} in --text is sent as it stands; "
    )
    assert megaql("publish", "local:own", "--text", f"@{file}", "--no-fill").err.startswith("published")
    assert megaql("publish", "local:own", "--text", f"@{file}", "--fill").status == 2, "customer is no name"
    file.write_text("{{seq}}")
    assert megaql("publish", "local:own", "--text", f"@{file}", "--fill").status == 0
    assert shell("publish", "local:own", "--text", "-", stdin=b"{{now}}").status == 0
    assert megaql("publish", "local:own", "--text", "{{seq}}", "--no-fill").status == 0
    assert megaql("publish", "local:own", "--text", "{{{{seq}}}} {{#if}}").status == 0
    assert sorted(message.body for message in received("own")) == sorted(
        ["{{seq}} {{customer}}"] * 2 + ["1", "{{now}}", "{{seq}}", "{{seq}} {{#if}}"]
    )


def test_saved_records_keep_their_braces_and_get_templates_in_what_is_added(megaql, tmp_path):
    saved = tmp_path / "saved.ndjson"
    saved.write_text('{"t": "{{seq}}"}\n{"t": "{{uuid}}"}\n')
    assert megaql("publish", "local:again", "--from", saved, "-a", "number={{seq}}").status == 0
    messages = received("again")
    assert {message.attribute("number"): message.body for message in messages} == {
        "1": '{"t": "{{seq}}"}', "2": '{"t": "{{uuid}}"}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--text", "{{sqe}}"], "did you mean {{seq}}?"),
        (["--event", "a.b", "-s", "x={{time}}"], "the names are {{uuid}}, {{seq}}, {{now}}"),
        (["--text", "a", "-a", "x={{UUID}}"], "megaql publish, --attr"),
        (["--text", "a", "--group", "{{id}}"], "megaql publish, --group"),
        (["--event", "a.b", "-s", "{{seq}}=1"], "error: "),
        (["--bytes", "base64:AAAA", "--fill"], "bytes are sent as they are"),
        (["--from", "x.ndjson", "--fill"], "no --count, --bson, --set, --dedup, --fill"),
        (["--text", "a", "--count", "2", "--dedup", "{{now}}"], "{{seq}} or {{uuid}} in it tells them apart"),
        (["--text", "a", "--rate", "0"], "--rate"),
    ],
)
def test_a_template_that_cannot_be(megaql, words, said):
    result = megaql("publish", "local:none", *words)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert megaql("peek", "local:none").status == 5, "nothing was sent"


def test_a_rate_is_kept():
    """What is sent until any time is no more than the rate allows, with the first messages at once."""
    import io

    from megaql.broker.outgoing import Outgoing
    from megaql.broker.publisher import Publisher
    from megaql.cli.environment import Environment
    from megaql.cli.publishing import sending

    now, sent = [0.0], []

    class Counting(Publisher):
        def publish_batch(self, payloads, **more):
            sent.append((now[0], len(payloads)))
            return super().publish_batch(payloads, **more)

    def sleep(seconds):
        now[0] += seconds

    world = Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO())
    entries = (Outgoing(str(number)) for number in range(100))
    status = sending.send(
        world, Counting("local:slow"), entries, interactive=True, rate=40, clock=lambda: now[0], sleep=sleep
    )
    assert status == 0
    assert [count for _, count in sent] == [10] * 10
    assert [round(at, 6) for at, _ in sent] == [0.25 * number for number in range(10)]
    assert Queue.open("local:slow").info().visible == 100


def test_a_dry_run_shows_group_and_deduplication_id(megaql):
    result = megaql("publish", "local:q.fifo", "--text", "a", "--group", "g", "--dedup", "d{{seq}}", "--dry-run")
    record = json.loads(result.out)
    assert (record["group_id"], record["dedup_id"]) == ("g", "d1")
