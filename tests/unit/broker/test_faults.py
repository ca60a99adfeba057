import sqlite3
import subprocess
import sys

import botocore.exceptions
import pytest

from megaql.broker import faults
from megaql.errors import (
    AccessDenied,
    BadTarget,
    BrokerError,
    CredentialsMissing,
    EndpointUnreachable,
    QueueNotFound,
    ReceiptHandleExpired,
    Throttled,
)

PLACE = faults.Place("orders", "https://sqs.eu-west-1.amazonaws.com", "eu-west-1", "work")
LOCAL = faults.Place("local:orders", local=True)


class ClientError(Exception):
    def __init__(self, code, message="the service's reason", status=400):
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


def translated(fault, place=PLACE):
    with pytest.raises(BrokerError) as caught, faults.translate("receive messages", place):
        raise fault
    assert caught.value.__cause__ is fault
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", QueueNotFound, False),
        ("QueueDoesNotExist", QueueNotFound, False),
        ("com.amazonaws.sqs#QueueDoesNotExist", QueueNotFound, False),
        ("NotFound", QueueNotFound, False),
        ("AccessDenied", AccessDenied, False),
        ("AccessDeniedException", AccessDenied, False),
        ("AuthorizationError", AccessDenied, False),
        ("KMS.AccessDeniedException", AccessDenied, False),
        ("ExpiredToken", CredentialsMissing, False),
        ("ExpiredTokenException", CredentialsMissing, False),
        ("InvalidClientTokenId", CredentialsMissing, False),
        ("UnrecognizedClientException", CredentialsMissing, False),
        ("SignatureDoesNotMatch", CredentialsMissing, False),
        ("RequestThrottled", Throttled, True),
        ("ThrottlingException", Throttled, True),
        ("OverLimit", Throttled, True),
        ("AWS.SimpleQueueService.InternalError", Throttled, True),
        ("ServiceUnavailable", Throttled, True),
        ("ReceiptHandleIsInvalid", ReceiptHandleExpired, False),
        ("AWS.SimpleQueueService.MessageNotInflight", ReceiptHandleExpired, False),
        ("AWS.SimpleQueueService.QueueDeletedRecently", BrokerError, True),
        ("AWS.SimpleQueueService.PurgeQueueInProgress", BrokerError, True),
        ("InvalidParameterValue", BrokerError, False),
        ("InvalidAction", BrokerError, False),
    ],
)
def test_codes(code, kind, retryable):
    error = translated(ClientError(code))
    assert type(error) is kind
    assert error.code == code
    assert error.retryable is retryable
    assert all((error.what, error.where, error.why, error.hint))


def test_four_parts_in_full():
    assert str(
        translated(ClientError("AccessDenied", "User: x is not authorized to perform:\n sqs:ReceiveMessage"))
    ) == (
        "cannot receive messages: access denied\n"
        "  where: orders (endpoint https://sqs.eu-west-1.amazonaws.com, region eu-west-1, profile work)\n"
        "  why: AccessDenied: User: x is not authorized to perform: sqs:ReceiveMessage\n"
        "  next: ask for the permission named above, or use another identity with --profile; "
        "aws sts get-caller-identity --region eu-west-1 --profile work shows the present one"
    )


def test_missing_queue_hints():
    assert "aws sqs list-queues --region eu-west-1 --profile work" in translated(ClientError("NonExistentQueue")).hint
    local = translated(ClientError("NonExistentQueue"), LOCAL).hint
    assert "megaql local create local:orders makes it" in local
    assert "megaql publish local:orders" in local
    topic = faults.Place("arn:aws:sns:eu-west-1:123456789012:t", "http://127.0.0.1:1", "eu-west-1")
    assert (
        "aws sns list-topics --region eu-west-1 --endpoint-url http://127.0.0.1:1"
        in translated(ClientError("NotFound"), topic).hint
    )


def test_expired_handle_of_a_fifo_queue_is_told_by_its_message():
    reason = "Value abc for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    assert type(translated(ClientError("InvalidParameterValue", reason))) is ReceiptHandleExpired


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_unknown_code_with_a_passing_status_is_retryable(status):
    assert type(translated(ClientError(str(status), "", status))) is Throttled


def test_failing_disk_of_the_embedded_broker_is_not_called_load():
    error = translated(ClientError("ServiceUnavailable", "the disk is full"), LOCAL)
    assert "the embedded broker's storage failed" in error.what
    assert error.retryable
    assert not translated(ClientError("StorageUnusable", "the database is damaged"), LOCAL).retryable


BOTO = botocore.exceptions


@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        (BOTO.NoCredentialsError(), CredentialsMissing, False),
        (BOTO.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), CredentialsMissing, False),
        (BOTO.ProfileNotFound(profile="work"), CredentialsMissing, False),
        (BOTO.TokenRetrievalError(provider="sso", error_msg="expired"), CredentialsMissing, False),
        (BOTO.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), EndpointUnreachable, True),
        (BOTO.ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), EndpointUnreachable, True),
        (BOTO.ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), EndpointUnreachable, True),
        (BOTO.ConnectionClosedError(endpoint_url="http://127.0.0.1:1"), EndpointUnreachable, True),
        (BOTO.SSLError(endpoint_url="https://127.0.0.1:1", error="self-signed"), EndpointUnreachable, False),
        (BOTO.ProxyConnectionError(proxy_url="http://proxy:1", error="refused"), EndpointUnreachable, True),
        (BOTO.NoRegionError(), BadTarget, False),
        (BOTO.InvalidRegionError(region_name="no where"), BadTarget, False),
        (BOTO.ParamValidationError(report="bad"), BrokerError, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_faults_of_botocore(fault, kind, retryable):
    error = translated(fault)
    assert type(error) is kind
    assert error.retryable is retryable
    assert all((error.what, error.where, error.why, error.hint))


def test_a_limit_is_about_what_was_asked():
    assert "too many messages are in flight" in translated(ClientError("OverLimit")).what
    with pytest.raises(Throttled) as caught, faults.translate("let the topic send to the queue", PLACE):
        raise ClientError("OverLimit", "20 statements at most")
    assert caught.value.what == "cannot let the topic send to the queue: a limit of the service is reached"
    assert "20 statements at most" in caught.value.why
    assert "names the limit" in caught.value.hint


def test_endpoint_that_is_no_url():
    error = translated(ValueError("Invalid endpoint: nonsense"))
    assert type(error) is BadTarget
    assert "the endpoint is not a URL" in error.what


def test_database_of_the_embedded_broker():
    error = translated(sqlite3.OperationalError("disk I/O error"), LOCAL)
    assert "database failed" in error.what
    assert error.why == "disk I/O error"


@pytest.mark.parametrize("bug", [KeyError("x"), TypeError("x"), ValueError("x")])
def test_bugs_pass_through(bug):
    with pytest.raises(type(bug)) as caught, faults.translate("receive messages", PLACE):
        raise bug
    assert caught.value is bug


def test_broker_errors_pass_through():
    error = QueueNotFound("gone")
    with pytest.raises(QueueNotFound) as caught, faults.translate("receive messages", PLACE):
        raise error
    assert caught.value is error


def test_reading_an_error_imports_no_sdk():
    program = "import megaql.broker.queue, megaql.broker.publisher, sys; print([m for m in ('boto3', 'botocore', 'sqlite3') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
