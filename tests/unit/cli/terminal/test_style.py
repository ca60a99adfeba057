import json

import pytest

from megaql.cli.environment import Color, Environment
from megaql.cli.terminal.style import Style, harmless, harmless_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äö 日本", "plain äö 日本"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x07\x00\x7f\x9b31m", "\\x07\\x00\\x7f\\x9b31m"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\u2028line\ufeff", "\\u2028line\\ufeff"),
        ("\ud800", "\\ud800"),
    ],
)
def test_nothing_that_controls_a_terminal_passes(text, shown):
    assert harmless(text) == shown


def test_line_ends_can_be_kept():
    assert harmless("a\n\x1bb", keep="\n") == "a\n\\x1bb"


@pytest.mark.parametrize("char", ["\x7f", "\x85", "\x9b", "\u202e", "\u2066", "\u2028", "\ud800"])
def test_json_keeps_its_value(char):
    text = harmless_json(json.dumps({"a": f"x{char}y"}, ensure_ascii=False))
    assert char not in text
    assert json.loads(text) == {"a": f"x{char}y"}


def test_colours():
    assert Style(on=False)("x", "red") == "x"
    assert Style(on=True)("x", "red", bold=True) == "\x1b[31m\x1b[1mx\x1b[0m"
    assert Style(on=True)("x", dim=True) == "\x1b[2mx\x1b[0m"
    assert Style(on=True)("", "red") == ""


@pytest.mark.parametrize(
    ("color", "environ", "tty", "expected"),
    [
        (Color.AUTO, {}, True, True),
        (Color.AUTO, {}, False, False),
        (Color.AUTO, {"NO_COLOR": "1"}, True, False),
        (Color.AUTO, {"NO_COLOR": ""}, True, True),
        (Color.AUTO, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (Color.AUTO, {"FORCE_COLOR": "1"}, False, True),
        (Color.AUTO, {"CLICOLOR_FORCE": "1"}, False, True),
        (Color.AUTO, {"CLICOLOR_FORCE": "0"}, False, False),
        (Color.AUTO, {"TERM": "dumb"}, True, False),
        (Color.AUTO, {"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        (Color.ALWAYS, {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        (Color.NEVER, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_about_colours(color, environ, tty, expected):
    world = Environment(stdin=None, stdout=None, stderr=None, stdout_isatty=tty, environ=environ, color=color)
    assert world.colors() is expected
