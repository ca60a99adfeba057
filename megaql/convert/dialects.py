"""Which matchers and limits each service takes, and the words it refuses a pattern with.

The services share one engine, aws/event-ruler, and differ in what of it they let through. The reasons are the engine's own; what stands before
them is the service's. A maintainer who changes a set names where the service says so.

- EventBridge: user guide, "Comparison operators for use in event patterns", the column for event buses; Pipes: the same table, the column for pipes.
- Amazon SNS: developer guide, "Subscription filter policies" and "Filter policy constraints".
- Lambda: developer guide, "Filter rule syntax" of event source mappings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from megaql.errors import ConvertError

#: Keys that no object inside `$or` may have, so that one that means a matcher is never taken for a name.
RESERVED_IN_OR: Final = frozenset(
    {
        *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
        *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)

#: Combinations of alternatives that EventBridge expands a pattern to at most.
MAX_RULES: Final = 1000


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one service takes of the patterns that all of them share.

    `matchers` are the names it knows in a condition, `inside_anything_but` those it knows there besides plain values, `folded_affixes` says
    whether `prefix` and `suffix` take `equals-ignore-case`. `largest_number` bounds every number, either way.
    """

    service: str
    refusal: str
    matchers: frozenset[str]
    inside_anything_but: frozenset[str]
    folded_affixes: bool
    nested: bool = True
    largest_number: int | None = None

    def refuse(self, reason: str, where: str = "", *, why: str = "", hint: str = "") -> ConvertError:
        """Return the error for a pattern that the service refuses with a reason; `where` is the way to it in the pattern."""
        return ConvertError(self.refusal.format(reason), where=where, why=why, hint=hint)


_COMMON: Final = frozenset({"prefix", "suffix", "equals-ignore-case", "numeric", "anything-but", "exists"})
_INVALID: Final = "Event pattern is not valid. Reason: {}"

EVENTBRIDGE: Final = Dialect(
    "EventBridge",
    _INVALID,
    _COMMON | {"cidr", "wildcard", "exactly"},
    frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"}),
    folded_affixes=True,
)
PIPES: Final = Dialect("EventBridge Pipes", _INVALID, _COMMON, frozenset(), folded_affixes=True)
LAMBDA: Final = Dialect(
    "Lambda", "Invalid filter pattern definition. Reason: {}", _COMMON, frozenset(), folded_affixes=False
)
SNS_BODY: Final = Dialect(
    "Amazon SNS",
    "Invalid parameter: FilterPolicy: {}",
    _COMMON | {"cidr"},
    frozenset({"prefix", "suffix"}),
    folded_affixes=False,
    largest_number=1_000_000_000,
)
SNS_ATTRIBUTES: Final = Dialect(
    "Amazon SNS",
    SNS_BODY.refusal,
    SNS_BODY.matchers,
    SNS_BODY.inside_anything_but,
    folded_affixes=False,
    nested=False,
    largest_number=SNS_BODY.largest_number,
)
