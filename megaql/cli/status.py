"""Exit statuses, and which error ends with which.

A maintainer keeps one rule: a status is part of the interface; scripts branch on it, and `megaql help exit-codes` tells them all.
"""

from __future__ import annotations

from enum import IntEnum

from megaql.errors import (
    AccessDenied,
    BadTarget,
    BrokerError,
    CredentialsMissing,
    MegaQLError,
    ScanRefused,
)


class Status(IntEnum):
    """How a command ended. Signals add 130 (SIGINT) and 143 (SIGTERM), after what was held is released."""

    DONE = 0
    NO_MATCH = 1
    USAGE = 2
    REFUSED = 3
    DENIED = 4
    UNREACHABLE = 5
    PARTIAL = 6
    DEFECT = 70


def status_of(error: MegaQLError) -> Status:
    """Return the exit status for an error that ended a command."""
    match error:
        case ScanRefused():
            return Status.REFUSED
        case AccessDenied() | CredentialsMissing():
            return Status.DENIED
        case BadTarget():
            return Status.USAGE
        case BrokerError(code=code):
            from megaql.broker.faults import CONTENT_CODES, short_code  # noqa: PLC0415 - only for a service's refusal

            return Status.USAGE if short_code(code) in CONTENT_CODES else Status.UNREACHABLE
        case _:
            return Status.USAGE
