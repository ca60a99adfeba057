import io
import re

import pytest

from megaql.broker.message import Message
from megaql.cli.environment import Environment
from megaql.cli.messages.tree import MIN_TEXT, Trees
from megaql.query import compile as compile_query
from megaql.source import width as cells


def shown(query, body, *, width=80, environ=None):
    """Return the lines under the heading of an explained message."""
    world = Environment(stdin=None, stdout=io.StringIO(), stderr=None, width=width, environ=environ or {})
    message = Message(id="1a2b3c04-0000", body=body)
    Trees(world).show(message, 1, compile_query(query).explain(message))
    return world.stdout.getvalue().splitlines()[1:]


def test_each_clause_has_its_verdict_and_what_it_found():
    assert shown('a == 1 and not (b == "x")', '{"a": 1, "b": "y"}') == [
        "✓ match     and",
        "├── ✓ match     a == 1",
        "│                 $.a = 1, a number",
        "└── ✓ match     not",
        '    └── ✗ no match  b == "x"',
        '                      $.b = "y", a string',
    ]


def test_a_reason_and_a_hint_stand_below_the_clause():
    lines = shown("n > 3", '{"n": "7"}')
    assert lines == [
        "? unknown   n > 3",
        '              $.n = "7", a string',
        "              because n is a string, not a number",
        "              hint: number(n) would compare it",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_however_deep(width):
    query = "n > 3"
    for level in range(12):
        query = f'not ({query} or name == "日本語{level}")'
    lines = shown(query, '{"n": 1, "name": "東京"}', width=width)
    assert max(map(cells, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    assert len([line for line in lines if re.search(r"[✓✗?] (no )?match|\? unknown", line)]) == 12 + 12 + 13
    rails = max(len(re.match(r"[│├└─ ]*", line)[0]) for line in lines if "match" in line)
    assert rails <= max(4, width - MIN_TEXT)


def test_long_words_are_folded_not_cut():
    lines = shown(f'a == "{"x" * 100}"', '{"a": 1}', width=60)
    assert "".join(line.strip() for line in lines).count("x") == 100


def test_controls_are_escaped_once():
    body = '{"a": "x\\u001b[2J\\u009b\\n\\"\\\\", "list": ["\\u0007"]}'
    assert shown('a == 1 or list == ["y"]', body)[2] == r"""│                 $.a = "x\x1b[2J\x9b\n\"\\", a string"""
    assert r'"\x07"' in shown('list == ["y"]', body)[1]


def test_clauses_that_would_fill_the_screen_are_cut_as_in_the_text():
    query = f"a in [{', '.join(map(str, range(500)))}]"
    drawn = " ".join(line.strip() for line in shown(query, '{"a": -1}'))
    explained = compile_query(query).explain({"a": -1})
    assert explained.shown_clause.endswith(f"… ({len(query):,} characters)")
    assert explained.shown_clause in drawn
    assert explained.shown_clause.split(" …")[0] in " ".join(str(explained).split())


def test_controls_in_values_are_harmless_and_markup_is_text():
    lines = shown("a == 1", '{"a": "\\u001b[2J[red]\\u202e"}', environ={"FORCE_COLOR": "1"})
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert "\x1b" not in "".join(plain)
    assert "\u202e" not in "".join(plain)
    assert "[red]" in plain[1]
