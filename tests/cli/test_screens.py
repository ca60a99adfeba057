"""Screens as people see them, at 80 and 120 columns, with and without colour, and piped."""

import pytest

QUERY = 'event.name == "item.added" and event.quantity > 3'


@pytest.mark.parametrize("width", [80, 120])
def test_peek_at_a_width(megaql, golden, events, width):
    golden(f"peek-{width}", megaql("peek", events, tty=True, width=width).out)


@pytest.mark.parametrize("width", [80, 120])
def test_peek_shows_the_paths_of_the_query(megaql, golden, events, width):
    query = "event.quantity > 1 or any i in object.current.items: (i.quantity > 1)"
    golden(f"peek-where-{width}", megaql("peek", events, "-w", query, tty=True, width=width).out)


@pytest.mark.parametrize("width", [80, 120])
def test_why_not(megaql, golden, events, width):
    result = megaql("peek", events, "-w", QUERY, "--why-not", tty=True, width=width)
    golden(f"why-not-{width}", result.out + "--\n" + result.err.replace(str(events), "events.ndjson"))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("only", ["match", "near-miss"])
def test_explain(megaql, golden, events, width, only):
    golden(f"explain-{only}-{width}", megaql("explain", QUERY, events, "--only", only, tty=True, width=width).out)


@pytest.mark.parametrize("width", [80, 120])
def test_near_misses(megaql, golden, events, width):
    query = f"{QUERY} and any item in object.current.items: (item.sku == 'a-1' and item.quantity > 9)"
    golden(f"near-misses-{width}", megaql("explain", query, events, "--summary", tty=True, width=width).out)


def test_near_misses_in_a_pipe(megaql, golden, events):
    golden("near-misses-piped", megaql("explain", QUERY, events, "--summary").out)


def test_colours_of_near_misses_only_repeat_the_words(megaql, golden, events):
    plain = megaql("explain", QUERY, events, "--summary", tty=True)
    coloured = megaql("explain", QUERY, events, "--summary", "--color", "always", tty=True)
    golden("near-misses-colour-80", coloured.out)
    assert without_colours(coloured.out) == plain.out


def test_explain_of_arrays_and_negation(megaql, golden, events):
    query = (
        "not (event.name == 'order.refunded' or missing object) "
        "and any item in object.current.items: (item.sku startswith 'A' and item.quantity > 9)"
    )
    golden("explain-arrays-80", megaql("explain", query, events, "--id", "1a2b3c04", tty=True).out)


def test_colours_only_repeat_the_words(megaql, golden, events):
    plain = megaql("explain", QUERY, events, "-n", "4", tty=True)
    coloured = megaql("explain", QUERY, events, "-n", "4", "--color", "always", tty=True)
    golden("explain-colour-80", coloured.out)
    assert without_colours(coloured.out) == plain.out
    assert "\x1b" not in plain.out


def test_piped_output_is_records(megaql, golden, events):
    golden("peek-piped", megaql("peek", events, "-w", "event.quantity > 1").out)


def test_no_color_is_minded_on_a_terminal(megaql, events):
    assert "\x1b" not in megaql("peek", events, tty=True, environ={"NO_COLOR": "1", "FORCE_COLOR": "1"}).out
    assert "\x1b[" in megaql("peek", events, tty=True, environ={}).out


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_of_a_table_is_wider_than_the_terminal(megaql, events, width):
    from megaql.source import width as cells

    result = megaql("peek", events, "-w", "event.quantity > 1 or @receive_count > 0", tty=True, width=width)
    assert max(map(cells, result.lines)) <= width
    assert len(result.lines) == 10


@pytest.fixture
def failed(tmp_path):
    """The messages of a dead-letter queue: a burst at the end, values of several kinds, a stray, names that are hostile."""
    import json
    from datetime import UTC, datetime, timedelta

    path = tmp_path / "failed.ndjson"
    names = (
        ["item.added"] * 9
        + ["order.paid"] * 5
        + ["user.updated"] * 3
        + ["red\u202e\x1b[2J", "日本語の住所、とても長い名前のイベントがここにあります"]
    )
    lines = []
    for number in range(400):
        age = timedelta(days=9) if number == 7 else timedelta(minutes=number * number / 400)
        quantity = str(number % 5) if number % 6 == 0 else number % 5
        body = {
            "type": names[number * 7 % len(names)],
            "quantity": quantity,
            "lines": [{"sku": f"A-{number % 4}"}] * (number % 3),
        }
        body |= {
            "at": (datetime(2026, 11, 24, 11, 58, tzinfo=UTC) - age).isoformat(),
            "stock": {f"{number * 7919 % 99991:05d}": 1},
        }
        line = {
            "megaql": 1,
            "id": f"{number:08d}",
            "sent_at": (datetime(2026, 11, 24, 11, 58, tzinfo=UTC) - age).isoformat(),
        }
        lines.append(line | {"receive_count": 1 + number % 7, "body": json.dumps(body | {"note": "x" * (number * 3)})})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


FAILED = 'type startswith "item" and quantity > 1'


@pytest.mark.parametrize("width", [80, 120])
def test_stats(megaql, golden, failed, width):
    golden(f"stats-{width}", megaql("stats", failed, tty=True, width=width).out)


@pytest.mark.parametrize("width", [80, 120])
def test_stats_of_a_query(megaql, golden, failed, width):
    golden(f"stats-where-{width}", megaql("stats", failed, "-w", FAILED, tty=True, width=width).out)


def test_stats_in_a_pipe(megaql, golden, failed):
    golden("stats-piped", megaql("stats", failed, "-w", FAILED, "--top", "3").out)


def test_stats_of_the_common_events(megaql, golden, events):
    golden("stats-events-80", megaql("stats", events, tty=True).out)


@pytest.mark.parametrize("width", [80, 120])
def test_schema(megaql, golden, failed, width):
    golden(f"schema-{width}", megaql("schema", failed, "--samples", "2", tty=True, width=width).out)


def test_schema_by_value(megaql, golden, events):
    golden("schema-by-80", megaql("schema", events, "--by", "event.name", tty=True).out)


def test_schema_in_a_pipe(megaql, golden, failed):
    golden("schema-piped", megaql("schema", failed).out)


@pytest.mark.parametrize("words", [["stats", "-w", FAILED], ["schema"]], ids=lambda words: words[0])
def test_colours_of_pictures_only_repeat_the_words(megaql, golden, failed, words):
    command, *options = words
    plain = megaql(command, failed, *options, tty=True)
    coloured = megaql(command, failed, *options, "--color", "always", tty=True)
    golden(f"{command}-colour-80", coloured.out)
    assert without_colours(coloured.out) == plain.out
    assert "\x1b" not in plain.out


@pytest.mark.parametrize("words", [["stats"], ["stats", "-w", FAILED], ["schema", "--samples", "3"]], ids=" ".join)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 110, 120, 200])
def test_no_line_of_a_picture_is_wider_than_the_terminal(megaql, failed, words, width):
    from megaql.source import width as cells

    command, *options = words
    for by in ([], ["--by", "type"]):
        result = megaql(command, failed, *options, *by, tty=True, width=width)
        assert [line for line in result.lines if cells(line) > max(width, 50)] == []


def without_colours(text):
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)
