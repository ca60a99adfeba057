"""Connecting a queue to a topic: what is there, what differs from what should be, and the calls that make it so, in an order in which nothing is lost.

A maintainer keeps two rules. The queue lets the topic in before there is a subscription, because SNS drops what a queue refuses. And between two calls
the subscription lets through at least what it lets through before or after them.

Amazon SNS developer guide: "Subscribing an Amazon SQS queue to an Amazon SNS topic", "Applying a subscription filter policy".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from megaql import analysis
from megaql.broker import access, faults, subscribing
from megaql.consumer import startup
from megaql.consumer.connection_plan import ConnectPlan, Step
from megaql.consumer.ends import Ends, cautions
from megaql.convert import sns
from megaql.errors import AccessDenied, MegaQLError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.queue import Queue
    from megaql.broker.subscribing import QueueSubscription
    from megaql.broker.topic import Topic
    from megaql.consumer.pushdown import Pushdown
    from megaql.consumer.subscription import Subscription
    from megaql.convert.sns import Scope

#: Actions that IAM knows no resource for.
_ANYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter policy and its scope; without a policy every message comes, whatever the scope."""

    policy: dict[str, Any] | None = None
    scope: Scope = "MessageAttributes"

    @classmethod
    def of(cls, found: Pushdown | None) -> Filter:
        """Return the filter that a pushdown asks for."""
        return cls(found.policy, found.scope) if found is not None and found.policy is not None else cls()

    @classmethod
    def there(cls, present: QueueSubscription) -> Filter:
        """Return the filter that a subscription has."""
        if present.policy is None:
            return cls()
        return cls(present.policy, "MessageBody" if present.scope == "MessageBody" else "MessageAttributes")

    @property
    def text(self) -> str:
        """The policy as SNS is given it."""
        return json.dumps(self.policy, ensure_ascii=False)

    def __str__(self) -> str:
        return "none" if self.policy is None else f"{self.text} ({self.scope})"


def connect(
    ends: Ends,
    subscriptions: Sequence[Subscription],
    pushdown: Pushdown | None,
    *,
    raw: bool | None,
    dry_run: bool,
) -> ConnectPlan:
    """Plan what connects the two ends for some subscriptions, under a filter policy or with `None` under none; do it unless it is a dry run."""
    present = None if ends.topic_is_new else subscribing.find(ends.topic, ends.queue_arn)
    will_be_raw = present is not None and present.raw if raw is None else raw
    startup.check_raw(subscriptions, raw=will_be_raw)
    changes: list[str] = [
        f"{step.request.get('Name') or step.request.get('QueueName')} is made" for step in ends.making
    ]
    steps = list(ends.making)
    _let_in(ends, changes, steps)
    wanted = Filter.of(pushdown)
    notes = cautions(ends)
    if present is None:
        _subscribe(ends, wanted, changes, steps, raw=bool(raw))
        if not ends.local:
            notes.append(
                "a queue's changed access policy holds within a minute: a message published before that may not arrive"
            )
    else:
        _change(ends, present, wanted, changes, steps)
        if raw is not None and raw is not present.raw:
            changes.append(f"raw message delivery is {'on' if raw else 'off'}")
            steps.append(
                _set(ends, present, "RawMessageDelivery", "true" if raw else "false", "change the form of delivery")
            )
        if not ends.local and Filter.there(present) != wanted:
            notes.append(_order(Filter.there(present), wanted))
    if will_be_raw:
        notes.append("raw delivery: SNS drops a message with more than ten attributes")
    return _performed(ends, pushdown, changes, steps, notes, dry_run=dry_run)


def disconnect(ends: Ends, *, dry_run: bool) -> ConnectPlan:
    """Plan what ends the subscription and takes back what was let in here, and do it unless it is a dry run."""
    present = subscribing.find(ends.topic, ends.queue_arn)
    changes: list[str] = []
    steps: list[Step] = []
    if present is not None:
        changes.append("the subscription is ended: no further message of the topic comes")
        steps.append(
            _step(ends.topic, "sns:Unsubscribe", "end the subscription", {"SubscriptionArn": present.arn}, _ANYWHERE)
        )
    without = (
        None if ends.local else access.without(ends.queue_attributes.get("Policy", ""), ends.topic.arn, ends.queue_arn)
    )
    if without is not None:
        changes.append("the queue's access policy loses the statement that connect added; its other statements stay")
        steps.append(_set_policy(ends, without, "let the topic send no longer"))
    notes = [] if not changes else ["what is in the queue stays there"]
    return _performed(ends, None, changes, steps, notes, dry_run=dry_run, removes=True)


def _let_in(ends: Ends, changes: list[str], steps: list[Step]) -> None:
    policy = ends.queue_attributes.get("Policy", "")
    if ends.local or access.admits(policy, ends.topic.arn, ends.queue_arn):
        return
    changes.append("the queue's access policy lets the topic send" + ("; its other statements stay" if policy else ""))
    steps.append(
        _set_policy(ends, access.admitting(policy, ends.topic.arn, ends.queue_arn), "let the topic send to the queue")
    )


def _set_policy(ends: Ends, policy: str, why: str) -> Step:
    request = {"QueueUrl": ends.queue.url, "Attributes": {"Policy": policy}}
    return _step(ends.queue, "sqs:SetQueueAttributes", why, request, ends.queue_arn)


