"""The code of docs/python.md runs, and each pattern in its table is the query beside it."""

import re
from pathlib import Path

import pytest

import megaql
from megaql import patterns

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
TEXT = PAGE.read_text(encoding="utf-8")
TABLE = TEXT.partition("Under a key `a` stands")[2].partition("###")[0]
ROWS = re.findall(r"^\| (`.*?`) \| (`.*?`) \|.*\|$", TABLE, re.MULTILINE)


def pairs():
    for given, queries in ROWS:
        made, texts = (re.findall(r"`(.*?)`", cell) for cell in (given, queries))
        yield from zip(made, texts, strict=True)


def test_the_code_runs(capsys):
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    assert capsys.readouterr().out.startswith("match     and\n")


@pytest.mark.parametrize(("code", "text"), list(pairs()))
def test_row(code, text):
    from datetime import date

    value = eval(code, {**vars(patterns), "re": re, "date": date})
    assert str(patterns.pattern({"a": value})) == text
    assert patterns.pattern({"a": value}) == megaql.compile(text)


def test_every_function_is_on_the_page():
    assert {name for name in patterns.__all__ if f"{name}(" not in TEXT} == {"Condition"}


def test_every_keyword_is_on_the_page():
    assert {name for name in patterns.MEGA_PATHS if f"`{name}`" not in TEXT} == set()
