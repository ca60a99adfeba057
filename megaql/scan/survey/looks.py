"""What texts look like: dates, numbers, identifiers, addresses.

A maintainer keeps one rule: a look is only a hint for somebody who writes a query; nothing is converted by it.
"""

from __future__ import annotations

import re
from typing import Final

from megaql.lang import dates
from megaql.lang.kinds import read_number

#: Longer texts look like nothing in particular. Characters.
MAX_LENGTH: Final = 300

_PATTERNS: Final = (
    ("uuid", re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")),
    ("email", re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")),
    ("url", re.compile(r"[a-z][a-z0-9+.-]*://[^\s]+", re.IGNORECASE)),
    ("arn", re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[^:\s]*:[^:\s]*:[^\s]+")),
    ("ip address", re.compile(r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}")),
    ("hexadecimal", re.compile(r"(?=.*[a-fA-F])(?=.*[0-9])[0-9a-fA-F]{16,}")),
)

#: Keys that are somebody's or something's name and no word that a programmer chose.
_IDENTITY: Final = re.compile(r"[0-9]+|(?=.*[0-9])[0-9a-fA-F-]{8,}|[A-Za-z]{0,4}[-_]?[0-9]{2,}|[^\s@]+@[^\s@]+")


def look(text: str) -> str:
    """Return what a text looks like in a word or two; empty for nothing in particular."""
    if not text or len(text) > MAX_LENGTH:
        return ""
    if dates.read(text) is not None:
        return "date" if dates.is_day(text) else "date and time"
    if read_number(text) is not None:
        return "number"
    return next((name for name, pattern in _PATTERNS if pattern.fullmatch(text)), "")


def is_identity(key: str) -> bool:
    """Say whether an object's key looks like data: a number, a UUID, an address."""
    return _IDENTITY.fullmatch(key) is not None
