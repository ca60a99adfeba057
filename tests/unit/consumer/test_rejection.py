import pytest

from megaql.broker.message import Message
from megaql.consumer.rejection import LONGEST_REASON, MOST_BYTES, Rejection, copy

TOLD = Rejection("no such customer", "orders.bill", "LookupError")


def text(value):
    return {"DataType": "String", "StringValue": value}


def message(body="secret", attributes=None, **system):
    return Message("m1", body, "handle", attributes or {}, system)


def test_the_copy_is_the_message_and_says_why_it_is_there():
    original = message(attributes={"tenant": text("acme")}, AWSTraceHeader="Root=1")
    outgoing = copy(original, TOLD, fifo=False)
    assert outgoing.body == "secret"
    assert outgoing.attributes == {
        "tenant": text("acme"),
        "megaql.reason": text("no such customer"),
        "megaql.subscription": text("orders.bill"),
        "megaql.error": text("LookupError"),
    }
    assert outgoing.system == {"AWSTraceHeader": text("Root=1")}
    assert (outgoing.group_id, outgoing.dedup_id) == (None, None)


def test_what_there_is_nothing_to_say_about_is_left_out():
    assert copy(message(), Rejection("it matched no subscription"), fifo=False).attributes == {
        "megaql.reason": text("it matched no subscription")
    }


@pytest.mark.parametrize(("own", "told"), [(7, 3), (8, 2), (9, 1), (10, 0)])
def test_no_attribute_of_the_message_is_pushed_out(own, told):
    attributes = {f"a{number}": text("x") for number in range(own)}
    outgoing = copy(message(attributes=attributes), TOLD, fifo=False)
    assert attributes.items() <= outgoing.attributes.items()
    added = [name for name in outgoing.attributes if name not in attributes]
    assert added == ["megaql.reason", "megaql.subscription", "megaql.error"][:told]


def test_a_second_rejection_replaces_the_first_ones_words_even_with_ten_attributes():
    attributes = {f"a{number}": text("x") for number in range(9)} | {"megaql.reason": text("before")}
    outgoing = copy(message(attributes=attributes), TOLD, fifo=False)
    assert len(outgoing.attributes) == 10
    assert outgoing.attributes["megaql.reason"] == text("no such customer")


def test_the_size_limit_comes_before_our_words():
    outgoing = copy(message("x" * (MOST_BYTES - 60)), TOLD, fifo=False)
    assert outgoing.size() <= MOST_BYTES
    assert list(outgoing.attributes) == ["megaql.reason"]


def test_reasons_are_cut_and_cleaned_of_what_sqs_refuses():
    attributes = Rejection("bad \x00 \ud800 end " + "x" * 5000).attributes()
    assert attributes["megaql.reason"].startswith("bad � � end xxx")
    assert len(attributes["megaql.reason"]) == LONGEST_REASON


def test_on_fifo_the_copy_keeps_its_group_and_repeats_are_dropped_by_id():
    outgoing = copy(message(MessageGroupId="g"), TOLD, fifo=True)
    assert (outgoing.group_id, outgoing.dedup_id) == ("g", "m1")
