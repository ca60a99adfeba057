"""Numbers with their nouns, as sentences need them.

A maintainer keeps one rule: whatever says a number of things says it through here, so that nobody reads "1 messages".
"""

from __future__ import annotations


def counted(number: int, noun: str, several: str = "") -> str:
    """Return `1 message`, `1,200 messages`; `several` is a plural that is not just an s more, and both may go on with a verb."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"
