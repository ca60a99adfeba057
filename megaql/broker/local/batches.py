"""What all three batch operations share: the rules about entries, and answers with partial failure.

A maintainer keeps one rule: a refusal of one entry never stops the others, and a failure of the storage stops all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.local.errors import (
    EMPTY_BATCH,
    IDS_NOT_DISTINCT,
    INVALID_ENTRY_ID,
    TOO_MANY_ENTRIES,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The most entries a batch may have.
MAX_ENTRIES: Final = 10

_ENTRY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


def checked_entries(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a batch request; refuse the whole request where SQS does."""
    entries: list[dict[str, Any]] = list(request["Entries"])
    if not entries:
        raise Refused(EMPTY_BATCH, "There should be at least one entry in the request.")
    if len(entries) > MAX_ENTRIES:
        raise Refused(
            TOO_MANY_ENTRIES,
            f"Maximum number of entries per request are {MAX_ENTRIES}. You have sent {len(entries)}.",
        )
    ids = [entry["Id"] for entry in entries]
    for entry_id in ids:
        if not _ENTRY_ID.fullmatch(entry_id):
            raise Refused(
                INVALID_ENTRY_ID,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
    if len(set(ids)) < len(ids):
        raise Refused(IDS_NOT_DISTINCT, "Two or more batch entries in the request have the same Id.")
    return entries


def answer(successful: list[dict[str, Any]], failed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a batch answer; a list that is empty is absent, as in boto3."""
    return {key: value for key, value in (("Successful", successful), ("Failed", failed)) if value}
