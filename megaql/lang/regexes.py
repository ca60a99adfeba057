r"""Regular expressions and globs in linear time: the RE2 dialect, checked and compiled.

A maintainer keeps one rule: no text of a message ever meets Python's `re` here. RE2 promises time linear in the text for every pattern, and that
promise is part of the language; what RE2 cannot do (lookaround, backreferences) is an error of the query, found by `check` before
any message is seen. `search` and `like` say what a regex and a glob mean; `lang/searches` gives the same answers sooner.

`^` and `$` stand for the ends of the text, or of a line with the flag `m`; `\d`, `\w` and `\s` are ASCII, `\pL` and its kin are
Unicode. Syntax: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import re2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.lang.nodes import Regex

#: Compiled patterns kept for reuse. Each may hold up to `PATTERN_MEMORY` while it is in use, mostly far less.
CACHED_PATTERNS: Final = 512

#: Bytes RE2 may use for one pattern; past it the automaton is rebuilt, slower but still linear.
PATTERN_MEMORY: Final = 8 << 20


class Problem(NamedTuple):
    """Why a pattern is no pattern of this dialect: `offset` and `length` are code points inside it."""

    message: str
    offset: int
    length: int
    hint: str = ""


class Match(Protocol):
    """A place where a pattern matches."""

    def group(self) -> bytes:
        """Return the part of the text that matches."""
        ...


class Searcher(Protocol):
    """A compiled pattern, safe to use from many threads."""

    @property
    def programsize(self) -> int:
        """Return the number of instructions of RE2's program."""
        ...

    def search(self, text: bytes, /) -> Match | None:
        """Return the first place in the UTF-8 text where the pattern matches, else `None`."""


#: What opens a group in other dialects and not in RE2: the construct's name and what to write instead. Longest first.
_GROUPS: Final = (
    ("(?<=", "lookbehind", "match the whole stretch, or add a second clause: a ~ /x/ and a !~ /y/"),
    ("(?<!", "negative lookbehind", "add a second clause with !~"),
    ("(?P=", "a backreference", "compare two fields instead: a == b"),
    ("(?P>", "a subroutine call", "write the group out again"),
    ("(?=", "lookahead", "add a second clause: a ~ /x/ and a ~ /y/"),
    ("(?!", "negative lookahead", "add a second clause with !~"),
    ("(?>", "an atomic group", "write a plain group (?:…); nothing backtracks here"),
    ("(?#", "a comment", "put a # comment outside the regex"),
    ("(?(", "a conditional", "write the alternatives as clauses with 'or'"),
    ("(?|", "a branch reset", "write a plain group (?:…)"),
    ("(?&", "a subroutine call", "write the group out again"),
    ("(?R", "a recursive pattern", "match one level at a time"),
)

#: Escapes of other dialects: the construct's name and what to write instead.
_ESCAPES: Final = {
    "Z": ("the anchor \\Z", "write \\z, the end of the text"),
    "G": ("the anchor \\G", "write ^, the start of the text"),
    "K": ("the match reset \\K", "leave it out: a clause only asks whether the regex matches"),
    "h": ("the escape \\h", "write [ \\t]"),
    "H": ("the escape \\H", "write [^ \\t]"),
    "R": ("the escape \\R", "write (?:\\r\\n|\\n|\\r)"),
    "C": ("the escape \\C", "write . for one code point"),
    "X": ("the escape \\X", "write . for one code point"),
    "N": ("the escape \\N", "write the character itself, or \\x{…}"),
    "u": ("the escape \\u", "write \\x{…} with the code point in hex"),
    "U": ("the escape \\U", "write \\x{…} with the code point in hex"),
    "k": ("a backreference", "compare two fields instead: a == b"),
    "g": ("a backreference", "compare two fields instead: a == b"),
}

#: RE2's own words for what it refuses, and ours. The part after the colon of its message is the text it stumbled on.
_REFUSALS: Final = {
    "missing ]": ("'[' is not closed", "write \\[ for the character"),
    "missing )": ("'(' is not closed", "write \\( for the character"),
    "unexpected )": ("')' has no '(' before it", "write \\) for the character"),
    "no argument for repetition operator": (
        "has nothing to repeat",
        "write \\ before the character to mean itself",
    ),
    "bad repetition operator": ("repeats a repetition", "write one of them"),
    "invalid repetition size": ("repeats more than 1,000 times", "write a smaller count, or +"),
    "invalid escape sequence": ("is no escape", "write \\\\ for a backslash"),
    "invalid character class range": ("is no range", "write the smaller character first"),
    "invalid named capture group": ("is no group name", "write (?P<name>…)"),
    "invalid perl operator": ("is no group of this dialect", "write (?:…), or (?i:…) with flags i, m, s"),
    "trailing \\": ("the regex ends in a lone backslash", "write \\\\ for a backslash"),
    "pattern too large - compile failed": ("is too large", "repeat less, or split it into clauses"),
}

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def check(regex: Regex) -> Problem | None:
    """Return why the regex is not one of this dialect, or `None` when it compiles."""
    foreign = next(_foreign(regex.pattern), None)
    if foreign is not None:
        return foreign
    try:
        compiled(with_flags(regex))
    except re2.error as refusal:
        return _explain(regex.pattern, refusal)
    return None


