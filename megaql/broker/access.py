"""A queue's access policy: whether it lets a topic send, and the statement that makes it so.

A maintainer keeps one rule: what somebody else wrote into a policy is neither changed nor lost. A statement is added beside theirs, and only one that
was added here is ever taken away.

Reference: Amazon SNS developer guide, "Subscribing an Amazon SQS queue to an Amazon SNS topic"; IAM user guide, "IAM JSON policy elements".
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The service that delivers a topic's messages.
SNS: Final = "sns.amazonaws.com"

#: What the ids of statements begin with that were added here.
SID: Final = "MegaqlConnect"

_SEND: Final = "sqs:sendmessage"
#: Conditions on the sender that a statement for one topic or several has; any other may keep the topic out.
_ON_THE_TOPIC: Final = {"arnequals": False, "arnlike": True, "stringequals": False, "stringlike": True}


def statement(topic_arn: str, queue_arn: str) -> dict[str, Any]:
    """Return the statement that lets one topic send to one queue, and nobody else."""
    return {
        "Sid": SID + hashlib.sha256(topic_arn.encode()).hexdigest()[:12],
        "Effect": "Allow",
        "Principal": {"Service": SNS},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }


def admits(policy: str, topic_arn: str, queue_arn: str) -> bool:
    """Say whether one statement of a policy plainly lets the topic send to the queue."""
    return any(_allows(one, topic_arn, queue_arn) for one in _statements(_read(policy, queue_arn)))


def admitting(policy: str, topic_arn: str, queue_arn: str) -> str:
    """Return the policy with the topic let in, all other statements as they were."""
    document = _read(policy, queue_arn)
    own = statement(topic_arn, queue_arn)
    kept = [one for one in _statements(document) if not (isinstance(one, dict) and one.get("Sid") == own["Sid"])]
    return json.dumps({**({} if document else {"Version": "2012-10-17"}), **document, "Statement": [*kept, own]})


def without(policy: str, topic_arn: str, queue_arn: str) -> str | None:
    """Return the policy without the statement that was added here for a topic, `""` where that was all; `None` if there is none."""
    document = _read(policy, queue_arn)
    statements = _statements(document)
    own = statement(topic_arn, queue_arn)
    kept = [one for one in statements if one != own]
    if len(kept) == len(statements):
        return None
    return json.dumps({**document, "Statement": kept}) if kept else ""


def _read(policy: str, queue_arn: str) -> dict[str, Any]:
    if not policy:
        return {}
    try:
        document = json.loads(policy)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BrokerError(
            "the queue's access policy cannot be read",
            where=queue_arn,
            why="it is no JSON object, and what is in it must not be lost",
            hint="look at the attribute Policy of the queue: aws sqs get-queue-attributes --attribute-names Policy",
        )
    return document


def _statements(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("Statement") or []
    return list(found) if isinstance(found, list) else [found]


def _allows(one: object, topic_arn: str, queue_arn: str) -> bool:
    if (
        not isinstance(one, dict)
        or one.get("Effect") != "Allow"
        or {"NotPrincipal", "NotAction", "NotResource"} & one.keys()
    ):
        return False
    return (
        _is_sns(one.get("Principal"))
        and any(fnmatch.fnmatchcase(_SEND, action.lower()) for action in _texts(one.get("Action")))
        and any(fnmatch.fnmatchcase(queue_arn, resource) for resource in _texts(one.get("Resource")))
        and _holds_for(one.get("Condition") or {}, topic_arn)
    )


def _is_sns(principal: object) -> bool:
    if isinstance(principal, dict):
        return SNS in _texts(principal.get("Service")) or "*" in _texts(principal.get("AWS"))
    return principal == "*"


def _holds_for(conditions: object, topic_arn: str) -> bool:
    """Say whether conditions are about the topic as the sender, and nothing else."""
    if not isinstance(conditions, dict):
        return False
    for operator, tests in conditions.items():
        like = _ON_THE_TOPIC.get(str(operator).lower())
        if like is None or not isinstance(tests, dict):
            return False
        for key, wanted in tests.items():
            if str(key).lower() != "aws:sourcearn":
                return False
            if not any(text == topic_arn or (like and fnmatch.fnmatchcase(topic_arn, text)) for text in _texts(wanted)):
                return False
    return True


def _texts(value: object) -> list[str]:
    """Return one text or several as a list; IAM takes either everywhere."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
