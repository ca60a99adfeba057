"""`megaql stats`: numbers of files and queues."""

import gzip
import json

import pytest

QUERY = 'event.name == "item.added" and event.quantity > 3'


def test_a_pipe_gets_one_line_of_json(megaql, events):
    result = megaql("stats", events, "-w", QUERY)
    assert result.status == 0
    (line,) = result.lines
    shown = json.loads(line)
    assert shown["seen"] == 9
    assert [one["path"] for one in shown["by"]] == ["event.name", "@kind"]
    assert shown["by"][0]["values"][0] == {"value": "item.added", "kind": "string", "count": 3, "matched": 1}
    assert shown["funnel"] == [
        {"clause": 'event.name == "item.added"', "count": 3},
        {"clause": "event.quantity > 3", "count": 1},
    ]
    assert result.err == f"{events}: seen 9, matched 1, unknown 5\n"


def test_json_is_the_same_over_many_lines(megaql, events):
    assert json.loads(megaql("stats", events, "-o", "json").out) == json.loads(megaql("stats", events).out)


def test_by_several_paths(megaql, events):
    shown = json.loads(megaql("stats", events, "--by", "@attributes.tenant", "-b", "object.current.items[*].sku").out)
    assert [one["path"] for one in shown["by"]] == ["@attributes.tenant", "object.current.items[*].sku"]
    assert shown["by"][1]["messages_with_several"] == 1


def test_standard_input_and_gzip(megaql, shell, events, tmp_path):
    packed = tmp_path / "events.ndjson.gz"
    packed.write_bytes(gzip.compress(events.read_bytes()))
    piped = shell("stats", "-", "--by", "event.name", stdin=events.read_bytes())
    assert piped.status == 0
    assert json.loads(piped.out)["by"] == json.loads(megaql("stats", packed, "--by", "event.name").out)["by"]


def test_a_queue_is_held_and_given_back(megaql):
    for number in range(25):
        megaql("publish", "local:orders", "--data", json.dumps({"type": f"t{number % 3}"}))
    result = megaql("stats", "local:orders")
    assert result.status == 0
    assert json.loads(result.out)["by"][0]["path"] == "type"
    assert "seen 25 of about 25" in result.err
    assert "25 receive counts raised by 1; released 25" in result.err
    assert "seen 25 of about 25" in megaql("stats", "local:orders", "--scan", "30").err
    assert "seen 7 of about 25" in megaql("stats", "local:orders", "--scan", "7").err


def test_a_queue_that_dead_letters_soon_is_not_read_without_consent(megaql):
    from megaql.broker import local

    client = local.client()
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    client.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})
    megaql("publish", "local:orders", "--text", "x")
    for command in ("stats", "schema"):
        refused = megaql(command, "local:orders")
        assert (refused.status, refused.out) == (3, "")
        assert "--allow-receives" in refused.err
    assert megaql("stats", "local:orders", "--allow-receives").status == 0


def test_bad_lines_are_told_and_the_rest_is_counted(megaql, tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text('{"n": 1}\n{"n": secret\n{"n": 2}\n')
    result = megaql("stats", path)
    assert result.status == 6
    assert json.loads(result.out)["seen"] == 2
    assert "secret" not in result.err


@pytest.mark.parametrize("form", ["table", "json"])
def test_nothing_is_no_error(megaql, tmp_path, form):
    path = tmp_path / "empty.ndjson"
    path.write_text("")
    result = megaql("stats", path, "-o", form, "-w", "a == 1")
    assert result.status == 0
    assert "0" in result.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "a =="], "is no path"),
        (["--by", ""], "a path is missing"),
        (["--by", "a == 1"], "is no path"),
        (["--time", "5"], "is no path"),
        (["-o", "body"], "numbers are shown as a table, json or ndjson"),
        (["-p", "n=5"], "without a query there is nothing to bind"),
        (["-w", "a = 1"], "did you mean '=='?"),
        (["--top", "0"], "0 is too small"),
        (["--top", "501"], "501 is too large: the most is 500"),
        (["--for", "10"], "did you mean 10s?"),
    ],
)
def test_wrong_options_are_told_before_anything_is_read(megaql, events, options, said):
    result = megaql("stats", events, *options)
    assert result.status == 2
    assert said in " ".join(result.err.split())
    assert result.out == ""


def test_many_values_take_no_room(megaql, tmp_path):
    path = tmp_path / "many.ndjson"
    path.write_text("".join(f'{{"id": "x{number}"}}\n' for number in range(2500)))
    result = megaql("stats", path, "--by", "id", "--top", "2", tty=True)
    assert "id  more than 2,000 values" in result.out
    assert "2,498   99%" in result.out
    assert "1,998 other values and more" in result.out


def test_what_was_counted_is_shown_when_the_file_ends_badly(megaql, tmp_path):
    path = tmp_path / "cut.ndjson.gz"
    lines = "".join(f'{{"n": {number}, "x": "{number * 7919 % 100003}"}}\n' for number in range(20_000))
    path.write_bytes(gzip.compress(lines.encode())[:-20])
    result = megaql("stats", path, "--by", "n")
    assert result.status == 2
    assert "damaged" in result.err
    assert json.loads(result.out)["seen"] > 1000


def test_what_was_read_while_choosing_is_shown_when_the_file_ends_badly(megaql, tmp_path):
    path = tmp_path / "cut.ndjson.gz"
    lines = "".join(f'{{"type": "t{number % 3}", "x": "{number * 7919 % 100003}"}}\n' for number in range(100))
    path.write_bytes(gzip.compress(lines.encode())[:-9])
    result = megaql("stats", path)
    assert result.status == 2
    assert json.loads(result.out)["seen"] == 100
    assert "seen 100, matched 100" in result.err


def test_a_path_that_no_message_has_is_told(megaql, events):
    result = megaql("stats", events, "--by", "event.nmae", tty=True)
    assert "event.nmae  0 values" in result.out
    assert "no message has this path; `megaql schema` says which ones there are" in result.out


def test_moments_within_a_second_have_marks_of_their_own(megaql, tmp_path):
    path = tmp_path / "quick.ndjson"
    lines = [
        {"megaql": 1, "id": str(number), "sent_at": f"2026-11-24T10:00:00.{number * 10:03d}Z", "body": "{}"}
        for number in range(60)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    marks = megaql("stats", path, tty=True).out.split("0 └")[1].splitlines()[1].split()
    assert marks[0] == "10:00:00.000"
    assert len(set(marks)) == len(marks) > 2


def test_the_file_that_is_read_is_not_written(megaql, events, tmp_path):
    copy = tmp_path / "events.ndjson"
    copy.write_bytes(events.read_bytes())
    result = megaql("stats", copy, "--html", tmp_path / "." / "events.ndjson")
    assert result.status == 2
    assert "The file to write is the file that is read" in result.err
    assert copy.read_bytes() == events.read_bytes()
