"""The embedded broker's refusals, in the shape botocore gives a service's errors.

A maintainer keeps two rules. Code inside the room raises `Refused`; only the client turns one into a `ClientError`,
because only it knows the operation's name. And no text here holds a message body or an attribute's value.

Codes are those of the SQS query protocol, which boto3 still shows (Amazon SQS API reference, "Common errors"; the model's
`awsQueryError` names).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import sqlite3

QUEUE_DOES_NOT_EXIST: Final = "AWS.SimpleQueueService.NonExistentQueue"
QUEUE_NAME_EXISTS: Final = "QueueAlreadyExists"
INVALID_VALUE: Final = "InvalidParameterValue"
MISSING_PARAMETER: Final = "MissingParameter"
INVALID_ATTRIBUTE_NAME: Final = "InvalidAttributeName"
INVALID_ATTRIBUTE_VALUE: Final = "InvalidAttributeValue"
INVALID_ADDRESS: Final = "InvalidAddress"
INVALID_CONTENTS: Final = "InvalidMessageContents"
INVALID_HANDLE: Final = "ReceiptHandleIsInvalid"
NOT_IN_FLIGHT: Final = "AWS.SimpleQueueService.MessageNotInflight"
OVER_LIMIT: Final = "OverLimit"
UNSUPPORTED: Final = "AWS.SimpleQueueService.UnsupportedOperation"
RESOURCE_NOT_FOUND: Final = "ResourceNotFoundException"
TOO_MANY_ENTRIES: Final = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
EMPTY_BATCH: Final = "AWS.SimpleQueueService.EmptyBatchRequest"
IDS_NOT_DISTINCT: Final = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
INVALID_ENTRY_ID: Final = "AWS.SimpleQueueService.InvalidBatchEntryId"
BATCH_TOO_LONG: Final = "AWS.SimpleQueueService.BatchRequestTooLong"
PARAM_VALIDATION: Final = "ParamValidationError"
SERVICE_UNAVAILABLE: Final = "ServiceUnavailable"
INTERNAL_ERROR: Final = "InternalError"
#: Not one of SQS's: a database that no retry will open, so it counts as the sender's to put right.
STORAGE_UNUSABLE: Final = "StorageUnusable"

#: Codes that are the broker's fault, with their HTTP status; every other code is the sender's, 400.
_RECEIVER_STATUS: Final = {SERVICE_UNAVAILABLE: 503, INTERNAL_ERROR: 500}

#: The exception shape behind a code, where boto3 tells it in `QueryErrorCode`.
_SHAPES: Final = {QUEUE_DOES_NOT_EXIST: "QueueDoesNotExist", QUEUE_NAME_EXISTS: "QueueNameExists"}


class Refused(Exception):  # noqa: N818 - an answer of the broker, not a fault in it
    """A request, or one entry of a batch, is turned down; `code` is SQS's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def sender_fault(self) -> bool:
        """Whether the sender is at fault, as against the broker's storage."""
        return self.code not in _RECEIVER_STATUS

    def entry(self, entry_id: str) -> dict[str, Any]:
        """Return the refusal as an entry of a batch answer's `Failed` list."""
        return {"Id": entry_id, "SenderFault": self.sender_fault, "Code": self.code, "Message": self.message}


class ClientError(Exception):
    """What the client raises: `response["Error"]["Code"]`, `operation_name` and text as botocore's class of this name."""

    def __init__(self, refused: Refused, operation_name: str) -> None:
        super().__init__(
            f"An error occurred ({refused.code}) when calling the {operation_name} operation: {refused.message}"
        )
        self.operation_name = operation_name
        self.response: dict[str, Any] = {
            "Error": {
                "Code": refused.code,
                "Message": refused.message,
                "Type": "Sender" if refused.sender_fault else "Receiver",
                "QueryErrorCode": _SHAPES.get(refused.code, refused.code.rsplit(".", 1)[-1]),
            },
            "ResponseMetadata": {"HTTPStatusCode": _RECEIVER_STATUS.get(refused.code, 400), "RetryAttempts": 0},
        }


class ParamValidationError(ClientError):
    """A request names an unknown parameter, lacks one, or gives one the wrong type; boto3 refuses it before sending."""


def queue_missing() -> Refused:
    """Return the refusal for a queue that is not there."""
    return Refused(QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.")


def invalid_value(parameter: str, reason: str) -> Refused:
    """Return the refusal for a parameter's value, which is not repeated: it may be a message's."""
    return Refused(INVALID_VALUE, f"Value for parameter {parameter} is invalid. Reason: {reason}")


#: Failures of a file or folder that may pass by themselves; any other stays until somebody puts it right.
_PASSING: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EAGAIN, errno.ENOLCK}
)


def file_failure(error: OSError, place: str) -> Refused:
    """Return the refusal for a file or folder of the broker that cannot be made or opened; `place` is the database's path."""
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        reason = "there is a file where the broker's folder should be"
    else:
        reason = error.strerror or type(error).__name__
    code = SERVICE_UNAVAILABLE if error.errno in _PASSING else STORAGE_UNUSABLE
    return Refused(code, f"{error.filename or place}: {reason}")


#: What SQLite's primary error codes mean to a user of the broker: the code to answer and what to do.
_STORAGE: Final = {
    "SQLITE_BUSY": (SERVICE_UNAVAILABLE, "another program holds the broker's database locked; close it and try again"),
    "SQLITE_LOCKED": (SERVICE_UNAVAILABLE, "another program holds the broker's database locked; try again"),
    "SQLITE_FULL": (SERVICE_UNAVAILABLE, "the disk is full; nothing was written, free some space and try again"),
    "SQLITE_IOERR": (SERVICE_UNAVAILABLE, "the disk failed to read or write; nothing was committed"),
    "SQLITE_READONLY": (SERVICE_UNAVAILABLE, "the broker's database is read-only for this user"),
    "SQLITE_CANTOPEN": (SERVICE_UNAVAILABLE, "the broker's database cannot be opened; check the folder's permissions"),
    "SQLITE_CORRUPT": (STORAGE_UNUSABLE, "the broker's database is damaged; move its files away to start afresh"),
    "SQLITE_NOTADB": (STORAGE_UNUSABLE, "the file is no broker database; move it away to start afresh"),
}


def storage_failure(error: sqlite3.Error, place: str) -> Refused:
    """Return the refusal for a failure of SQLite at `place`, the database's path."""
    name: str = getattr(error, "sqlite_errorname", "") or ""
    for prefix, (code, text) in _STORAGE.items():
        if name.startswith(prefix):
            return Refused(code, f"{place}: {text} ({error})")
    return Refused(INTERNAL_ERROR, f"{place}: {error}")