def _foreign(pattern: str) -> Iterator[Problem]:
    """Yield what other dialects have and this one has not, in the order of their places."""
    for offset, token in _tokens(pattern):
        if token.startswith("\\"):
            if token[1:2] in _ESCAPES:
                name, hint = _ESCAPES[token[1]]
                yield _unsupported(name, offset, 2, hint)
            elif token[1:2] in set("123456789"):
                yield _unsupported("a backreference", offset, 2, "compare two fields instead: a == b")
        elif token.startswith("(?"):
            rest = pattern[offset:]
            for opening, name, hint in _GROUPS:
                if rest.startswith(opening):
                    yield _unsupported(name, offset, len(opening), hint)
                    break
            else:
                if (flags := re.match(r"\(\?[a-zA-Z^-]*x[a-zA-Z-]*[:)]", rest)) is not None:
                    yield _unsupported("the flag x", offset, flags.end(), "put # comments outside the regex")
        elif len(token) > 1 and token[-1] == "+":
            yield _unsupported(
                "a possessive repetition", offset, len(token), f"write {token[:-1]}; nothing backtracks here"
            )


def _unsupported(name: str, offset: int, length: int, hint: str) -> Problem:
    return Problem(f"{name} is not part of this regex dialect (RE2, linear time)", offset, length, hint)


_TOKEN: Final = re.compile(
    r"""\\Q.*?(?:\\E|\Z)            # a quoted stretch
      | \\[pP]\{[^}]*\} | \\.       # an escape
      | \[\^?\]?(?:\[:\^?\w*:\]|\\.|[^\]\\])*\]?   # a class
      | \(\?? | (?:[*+?]|\{\d+(?:,\d*)?\})[+]? | .""",
    re.VERBOSE | re.DOTALL,
)


def _tokens(pattern: str) -> Iterator[tuple[int, str]]:
    for token in _TOKEN.finditer(pattern):
        yield token.start(), token.group()


def _explain(pattern: str, refusal: Exception) -> Problem:
    """Turn RE2's message into ours; it names the text it stumbled on but not the place."""
    text = refusal.args[0] if refusal.args else ""
    message = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    name, _, snippet = message.partition(": ")
    words, hint = _REFUSALS.get(name, (f"is refused: {name}", ""))
    if name in {"missing )", "missing ]", "unexpected )"}:
        return Problem(words, _unbalanced(pattern, name[-1]), 1, hint)
    if name == "trailing \\":
        return Problem(words, len(pattern) - 1, 1, hint)
    if name == "invalid repetition size" and all(int(count) <= 1000 for count in re.findall(r"\d{1,9}", snippet)):
        words = "repeats more than 1,000 times, counting the repetitions around it"
        if "," in snippet and snippet[-2] != ",":
            words, hint = "is no range of counts", "write the smaller count first"
    if snippet.startswith("[:"):
        words, hint = "is no class", "write [:alpha:], [:digit:] or another POSIX class"
    if snippet in {"\\d", "\\w", "\\s", "\\D", "\\W", "\\S"}:
        words, hint = "is no end of a range", "write \\- for a hyphen"
    if snippet.startswith(("\\p", "\\P")):
        words, hint = "is no Unicode class", "write \\pL, \\p{Greek} or another general category or script"
    subject = f"'{snippet}' " if snippet else "the regex "
    return Problem(subject + words, max(pattern.find(snippet), 0), max(len(snippet), 1), hint)


def _unbalanced(pattern: str, bracket: str) -> int:
    """Return the place of the bracket that has no partner; `bracket` is the closing one of its kind."""
    if bracket == "]":
        return next((at for at, text in _tokens(pattern) if text[0] == "[" and not text.endswith("]")), 0)
    opened: list[int] = []
    for offset, text in _tokens(pattern):
        if text.startswith("("):
            opened.append(offset)
        elif text == ")":
            if not opened:
                return offset
            opened.pop()
    return opened[-1] if opened else 0


@lru_cache(CACHED_PATTERNS)
def compiled(pattern: str) -> Searcher:
    """Return RE2's own form of a pattern; `re2.error` for one it refuses."""
    searcher: Searcher = re2.compile(utf8(pattern), options(PATTERN_MEMORY))
    return searcher


def with_flags(regex: Regex) -> str:
    """Return the pattern of a regex with its flags in front."""
    return f"(?{regex.flags}){regex.pattern}" if regex.flags else regex.pattern


def options(memory: int) -> re2.Options:
    """Return how RE2 compiles here, with at most this many bytes for one pattern or set."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    # Only whether and where the whole matches is asked: without groups, that is for the automaton alone to find.
    options.never_capture = True
    return options


@lru_cache(CACHED_PATTERNS)
def compiled_glob(pattern: str) -> Searcher:
    r"""Return RE2's form of a `like` pattern: `*` is any run, `?` one character, `\` takes the next one as itself.

    `re2.error` for one too large.
    """
    parts = [r"(?s)\A"]
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == "*":
            parts.append(".*")
        elif part == "?":
            parts.append(".")
        else:
            parts.append(escaped(part[1:] if len(part) == 2 else part))
    return compiled("".join([*parts, r"\z"]))


def escaped(text: str) -> str:
    """Return the pattern that matches a text, with U+FFFD for lone surrogates."""
    pattern: str = re2.escape(_LONE_SURROGATE.sub("\ufffd", text))
    return pattern


def search(regex: Regex, text: str) -> bool:
    """Say whether the regex matches anywhere in the text; `re2.error` where `check` would have complained."""
    return compiled(with_flags(regex)).search(utf8(text)) is not None


def found(regex: Regex, text: str) -> str | None:
    """Return the first part of the text that the regex matches, `None` where there is none; raises as `search` does."""
    match = compiled(with_flags(regex)).search(utf8(text))
    return None if match is None else match.group().decode()


def like(pattern: str, text: str) -> bool:
    """Say whether the whole text has the form of the glob; `re2.error` for a glob too large to compile."""
    return compiled_glob(pattern).search(utf8(text)) is not None


def utf8(text: str) -> bytes:
    """Encode for RE2. A lone surrogate has no UTF-8 form and counts as U+FFFD, the replacement character."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


#: What `search` and `like` raise for a pattern that does not compile.
PatternError = re2.error
