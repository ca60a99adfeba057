"""What each service sees of a message and how much it promises, as far as a query exported to it must know.

A maintainer keeps one rule: where a service's behaviour is not documented, the value here is the one with which no message is lost under any reading.
The sources are those of `megaql.convert.dialects`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from megaql.convert.dialects import EVENTBRIDGE, LAMBDA, PIPES, SNS_ATTRIBUTES, SNS_BODY, Dialect
from megaql.convert.exporting.branches import Step
from megaql.convert.matchers import (
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Numeric,
    Prefix,
    Suffix,
    Wildcard,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.convert.exporting.branches import Place
    from megaql.convert.matchers import Matcher


@dataclass(frozen=True, slots=True)
class Target:
    """One service as the destination of a query.

    `body` are the keys before those of the message's document, `None` where the service does not see it; `envelope` where fields of the envelope
    are that it sees as they are, for `attributes` the keys before an attribute's name. `consistent` says whether it is certain
    that all fields under an array come from one element. `exists_needs_content` and `absence_needs_company` are SNS's: a field that is null or
    empty may not exist for it, and a message without any field takes part in nothing; the second also holds where a message may have no document.
    Numbers are compared up to `largest_number`, with `decimals` digits after the point; without `open_ranges` none is compared by its size where a
    message may have one beyond that. `assumes` is what an exact policy still rests on.
    """

    dialect: Dialect
    assumes: str
    body: tuple[str, ...] | None = ()
    envelope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    objects: frozenset[Place] = frozenset()
    consistent: bool = True
    exists_needs_content: bool = False
    absence_needs_company: bool = True
    largest_number: int = 5_000_000_000
    decimals: int = 6
    open_ranges: bool = True
    max_size: int = 4096
    max_keys: int | None = None

    def takes(self, matcher: Matcher) -> bool:
        """Say whether the service knows a matcher."""
        known, inside = self.dialect.matchers, self.dialect.inside_anything_but
        match matcher:
            case Exact():
                return True
            case Prefix(fold=fold) | Suffix(fold=fold):
                return not fold or self.dialect.folded_affixes
            case EqualsIgnoreCase():
                return "equals-ignore-case" in known
            case Wildcard():
                return "wildcard" in known
            case Numeric():
                return "numeric" in known
            case Cidr():
                return "cidr" in known
            case Exists():
                return "exists" in known
            case AnythingBut(of=of):
                return self._alike(of) and all(isinstance(one, Exact) or _NAMES[type(one)] in inside for one in of)

    def _alike(self, excluded: tuple[Matcher, ...]) -> bool:
        """Say whether what is excluded is of one form: SNS takes one prefix or suffix, and nobody one that ignores case."""
        if any(isinstance(one, Prefix | Suffix) and one.fold for one in excluded):
            return False
        return self.max_keys is None or isinstance(excluded[0], Exact) or len(excluded) == 1

    def compares(self, number: int | Decimal) -> bool:
        """Say whether the service promises to compare a number exactly."""
        exact = Decimal(number)
        return abs(exact) <= self.largest_number and exact == round(exact, self.decimals)

    def place(self, path: tuple[str, ...]) -> Place:
        """Return where a path of the message's document is in what the service sees."""
        return tuple(Step(key) for key in (*(self.body or ()), *path))


_NAMES: Final = {
    Prefix: "prefix",
    Suffix: "suffix",
    EqualsIgnoreCase: "equals-ignore-case",
    Wildcard: "wildcard",
}

_NOT_JSON: Final = (
    "{} reads JSON objects only: a message sent with bson=True, or in an SNS envelope, cannot pass this policy"
)

TO_EVENTBRIDGE: Final = Target(
    EVENTBRIDGE, assumes="", objects=frozenset({(Step("detail"),)}), absence_needs_company=False
)
TO_SNS_BODY: Final = Target(
    SNS_BODY,
    assumes="SNS reads JSON objects only: a message published with bson=True cannot pass a policy for the body",
    consistent=False,
    exists_needs_content=True,
    largest_number=1_000_000_000,
    decimals=5,
    max_size=256 * 1024,
    max_keys=5,
)
TO_SNS_ATTRIBUTES: Final = Target(
    SNS_ATTRIBUTES,
    assumes="",
    body=None,
    envelope={"attributes": ()},
    consistent=False,
    exists_needs_content=True,
    largest_number=1_000_000_000,
    decimals=5,
    max_size=256 * 1024,
    max_keys=5,
)
TO_LAMBDA: Final = Target(
    LAMBDA, assumes=_NOT_JSON.format("Lambda"), body=("body",), objects=frozenset({(Step("body"),)})
)
TO_PIPES: Final = Target(
    PIPES,
    assumes=_NOT_JSON.format("a pipe"),
    body=("body",),
    envelope={
        "id": ("messageId",),
        "group_id": ("attributes", "MessageGroupId"),
        "dedup_id": ("attributes", "MessageDeduplicationId"),
        "sequence": ("attributes", "SequenceNumber"),
    },
    objects=frozenset({(Step("body"),), (Step("messageAttributes"),), (Step("attributes"),)}),
)
