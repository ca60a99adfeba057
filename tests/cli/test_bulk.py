"""redrive, copy, move and delete: what they show, what they ask, what they do, and how they end."""

import gzip
import json

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from tests.cli.numbered import numbers, queue_of

# What a dry run shows, and leaves


def test_a_dry_run_shows_and_does_nothing(megaql, dead):
    result = megaql("redrive", "local:orders-dlq", "-w", "number < 3", width=160)
    assert result.status == 0
    assert sorted(json.loads(line)["payload"]["number"] for line in result.lines) == [0, 1, 2]
    assert "dry run: 3 messages would be redriven from local:orders-dlq to local:orders; nothing was sent" in result.err
    assert "released 10" in result.err
    assert dead[0].info().visible == 10
    assert dead[1].info().visible == 0


def test_a_dry_run_shows_what_would_be_sent(megaql, dead):
    result = megaql("redrive", "local:orders-dlq", "-w", "number == 3", "--set", "total=1", "--unset", "customer")
    assert json.loads(result.lines[0])["payload"] == {"number": 3, "total": 1}
    assert dead[0].info().visible == 10


@pytest.mark.usefixtures("dead")
def test_a_terminal_is_shown_what_changes(megaql):
    result = megaql(
        "redrive", "local:orders-dlq", "-w", "number == 3", "--set", "total=1", "--unset", "customer", tty=True
    )
    assert "total: 30 → 1" in result.out
    assert 'customer: "customer-0" → (missing)' in result.out


def test_a_terminal_is_shown_the_first_ones(megaql):
    queue_of("orders", 30)
    queue_of("other")
    result = megaql("move", "local:orders", "local:other", tty=True)
    assert len(result.lines) == 22
    assert result.lines[-1] == "… and 10 more"


# Doing it


def test_redrive_sends_back_what_matches(megaql, dead):
    result = megaql("redrive", "local:orders-dlq", "-w", "number < 3", "--apply", "--yes")
    assert (result.status, result.out) == (0, "")
    assert "redriven 3 messages from local:orders-dlq to local:orders" in result.err
    messages = dead[1].receive(10)
    assert {message.system["AWSTraceHeader"] for message in messages} == {f"Root=1-{n:08x}-0" for n in range(3)}
    assert {message.attribute("tenant") for message in messages} == {"acme"}
    assert numbers(dead[0]) == [3, 4, 5, 6, 7, 8, 9]


def test_redrive_of_everything_is_left_to_the_service(megaql, dead):
    result = megaql("redrive", "local:orders-dlq", "--apply", "--yes", width=160)
    assert result.status == 0
    assert "redriven 10 messages from local:orders-dlq to local:orders; moved by the service itself" in result.err
    assert numbers(dead[1]) == list(range(10))
    assert dead[0].info().visible == 0


def test_a_log_that_is_asked_for_is_written_from_here(megaql, dead, tmp_path):
    result = megaql("redrive", "local:orders-dlq", "--apply", "--yes", "--log", tmp_path / "log")
    assert "moved by the service itself" not in result.err
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines[0]["command"] == "redrive"
    assert len(lines) == 11
    assert {line["sent_as"] for line in lines[1:]} == {message.id for message in dead[1].receive(10)}
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_edits_travel(megaql, dead):
    words = ["--set", "total:=7", "--set", "@attributes.replayed=yes", "--unset", "@attributes.tenant", "-n", "1"]
    assert megaql("redrive", "local:orders-dlq", "-w", "number == 4", *words, "--apply", "--yes").status == 0
    (message,) = dead[1].receive(10)
    assert json.loads(message.body) == {"number": 4, "customer": "customer-1", "total": 7}
    assert message.typed_attributes == {"replayed": "yes"}


def test_what_an_edit_does_not_fit_stays(megaql, dead):
    dead[0].send(Outgoing("plain text"))
    result = megaql("redrive", "local:orders-dlq", "--set", "total=1", "--apply", "--yes", width=160)
    assert result.status == 6
    assert "redriven 10 messages" in result.err
    assert "its body is plain text, which has no part total" in result.err
    assert [message.body for message in dead[0].receive(10)] == ["plain text"]


def test_copy_leaves_everything(megaql, dead):
    result = megaql("copy", "local:orders-dlq", "local:orders", "-w", "number < 4", "--apply")
    assert (result.status, result.out) == (0, "")
    assert "copied 4 messages" in result.err
    assert numbers(dead[1]) == [0, 1, 2, 3]
    assert numbers(dead[0]) == list(range(10))


def test_copy_sends_what_is_in_a_file(megaql, dead, tmp_path):
    file = tmp_path / "saved.ndjson.gz"
    assert megaql("snapshot", "local:orders-dlq", "-o", file).status == 0
    assert megaql("copy", file, "local:orders", "-w", "number < 4", "--apply").status == 0
    assert numbers(dead[1]) == [0, 1, 2, 3]


