r"""The syntax tree of a regex: what the RE2 dialect of the language means, construct by construct.

`parse` reads what `regexes.check` has passed, and leaves judging to it. A maintainer keeps two rules. The tree holds nothing that depends
on where it stands: flags are part of each leaf, a quoted stretch is plain characters, and groups are only nesting. And what is not
known raises `NotRead`, never a guess. Syntax: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from megaql.lang.nodes import Regex

#: Groups inside one another, so that trees can be walked by recursion.
NESTING: Final = 100


class NotRead(ValueError):  # noqa: N818 - a limit of this reader, no fault of the regex
    """A regex that this module cannot read; the text says why, after "the regex"."""


@dataclass(frozen=True, slots=True)
class Char:
    """One character; with `fold`, also those that differ from it only in case."""

    char: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    r"""`.`: any character, `\n` only with `newline`."""

    newline: bool


@dataclass(frozen=True, slots=True)
class Range:
    """`a-z` inside a class, or one character as a range of itself; both ends included."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Named:
    r"""`\d`, `\W`, `[:alpha:]`, `[:^alpha:]`, `\p{Greek}`, `\PL`: a set by its name, as written."""

    source: str


@dataclass(frozen=True, slots=True)
class Class:
    r"""`[…]`, or a named set that stands alone; `source` is its text, which means the same by itself."""

    items: tuple[Range | Named, ...]
    negated: bool
    fold: bool
    source: str = field(compare=False)


class Assertion(Enum):
    """What asks about a place and takes no character; the value is how it is written without flags."""

    TEXT_START = r"\A"
    TEXT_END = r"\z"
    LINE_START = r"(?m:^)"
    LINE_END = r"(?m:$)"
    WORD_BOUNDARY = r"\b"
    NO_WORD_BOUNDARY = r"\B"


@dataclass(frozen=True, slots=True)
class Concat:
    """One after the other; no items stand for the empty text."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    """`a|b`: one of two or more, the first ones preferred."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`*`, `+`, `?`, `{low,high}`: `high` is `None` without an upper bound; `lazy` prefers fewer."""

    item: Tree
    low: int
    high: int | None
    lazy: bool = False


Leaf = Char | Dot | Class
Tree = Leaf | Assertion | Concat | Alternation | Repeat

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse(regex: Regex) -> Tree:
    """Return the tree of a regex that `regexes.check` passes; `NotRead` for one nested too deep or not understood.

    Surrogates in the pattern become U+FFFD, which is what RE2 is given in their place; escaped ones stay, and match nothing.
    """
    return _Reader(_LONE_SURROGATE.sub("\ufffd", regex.pattern), frozenset(regex.flags)).read()


_BOUNDS: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_OPENING: Final = re.compile(r"\((?:\?P?<\w+>|\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]*))?(?P<end>[:)]))?")
_NAMED: Final = re.compile(r"\\[dDsSwW]|\\[pP](?:\{[^}]*\}|[^{])")
_POSIX: Final = re.compile(r"\[:\^?\w+:\]")
_CODE: Final = re.compile(r"\\x(?:\{(?P<long>[0-9A-Fa-f]+)\}|(?P<short>[0-9A-Fa-f]{2}))|\\(?P<octal>0[0-7]{0,2})")
_CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLACES: Final = {
    "A": Assertion.TEXT_START,
    "z": Assertion.TEXT_END,
    "b": Assertion.WORD_BOUNDARY,
    "B": Assertion.NO_WORD_BOUNDARY,
}


@dataclass(slots=True)
class _Group:
    """A group that is not closed yet: what it holds so far, and the flags to return to behind it."""

    outer_flags: frozenset[str]
    alternatives: list[Tree] = field(default_factory=list)
    items: list[Tree] = field(default_factory=list)

    def next_alternative(self) -> None:
        self.alternatives.append(_one(self.items))
        self.items = []

    def tree(self) -> Tree:
        self.next_alternative()
        return self.alternatives[0] if len(self.alternatives) == 1 else Alternation(tuple(self.alternatives))


def _one(items: list[Tree]) -> Tree:
    return items[0] if len(items) == 1 else Concat(tuple(items))


