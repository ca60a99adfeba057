r"""Reads and writes the texts of literals: strings, numbers, durations, sizes, dates, regexes.

Every writer is the inverse of its reader. The escapes of strings are `\" \' \\ \/ \n \t \r \b \f`, `\xHH` and `\uXXXX`,
two of the latter for a code point beyond U+FFFF, as in JSON; any other is an error, so that a regex pasted into a string
is noticed. Readers raise `LiteralError` with the place inside the text.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from megaql.lang import dates, nodes
from megaql.lang.vocabulary import SIZE_UNITS


class LiteralError(ValueError):
    """A literal's text means nothing: why, and where inside it (an offset and a length in code points)."""

    def __init__(self, message: str, offset: int, length: int, *, label: str = "", code: str) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.label = label
        self.code = code


# Strings

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_SIMPLE: Final = {
    '"': '"',
    "'": "'",
    "\\": "\\",
    "/": "/",
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
}
_WRITTEN: Final = {char: f"\\{letter}" for letter, char in _SIMPLE.items() if letter not in "'/"}
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def read_string(text: str) -> nodes.String:
    """Read `"x"`, `'x'`, `"x"i`."""
    fold = text.endswith("i")
    inner = text[1:-2] if fold else text[1:-1]

    def replace(found: re.Match[str]) -> str:
        wide, narrow, other = found.groups()
        if other is None:
            return chr(int(wide or narrow, 16))
        if other not in _SIMPLE:
            raise LiteralError(
                f"\\{other} is not an escape in a string",
                found.start() + 1,
                2,
                label=f"write \\\\{other} for a backslash, or r{text[0]}...{text[0]} for a string without escapes",
                code="escape",
            )
        return _SIMPLE[other]

    value = _ESCAPE.sub(replace, inner)
    # Two escaped surrogates are one code point. A single one stays: JSON bodies may hold it.
    value = _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), value)
    return nodes.String(value, fold)


def write_string(value: str, *, fold: bool = False) -> str:
    """Return a string literal in double quotes; what cannot be seen is escaped."""
    return f'"{"".join(map(_write_char, value))}"{"i" if fold else ""}'


def _write_char(char: str) -> str:
    if char in _WRITTEN:
        return _WRITTEN[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def read_raw(text: str) -> nodes.String:
    r"""Read `r"x"`: nothing in it is an escape, so it cannot hold its own quote."""
    return nodes.String(text[2:-1])


# Numbers, sizes, durations


def read_number(text: str) -> int | Decimal:
    """Read `1`, `1_000`, `1.5e3`: an `int` without a fraction and exponent, else an exact `Decimal`."""
    plain = text.replace("_", "")
    return Decimal(plain) if any(char in ".eE" for char in plain) else int(plain)


def write_number(value: int | Decimal) -> str:
    """Return a number so that it reads back as the same class with the same digits. It must be finite."""
    if isinstance(value, int):
        return str(value)
    text = str(value).lower().replace("e+", "e")
    return text if "." in text or "e" in text else f"{text}.0"


_SIZE: Final = re.compile(r"([0-9._]+)([A-Za-z]+)")


def read_size(text: str) -> nodes.Size:
    """Read `64KiB`, `1.5MB`; the unit in any case."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise LiteralError(f"{text} is no size", 0, len(text), code="size")
    return nodes.Size(read_number(found[1]), SIZE_UNITS[found[2].lower()][0])


def write_size(size: nodes.Size) -> str:
    """Return a size with its unit."""
    units = size.units if isinstance(size.units, int) else f"{size.units:f}"
    return f"{units}{size.unit}"


_MILLISECONDS: Final = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION_PART: Final = re.compile(r"([0-9._]+)(ms|[smhdw])")


def read_duration(text: str) -> timedelta:
    """Read `500ms`, `2h30m`, `1.5h`, `-5m`."""
    total = sum(
        Fraction(amount.replace("_", "")) * _MILLISECONDS[unit] for amount, unit in _DURATION_PART.findall(text)
    )
    if total % 1:
        raise LiteralError(
            f"{text} is finer than a millisecond",
            0,
            len(text),
            label="write whole milliseconds: 500ms",
            code="duration",
        )
    try:
        return timedelta(milliseconds=int(-total if text.startswith("-") else total))
    except OverflowError:
        raise LiteralError(
            f"{text} is too long a duration", 0, len(text), label="at most 999999999 days", code="duration"
        ) from None


def write_duration(value: timedelta) -> str:
    """Return a duration with the largest units first; it must be whole milliseconds."""
    total = value // timedelta(milliseconds=1)
    sign, rest = ("-", -total) if total < 0 else ("", total)
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        amount, rest = divmod(rest, _MILLISECONDS[unit])
        if amount:
            parts.append(f"{amount}{unit}")
    return sign + "".join(parts) if parts else "0s"


# Dates


def read_date(text: str) -> nodes.Date:
    """Read `d"2026-01-02"`, `d"2026-01-02T03:04:05Z"`; a time without a zone is UTC, any zone becomes UTC."""
    inner = text[2:-1]
    value = dates.read(inner)
    if value is None:
        shaped = re.match(r"\d{4}-\d{2}-\d{2}", inner)
        raise LiteralError(
            f"{text} is not a date that exists" if shaped else f"{text} is not a date",
            2,
            len(inner),
            label='write d"2026-01-02" or d"2026-01-02T03:04:05Z"',
            code="date",
        )
    return nodes.Date(value, dates.is_day(inner))


def write_date(date: nodes.Date) -> str:
    """Return a date in UTC, with microseconds only where there are any."""
    value = date.value.astimezone(UTC).replace(tzinfo=None)
    return f'd"{value.date().isoformat()}"' if date.date_only else f'd"{value.isoformat()}Z"'


# Regexes

_REGEX_PIECE: Final = re.compile(r"\\.|\n|/|[^\\/\n]+|\\", re.DOTALL)


def read_regex(text: str) -> nodes.Regex:
    r"""Read `/x/ims`; `\/` stands for a slash."""
    end = text.rindex("/")
    flags = text[end + 1 :]
    for place, flag in enumerate(flags):
        if flag not in "ims" or flag in flags[:place]:
            raise LiteralError(
                f"'{flag}' is not a flag of a regex" if flag not in "ims" else f"the flag '{flag}' is given twice",
                end + 1 + place,
                1,
                label="leave it out: a regex matches anywhere in the text"
                if flag == "g"
                else "the flags are i, m and s",
                code="regex-flag",
            )
    pattern = "".join("/" if piece == "\\/" else piece for piece in _REGEX_PIECE.findall(text[1:end]))
    return nodes.Regex(pattern, "".join(sorted(flags)))


def write_regex(regex: nodes.Regex) -> str:
    r"""Return a regex literal. A line break, which a literal cannot hold, becomes `\n`, which means the same."""
    written = {"/": "\\/", "\n": "\\n", "\\\n": "\\n"}
    pieces = (written.get(piece, piece) for piece in _REGEX_PIECE.findall(regex.pattern))
    return f"/{''.join(pieces)}/{regex.flags}"


def regex_for(string: str) -> str:
    """Return the regex literal meant by a pattern that was written as a string literal."""
    flags = "i" if string.endswith("i") else ""
    pattern = string.removeprefix("r").removesuffix("i")[1:-1]
    return write_regex(nodes.Regex(pattern.replace("\\\\", "\\"), flags))


def offset_in_literal(pattern: str, offset: int) -> int:
    r"""Return where a pattern's offset stands in its literal: after the opening slash, each slash being `\/` there."""
    return 1 + offset + pattern.count("/", 0, offset)
