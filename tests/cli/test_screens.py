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


def without_colours(text):
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)
