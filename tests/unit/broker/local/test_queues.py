import json

import pytest


def attributes(broker, url, *names):
    return broker.client.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])["Attributes"]


def test_a_new_queue_has_sqss_defaults(broker):
    url = broker.queue("orders")
    assert url == "http://local.megaql/000000000000/orders"
    assert attributes(broker, url) == {
        "QueueArn": "arn:aws:sqs:local:000000000000:orders",
        "CreatedTimestamp": "1700000000",
        "LastModifiedTimestamp": "1700000000",
        "VisibilityTimeout": "30",
        "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600",
        "MaximumMessageSize": "1048576",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }


def test_a_fifo_queue_says_so(broker):
    values = attributes(broker, broker.queue("orders.fifo"), "FifoQueue", "DeduplicationScope", "FifoThroughputLimit")
    assert values == {"FifoQueue": "true", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}


def test_no_attribute_names_give_no_attributes(broker):
    url = broker.queue()
    assert "Attributes" not in broker.client.get_queue_attributes(QueueUrl=url)


def test_creating_again_is_no_conflict_unless_the_attributes_differ(broker, refused):
    url = broker.queue("orders", VisibilityTimeout="10")
    assert broker.queue("orders") == url
    assert broker.queue("orders", VisibilityTimeout="10", DelaySeconds="0") == url
    create = broker.client.create_queue
    code, message = refused(create, QueueName="orders", Attributes={"VisibilityTimeout": "11"})
    assert code == "QueueAlreadyExists"
    assert "VisibilityTimeout" in message


@pytest.mark.parametrize(
    "name", ["", "a b", "ä", "x" * 81, "orders.fifo.fifo", ".fifo", "x" * 76 + ".fifo", "a/b", "a\n"]
)
def test_names_sqs_refuses(broker, refused, name):
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    assert refused(broker.client.create_queue, QueueName=name, Attributes=fifo)[0] == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 80, "x" * 75 + ".fifo"])
def test_names_sqs_takes(broker, name):
    url = broker.queue(name)
    assert broker.client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId="000000000000")["QueueUrl"] == url


def test_other_accounts_have_no_queues_here(broker, refused):
    broker.queue("orders")
    code, _ = refused(broker.client.get_queue_url, QueueName="orders", QueueOwnerAWSAccountId="123456789012")
    assert code == "AWS.SimpleQueueService.NonExistentQueue"


def test_the_name_and_the_type_agree(broker, refused):
    create = broker.client.create_queue
    assert refused(create, QueueName="a.fifo")[0] == "InvalidParameterValue"
    assert refused(create, QueueName="a", Attributes={"FifoQueue": "true"})[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "-1"),
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "ten"),
        ("VisibilityTimeout", "1.5"),
        ("VisibilityTimeout", "99999999999999999999"),
        ("DelaySeconds", "901"),
        ("MessageRetentionPeriod", "59"),
        ("MessageRetentionPeriod", "1209601"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("SqsManagedSseEnabled", "yes"),
        ("Policy", "{"),
        ("RedrivePolicy", "[]"),
        ("RedrivePolicy", "{}"),
        ("RedrivePolicy", json.dumps({"deadLetterTargetArn": "orders", "maxReceiveCount": 3})),
        (
            "RedrivePolicy",
            json.dumps({"deadLetterTargetArn": "arn:aws:sqs:local:000000000000:no", "maxReceiveCount": 3}),
        ),
        ("RedriveAllowPolicy", "x"),
    ],
)
def test_values_sqs_refuses(broker, refused, name, value):
    url = broker.queue()
    assert (
        refused(broker.client.set_queue_attributes, QueueUrl=url, Attributes={name: value})[0]
        == "InvalidAttributeValue"
    )
    assert refused(broker.client.create_queue, QueueName="new", Attributes={name: value})[0] == "InvalidAttributeValue"


@pytest.mark.parametrize("name", ["Nope", "QueueArn", "ContentBasedDeduplication", "FifoQueue"])
def test_attributes_nobody_can_set(broker, refused, name):
    url = broker.queue()
    code, _ = refused(broker.client.set_queue_attributes, QueueUrl=url, Attributes={name: "true"})
    assert code == "InvalidAttributeName"


