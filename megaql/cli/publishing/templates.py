"""Templates in what `publish` is given: `{{uuid}}`, `{{seq}}` and `{{now}}`, filled in anew for each message.

A maintainer keeps two rules: braces that name nothing, as in `{{#each}}`, are never touched, and a name that is none of these is an error and never sent by
accident; and every placeholder of one message has the same values, so that a body, an attribute and a query can be about the same message.
"""

from __future__ import annotations

import difflib
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from megaql.errors import MegaQLError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Fill = Callable[[str], str]

#: What a template may name, and what stands there afterwards.
NAMES: Final = ("uuid", "seq", "now")

#: A name in double braces; with the braces doubled it stands for itself.
_PLACE: Final = re.compile(r"\{\{\{\{(?P<literal> *[A-Za-z_][\w.-]* *)\}\}\}\}|\{\{ *(?P<name>[A-Za-z_][\w.-]*) *\}\}")


@dataclass(frozen=True, slots=True)
class Filling:
    """The values for one message; `seq` counts messages from 1."""

    seq: int
    now: datetime
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def fill(self, text: str) -> str:
        """Return a text with its placeholders filled in; their names have been checked."""

        def value(found: re.Match[str]) -> str:
            if found["literal"] is not None:
                return f"{{{{{found['literal']}}}}}"
            match found["name"]:
                case "uuid":
                    return self.uuid
                case "seq":
                    return str(self.seq)
                case _:
                    return self.now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

        return _PLACE.sub(value, text)


@dataclass(frozen=True, slots=True)
class Copies:
    """How many messages are made of what was given, and whether templates are filled in: in what was typed, everywhere (`fill`), or nowhere (`fill=False`).

    `first` are the values of the first message.
    """

    count: int
    fill: bool | None
    now: Callable[[], datetime]
    first: Filling

    @classmethod
    def of(cls, count: int, *, fill: bool | None, now: Callable[[], datetime]) -> Copies:
        """Return what is told of the copies, with the values of the first one."""
        return cls(count, fill, now, Filling(1, now()))

    def templates(self, texts: Mapping[str, Sequence[str | None]], *, typed: bool = True) -> bool:
        """Say whether there is anything to fill in, in texts by the option they are of; `MegaQLError` for a name that means nothing."""
        if self.fill is False or not (typed or self.fill):
            return False
        found = [_check(text, option) for option, several in texts.items() for text in several if text is not None]
        return any(found)

    def of_first(self, text: str, option: str, source: str | None) -> str:
        """Return a text about the only message that is sent, filled in; refused where there are several."""
        if not self.templates({option: [text]}):
            return text
        if (self.count > 1 or source is not None) and _names(text):
            raise MegaQLError(
                "A template here is about one message",
                where=f"megaql publish, {option}",
                why=f"there {'are' if source is None else 'may be'} several, each with values of its own",
                hint="leave out --count or --from, or ask for what all of them have",
            )
        return self.first.fill(text)

    def filling(self, seq: int) -> Filling:
        """Return the values of one message."""
        return self.first if seq == 1 else Filling(seq, self.now())


def tells_apart(text: str) -> bool:
    """Say whether a text is another one for each message."""
    return bool({"seq", "uuid"} & _names(text))


def known(text: str) -> str:
    """Return the first name in a text that could be filled in, `""` for none."""
    return next((name for name in NAMES if name in _names(text)), "")


def _names(text: str) -> set[str]:
    return {place["name"] for place in _PLACE.finditer(text) if place["name"] is not None}


def _check(text: str, where: str) -> bool:
    found = False
    for place in _PLACE.finditer(text):
        found = True
        name = place["name"]
        if name is not None and name not in NAMES:
            raise _unknown(name, f"megaql publish, {where}")
    return found


def _unknown(name: str, where: str) -> MegaQLError:
    near = difflib.get_close_matches(name.lower(), NAMES, n=1)
    literal = f"write {{{{{{{{{name}}}}}}}}} for the text as it stands, or add --no-fill"
    return MegaQLError(
        f"There is nothing to fill in for {{{{{name}}}}}",
        where=where,
        why=f"the names are {', '.join(f'{{{{{one}}}}}' for one in NAMES)}",
        hint=f"did you mean {{{{{near[0]}}}}}? Or {literal}" if near else literal,
    )