def _subscribe(ends: Ends, wanted: Filter, changes: list[str], steps: list[Step], *, raw: bool) -> None:
    attributes: dict[str, str] = {}
    if wanted.policy is not None:
        attributes |= {"FilterPolicyScope": wanted.scope, "FilterPolicy": wanted.text}
    if raw:
        attributes["RawMessageDelivery"] = "true"
    request: dict[str, Any] = {"TopicArn": ends.topic.arn, "Protocol": "sqs", "Endpoint": ends.queue_arn}
    if attributes:
        request["Attributes"] = attributes

    made = _step(ends.topic, "sns:Subscribe", "subscribe the queue to the topic", request, ends.topic.arn)

    def perform() -> None:
        answer: Any = made.perform()
        subscribing.check_confirmed(ends.topic, str(answer.get("SubscriptionArn")), ends.queue_arn)

    changes.append(
        f"the queue subscribes to the topic, {'to every message' if wanted.policy is None else 'under the filter policy'}"
    )
    steps.append(replace(made, perform=perform))


def _change(ends: Ends, present: QueueSubscription, wanted: Filter, changes: list[str], steps: list[Step]) -> None:
    """Bring a subscription's filter policy to what it should be."""
    there = Filter.there(present)
    if there == wanted:
        return
    if wanted.policy is None:
        changes.append(f"the filter policy goes, which was {there}: every message comes")
        steps.append(_set(ends, present, "FilterPolicy", "{}", "let every message through"))
        return
    changes.append(f"the filter policy is another one; it was {there}")
    if present.scope != wanted.scope:
        if there.policy is not None:
            # A policy is checked against its scope, so that neither changes under the other; without one all comes, and nothing is lost.
            steps.append(_set(ends, present, "FilterPolicy", "{}", "let every message through while the scope changes"))
        steps.append(_set(ends, present, "FilterPolicyScope", wanted.scope, "say what the policy is about"))
    steps.append(_set(ends, present, "FilterPolicy", wanted.text, "set the filter policy"))


def _set(ends: Ends, present: QueueSubscription, name: str, value: str, why: str) -> Step:
    request = {"SubscriptionArn": present.arn, "AttributeName": name, "AttributeValue": value}
    return _step(ends.topic, "sns:SetSubscriptionAttributes", why, request, _ANYWHERE)


def _step(on: Queue | Topic, call: str, why: str, request: dict[str, Any], resource: str) -> Step:
    """Return the step that makes one call with a client, whose method has the call's name in boto3's spelling."""
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", call.partition(":")[2]).lower()

    def perform() -> object:
        with faults.translate(why, on.place):
            return getattr(on.client, method)(**request)

    return Step(call, why, request, resource, perform)


def _performed(
    ends: Ends,
    pushdown: Pushdown | None,
    changes: Sequence[str],
    steps: Sequence[Step],
    notes: Sequence[str],
    *,
    dry_run: bool,
    removes: bool = False,
) -> ConnectPlan:
    plan = ConnectPlan(
        queue=ends.queue.target.text,
        topic=ends.topic.target.text,
        queue_arn=ends.queue_arn,
        topic_arn=ends.topic.arn,
        pushdown=pushdown,
        changes=tuple(changes),
        steps=tuple(steps),
        permissions=() if ends.local else _permissions(ends, steps),
        notes=tuple(notes),
        dry_run=dry_run,
        removes=removes,
    )
    for number, step in enumerate(() if dry_run else steps):
        try:
            step.perform()
        except MegaQLError as error:
            if isinstance(error, AccessDenied):
                error.hint = f"allow {step.call} on {step.resource}, or use another identity with --profile"
            if number:
                again = "disconnecting" if removes else "connecting"
                error.hint += (
                    f"; the calls before it ({number} of {len(steps)}) are done, and {again} again goes on from there"
                )
            raise
    return plan


def _permissions(ends: Ends, steps: Sequence[Step]) -> tuple[tuple[str, str], ...]:
    looking = [
        *([("sqs:GetQueueUrl", ends.queue_arn)] if ends.queue.target.kind != "url" else []),
        ("sqs:GetQueueAttributes", ends.queue_arn),
        ("sns:ListSubscriptionsByTopic", ends.topic.arn),
        ("sns:GetSubscriptionAttributes", _ANYWHERE),
    ]
    return tuple(dict.fromkeys([*looking, *((step.call, step.resource) for step in steps)]))


def _order(there: Filter, wanted: Filter) -> str:
    """Say in which order a changed policy and a changed application go, so that no message is kept back that either needs."""
    slow = "AWS takes up to 15 minutes until a changed filter policy holds everywhere"
    wider, narrower = _compared(there, wanted)
    if wider and narrower:
        return f"{slow}; it lets through what the last one did"
    if wider:
        return f"{slow}: it lets more through, so deploy what needs the new messages after that"
    if narrower:
        return f"{slow}: it lets less through, so connect after what needed the other messages is gone"
    return (
        f"{slow}, and this one keeps back some of what the last one let through: while two versions of the application run, connect with "
        "filtered=False (--no-filter), deploy, and connect again"
    )


def _compared(there: Filter, wanted: Filter) -> tuple[bool, bool]:
    """Return whether the wanted policy lets through all that the one there does, and whether that one does so of the wanted."""
    if there.policy is None or wanted.policy is None:
        return wanted.policy is None, there.policy is None
    if there.scope != wanted.scope:
        return False, False
    try:
        relation = analysis.relate(
            sns.from_policy(there.policy, there.scope), sns.from_policy(wanted.policy, wanted.scope)
        )
    except MegaQLError:  # a policy that somebody else made may be larger than a query, or newer than what we read
        return False, False
    return relation.implies is True, relation.implied is True
