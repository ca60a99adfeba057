"""The files of docs/testing.md are a project whose tests pass."""

import inspect
import re
from pathlib import Path

import pytest

from megaql import testing
from megaql.testing import plugin

pytest_plugins = ["pytester"]

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "testing.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


def test_the_tests_of_the_page_pass(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    for name, text in FILES.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    assert len(FILES) == 5
    pytester.runpytest_subprocess().assert_outcomes(passed=TEXT.count("\ndef test_"))


def test_what_fails_without_a_line_does_so_with_the_handlers_traceback(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    broken = re.sub(r"    with pytest\.raises\(KeyError\).*\n    ", "", FILES["test_shop.py"])
    for name, text in {**FILES, "test_shop.py": broken}.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    result = pytester.runpytest_subprocess("-k", "unknown_article")
    result.assert_outcomes(failed=1, deselected=TEXT.count("\ndef test_") - 1)
    result.stdout.fnmatch_lines([">*return {*cup*: 40}*sku*", "E   *KeyError: 'spoon'"])


@pytest.mark.parametrize("name", [name for name in vars(plugin) if name.startswith("megaql_")])
def test_every_fixture_is_on_the_page(name):
    assert f"| `{name}` |" in TEXT


def test_every_helper_is_on_the_page():
    on_types = {"Broker", "DeadLetter", "DrainReport", "HandlerError", "LocalQueue", "LocalTopic"}
    assert {name for name in testing.__all__ if f"{name}" not in TEXT} == on_types


def test_the_numbers_are_the_programs_own():
    assert inspect.signature(testing.run_until_empty).parameters["tries"].default == 20
    assert plugin.MAX_RECEIVES == 5
