from datetime import timedelta

import pytest

from megaql.broker.batches import ATTEMPTS
from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing
from megaql.errors import AccessDenied, BrokerError, EndpointUnreachable, QueueNotFound, Throttled

from .conftest import ClientError, failing


def outgoing(count, group=None):
    return [Outgoing(f"body {number}", group_id=group) for number in range(count)]


def sent_bodies(sqs):
    return [[entry["MessageBody"].removeprefix("body ") for entry in entries] for entries in sqs.requests]


def account(result, entries):
    """Check that each entry stands in the result exactly once, and in order."""
    failed = [failure.entry for failure in result.failed]
    assert sorted(map(id, [*result.done, *failed])) == sorted(map(id, entries))
    assert result.done == [entry for entry in entries if entry not in failed]
    assert len(result.answers) == len(result.done)


def test_nothing_to_send(queue, sqs):
    result = queue.send_batch([])
    assert (result.done, result.failed, sqs.requests) == ([], [], [])


def test_ten_entries_a_request(queue, sqs):
    entries = outgoing(23)
    result = queue.send_batch(entries)
    assert [len(request) for request in sqs.requests] == [10, 10, 3]
    assert result.message_ids == [f"m-{number}" for number in range(23)]
    account(result, entries)


def test_one_mebibyte_a_request(queue, sqs):
    entries = [Outgoing("x" * 500_000) for _ in range(5)] + [Outgoing("x" * 2_000_000)]
    queue.send_batch(entries)
    assert [len(request) for request in sqs.requests] == [2, 2, 1, 1]


def test_attributes_count_for_the_size_of_a_request(queue, sqs):
    attribute = {"DataType": "Binary", "BinaryValue": b"x" * 500_000}
    queue.send_batch([Outgoing("x" * 100_000, {"a": attribute}) for _ in range(2)])
    assert [len(request) for request in sqs.requests] == [1, 1]


def test_failed_entries_are_sent_again(queue, sqs, clock):
    sqs.script(failing("1", "3"), failing("3"))
    entries = outgoing(5)
    result = queue.send_batch(entries)
    assert sent_bodies(sqs) == [["0", "1", "2", "3", "4"], ["1", "3"], ["3"]]
    assert clock.slept == [0.1, 0.2]
    assert result.failed == []
    account(result, entries)


def test_senders_fault_is_not_sent_again(queue, sqs, clock):
    sqs.script(failing("1", code="InvalidMessageContents", sender_fault=True))
    entries = outgoing(3)
    result = queue.send_batch(entries)
    assert len(sqs.requests) == 1
    assert clock.slept == []
    (failure,) = result.failed
    assert (failure.entry, failure.code, failure.retryable) == (entries[1], "InvalidMessageContents", False)
    account(result, entries)


def test_throttled_entry_is_sent_again_whoever_is_at_fault(queue, sqs):
    sqs.script(failing("0", code="RequestThrottled", sender_fault=True))
    assert queue.send_batch(outgoing(1)).failed == []
    assert len(sqs.requests) == 2


def test_entry_that_never_succeeds_is_given_up(queue, sqs, clock):
    sqs.script(*[failing("0")] * ATTEMPTS)
    entries = outgoing(2)
    result = queue.send_batch(entries)
    assert len(sqs.requests) == ATTEMPTS
    assert clock.slept == [0.1, 0.2, 0.4]
    assert [(failure.entry, failure.retryable) for failure in result.failed] == [(entries[0], True)]
    account(result, entries)


def test_entry_the_answer_forgets_is_sent_again(queue, sqs):
    sqs.script(lambda entries: {"Successful": [{"Id": entries[0]["Id"]}]})
    assert queue.send_batch(outgoing(2)).failed == []
    assert sent_bodies(sqs) == [["0", "1"], ["1"]]


def test_request_that_fails_at_first_raises(queue, sqs):
    sqs.script(ClientError("AWS.SimpleQueueService.NonExistentQueue"))
    with pytest.raises(QueueNotFound):
        queue.send_batch(outgoing(25))
    assert len(sqs.requests) == 1


@pytest.mark.parametrize(
    ("code", "retryable"), [("RequestThrottled", True), ("AccessDenied", False), ("ExpiredToken", True)]
)
def test_request_that_fails_later_loses_no_account(queue, sqs, code, retryable):
    sqs.script(failing(), ClientError(code))
    entries = outgoing(25)
    result = queue.send_batch(entries)
    assert len(sqs.requests) == 2, "what comes after a failed request is not tried"
    assert result.done == entries[:10]
    assert [failure.entry for failure in result.failed] == entries[10:]
    assert {(failure.code, failure.retryable) for failure in result.failed} == {(code, retryable)}
    account(result, entries)


