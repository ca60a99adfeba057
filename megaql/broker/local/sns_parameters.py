"""The shapes of the SNS requests, as botocore's service model has them (`data/sns/2010-03-31/service-2.json`).

A maintainer keeps one rule: names and types only; what a value may be is the operations' own business.
"""

from __future__ import annotations

from typing import Final

from megaql.broker.local.parameters import BINARY, TEXT, TEXT_MAP, ListOf, MapOf, Scalar, Shape, Structure

_BOOLEAN: Final = Scalar((bool,), "<class 'bool'>")
_ATTRIBUTES: Final = MapOf(
    Structure({"DataType": TEXT, "StringValue": TEXT, "BinaryValue": BINARY}, ("DataType",)),
)
_CONTENT: Final[dict[str, Shape]] = {
    "Message": TEXT,
    "Subject": TEXT,
    "MessageStructure": TEXT,
    "MessageAttributes": _ATTRIBUTES,
    "MessageDeduplicationId": TEXT,
    "MessageGroupId": TEXT,
}
_TAG: Final = Structure({"Key": TEXT, "Value": TEXT}, ("Key", "Value"))

#: Operation name → shape of its request.
REQUESTS: Final[dict[str, Structure]] = {
    "CreateTopic": Structure({"Name": TEXT, "Attributes": TEXT_MAP, "Tags": ListOf(_TAG)}, ("Name",)),
    "DeleteTopic": Structure({"TopicArn": TEXT}, ("TopicArn",)),
    "ListTopics": Structure({"NextToken": TEXT}),
    "GetTopicAttributes": Structure({"TopicArn": TEXT}, ("TopicArn",)),
    "ListTagsForResource": Structure({"ResourceArn": TEXT}, ("ResourceArn",)),
    "Subscribe": Structure(
        {
            "TopicArn": TEXT,
            "Protocol": TEXT,
            "Endpoint": TEXT,
            "Attributes": TEXT_MAP,
            "ReturnSubscriptionArn": _BOOLEAN,
        },
        ("TopicArn", "Protocol"),
    ),
    "Unsubscribe": Structure({"SubscriptionArn": TEXT}, ("SubscriptionArn",)),
    "ListSubscriptionsByTopic": Structure({"TopicArn": TEXT, "NextToken": TEXT}, ("TopicArn",)),
    "GetSubscriptionAttributes": Structure({"SubscriptionArn": TEXT}, ("SubscriptionArn",)),
    "SetSubscriptionAttributes": Structure(
        {"SubscriptionArn": TEXT, "AttributeName": TEXT, "AttributeValue": TEXT}, ("SubscriptionArn", "AttributeName")
    ),
    "Publish": Structure({"TopicArn": TEXT, "TargetArn": TEXT, **_CONTENT}, ("Message",)),
    "PublishBatch": Structure(
        {
            "TopicArn": TEXT,
            "PublishBatchRequestEntries": ListOf(Structure({"Id": TEXT, **_CONTENT}, ("Id", "Message"))),
        },
        ("TopicArn", "PublishBatchRequestEntries"),
    ),
}
