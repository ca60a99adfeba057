"""What can be said of a text by prefixes, suffixes and wildcards where the query has more: `"x"i`, globs, regexes, dates.

A maintainer keeps one rule: everything here is what a text *must* have if the query holds for it. Where it is also enough, the answer says so;
where nothing can be said, it says nothing, and never guesses.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from megaql.lang.nodes import Regex


class Shape(NamedTuple):
    """The literal parts that a text must have; `whole` for a text that is nothing but `start`. `exact` where that is enough."""

    start: str = ""
    inside: str = ""
    end: str = ""
    whole: bool = False
    exact: bool = False


# Ignoring case

#: A text of more spellings than this is not listed.
MAX_SPELLINGS: Final = 8

#: The last code points that have an upper and a lower case are those of Adlam, below this one.
_LAST_CASED: Final = 0x1F000


def spellings(text: str, *, open_start: bool = False, open_end: bool = False) -> tuple[str, ...] | None:
    """Return texts which, each compared in upper and lower case, are together all that equals `text` by Unicode case folding.

    A service that ignores case compares letter by letter, so that neither the Kelvin sign is its `k` nor `ß` its `ss`: those are
    spellings of their own. With `open_start` or `open_end` the text may go on there, in the middle of a letter such as `ß`. `None` where
    there are too many or a letter has no case at all that leads to it.
    """
    folded = text.casefold()
    found: list[str] = []
    for start, at in _starts(folded, open_start=open_start):
        for spelling in _spelled(start, folded, at, open_end=open_end):
            found.append(spelling)
            if len(found) > MAX_SPELLINGS:
                return None
    return tuple(found) if all(_is_reached(char) for spelling in found for char in spelling) else None


def keeps_case(text: str) -> bool:
    """Say whether upper and lower case of each letter are equal by case folding, so that a service finds no more than the query."""
    return all(char.upper().casefold() == char.casefold() == char.lower().casefold() for char in text)


def _starts(folded: str, *, open_start: bool) -> Iterator[tuple[str, int]]:
    yield "", 0
    if open_start:
        for long, chars in _unfolded().items():
            for at in range(1, min(len(long), len(folded) + 1)):
                if long.endswith(folded[:at]):
                    yield from ((char, at) for char in chars)


def _spelled(done: str, folded: str, at: int, *, open_end: bool) -> Iterator[str]:
    if at >= len(folded):
        yield done
        return
    rest = folded[at:]
    for length in range(1, min(_LONGEST_FOLD, len(rest)) + 1):
        for char in _letters(rest[:length]):
            yield from _spelled(done + char, folded, at + length, open_end=open_end)
    if open_end and len(rest) < _LONGEST_FOLD:
        for long, chars in _unfolded().items():
            if len(long) > len(rest) and long.startswith(rest):
                yield from (done + char for char in chars)


#: No letter folds to more than three.
_LONGEST_FOLD: Final = 3


def _letters(folded: str) -> tuple[str, ...]:
    """Return the letters that fold to a text, without those whose case leads to another of them."""
    letters = _unfolded().get(folded, ())
    return (folded, *letters) if len(folded) == 1 and folded.casefold() == folded else letters


@lru_cache(1)
def _unfolded() -> dict[str, tuple[str, ...]]:
    """Return the letters that fold to something else, by that; a letter that is the upper case of what it folds to needs no entry."""
    found: dict[str, list[str]] = {}
    for code in range(0x80, _LAST_CASED):
        char = chr(code)
        folded = char.casefold()
        if folded != char and not (len(folded) == 1 and char in _cases(folded)):
            entry = found.setdefault(folded, [])
            if not any(char in _cases(other) for other in entry):
                entry.append(char)
    return {folded: tuple(chars) for folded, chars in found.items()}


def _cases(char: str) -> tuple[str, ...]:
    """The letters that a service which ignores case takes for this one; past the basic plane it knows no case."""
    return (char.lower(), char.upper()) if ord(char) < 0x10000 else (char,)


def _is_reached(char: str) -> bool:
    return char in _cases(char)


# Globs


def of_glob(pattern: str) -> Shape:
    """Return what a text of the form of a `like` pattern has: what stands before the first and after the last `*` or `?`."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    literal = [("" if part in "*?" else part[-1]) for part in parts]
    free = [at for at, part in enumerate(parts) if part in "*?"]
    if not free:
        return Shape("".join(literal), whole=True, exact=True)
    first, last = free[0], free[-1]
    start, end = "".join(literal[:first]), "".join(literal[last + 1 :])
    return Shape(start, end=end, exact=len(free) == 1 and parts[first] == "*" and not (start and end))


