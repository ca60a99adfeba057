"""Whether a text can satisfy the facts about one place: texts in order, texts of a form, and texts that are read as something.

A maintainer keeps one rule: facts that are not understood are left out of a proof, so that it is about more texts than there are and
never about fewer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from megaql.lang.automata.search import NOTHING, find
from megaql.lang.solve import regions
from megaql.lang.solve.facts import REFUTED, Answer, Status
from megaql.lang.solve.probes import AUTOMATA
from megaql.lang.solve.profiles import Texts
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.lang.automata.languages import Language
    from megaql.lang.automata.search import Nothing, Undecided
    from megaql.lang.solve.facts import Fact

#: A text that is neither a date nor an address.
_NO_READING = "other"


def possible_text(facts: Sequence[Fact], candidates: Sequence[str]) -> Answer:
    """Return whether a text can satisfy all facts; the candidates are texts worth trying."""
    by = {sort: [fact for fact in facts if fact.texts is sort] for sort in Texts}
    if not all(fact.holds(_NO_READING) for fact in by[Texts.ALIKE]):
        return REFUTED
    ordered = regions.texts(cut for fact in facts for cut in fact.known.cuts)
    for text in (*ordered, *candidates):
        if all(fact.holds(text) for fact in facts):
            return Answer(Status.YES, text)
    if not _readable(by[Texts.BY_READING], candidates):
        return REFUTED
    if not by[Texts.BY_FORM]:
        placed = [text for text in ordered if all(fact.holds(text) for fact in by[Texts.BY_PLACE])]
        return Answer(Status.MAYBE, placed[0]) if placed else REFUTED
    return _of_form(facts, [*by[Texts.BY_PLACE], *by[Texts.BY_FORM]])


def _readable(facts: Sequence[Fact], candidates: Sequence[str]) -> bool:
    """Say whether a text can be read so that the facts hold: as a date, as an address, or as nothing of the kind.

    The candidates hold a text for each region of dates and of addresses.
    """
    for of_addresses in (False, True):
        some = [fact for fact in facts if bool(fact.known.addresses) is of_addresses]
        if not any(all(fact.holds(text) for fact in some) for text in (_NO_READING, *candidates)):
            return False
    return True


@lru_cache(maxsize=512)
def _find(require: tuple[Language, ...], forbid: tuple[Language, ...]) -> str | Nothing | Undecided:
    return find(require, forbid)


def _of_form(facts: Sequence[Fact], shaped: Sequence[Fact]) -> Answer:
    require: list[Language] = []
    forbid: list[Language] = []
    for fact in shaped:
        if not fact.allowed & {Verdict.MATCH, Verdict.NO_MATCH}:
            return REFUTED
        if Verdict.NO_MATCH not in fact.allowed:
            require.extend(fact.known.languages)
        elif Verdict.MATCH not in fact.allowed and len(fact.known.languages) == 1:
            forbid.extend(fact.known.languages)
    facts[0].work.spend(AUTOMATA)
    found = _find(tuple(require), tuple(forbid))
    if found is NOTHING:
        return REFUTED
    if isinstance(found, str):
        return Answer(Status.YES if all(fact.holds(found) for fact in facts) else Status.MAYBE, found)
    return Answer(Status.MAYBE, _NO_READING)
