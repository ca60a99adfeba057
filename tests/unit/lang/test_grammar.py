import logging
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from lark import Lark, logger

from megaql.lang import grammar, parser
from megaql.lang.tokens import WORD
from megaql.lang.vocabulary import KEYWORDS


def test_the_grammar_has_no_conflicts(caplog):
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        Lark(grammar.text(), parser="lalr", lexer="contextual", debug=True)
    assert "conflict" not in caplog.text.lower()


def test_names_leave_out_exactly_the_keywords():
    pattern = next(terminal for terminal in grammar._shared().terminals if terminal.name == "NAME").pattern
    listed = re.search(r"\(\?!\(\?:([a-z|]+)\)", pattern.value)[1].split("|")
    assert listed == sorted(KEYWORDS)


def test_members_are_words_of_the_scanner():
    pattern = next(terminal for terminal in grammar._shared().terminals if terminal.name == "MEMBER").pattern
    assert pattern.value == WORD


@pytest.mark.parametrize("keyword", sorted(KEYWORDS))
def test_every_keyword_is_a_key_after_a_dot(keyword):
    for spelled in (keyword, keyword.upper()):
        for text in (f"exists a.{spelled}", f"exists .{spelled}", f"exists @attributes.{spelled}.b"):
            assert spelled in [segment.name for segment in parser.parse(text).path.segments]


def test_many_first_users_get_one_parser():
    grammar._parser.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        parsers = set(map(id, pool.map(lambda _: grammar._shared(), range(32))))
    assert len(parsers) == 1


@pytest.mark.parametrize("module", ["nodes", "printer", "jsonform", "binding", "wellformed", "limits"])
def test_only_the_parser_brings_lark(module):
    code = f"import sys, megaql.lang.{module}; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