def test_request_that_fails_in_a_later_attempt(queue, sqs):
    sqs.script(failing("1"), ClientError("ServiceUnavailable", status=503))
    entries = outgoing(3)
    result = queue.send_batch(entries)
    assert [failure.entry for failure in result.failed] == [entries[1]]
    account(result, entries)


def test_request_that_is_too_long_for_the_server_is_halved(queue, sqs):
    def at_most_two(entries):
        if len(entries) > 2:
            raise ClientError("AWS.SimpleQueueService.BatchRequestTooLong")
        return failing()(entries)

    sqs.script(*[at_most_two] * 10)
    entries = outgoing(8)
    result = queue.send_batch(entries)
    assert result.failed == []
    assert [len(request) for request in sqs.requests] == [8, 4, 2, 2, 4, 2, 2]
    account(result, entries)


def test_one_entry_for_which_a_server_fails_the_batch_is_found(queue, sqs):
    def no_seven(entries):
        if any(entry["Id"] == "7" for entry in entries):
            raise ClientError("InvalidMessageContents")
        return failing()(entries)

    sqs.script(*[no_seven] * 20)
    entries = outgoing(10)
    result = queue.send_batch(entries)
    assert [failure.entry for failure in result.failed] == [entries[7]]
    account(result, entries)


def test_single_entry_that_is_refused_raises(queue, sqs):
    sqs.script(ClientError("InvalidMessageContents"))
    with pytest.raises(BrokerError, match="cannot send messages"):
        queue.send_batch(outgoing(1))


def test_fifo_group_stops_behind_a_failure(fifo, sqs):
    sqs.script(failing("9"))
    entries = outgoing(25, "g")
    result = fifo.send_batch(entries)
    assert sent_bodies(sqs)[0] == [str(number) for number in range(10)]
    assert [int(body) for request in sent_bodies(sqs)[1:] for body in request] == list(range(9, 25))
    assert result.failed == []
    account(result, entries)


def test_other_fifo_groups_go_on(fifo, sqs):
    sqs.script(failing("0", code="InvalidMessageContents", sender_fault=True))
    entries = [Outgoing(f"body {number}", group_id="a" if number in {0, 10, 11} else "b") for number in range(12)]
    result = fifo.send_batch(entries)
    assert [failure.entry for failure in result.failed] == [entries[0], entries[10], entries[11]]
    assert [failure.code for failure in result.failed] == ["InvalidMessageContents", *["EarlierEntryFailed"] * 2]
    account(result, entries)


def test_fifo_entry_that_was_overtaken_is_not_sent_again(fifo, sqs):
    sqs.script(failing("1"))
    entries = outgoing(3, "g")
    result = fifo.send_batch(entries)
    assert len(sqs.requests) == 1, "sent again, it would stand behind the third message"
    (failure,) = result.failed
    assert (failure.entry, failure.code, failure.retryable) == (entries[1], "InternalError", False)
    assert "a later message of its group was accepted" in failure.message
    account(result, entries)


def test_groups_mean_nothing_on_a_standard_queue(queue, sqs):
    sqs.script(failing("1"))
    assert queue.send_batch(outgoing(3, "g")).failed == []


def messages(count):
    return [Message(f"m{number}", "x", receipt_handle=f"h{number}") for number in range(count)]


def test_deleting_in_batches(queue, sqs):
    sqs.script(failing("4"))
    given = messages(12)
    result = queue.delete(given)
    assert [len(request) for request in sqs.requests] == [10, 2, 1]
    assert sqs.requests[2] == [{"Id": "4", "ReceiptHandle": "h4"}]
    account(result, given)


def test_deleting_with_an_expired_handle_is_reported(queue, sqs):
    sqs.script(failing("0", code="ReceiptHandleIsInvalid", sender_fault=True))
    given = messages(2)
    result = queue.delete(given)
    assert result.done == [given[1]]
    assert [failure.code for failure in result.failed] == ["ReceiptHandleIsInvalid"]


def test_visibility_is_rounded_up_to_seconds(queue, sqs):
    queue.set_visibility(messages(1), timedelta(seconds=1.2))
    assert sqs.requests == [[{"Id": "0", "ReceiptHandle": "h0", "VisibilityTimeout": 2}]]


@pytest.mark.parametrize(("code", "kind"), [("AccessDenied", AccessDenied), ("RequestThrottled", Throttled)])
def test_delete_that_fails_as_a_whole(queue, sqs, code, kind):
    sqs.script(ClientError(code))
    with pytest.raises(kind):
        queue.delete(messages(3))


def test_lost_connection_is_unreachable(queue, sqs):
    from botocore.exceptions import ConnectionClosedError

    sqs.script(ConnectionClosedError(endpoint_url="https://sqs.eu-west-1.amazonaws.com"))
    with pytest.raises(EndpointUnreachable):
        queue.delete(messages(1))
