"""What bulk work does by a plan, and with messages that go through an editor first."""

import json
from datetime import timedelta

import pytest

from tests.cli.numbered import event, numbers

# Plans


def test_a_plan_is_all_that_is_touched(megaql, dead, tmp_path):
    plan = tmp_path / "plan.ndjson"
    assert megaql("redrive", "local:orders-dlq", "-w", "number < 5", "--set", "total=1", "--plan", plan).status == 0
    assert plan.stat().st_mode & 0o777 == 0o600
    assert "customer" not in plan.read_text()
    lines = plan.read_text().splitlines()
    plan.write_text("\n".join(lines[:4]) + "\n")
    dead[0].send(event(1))  # it matches, and nobody has seen it
    result = megaql("redrive", "local:orders-dlq", "--plan", plan, "--apply", "--yes")
    assert result.status == 0, result.err
    moved = dead[1].receive(10)
    assert [json.loads(message.body)["total"] for message in moved] == [1, 1, 1]
    assert dead[0].info().visible == 8


def test_a_plan_whose_messages_are_gone(megaql, dead, tmp_path):
    plan = tmp_path / "plan.ndjson"
    megaql("redrive", "local:orders-dlq", "-w", "number < 3", "--plan", plan)
    held = dead[0].receive(10)
    dead[0].delete([message for message in held if json.loads(message.body)["number"] == 0])
    dead[0].set_visibility([message for message in held if json.loads(message.body)["number"]], timedelta(0))
    result = megaql("redrive", "local:orders-dlq", "--plan", plan, "--apply", "--yes")
    assert result.status == 6
    assert "of the plan, not found: 1" in result.err
    assert numbers(dead[1]) == [1, 2]


def test_a_plan_whose_bodies_are_others(megaql, dead, tmp_path):
    plan = tmp_path / "plan.ndjson"
    megaql("redrive", "local:orders-dlq", "-w", "number < 3", "--plan", plan)
    head, *lines = plan.read_text().splitlines()
    changed = {**json.loads(lines[0]), "sha256": "0" * 64}
    plan.write_text("\n".join([head, json.dumps(changed), *lines[1:]]) + "\n")
    result = megaql("redrive", "local:orders-dlq", "--plan", plan, "--apply", "--yes")
    assert result.status == 6
    assert "left alone, for their bodies are not the plan's: 1" in result.err
    assert len(dead[1].receive(10)) == 2


def test_a_plan_is_not_written_over(megaql, dead, tmp_path):
    """Who forgets `--apply` would otherwise have a plan of everything, and carry it out the next time."""
    plan = tmp_path / "plan.ndjson"
    assert megaql("redrive", "local:orders-dlq", "-w", "number < 3", "--plan", plan).status == 0
    lines = plan.read_text().splitlines()
    plan.write_text("\n".join(lines[:2]) + "\n")
    result = megaql("redrive", "local:orders-dlq", "--plan", plan)
    assert result.status == 2
    assert "is there already, and no plan is written over it" in result.err
    assert plan.read_text().splitlines() == lines[:2]
    assert megaql("redrive", "local:orders-dlq", "--plan", plan, "--apply", "--yes").status == 0
    assert dead[0].info().visible == 9


def test_a_plan_goes_into_an_empty_file_or_a_device(megaql, dead, tmp_path):
    (tmp_path / "plan.ndjson").touch()
    assert megaql("redrive", "local:orders-dlq", "-n", "1", "--plan", tmp_path / "plan.ndjson").status == 0
    assert megaql("redrive", "local:orders-dlq", "-n", "1", "--plan", "/dev/null").status == 0
    assert dead[0].info().visible == 10


@pytest.mark.usefixtures("dead")
def test_a_plan_of_another_job_is_refused(megaql, tmp_path):
    plan = tmp_path / "plan.ndjson"
    megaql("redrive", "local:orders-dlq", "-w", "number < 3", "--plan", plan)
    result = megaql("delete", "local:orders-dlq", "--plan", plan, "--apply", "--yes")
    assert result.status == 2
    assert "it was made for another job: redrive" in result.err
    plan.write_text("{}\n")
    assert "it is no plan of megaql" in megaql("delete", "local:orders-dlq", "--plan", plan, "--apply", "--yes").err


