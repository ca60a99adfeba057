"""The services whose patterns and policies `megaql convert` reads and writes, by the names its options take."""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """What `--to` and `--from` may name."""

    EVENTBRIDGE = "eventbridge"
    SNS_BODY = "sns-body"
    SNS_ATTRIBUTES = "sns-attributes"
    LAMBDA = "lambda"
    PIPES = "pipes"
