import json
import logging
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from lark import Lark, logger

from megaql.lang import grammar, parser, tables
from megaql.lang.lalr import Parser
from megaql.lang.tokens import WORD
from megaql.lang.vocabulary import KEYWORDS


def test_the_grammar_has_no_conflicts(caplog):
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        Lark(grammar.text(), parser="lalr", lexer="contextual", debug=True)
    assert "conflict" not in caplog.text.lower()


def test_names_leave_out_exactly_the_keywords():
    listed = re.search(r"\(\?!\(\?:([a-z|]+)\)", grammar.tables()["terminals"]["NAME"])[1].split("|")
    assert listed == sorted(KEYWORDS)


def test_members_are_words_of_the_scanner():
    assert grammar.tables()["terminals"]["MEMBER"] == WORD


def test_the_tables_that_are_kept_are_the_grammars():
    text = tables.to_text(tables.make(grammar.text()))
    assert grammar.TABLES_FILE.read_text("utf-8") == text, "run: python -m megaql.lang.tables"
    assert grammar.tables() == json.loads(text)


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"grammar":"start: NAME"}', None])
def test_tables_of_another_grammar_are_not_used(kept, tmp_path, monkeypatch):
    file = tmp_path / "megaql.tables.json"
    if kept is not None:
        file.write_text(kept, "utf-8")
    monkeypatch.setattr(grammar, "TABLES_FILE", file)
    made = grammar.tables()
    assert made["grammar"] == grammar.text()
    assert Parser(made).parse("a == 1").data == "start"


def test_a_changed_grammar_parses_what_it_says(tmp_path, monkeypatch):
    file = tmp_path / "megaql.lark"
    file.write_text(grammar.text().replace("/in(?!", "/within(?!"), "utf-8")
    monkeypatch.setattr(grammar, "GRAMMAR_FILE", file)
    assert Parser(grammar.tables()).parse("a within b").children[0].data == "membership"


def test_a_rule_without_parts_is_refused():
    with pytest.raises(ValueError, match="the rule start can be empty"):
        tables.make("start: A?\nA: /a/")


@pytest.mark.parametrize("keyword", sorted(KEYWORDS))
def test_every_keyword_is_a_key_after_a_dot(keyword):
    for spelled in (keyword, keyword.upper()):
        for text in (f"exists a.{spelled}", f"exists .{spelled}", f"exists @attributes.{spelled}.b"):
            assert spelled in [segment.name for segment in parser.parse(text).path.segments]


def test_many_first_users_get_one_parser():
    grammar._parser.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        parsers = set(map(id, pool.map(lambda _: grammar.shared(), range(32))))
    assert len(parsers) == 1


@pytest.mark.parametrize("query", ["a == 1", "a = 1"])
def test_no_query_brings_lark(query):
    code = f"""
import sys, megaql
try:
    megaql.compile({query!r})
except megaql.QueryError:
    pass
print('lark' in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