def test_a_log_of_another_job_is_refused(megaql, dead, tmp_path):
    log = tmp_path / "log"
    megaql("redrive", "local:orders-dlq", "-n", "1", "--apply", "--yes", "--log", log)
    result = megaql("delete", "local:orders-dlq", "--apply", "--yes", "--log", log)
    assert result.status == 2
    assert "it belongs to another job: redrive" in result.err
    assert dead[0].info().visible == 9


# An editor


@pytest.fixture
def editor(tmp_path):
    """Return a factory of editors that do something to each file."""

    def make(program):
        path = tmp_path / "editor"
        path.write_text(f"#!/bin/sh\n{program}\n")
        path.chmod(0o700)
        return {"NO_COLOR": "1", "EDITOR": str(path)}

    return make


def test_what_was_edited_is_sent(megaql, dead, editor):
    environ = editor("""for f in "$@"; do sed -i 's/"total": [0-9]*/"total": 0.10/' "$f"; done""")
    words = ["redrive", "local:orders-dlq", "-w", "number < 2", "--editor", "--apply"]
    result = megaql(*words, environ=environ, answer="y\n")
    assert result.status == 0, result.err
    assert "Redrive the 2 messages of the plan in local:orders-dlq to local:orders?" in result.err
    assert sorted(message.body for message in dead[1].receive(10)) == [
        '{"number":0,"customer":"customer-0","total":0.10}',
        '{"number":1,"customer":"customer-1","total":0.10}',
    ]
    assert dead[0].info().visible == 8


def test_what_was_not_edited_is_sent_byte_for_byte(megaql, dead, editor):
    words = ["redrive", "local:orders-dlq", "-w", "number == 2", "--editor", "--apply"]
    assert megaql(*words, environ=editor("true"), answer="y\n").status == 0
    assert [message.body for message in dead[1].receive(10)] == [event(2).body]


def test_an_emptied_file_leaves_its_message(megaql, dead, editor):
    words = ["redrive", "local:orders-dlq", "-w", "number < 3", "--editor", "--apply"]
    environ = editor(""": > "$1"; rm "$2" """)
    assert megaql(*words, environ=environ, answer="y\n").status == 0
    assert len(dead[1].receive(10)) == 1
    assert dead[0].info().visible == 9


def test_what_is_no_json_any_more_is_not_sent(megaql, dead, editor):
    words = ["redrive", "local:orders-dlq", "-w", "number < 3", "--editor", "--apply"]
    result = megaql(*words, environ=editor("""echo '{' > "$1" """), answer="n\n")
    assert result.status == 2
    assert "An edited message is no JSON" in result.err
    assert dead[0].info().visible == 10


def test_an_editor_that_fails_stops_it(megaql, dead, editor):
    words = ["redrive", "local:orders-dlq", "--editor", "--apply"]
    result = megaql(*words, environ=editor("exit 3"), answer="y\n")
    assert result.status == 2
    assert "The editor ended with status 3" in result.err
    assert dead[0].info().visible == 10


def test_edits_are_kept_in_a_plan(megaql, dead, editor, tmp_path):
    plan = tmp_path / "plan.ndjson"
    environ = editor("""sed -i 's/"total": [0-9]*/"total": 5/' "$1" """)
    words = ["redrive", "local:orders-dlq", "-w", "number < 2", "--editor", "--plan", plan]
    assert megaql(*words, environ=environ, answer="y\n").status == 0
    assert plan.read_text().count('"body"') == 1
    assert megaql("redrive", "local:orders-dlq", "--plan", plan, "--apply", "--yes").status == 0
    assert 5 in [json.loads(message.body)["total"] for message in dead[1].receive(10)]
    assert dead[0].info().visible == 8
