"""Looks for a text that is in some languages and in none of others.

A maintainer keeps one rule: the walk may leave languages out and so look at too many texts, never at too few. That it finds none is a
proof for what was asked; a text that it finds counts only once the evaluator's own functions confirm it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, assert_never

from megaql.lang import regexes
from megaql.lang.automata import nfa, product, syntax
from megaql.lang.automata.languages import OneOf, Order, Part, Search, holds
from megaql.lang.automata.searching import Searching
from megaql.lang.automata.texts import Folding, Listed, Ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from megaql.lang.automata.automaton import Automaton
    from megaql.lang.automata.languages import Language
    from megaql.lang.automata.nfa import Program
    from megaql.lang.nodes import Regex


class Nothing(Enum):
    """The answer that there is no such text, proven."""

    NOTHING = "nothing"


NOTHING: Final = Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class Undecided:
    """The answer that nobody can say, and why: a sentence without its full stop."""

    reason: str


#: Moves of all automata together that one search may take: at most about 100 ms.
LIMIT: Final = 10_000

#: Texts that are shown to the evaluator before a search gives up.
TRIES: Final = 50


def find(
    require: Sequence[Language], forbid: Sequence[Language] = (), *, limit: int = LIMIT
) -> str | Nothing | Undecided:
    """Return a text in all required languages and no forbidden one: a short and readable one, not empty if there is another.

    `NOTHING` is a proof that there is none. `limit` bounds the work, in moves; past it the answer is `Undecided`.
    """
    if set(require) & set(forbid):
        return NOTHING
    finite = min((one.texts for one in require if isinstance(one, OneOf) and not one.fold), key=len, default=None)
    if finite is not None and len(finite) <= limit:
        return _listed(finite, require, forbid)
    left_out: list[str] = []
    required, forbidden = ([*_automata(languages, left_out)] for languages in (require, forbid))
    try:
        return _confirm(product.texts(required, forbidden, limit=limit), require, forbid, left_out)
    except product.OutOfMoves:
        return Undecided("there are too many ways to go through the text")


def _listed(texts: Iterable[str], require: Sequence[Language], forbid: Sequence[Language]) -> str | Nothing | Undecided:
    """Answer where only these texts come into question, by asking the evaluator about each."""
    unknown = False
    for text in sorted(texts, key=lambda text: (not text, len(text), text)):
        wanted, unwanted = [holds(one, text) for one in require], [holds(one, text) for one in forbid]
        if all(wanted) and not any(answer is not False for answer in unwanted):
            return text
        unknown = unknown or (False not in wanted and True not in unwanted)
    return Undecided("the evaluator cannot say whether the text fits") if unknown else NOTHING


def _confirm(
    candidates: Iterable[str], require: Sequence[Language], forbid: Sequence[Language], left_out: Sequence[str]
) -> str | Nothing | Undecided:
    """Return the first candidate that the evaluator confirms; `NOTHING` where there is no candidate at all."""
    tried = 0
    for text in islice(candidates, TRIES):
        if _confirmed(text, require, forbid):
            return text
        tried += 1
    if not tried:
        return NOTHING
    return Undecided(left_out[0] if left_out else "only texts that no message holds would do")


def _confirmed(text: str, require: Sequence[Language], forbid: Sequence[Language]) -> bool:
    answers = [holds(one, text) for one in (*require, *forbid)]
    return answers == [True] * len(require) + [False] * len(forbid) and not _PAIR.search(text)


#: Two lone surrogates that JSON reads as one code point: no decoded body holds them.
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _automata(languages: Iterable[Language], left_out: list[str]) -> Iterator[Automaton[Any]]:
    """Yield the automata of those languages that have one, and note why others have not."""
    for language in dict.fromkeys(languages):
        try:
            yield automaton_of(language)
        except syntax.NotRead as refusal:
            left_out.append(f"a {'regex' if isinstance(language, Search) else 'text'} {refusal}")


def automaton_of(language: Language) -> Automaton[Any]:
    """Return the automaton of a language; `NotRead` where it has none that is small enough to work with."""
    match language:
        case Search(regex):
            return Searching(_program(regex))
        case Part(operator, operand, fold):
            searching = Searching(nfa.of_part(operator, operand.casefold() if fold else operand))
            return Folding(searching) if fold else searching
        case OneOf(texts, fold):
            return Folding(Listed(frozenset(map(str.casefold, texts)))) if fold else Listed(texts)
        case Order(operator, operand, fold):
            return Folding(Ordered(operator, operand.casefold())) if fold else Ordered(operator, operand)
        case _:
            assert_never(language)


@lru_cache(regexes.CACHED_PATTERNS)
def _program(regex: Regex) -> Program:
    if regexes.check(regex) is not None:
        raise syntax.NotRead("is none of this dialect")
    return nfa.of_tree(syntax.parse(regex))
