from megaql.broker.message import Message
from megaql.consumer.buffer import Buffer
from megaql.consumer.held import Held


def held(name, group=None):
    return Held(Message(name, "", system={"MessageGroupId": group} if group else {}), 0.0)


def ids(messages):
    return [one.message.id for one in messages]


def take_all(buffer):
    return buffer.take(100)


def test_a_standard_queue_starts_everything_in_order():
    buffer = Buffer(fifo=False)
    for one in (held("a", "g"), held("b", "g"), held("c")):
        buffer.add([one])
    assert ids(take_all(buffer)) == ["a", "b", "c"]


def test_finishing_on_a_standard_queue_sends_nothing_back():
    buffer = Buffer(fifo=False)
    buffer.add([held("a", "g")])
    buffer.add([held("b", "g")])
    assert buffer.finish(*buffer.take(1), gone=False) == []
    assert ids(take_all(buffer)) == ["b"]


def test_of_a_group_one_is_out_and_groups_run_side_by_side():
    buffer = Buffer(fifo=True)
    for name, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")):
        buffer.add([held(name, group)])
    out = take_all(buffer)
    assert ids(out) == ["a1", "b1"]
    assert buffer.finish(out[0], gone=True) == []
    assert ids(take_all(buffer)) == ["a2"]


def test_one_that_stays_in_the_queue_sends_the_rest_of_its_group_back():
    buffer = Buffer(fifo=True)
    for name, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a"), ("b2", "b")):
        buffer.add([held(name, group)])
    a1, b1 = take_all(buffer)
    assert ids(buffer.finish(a1, gone=False)) == ["a2", "a3"]
    assert take_all(buffer) == []
    buffer.finish(b1, gone=True)
    assert ids(take_all(buffer)) == ["b2"]


def test_a_group_starts_again_after_it_was_sent_back():
    buffer = Buffer(fifo=True)
    buffer.add([held("a1", "a")])
    buffer.finish(*buffer.take(1), gone=False)
    buffer.add([held("a1", "a")])
    assert ids(take_all(buffer)) == ["a1"]


def test_emptying_returns_all_that_has_not_started():
    buffer = Buffer(fifo=True)
    for name, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        buffer.add([held(name, group)])
    [a1] = buffer.take(1)
    assert sorted(ids(buffer.empty())) == ["a2", "b1"]
    assert buffer.finish(a1, gone=False) == []
    assert buffer.take(1) == []