def test_copy_to_a_topic(megaql, dead):
    from megaql.broker.topic import Topic

    topic = Topic.open("local-topic:replay", create=True)
    topic.client.subscribe(
        TopicArn=topic.arn, Protocol="sqs", Endpoint=dead[1].arn, Attributes={"RawMessageDelivery": "true"}
    )
    assert megaql("copy", "local:orders-dlq", "local-topic:replay", "--apply").status == 0
    assert numbers(dead[1]) == list(range(10))
    topic.client.close()


def test_move_and_back(megaql, dead):
    queue_of("parked")
    assert megaql("move", "local:orders-dlq", "local:parked", "-n", "4", "--apply", "--yes").status == 0
    assert dead[0].info().visible == 6
    assert megaql("move", "local:parked", "local:orders-dlq", "--apply", "--yes").status == 0
    assert numbers(dead[0]) == list(range(10))


def test_delete_keeps_what_does_not_match_and_saves_the_rest(megaql, dead, tmp_path):
    file = tmp_path / "deleted.ndjson"
    result = megaql("delete", "local:orders-dlq", "-w", "number < 4", "--save", file, "--apply", "--yes")
    assert result.status == 0
    assert "deleted 4 messages from local:orders-dlq" in result.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert megaql("copy", file, "local:orders", "--apply").status == 0
    assert numbers(dead[1]) == [0, 1, 2, 3]
    assert numbers(dead[0]) == [4, 5, 6, 7, 8, 9]


@pytest.mark.usefixtures("dead")
def test_a_file_that_is_saved_to_is_from_then_on_the_users_alone(megaql, tmp_path):
    file = tmp_path / "saved.ndjson"
    file.write_text('{"n": 1}\n')
    file.chmod(0o644)
    assert megaql("delete", "local:orders-dlq", "-n", "2", "--save", file, "--apply", "--yes").status == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().splitlines()) == 3, "what it held is still there"


def test_the_rate_is_kept(megaql, monkeypatch):
    """The waits add up to what the rate asks for, whoever's clock it is."""
    from megaql.scan.bulk import engine

    queue_of("a", 9)
    queue_of("b")
    now = [1000.0]
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    defaults = engine.BulkRun.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "clock", lambda: now[0])
    monkeypatch.setitem(defaults, "sleep", sleep)
    assert megaql("move", "local:a", "local:b", "--rate", "3", "--apply", "--yes").status == 0
    assert 2 <= sum(waits) <= 4


def test_a_run_that_may_hold_no_more_ends_and_says_what_it_has_not_seen(megaql, dead):
    words = ["redrive", "local:orders-dlq", "-w", "number < 0", "--apply", "--yes", "--hold", "4"]
    result = megaql(*words, width=160)
    assert result.status == 6
    assert "stopped: as many messages are held as may be" in result.err
    assert "about 6 more were not looked at; --hold N lets more be held meanwhile" in result.err
    assert "released 4" in result.err
    assert dead[0].info().visible == 10


# Asking


def test_without_a_terminal_deleting_needs_yes(megaql, dead):
    result = megaql("redrive", "local:orders-dlq", "-w", "number < 3", "--apply")
    assert result.status == 3
    assert "Redrive those of about 10 messages of local:orders-dlq that match to local:orders?" in result.err
    assert dead[0].info().visible == 10


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 10), ("\n", 10)])
def test_a_terminal_is_asked(megaql, dead, answer, left):
    result = megaql("delete", "local:orders-dlq", "--apply", answer=answer)
    assert "Delete about 10 messages of local:orders-dlq, for good? [y/N]" in result.err
    assert result.status == (0 if left == 0 else 3)
    assert dead[0].info().visible == left