def test_setting_attributes_holds_from_the_next_call(broker):
    url = broker.queue()
    broker.clock.advance(5)
    broker.client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2", "Policy": "{}"})
    values = attributes(broker, url, "VisibilityTimeout", "LastModifiedTimestamp", "CreatedTimestamp", "Policy")
    assert values == {
        "VisibilityTimeout": "2",
        "LastModifiedTimestamp": "1700000005",
        "CreatedTimestamp": "1700000000",
        "Policy": "{}",
    }
    broker.send(url, "a")
    broker.receive(url)
    broker.clock.advance(2)
    assert broker.bodies(url) == ["a"]
    broker.client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in attributes(broker, url)


def test_listing_by_prefix_and_in_pages(broker):
    for name in ("b-1", "a-2", "a-1", "a_3"):
        broker.queue(name)

    def names(**request):
        answer = broker.client.list_queues(**request)
        return [url.rsplit("/", 1)[1] for url in answer.get("QueueUrls", [])], answer.get("NextToken")

    assert names() == (["a-1", "a-2", "a_3", "b-1"], None)
    assert names(QueueNamePrefix="a-") == (["a-1", "a-2"], None)
    assert names(QueueNamePrefix="%") == ([], None)
    first, token = names(MaxResults=3)
    assert first == ["a-1", "a-2", "a_3"]
    assert names(MaxResults=3, NextToken=token) == (["b-1"], None)


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_page_outside_the_limits(broker, refused, limit):
    assert refused(broker.client.list_queues, MaxResults=limit)[0] == "InvalidParameterValue"


def test_tags(broker, refused):
    client = broker.client
    url = client.create_queue(QueueName="orders", tags={"team": "shop"})["QueueUrl"]
    client.tag_queue(QueueUrl=url, Tags={"stage": "test", "team": "billing"})
    assert client.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "billing", "stage": "test"}
    client.untag_queue(QueueUrl=url, TagKeys=["team", "nobody"])
    assert client.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test"}
    client.untag_queue(QueueUrl=url, TagKeys=["stage"])
    assert "Tags" not in client.list_queue_tags(QueueUrl=url)
    assert refused(client.tag_queue, QueueUrl=url, Tags={"aws:x": "y"})[0] == "InvalidParameterValue"
    many = {str(number): "" for number in range(51)}
    assert refused(client.tag_queue, QueueUrl=url, Tags=many)[0] == "InvalidParameterValue"


def test_purging_takes_what_was_there_and_nothing_later(broker):
    url = broker.queue()
    broker.send(url, *map(str, range(20)))
    message = broker.receive(url)[0]
    broker.client.purge_queue(QueueUrl=url)
    assert broker.counts(url) == (0, 0, 0)
    assert broker.rows("message") == broker.rows("payload") == broker.rows("discarded") == 0
    broker.send(url, "new")
    broker.delete(url, message)
    assert broker.bodies(url) == ["new"]


def test_purging_a_fifo_queue_frees_its_groups(broker):
    url = broker.queue("orders.fifo")
    broker.send(url, "a", MessageGroupId="g")
    broker.receive(url)
    broker.client.purge_queue(QueueUrl=url)
    broker.send(url, "a", MessageGroupId="g")
    assert broker.bodies(url) == ["a"]


def test_deleting_removes_queue_and_data(broker, refused):
    url, other = broker.queue("orders"), broker.queue("other")
    broker.send(url, *("x" * 20_000 for _ in range(300)))
    broker.send(other, "kept")
    full = broker.client._store.path.stat().st_size
    broker.client.delete_queue(QueueUrl=url)
    assert refused(broker.client.get_queue_url, QueueName="orders")[0] == "AWS.SimpleQueueService.NonExistentQueue"
    assert broker.rows("message") == broker.rows("payload") == 1
    broker.client.close()
    assert broker.client._store.path.stat().st_size < full / 4


def test_a_deleted_queues_name_is_free_at_once(broker):
    url = broker.queue("orders", VisibilityTimeout="1")
    broker.send(url, "old")
    broker.client.delete_queue(QueueUrl=url)
    broker.queue("orders", VisibilityTimeout="2")
    assert broker.bodies(url) == []


def test_what_a_dead_process_left_is_collected_by_the_next_purge(broker, monkeypatch):
    url = broker.queue()
    broker.send(url, *"abc")
    monkeypatch.setattr("megaql.broker.local.removal.collect", lambda _: None)
    broker.client.purge_queue(QueueUrl=url)
    assert broker.rows("message") == 3
    monkeypatch.undo()
    broker.client.purge_queue(QueueUrl=url)
    assert broker.rows("message") == broker.rows("discarded") == 0
