"""`megaql schema`: paths of files and queues."""

import json

import pytest

import megaql as package


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.ndjson"
    lines = [
        {
            "type": "paid" if number % 3 else "open",
            "total": number if number % 4 else str(number),
            "weird key": {"id": f"secret-{number}"},
        }
        for number in range(12)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_a_pipe_gets_one_line_of_json(megaql, orders):
    result = megaql("schema", orders)
    (line,) = result.lines
    shown = json.loads(line)
    assert [one["path"] for one in shown["paths"]] == ["type", "total", '."weird key"', '."weird key".id']
    assert shown["seen"] == 12
    for one in shown["paths"]:
        package.compile(f"exists {one['path']}")
    total = next(one for one in shown["paths"] if one["path"] == "total")
    assert total["kinds"] == {"number": 9, "string": 3}
    assert total["suggestion"] == "number(total)"


def test_values_that_only_one_message_has_are_shown_on_request_only(megaql, orders):
    for form in ("table", "json"):
        assert "secret" not in megaql("schema", orders, "-o", form).out
        assert "secret-0" in megaql("schema", orders, "-o", form, "--samples", "2").out
    assert "one of paid, open" in megaql("schema", orders, "-o", "table").out


def test_only_what_matches_is_looked_at(megaql, orders):
    result = megaql("schema", orders, "-w", 'type == "open"')
    assert json.loads(result.out)["seen"] == 4
    assert "seen 12, matched 4" in result.err


def test_a_schema_for_each_value(megaql, orders):
    shown = json.loads(megaql("schema", orders, "--by", "type").out)
    assert shown["by"] == "type"
    assert [(group["value"], group["seen"]) for group in shown["groups"]] == [("paid", 8), ("open", 4)]
    table = megaql("schema", orders, "--by", "type", tty=True).out
    assert table.index("type paid, 8 messages: 8 data") < table.index("type open, 4 messages: 4 data")


def test_a_queue_is_held_and_given_back(megaql):
    for number in range(12):
        megaql("publish", "local:orders", "--event", "item.added", "-s", f"quantity={number}")
    result = megaql("schema", "local:orders")
    assert "event.quantity" in [one["path"] for one in json.loads(result.out)["paths"]]
    assert "12 receive counts raised by 1; released 12" in result.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "a =="], "is no path"),
        (["-o", "raw"], "schemas are shown as a table, json or ndjson"),
        (["--samples", "-1"], "-1 is too small"),
        (["-p", "n=1"], "nothing to bind"),
    ],
)
def test_wrong_options(megaql, orders, options, said):
    result = megaql("schema", orders, *options)
    assert (result.status, result.out) == (2, "")
    assert said in " ".join(result.err.split())


def test_nothing_and_text_alone(megaql, tmp_path):
    path = tmp_path / "texts.ndjson"
    path.write_text("")
    assert megaql("schema", path, tty=True).out == "0 messages\n"
    path.write_text('"just text"\n')
    assert megaql("schema", path, tty=True).status == 0
