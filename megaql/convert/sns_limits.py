"""How large a filter policy may be, as Amazon SNS counts.

Reference: Amazon SNS developer guide, "Filter policy constraints".
"""

from __future__ import annotations

from typing import Final

from megaql.convert.dialects import SNS_BODY
from megaql.convert.matchers import Fields

#: The most keys with conditions, those of alternatives included, and the most combinations of their values.
MAX_KEYS: Final = 5
MAX_COMBINATIONS: Final = 150
#: The longest policy. Bytes of JSON.
MAX_SIZE: Final = 256 * 1024


def check_size(text: str) -> None:
    """Raise `ConvertError` for a policy that is too long."""
    if len(text.encode(errors="surrogatepass")) > MAX_SIZE:
        raise SNS_BODY.refuse("Filter policy is longer than 256 KB")


def check_complexity(fields: Fields) -> None:
    """Raise `ConvertError` for a policy with too many keys or combinations of values."""
    if (count := keys(fields)) > MAX_KEYS:
        raise SNS_BODY.refuse(
            f"Filter policy can not have more than {MAX_KEYS} keys",
            hint=f"it has {count}: give the least telling ones to a query at the consumer",
        )
    if (count := combinations(fields)) > MAX_COMBINATIONS:
        raise SNS_BODY.refuse(
            "Filter policy is too complex",
            hint=f"the numbers of values multiply to {count:,}, and SNS takes {MAX_COMBINATIONS}",
        )


def keys(fields: Fields) -> int:
    """Return how many keys have conditions."""
    own = sum(keys(rule) if isinstance(rule, Fields) else 1 for _, rule in fields.members)
    return own + sum(map(keys, fields.alternatives))


def combinations(fields: Fields, depth: int = 1) -> int:
    """Return the numbers of values multiplied, each counted as often as its key is deep."""
    product = 1
    for _, rule in fields.members:
        product *= combinations(rule, depth + 1) if isinstance(rule, Fields) else depth * len(rule)
    if fields.alternatives:
        product *= sum(combinations(alternative, depth) for alternative in fields.alternatives)
    return product
