"""`megaql connect`: the plan on the screen, as JSON, and what cannot be."""

import json
import textwrap

import pytest


@pytest.fixture
def handlers(tmp_path, monkeypatch):
    """A module with an App, in the current directory; its name is its own, for modules stay imported."""
    number = abs(hash(str(tmp_path)))
    (tmp_path / f"handlers{number}.py").write_text(
        textwrap.dedent("""
        import megaql

        app = megaql.App("local:orders")

        @app.subscribe('event.name == "item.added" and event.quantity > 0')
        def reserve(event, message):
            print("reserved", event.attributes["quantity"])
        """)
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return f"handlers{number}:app"


def test_a_dry_run_on_a_screen_of_80_columns(megaql, handlers, golden):
    result = megaql("connect", handlers, "local-topic:shop", "--json-bodies", "--dry-run", tty=True)
    assert (result.status, result.err) == (0, "")
    golden("connect-80", result.out)
    assert megaql("publish", "local-topic:shop", "--event", "item.added", "--dry-run").status == 0
    assert megaql("peek", "local:orders").status == 5, "a dry run made the queue"


def test_connected_run_and_removed(megaql, handlers):
    assert megaql("connect", handlers, "local-topic:shop", "--json-bodies").lines[0] == (
        "Connected local:orders to local-topic:shop"
    )
    for name in ("item.added", "item.removed"):
        megaql("publish", "local-topic:shop", "--event", name, "-s", "quantity=5")
    assert "received 1, handled 1" in megaql("run", handlers, "--once").err
    again = megaql("connect", handlers, "local-topic:shop", "--json-bodies")
    assert again.lines[-1] == "Nothing to do: all of it is as it should be"
    assert "the subscription is ended" in megaql("connect", handlers, "local-topic:shop", "--remove").out
    assert (
        megaql("connect", handlers, "local-topic:shop", "--remove").lines[-1] == "Nothing to do: they are not connected"
    )


def test_the_plan_as_json(megaql, handlers):
    result = megaql("connect", handlers, "local-topic:shop", "local:other", "--dry-run", "-o", "json")
    plan = json.loads(result.out)
    assert plan["queue"] == "arn:aws:sqs:local:000000000000:other"
    assert plan["filter"]["policy"] is None
    assert plan["filter"]["with_json_bodies"] == {"event": {"name": ["item.added"]}}
    assert [call["call"] for call in plan["calls"]] == ["sns:CreateTopic", "sqs:CreateQueue", "sns:Subscribe"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["local:shop"], 2, "'local:shop' is a queue, and a topic is needed here"),
        (["local-topic:shop", "local-topic:x"], 2, "'local-topic:x' is a topic, and a queue is needed here"),
        (["local-topic:shop", "--filter-by", "body"], 2, "--json-bodies"),
        (["local-topic:shop", "--filter-by", "size"], 2, "'size' is not one of 'attributes', 'body'"),
        (["local-topic:shop", "--no-filter", "--json-bodies"], 2, "megaql connect, --no-filter"),
        (["local-topic:shop", "--remove", "--raw"], 2, "megaql connect, --remove"),
        (["local-topic:nowhere", "--remove"], 5, "local-topic:nowhere does not exist"),
        (["local-topic:shop", "local:x.fifo"], 2, "a FIFO queue cannot subscribe to a standard topic"),
        (["arn:aws:sns:eu-west-1:123456789012:shop"], 2, "a local queue and a topic on AWS cannot be connected"),
    ],
)
def test_what_cannot_be(megaql, handlers, arguments, status, said):
    result = megaql("connect", handlers, *arguments)
    assert (result.status, result.out) == (status, "")
    assert result.err.startswith("error: ")
    assert said in result.err
    assert "next: " in result.err