class _Reader:
    def __init__(self, text: str, flags: frozenset[str]) -> None:
        self.text = text
        self.at = 0
        self.flags = flags
        self.groups = [_Group(flags)]

    def read(self) -> Tree:
        while self.at < len(self.text):
            self.construct()
        if len(self.groups) != 1:
            raise NotRead("has an open group")
        return self.groups[0].tree()

    def construct(self) -> None:
        char = self.text[self.at]
        if char == "(":
            self.open_group()
        elif char == ")":
            self.close_group()
        elif char == "|":
            self.groups[-1].next_alternative()
            self.at += 1
        elif char in "*+?":
            self.at += 1
            self.repeat(1 if char == "+" else 0, 1 if char == "?" else None)
        elif char == "{" and (bounds := _BOUNDS.match(self.text, self.at)):
            low, comma, high = bounds.groups()
            self.at = bounds.end()
            self.repeat(int(low), (int(high) if high else None) if comma else int(low))
        elif self.text.startswith(r"\Q", self.at):
            self.quoted()
        else:
            self.groups[-1].items.append(self.single(char))

    def open_group(self) -> None:
        opening = _OPENING.match(self.text, self.at)
        if opening is None or (opening.group() == "(" and self.text.startswith("?", opening.end())):
            raise NotRead("has a group of an unknown kind")
        if len(self.groups) > NESTING:
            raise NotRead("nests too many groups")
        self.at = opening.end()
        flags = (self.flags | set(opening["on"] or "")) - set(opening["off"] or "")
        if opening["end"] != ")":
            self.groups.append(_Group(self.flags))
        self.flags = flags

    def close_group(self) -> None:
        if len(self.groups) == 1:
            raise NotRead("closes a group that is not open")
        group = self.groups.pop()
        self.groups[-1].items.append(group.tree())
        self.flags = group.outer_flags
        self.at += 1

    def repeat(self, low: int, high: int | None) -> None:
        items = self.groups[-1].items
        if not items:
            raise NotRead("repeats nothing")
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        items.append(Repeat(items.pop(), low, high, lazy is not ("U" in self.flags)))

    def quoted(self) -> None:
        end = self.text.find(r"\E", self.at + 2)
        stretch = self.text[self.at + 2 : end if end >= 0 else None]
        self.groups[-1].items.extend(Char(char, "i" in self.flags) for char in stretch)
        self.at = end + 2 if end >= 0 else len(self.text)

    def single(self, char: str) -> Leaf | Assertion:
        """Read what takes one character, or none."""
        if char == "[":
            return self.char_class()
        if char == "\\" and self.text[self.at + 1 : self.at + 2] in _PLACES:
            self.at += 2
            return _PLACES[self.text[self.at - 1]]
        if char == "\\" and (named := self.named(_NAMED)):
            return Class((named,), negated=False, fold="i" in self.flags, source=named.source)
        if char in ".^$":
            self.at += 1
            if char == ".":
                return Dot("s" in self.flags)
            if char == "^":
                return Assertion.LINE_START if "m" in self.flags else Assertion.TEXT_START
            return Assertion.LINE_END if "m" in self.flags else Assertion.TEXT_END
        return Char(self.char(), "i" in self.flags)

    def named(self, form: re.Pattern[str]) -> Named | None:
        found = form.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return Named(found.group())

    def char(self) -> str:
        """Read a plain or escaped character."""
        char = self.text[self.at : self.at + 1]
        if char != "\\":
            self.at += 1
            return char
        if (code := _CODE.match(self.text, self.at)) is not None:
            self.at = code.end()
            digits = code["long"] or code["short"]
            number = int(digits, 16) if digits else int(code["octal"], 8)
            return chr(number)
        escaped = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if not escaped or not escaped.isascii() or (escaped.isalnum() and escaped not in _CONTROLS):
            raise NotRead(f"has the unknown escape \\{escaped}")
        return _CONTROLS.get(escaped, escaped)

    def char_class(self) -> Class:
        start = self.at
        self.at += 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        items: list[Range | Named] = []
        while not items or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise NotRead("has an open class")
            items.append(self.named(_POSIX) or self.named(_NAMED) or self.range())
        self.at += 1
        return Class(tuple(items), negated, "i" in self.flags, self.text[start : self.at])

    def range(self) -> Range:
        low = self.char()
        if self.text.startswith("-", self.at) and not self.text.startswith("]", self.at + 1):
            self.at += 1
            return Range(low, self.char())
        return Range(low, low)
