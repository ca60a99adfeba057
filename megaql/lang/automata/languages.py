"""The string tests of the language as sets of texts, each with the evaluator's own answer for one text.

A maintainer keeps one rule: `holds` asks the functions that evaluate queries and decides nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from megaql.lang import predicates, regexes
from megaql.lang.compare import order_text
from megaql.lang.kinds import Folded
from megaql.lang.nodes import Comparison, Regex, TextOperator


@dataclass(frozen=True, slots=True)
class Part:
    """The texts that start with, end with, contain or look `like` the operand; with `fold`, casefolded as against `"x"i`."""

    operator: TextOperator
    operand: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """The texts of a set; with `fold`, every text that casefolds as one of them does."""

    texts: frozenset[str]
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The texts that come before or after the operand by code point: `<`, `<=`, `>`, `>=`; with `fold`, both casefolded.

    Equality is `OneOf`, required or forbidden; `ValueError` for its operators.
    """

    operator: Comparison
    operand: str
    fold: bool = False

    def __post_init__(self) -> None:
        if self.operator in {Comparison.EQ, Comparison.NE}:
            raise ValueError(f"{self.operator.value} is no order")


@dataclass(frozen=True, slots=True)
class Search:
    """The texts in which a regex matches somewhere."""

    regex: Regex


Language = Part | OneOf | Order | Search


def holds(language: Language, text: str) -> bool | None:
    """Say whether a text is in the language, `None` where the evaluator cannot say."""
    match language:
        case Part(operator, operand, fold):
            answer = predicates.text_holds(operator, text, _operand(operand, fold=fold))
            return answer if isinstance(answer, bool) else None
        case OneOf(texts, fold):
            return text.casefold() in _casefolded(texts) if fold else text in texts
        case Order(operator, operand, fold):
            return _ordered(operator, order_text(text, _operand(operand, fold=fold)))
        case Search(regex):
            try:
                return regexes.search(regex, text)
            except regexes.PatternError:
                return None
        case _:
            assert_never(language)


@lru_cache(16)
def _casefolded(texts: frozenset[str]) -> frozenset[str]:
    return frozenset(map(str.casefold, texts))


def _operand(text: str, *, fold: bool) -> str | Folded:
    return Folded(text.casefold()) if fold else text


def _ordered(operator: Comparison, sign: int) -> bool:
    match operator:
        case Comparison.LT:
            return sign < 0
        case Comparison.LE:
            return sign <= 0
        case Comparison.GT:
            return sign > 0
        case _:
            return sign >= 0
