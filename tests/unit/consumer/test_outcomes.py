from datetime import timedelta

import pytest

from megaql.consumer.outcomes import Reject, Retry


def test_retry_says_when_and_why():
    retry = Retry(timedelta(minutes=5), "the bank is closed")
    assert (retry.after, str(retry)) == (timedelta(minutes=5), "the bank is closed")
    assert (Retry().after, str(Retry())) == (None, "the handler asked for the message again later")


def test_a_delay_is_a_timedelta_because_a_number_has_no_unit():
    with pytest.raises(TypeError, match=r"Retry\(after\) is a datetime.timedelta, not int"):
        Retry(300)


def test_a_delay_is_not_negative():
    with pytest.raises(ValueError, match="cannot be negative"):
        Retry(timedelta(seconds=-1))


def test_reject_always_has_a_reason():
    assert Reject("no such customer").reason == "no such customer"
    assert Reject().reason == "the handler rejected the message"


def test_a_reason_is_a_text_because_it_becomes_an_attribute_of_the_message():
    with pytest.raises(TypeError, match=r"Reject\(reason\) is a str, not KeyError"):
        Reject(KeyError("quantity"))
