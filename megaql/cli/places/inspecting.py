"""One queue or topic on the screen or as an object."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import places
from megaql.broker.queue import Queue
from megaql.broker.target import TopicTarget, parse_target
from megaql.broker.topic import Topic
from megaql.cli.completion import remembering
from megaql.cli.configuration import protection
from megaql.cli.places.forms import Form, form_of, write_object
from megaql.cli.places.words import TIMES, age, last_part, queue_object, seconds, statements
from megaql.cli.status import Status
from megaql.cli.terminal.style import Style, harmless
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.broker.places import About, AboutTopic, Subscriber
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment

#: The column of the values. Characters.
COLUMN: Final = 22


def show(world: Environment, target: str, connection: Connection, output: Form) -> int:
    """Show a queue or a topic, and return the exit status."""
    form = form_of(world, output)
    parsed = parse_target(target)
    if isinstance(parsed, TopicTarget):
        topic = places.about_topic(Topic.open(parsed, connection))
        rows, found = _topic_rows(topic), _topic_object(topic)
    else:
        queue = places.about(Queue.open(parsed, connection))
        rows, found = _queue_rows(world, queue), _queue_object(queue)
    remembering.note_targets(world, [target])
    if form is not Form.TABLE:
        write_object(world, form, found)
        return Status.DONE
    style = Style(on=world.colors())
    for name, value in rows:
        for line in _lines(name, value, world.width, style):
            world.out(line)
    return Status.DONE


def _lines(name: str, value: str, width: int, style: Style) -> Iterator[str]:
    """Yield a row; a value too long for the line goes on below itself, and no word of it is cut."""
    text = harmless(value)
    filled = textwrap.wrap(text, max(width - COLUMN, 24), break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{style(f'{name:<{COLUMN}}', bold=True)}{filled[0]}".rstrip()
    for line in filled[1:]:
        yield f"{' ' * COLUMN}{line}"


def _queue_rows(world: Environment, about: About) -> Iterator[tuple[str, str]]:
    queue, info = about.queue, about.info
    yield "queue", f"{queue.name}{' (FIFO)' if queue.fifo else ''}"
    yield "URL", queue.url
    yield "ARN", info.attributes.get("QueueArn", "")
    oldest = f", the oldest {age(world, about.oldest)} old" if about.oldest and info.visible + info.in_flight else ""
    yield (
        "messages",
        f"about {info.visible:,} visible, {info.in_flight:,} in flight, {info.delayed:,} delayed{oldest}",
    )
    for name, called in TIMES.items():
        if text := info.attributes.get(name):
            yield called, f"{seconds(text)}{' (short polling)' if called == 'receive wait' and text == '0' else ''}"
    if text := info.attributes.get("MaximumMessageSize"):
        yield "largest message", f"{int(text):,} bytes"
    if queue.fifo:
        yield "deduplication", "by content" if info.attributes.get("ContentBasedDeduplication") == "true" else "by id"
    yield "encryption", _encryption(info.attributes)
    yield (
        "dead letters go to",
        (
            f"{last_part(info.redrive.dead_letter_arn)} after {counted(info.redrive.max_receive_count, 'receive')}"
            if info.redrive
            else "nowhere: what fails comes back until it is too old"
        ),
    )
    yield "dead letters of", ", ".join(about.sources) or _not_known(about.unknown, "dead_letters_of") or "no queue"
    if text := info.attributes.get("RedriveAllowPolicy"):
        yield "may be DLQ of", _allowed(places.document(text))
    if protected := protection.protection_of(world, queue):
        yield "protected", f"{protected.reason or 'yes'} ({protected.where})"
    yield from _several("policy", statements(info.attributes.get("Policy")), "none: only its own account")
    yield from _tags(about)


def _topic_rows(about: AboutTopic) -> Iterator[tuple[str, str]]:
    topic, attributes = about.topic, about.attributes
    yield "topic", f"{topic.name}{' (FIFO)' if topic.fifo else ''}"
    yield "ARN", topic.arn
    if name := attributes.get("DisplayName"):
        yield "display name", name
    if topic.fifo:
        yield "deduplication", "by content" if attributes.get("ContentBasedDeduplication") == "true" else "by id"
    yield "encryption", attributes.get("KmsMasterKeyId") or "none of its own"
    yield from _several("policy", statements(attributes.get("Policy")), "none")
    yield from _tags(about)
    yield (
        "subscriptions",
        _not_known(about.unknown, "subscriptions") or f"{len(about.subscribers):,}",
    )
    for one in about.subscribers:
        yield f"  {one.protocol}", _subscriber(one, known="filter policies" not in about.unknown)


def _tags(about: About | AboutTopic) -> Iterator[tuple[str, str]]:
    named = (f"{name}={value}" for name, value in sorted(about.tags.items()))
    return _several("tags", named, _not_known(about.unknown, "tags") or "none")


def _subscriber(one: Subscriber, *, known: bool) -> str:
    parts = [last_part(one.endpoint) if one.protocol == "sqs" else one.endpoint]
    if not one.arn.startswith("arn:"):
        parts.append("not confirmed: nothing is delivered")
    elif known:
        parts += ["raw"] if one.raw else []
        where = "body" if one.scope == "MessageBody" else "attributes"
        parts.append(f"{where} match {json.dumps(one.policy, ensure_ascii=False)}" if one.policy else "every message")
        parts += [f"undeliverable to {last_part(one.dead_letter_arn)}"] if one.dead_letter_arn else []
    else:
        parts.append("filter policy not known")
    return ", ".join(parts)


def _several(name: str, values: Iterable[str], otherwise: str) -> Iterator[tuple[str, str]]:
    """Yield a row for each value, the name beside the first."""
    listed = list(values)
    for index, value in enumerate(listed or [otherwise]):
        yield ("" if index else name), value


def _not_known(unknown: Any, name: str) -> str:
    error = unknown.get(name)
    return f"not known: {error.why or error.what}" if error is not None else ""


def _encryption(attributes: Any) -> str:
    if key := attributes.get("KmsMasterKeyId"):
        return f"KMS, {key}"
    return "by SQS" if attributes.get("SqsManagedSseEnabled") == "true" else "none"


def _allowed(policy: Any) -> str:
    permission = policy.get("redrivePermission", "allowAll") if isinstance(policy, dict) else "allowAll"
    if permission == "byQueue":
        return ", ".join(last_part(arn) for arn in policy.get("sourceQueueArns") or ()) or "no queue"
    return "no queue" if permission == "denyAll" else "any queue"


def _queue_object(about: About) -> dict[str, Any]:
    attributes = about.info.attributes
    return {
        "kind": "queue",
        **queue_object(about.queue, about.info, about.oldest),
        "dead_letters_of": None if "dead_letters_of" in about.unknown else list(about.sources),
        "dead_letter_allow": places.document(attributes.get("RedriveAllowPolicy")),
        "policy": places.document(attributes.get("Policy")),
        "tags": None if "tags" in about.unknown else dict(about.tags),
        "attributes": dict(attributes),
        "unknown": {name: error.why or error.what for name, error in about.unknown.items()},
    }


def _topic_object(about: AboutTopic) -> dict[str, Any]:
    return {
        "kind": "topic",
        "name": about.topic.name,
        "arn": about.topic.arn,
        "fifo": about.topic.fifo,
        "policy": places.document(about.attributes.get("Policy")),
        "subscriptions": [
            {
                "protocol": one.protocol,
                "endpoint": one.endpoint,
                "arn": one.arn,
                "raw": one.raw,
                "filter_policy": one.policy,
                "scope": one.scope,
                "dead_letter_arn": one.dead_letter_arn or None,
            }
            for one in about.subscribers
        ],
        "tags": None if "tags" in about.unknown else dict(about.tags),
        "attributes": dict(about.attributes),
        "unknown": {name: error.why or error.what for name, error in about.unknown.items()},
    }
