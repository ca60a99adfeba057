"""The embedded broker: SQS's rules on one SQLite file, for the processes of one machine, durable before a send returns.

It keeps to boto3's method names, dicts and error codes, so everything above it has one path; it never imports boto3.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from megaql.broker.local.client import client
from megaql.broker.local.errors import ClientError, ParamValidationError
from megaql.broker.local.home import home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from megaql.broker.client import SNSClient

__all__ = ["ClientError", "ParamValidationError", "client", "home", "sns_client"]


def sns_client(folder: Path | None = None, *, clock: Callable[[], float] = time.time) -> SNSClient:
    """Return a client of the topics in `folder`, the home where it is None; see `sns`."""
    from megaql.broker.local import sns  # noqa: PLC0415 - topics need the codec, which queues alone do not

    return sns.sns_client(folder, clock=clock)
