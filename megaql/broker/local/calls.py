"""What every call of the embedded broker's clients has around it, for queues and topics alike.

A maintainer keeps one rule: whatever goes wrong inside leaves as a `ClientError` with its operation's name and a text the user can act
on, and a failure of the storage names the database.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from megaql.broker.local.errors import (
    INVALID_VALUE,
    PARAM_VALIDATION,
    ClientError,
    ParamValidationError,
    Refused,
    file_failure,
    storage_failure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from megaql.broker.client import Response
    from megaql.broker.local.store import Store


def answer(store: Store, name: str, perform: Callable[[], Response]) -> Response:
    """Return what the operation `name` answers, as boto3 would; errors: `ClientError`."""
    with failing_as(name, store):
        response = perform()
    response["ResponseMetadata"] = {"HTTPStatusCode": 200, "RetryAttempts": 0}
    return response


@contextmanager
def failing_as(name: str, store: Store) -> Iterator[None]:
    """Let what goes wrong in the block leave as the `ClientError` of an operation."""
    try:
        yield
    except Refused as refused:
        error = ParamValidationError if refused.code == PARAM_VALIDATION else ClientError
        raise error(refused, name) from None
    except UnicodeEncodeError:
        raise ClientError(
            Refused(INVALID_VALUE, "A parameter is no Unicode text: it holds a surrogate."), name
        ) from None
    except sqlite3.Error as error:
        raise ClientError(storage_failure(error, str(store.path)), name) from error
    except OSError as error:
        raise ClientError(file_failure(error, str(store.path)), name) from error
