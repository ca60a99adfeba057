"""Every diagnostic in full, as people read it: `diagnostics/*.txt`.

A case is a query, a line `---`, the error's class with its codes, and the rendered text; a line of `=` ends it. After a
change on purpose, `GOLDEN=write pytest tests/golden` writes what comes out now; read the difference before you
commit it.
"""

import os
from pathlib import Path

import pytest

from megaql.errors import QueryError
from megaql.lang import fixes, parser
from megaql.source import Source

_FOLDER = Path(__file__).parent / "diagnostics"
_WRITING = os.environ.get("GOLDEN") == "write"
_END = "\n" + "=" * 80 + "\n"


def _cases(file):
    for case in file.read_text(encoding="utf-8").split(_END):
        if case.strip("\n") or "---" in case:
            query, _, expected = case.partition("\n---\n")
            yield query, expected


def _outcome(query):
    try:
        parser.parse(query)
    except QueryError as error:
        codes = ", ".join(diagnostic.code for diagnostic in error.diagnostics)
        incomplete = ", incomplete" if error.incomplete else ""
        return f"{type(error).__name__}: {codes}{incomplete}\n{error}"
    return "no error"


_FILES = sorted(_FOLDER.glob("*.txt"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [pytest.param(*case, id=f"{file.stem}-{case[0][:40]}") for file in _FILES for case in _cases(file)],
)
def test_diagnostic(query, expected):
    if _WRITING:
        pytest.skip("writing")
    assert _outcome(query) == expected


def test_there_are_enough_cases():
    for file in _FILES:
        cases = list(_cases(file))
        if _WRITING:
            file.write_text("".join(f"{query}\n---\n{_outcome(query)}{_END}" for query, _ in cases), encoding="utf-8")
        assert len(cases) == len({query for query, _ in cases}), "a case stands twice"
    assert sum(len(list(_cases(file))) for file in _FILES) >= 80


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_a_certain_fix_takes_the_mistake_away(file):
    for query, _ in _cases(file):
        with pytest.raises(QueryError) as caught:
            parser.parse(query)
        first = caught.value.diagnostics[0]
        if first.fix is None:
            continue
        fixed = query[: first.span.start] + first.fix + query[first.span.end :]
        try:
            parser.parse(fixed)
        except QueryError as error:
            if (error.diagnostics[0].code, error.span) == (first.code, first.span):
                pytest.fail(f"the fix of {query!r} changes nothing: {fixed!r}")


@pytest.mark.parametrize(
    ("query", "meant"), [("a|b", "a or b"), ("a∧b", "a and b"), ("a∈[1]", "a in [1]"), ("exists a,b", "exists a and b")]
)
def test_the_words_of_a_fix_stay_apart_from_what_is_around_them(query, meant):
    with pytest.raises(QueryError) as caught:
        parser.parse(query)
    first = caught.value.diagnostics[0]
    assert parser.parse(query[: first.span.start] + first.fix + query[first.span.end :]) == parser.parse(meant)


def _found(source):
    try:
        parser.parse(source)
    except QueryError as error:
        return error.diagnostics
    return ()


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_fixes_never_make_a_text_worse(file):
    for query, _ in _cases(file):
        before = _found(Source(query))
        fixed = fixes.fix(Source(query), _found)
        assert fixed.left == tuple(_found(fixed.source)), query
        assert bool(fixed.applied) == (fixed.source.text != query), query
        assert len(fixed.left) <= len(before), f"{query!r} became {fixed.source.text!r}"
        again = fixes.fix(fixed.source, _found)
        assert again.source.text == fixed.source.text, query


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("1 <= a <= 10", "a between 1 and 10"),
        ("10 >= a >= 1", "a between 1 and 10"),
        ("a between 1, 10", "a between 1 and 10"),
        ("a between 1,10", "a between 1 and 10"),
        ("a between 1 to 10", "a between 1 and 10"),
        ("len(a) > 1 and toLower(b) == 'x'", "length(a) > 1 and lower(b) == 'x'"),
        ("a between [1, 10]", "a between 1 and 10"),
        ("a == 1 or 2 or 3", "a in [1, 2, 3]"),
        ("a = 1 and b <> 2", "a == 1 and b != 2"),
        ("a == 1 # kept\nand b = 2", "a == 1 and b == 2"),
    ],
)
def test_fixes_make_what_was_meant(query, meant):
    assert parser.parse(fixes.fix(Source(query), _found).source) == parser.parse(meant)


@pytest.mark.parametrize(
    "query",
    [
        'startswith("foo")',
        "age(a) < 15M",
        "a == 5k",
        "a between 1,000",
        "a between (1)",
        "a between (1, 2, 3)",
        "1 < a <= 10",
        "a < b > c",
    ],
)
def test_what_is_a_guess_is_not_applied(query):
    assert fixes.fix(Source(query), _found).source.text == query


@pytest.mark.parametrize("query", ["a == 1", "a==1 or b", "# note\na == 1", 'a ~ /x#/ and b == "=="'])
def test_a_text_that_parses_is_not_changed(query):
    assert fixes.fix(Source(query), _found) == fixes.Fixed(Source(query), (), ())