def test_a_protected_queue_wants_its_name(megaql, dead, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.toml").write_text('[protected]\n"orders-*" = "talk to us"\n"orders-test" = false\n')
    result = megaql("delete", "local:orders-dlq", "--apply", "--yes")
    assert result.status == 3
    assert "talk to us" in result.err
    assert "--confirm orders-dlq" in result.err
    assert megaql("delete", "local:orders-dlq", "--apply", answer="y\n").status == 3
    assert dead[0].info().visible == 10
    assert megaql("delete", "local:orders-dlq", "-n", "1", "--apply", answer="orders-dlq\n").status == 0
    assert megaql("delete", "local:orders-dlq", "--apply", "--confirm", "orders-dlq").status == 0
    queue_of("orders-test", 1)
    assert megaql("delete", "local:orders-test", "--apply", "--yes").status == 0


def test_a_protection_that_says_nothing_is_an_error(megaql, dead, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "megaql.toml").write_text("[protected]\norders-dlq = 5\n")
    result = megaql("delete", "local:orders-dlq", "--apply", "--yes")
    assert result.status == 2
    assert "megaql.toml, line 2" in result.err
    assert dead[0].info().visible == 10


# Wrong use


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["redrive", "local:nowhere"], 5, "local:nowhere does not exist"),
        (["redrive", "local:orders"], 2, "No queue dead-letters to this one"),
        (["redrive", "local:orders-dlq", "--to", "local:missing", "--apply", "--yes"], 5, "does not exist"),
        (["redrive", "local:orders-dlq", "--to", "local:orders-dlq"], 2, "Source and destination are the same queue"),
        (["move", "local:orders-dlq", "-"], 2, "'-' is no destination"),
        (["move", "events.ndjson", "local:orders"], 2, "Only a queue's messages can be moved"),
        (["delete", "local-topic:shop"], 2, "A topic cannot be read"),
        (["redrive", "local:orders-dlq", "-w", "number ="], 2, "error"),
        (["redrive", "local:orders-dlq", "--set", "total"], 2, "is not NAME=VALUE"),
        (["redrive", "local:orders-dlq", "--set", "@id=5"], 2, "only attributes can be changed"),
        (["redrive", "local:orders-dlq", "--set", "a.**.b=5"], 2, "** stands for any place"),
        (["redrive", "local:orders-dlq", "--editor"], 2, "add --plan FILE or --apply"),
        (["redrive", "local:orders-dlq", "--editor", "--apply"], 2, "an editor needs a terminal"),
        (["redrive", "local:orders-dlq", "--log", "log"], 2, "nothing is written without --apply"),
        (["redrive", "local:orders-dlq", "-p", "a=1"], 2, "there is nothing to bind"),
        (["redrive", "local:orders-dlq", "--plan", "/nowhere/none", "--apply", "-w", "a == 1"], 2, "leave --where out"),
        (["redrive", "local:orders-dlq", "--plan", "/nowhere/none", "--apply", "--yes"], 2, "The plan cannot be used"),
        (["redrive", "local:orders-dlq", "--rate", "0"], 2, "too small"),
        (["redrive", "local:orders-dlq", "--plan", "/nowhere/plan"], 2, "cannot be written"),
        (["redrive", "local:orders-dlq", "-n", "1", "--log", "/proc/none/log", "--apply", "--yes"], 2, "log"),
        (["redrive", "local:orders-dlq", "--save", "/nowhere/a", "--apply", "--yes"], 2, "cannot be written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use(megaql, dead, words, status, said):
    result = megaql(*words)
    assert said in result.err
    assert result.status == status
    assert "Traceback" not in result.err
    assert (dead[0].info().visible, dead[1].info().visible) == (10, 0)


def test_a_queue_that_dead_letters_at_once_is_refused(megaql, dead):
    policy = json.dumps({"deadLetterTargetArn": dead[0].arn, "maxReceiveCount": 1})
    short = queue_of("short", 3, RedrivePolicy=policy)
    for words in (["move", "local:short", "local:orders"], ["delete", "local:short", "--apply", "--yes"]):
        result = megaql(*words)
        assert result.status == 3
        assert "--allow-dead-letter" in result.err
    assert {message.receive_count for message in short.receive(10)} == {1}


@pytest.mark.usefixtures("dead")
def test_a_fifo_queue_needs_a_group(megaql):
    fifo = queue_of("orders.fifo", FifoQueue="true")
    result = megaql("move", "local:orders-dlq", "local:orders.fifo", "--apply", "--yes")
    assert result.status == 6
    assert "--group gives it one" in result.err
    assert "not sent, and still where they were: 10" in result.err
    assert megaql("move", "local:orders-dlq", "local:orders.fifo", "--group", "g", "--apply", "--yes").status == 0
    assert fifo.info().visible == 10


@pytest.fixture
def group_of_eight():
    """A FIFO queue with eight messages of one group and two of another; an edit of `a.b` does not fit the sixth."""
    source = queue_of("orders-dlq.fifo", FifoQueue="true")
    queue_of("orders.fifo", FifoQueue="true")
    bodies = [{"number": number, "a": "text"} if number == 5 else {"number": number} for number in range(10)]
    groups = ["one" if number < 8 else "two" for number in range(10)]
    source.send_batch(
        [
            Outgoing(json.dumps(body), group_id=group, dedup_id=str(body["number"]))
            for body, group in zip(bodies, groups, strict=True)
        ]
    )
    return source


@pytest.mark.usefixtures("group_of_eight")
def test_what_an_edit_does_not_fit_holds_back_its_group(megaql):
    words = ["move", "local:orders-dlq.fifo", "local:orders.fifo", "--set", "a.b=1"]
    result = megaql(*words, width=200)
    assert result.status == 6
    assert "dry run: 7 messages would be moved" in result.err
    assert "; held back behind it: 2\n" in result.err
    assert "to be held back behind these, in their message groups, so that nothing overtakes them: 2\n" in result.err
    result = megaql(*words, "--apply", "--yes", width=200)
    assert result.status == 6
    assert "moved 7 messages" in result.err
    assert "not sent, and still where they were: 1\n" in result.err
    assert "held back behind these, in their message groups, so that nothing overtakes them: 2\n" in result.err
    assert numbers(Queue.open("local:orders.fifo")) == [0, 1, 2, 3, 4, 8, 9]
    assert numbers(Queue.open("local:orders-dlq.fifo")) == [5, 6, 7]


@pytest.mark.usefixtures("dead")
def test_gzip_snapshots_are_records(megaql, tmp_path):
    megaql("snapshot", "local:orders-dlq", "-o", tmp_path / "a.ndjson.gz")
    with gzip.open(tmp_path / "a.ndjson.gz", "rt") as file:
        assert len([json.loads(line) for line in file]) == 10