def wildcard(pattern: str) -> tuple[str, bool]:
    """Return a `like` pattern as an EventBridge wildcard, and whether it is the same; `?` becomes `*`, which takes more."""
    exact = True
    out: list[str] = []
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part in "*?":
            exact = exact and part == "*"
            if out[-1:] != ["*"]:
                out.append("*")
        else:
            out.append(escaped(part[-1]))
    return "".join(out), exact


def escaped(text: str) -> str:
    """Return text for a wildcard pattern, in which it means itself."""
    return re.sub(r"([\\*])", r"\\\1", text)


# Regexes

_TOKEN: Final = re.compile(r"\\Q|\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\[:\^?\w*:\]|\\.|[^\]\\])*\]|.", re.DOTALL)
_REPEATS: Final = frozenset("*?{")


def of_regex(regex: Regex) -> Shape | None:
    """Return what a text has in which the regex is found: the plain characters it begins with, and whether they stand at an end.

    `None` where nothing can be said. Flags are the caller's part, but for `m`, with which `^` and `$` are no ends of the text.
    """
    tokens = [token.group() for token in _TOKEN.finditer(regex.pattern)]
    if "\\Q" in tokens or _branches(tokens) or ("m" in regex.flags and {"^", "$"} & set(tokens)):
        return None
    anchored = tokens[:1] in (["^"], ["\\A"])
    run, rest = _plain_run(tokens[anchored:])
    if _unsure(run):
        return None
    if rest in (["$"], ["\\z"]):
        return Shape(run, whole=True, exact=True) if anchored else Shape(end=run, exact=True)
    exact = not rest or rest == [".", "*"]
    return Shape(start=run, exact=exact) if anchored else Shape(inside=run, exact=exact)


def _branches(pieces: list[str]) -> bool:
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            return True
    return False


def _plain_run(pieces: list[str]) -> tuple[str, list[str]]:
    """Return the characters that stand for themselves at the start, each exactly once, and the pieces after them."""
    run: list[str] = []
    for at, piece in enumerate(pieces):
        is_plain = piece not in set("^$.|?*+(){}[]\\") if len(piece) == 1 else _is_escaped_mark(piece)
        if not is_plain or (pieces[at + 1 : at + 2] and pieces[at + 1] in _REPEATS):
            return "".join(run), pieces[at:]
        run.append(piece[-1])
        if pieces[at + 1 : at + 2] == ["+"]:
            return "".join(run), pieces[at + 1 :]
    return "".join(run), []


def _is_escaped_mark(piece: str) -> bool:
    return len(piece) == 2 and piece[0] == "\\" and piece[1].isascii() and not piece[1].isalnum() and piece[1] != "_"


def _unsure(text: str) -> bool:
    """A lone surrogate in a message counts as U+FFFD for a regex or a glob, and for no service."""
    return "\ufffd" in text


def is_unicode(text: str) -> bool:
    """Say whether text can be written as UTF-8, which a lone surrogate cannot."""
    return not re.search("[\ud800-\udfff]", text)


def common_start(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


# Dates


def date_prefixes(first: datetime, last: datetime) -> tuple[str, ...]:
    """Return what the text of any date from `first` to `last` begins with, in whatever zone: one day either way, at most three days.

    Empty where such texts have no beginning in common.
    """
    try:
        early, late = (first.astimezone(UTC) - _DAY).date(), (last.astimezone(UTC) + _DAY).date()
    except OverflowError:
        return ()
    if (late - early).days < len("day"):
        return tuple((early + timedelta(days=after)).isoformat() for after in range((late - early).days + 1))
    common = common_start([early.isoformat(), late.isoformat()])
    return (common,) if common else ()


_DAY: Final = timedelta(days=1)
