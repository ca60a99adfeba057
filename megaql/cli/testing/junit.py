"""Results of tests as JUnit's XML, which CI systems read.

A maintainer keeps one rule: the file is well-formed whatever names and values say; characters that XML has no place for are written as `harmless` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from megaql.cli.terminal.style import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The name of the whole.
NAME: Final = "megaql test"


class Result(NamedTuple):
    """One expectation and what became of it: `failure` in a sentence, `detail` in many lines; `error` where it could not be asked."""

    name: str
    failure: str = ""
    detail: str = ""
    error: str = ""


def document(suites: Mapping[str, Sequence[Result]]) -> str:
    """Return the XML of suites by name."""
    every = [result for results in suites.values() for result in results]
    body = "".join(_suite(name, results) for name, results in suites.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites name={quoteattr(NAME)} {_counts(every)}>\n{body}</testsuites>\n"
    )


def _suite(name: str, results: Sequence[Result]) -> str:
    cases = "".join(_case(name, result) for result in results)
    return f'<testsuite name={_attribute(name)} {_counts(results)} skipped="0" time="0">\n{cases}</testsuite>\n'


def _case(suite: str, result: Result) -> str:
    head = f'<testcase classname={_attribute(suite)} name={_attribute(result.name)} time="0"'
    if result.error:
        return f"{head}><error message={_attribute(result.error)}/></testcase>\n"
    if not result.failure:
        return f"{head}/>\n"
    detail = escape(harmless(result.detail, keep="\n"))
    return f'{head}><failure type="expectation" message={_attribute(result.failure)}>{detail}</failure></testcase>\n'


def _counts(results: Sequence[Result]) -> str:
    failures, errors = sum(bool(one.failure) for one in results), sum(bool(one.error) for one in results)
    return f'tests="{len(results)}" failures="{failures}" errors="{errors}"'


def _attribute(text: str) -> str:
    return quoteattr("".join(char if char.isprintable() else "?" for char in harmless(text)))
