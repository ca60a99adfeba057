import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from megaql.highlight import MegaQLLexer
from tests.property.disorder import disordered

CHECKOUT = Path(__file__).parents[2]
QUERIES = sorted(
    {
        case["query"]
        for file in CHECKOUT.glob("tests/conformance/*.json")
        for case in json.loads(file.read_text("utf-8"))
        if "error" not in case
    }
)
FENCES = [
    pytest.param(fence, id=f"{page.name}-{number}")
    for page in [*sorted(CHECKOUT.glob("docs/*.md")), CHECKOUT / "README.md"]
    for number, fence in enumerate(
        re.findall(r"^```megaql(?: \w+)?\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
]


def lexed(text):
    """Return the tokens of a text without its blanks; together they must be the text."""
    tokens = [(kind, value) for _, kind, value in MegaQLLexer().get_tokens_unprocessed(text)]
    assert "".join(value for _, value in tokens) == text
    return [(kind, value) for kind, value in tokens if kind is not Whitespace]


def kinds(text):
    return [kind for kind, _ in lexed(text)]


def test_no_query_of_the_conformance_suite_has_an_error():
    assert len(QUERIES) > 500
    assert [query for query in QUERIES if Error in kinds(query)] == []


@given(disordered())
@settings(max_examples=150, deadline=None)
def test_no_generated_query_has_an_error(text_and_comments):
    text, comments = text_and_comments
    found = lexed(text)
    assert Error not in [kind for kind, _ in found]
    assert [kind for kind, _ in found].count(Comment.Single) == comments


@given(st.text(max_size=30))
def test_any_text_is_kept(text):
    lexed(text)


@pytest.mark.parametrize("fence", FENCES)
def test_the_examples_of_the_documentation(fence):
    wrong = [value for kind, value in lexed(fence) if kind is Error]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b", [(Name, "a"), (Punctuation, "."), (Name.Property, "b")]),
        ("AND or Not", [(Operator.Word, "AND"), (Operator.Word, "or"), (Operator.Word, "Not")]),
        ("inbox and-or", [(Name, "inbox"), (Name, "and-or")]),
        (
            "event.in . not",
            [(Name, "event"), (Punctuation, "."), (Name.Property, "in"), (Punctuation, "."), (Name.Property, "not")],
        ),
        ("null TRUE", [(Keyword.Constant, "null"), (Keyword.Constant, "TRUE")]),
        ("exists a", [(Keyword, "exists"), (Name, "a")]),
        ("a is not null", [(Name, "a"), (Operator.Word, "is"), (Operator.Word, "not"), (Keyword.Type, "null")]),
        ("string is string", [(Name, "string"), (Operator.Word, "is"), (Keyword.Type, "string")]),
        ("any of of a:", [(Keyword, "any"), (Name.Variable, "of"), (Keyword, "of"), (Name, "a"), (Punctuation, ":")]),
        (
            "count(x in a.in:",
            [
                (Name.Function, "count"),
                (Punctuation, "("),
                (Name.Variable, "x"),
                (Keyword, "in"),
                (Name, "a"),
                (Punctuation, "."),
                (Name.Property, "in"),
                (Punctuation, ":"),
            ],
        ),
        ("count.x", [(Name, "count"), (Punctuation, "."), (Name.Property, "x")]),
        ("Number (a)", [(Name.Function, "Number"), (Punctuation, "("), (Name, "a"), (Punctuation, ")")]),
        ("number == size", [(Name, "number"), (Operator, "=="), (Name, "size")]),
        (
            "@id @attributes.x",
            [(Name.Builtin, "@id"), (Name.Builtin, "@attributes"), (Punctuation, "."), (Name.Property, "x")],
        ),
        ("@other $limit", [(Name, "@other"), (Name.Variable.Global, "$limit")]),
        (
            '"a\\n"i',
            [
                (String.Double, '"'),
                (String.Double, "a"),
                (String.Escape, "\\n"),
                (String.Double, '"'),
                (String.Affix, "i"),
            ],
        ),
        ("'#'", [(String.Single, "'"), (String.Single, "#"), (String.Single, "'")]),
        ('r"\\d"', [(String.Affix, "r"), (String, '"\\d"')]),
        ('d"2026-01-02"', [(String.Affix, "d"), (Literal.Date, '"2026-01-02"')]),
        ("~ /a\\/#/im", [(Operator, "~"), (String.Regex, "/a\\/#/"), (String.Affix, "im")]),
        ("!~ !a", [(Operator, "!~"), (Operator, "!"), (Name, "a")]),
        ("-5 1_000", [(Number.Integer, "-5"), (Number.Integer, "1_000")]),
        ("1.5 -2e3", [(Number.Float, "1.5"), (Number.Float, "-2e3")]),
        ("2h30m 64kib", [(Number, "2h30m"), (Number, "64kib")]),
        ("# a: b", [(Comment.Single, "# a: b")]),
        (
            "big-ones: a\n  and b:",
            [
                (Name.Label, "big-ones"),
                (Punctuation, ":"),
                (Name, "a"),
                (Operator.Word, "and"),
                (Name, "b"),
                (Punctuation, ":"),
            ],
        ),
        (
            "a[*].**",
            [
                (Name, "a"),
                (Punctuation, "["),
                (Operator, "*"),
                (Punctuation, "]"),
                (Punctuation, "."),
                (Operator, "**"),
            ],
        ),
        ("a = 1", [(Name, "a"), (Error, "="), (Number.Integer, "1")]),
    ],
)
def test_tokens(text, expected):
    assert lexed(text) == expected


def test_an_unclosed_string_spoils_its_line_only():
    found = lexed('a == "x\nb == 1')
    assert found[-3:] == [(Name, "b"), (Operator, "=="), (Number.Integer, "1")]


def test_pygments_is_told_of_it():
    project = tomllib.loads(CHECKOUT.joinpath("pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["megaql"].partition(":")
    assert getattr(import_module(module), name) is MegaQLLexer
    assert (MegaQLLexer.aliases, MegaQLLexer.filenames) == (["megaql"], ["*.mql"])
