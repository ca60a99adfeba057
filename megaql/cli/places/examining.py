"""What `megaql doctor` looks at, one area after the other.

A maintainer keeps one rule: what one area cannot answer ends none of the others, for who calls the doctor has a reason to want all of it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from megaql import __version__, config
from megaql.broker import aws, health, permissions, places
from megaql.broker.health import Finding, Level
from megaql.broker.local.checkup import checkup
from megaql.broker.queue import Queue
from megaql.broker.target import TopicTarget, endpoint_configured, parse_target
from megaql.broker.temporary import client_for
from megaql.broker.topic import Topic
from megaql.cli import options
from megaql.cli.configuration import aliases
from megaql.cli.places.forms import Form, form_of, write_objects
from megaql.cli.status import Status, status_of
from megaql.cli.terminal.style import Style, harmless
from megaql.errors import AccessDenied, BrokerError, ConfigError, MegaQLError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment

#: What MegaQL is made of, and extras that may be there.
_PACKAGES: Final = ("boto3", "botocore", "pymongo", "msgspec", "lark", "pygments", "rich", "typer", "google-re2")
_EXTRAS: Final = ("prometheus-client", "opentelemetry-api", "textual")

#: Less disk than this, and the embedded broker soon refuses to send. Bytes.
LITTLE_DISK: Final = 256 << 20

_SIGNS: Final = {Level.OK: "ok", Level.NOTE: "note", Level.WARNING: "warning", Level.ERROR: "error"}
_COLORS: Final = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.ERROR: "red"}


class Examination:
    """The findings so far, and the exit status that the worst of them asks for."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.status = Status.DONE

    def add(self, finding: Finding, status: Status = Status.DONE) -> None:
        """Note a finding; of statuses the first one that is no success stays."""
        self.findings.append(finding)
        if self.status is Status.DONE:
            self.status = status

    def fails(self, area: str, error: MegaQLError, code: str) -> None:
        """Note an error that kept something from being looked at."""
        why = "; ".join(part for part in (error.where, error.why) if part)
        self.add(Finding(Level.ERROR, area, code, error.what, why, error.hint), status_of(error))

    def ok(self, area: str, code: str, what: str, level: Level = Level.OK) -> None:
        """Note what is as it should be."""
        self.add(Finding(level, area, code, what))


def examine(
    world: Environment,
    target: str | None,
    way: tuple[str | None, str | None, str | None],
    output: Form,
    *,
    handling: timedelta | None,
    strict: bool,
) -> int:
    """Look at everything, show it, and return the exit status."""
    form = form_of(world, output)
    parsed = parse_target(target) if target is not None else None
    seen = Examination()
    _versions(seen)
    connection = _configuration(world, seen, way)
    if parsed is None or parsed.kind == "local":
        _files(seen)
    if connection is not None and (parsed is not None or _goes_to_aws(connection)):
        if parsed is None or parsed.kind != "local":
            _identity(seen, parsed.connection(connection) if parsed is not None else connection)
        if parsed is not None:
            _place(seen, parsed, connection, handling)
    elif connection is not None:
        seen.ok(
            "endpoint",
            "endpoint",
            "no region and no endpoint are configured: only local: queues are in reach",
            Level.NOTE,
        )
    _show(world, form, seen)
    return _status(seen, strict=strict)


def _status(seen: Examination, *, strict: bool) -> Status:
    if seen.status is not Status.DONE:
        return seen.status
    worst = max((finding.level for finding in seen.findings), default=Level.OK)
    return Status.NO_MATCH if worst >= (Level.WARNING if strict else Level.ERROR) else Status.DONE


def _versions(seen: Examination) -> None:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - nobody else needs it

    parts, missing = [], []
    for name in (*_PACKAGES, *_EXTRAS):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing += [name] if name in _PACKAGES else []
    seen.ok("versions", "versions", f"megaql {__version__}, Python {sys.version.split()[0]}, {', '.join(parts)}")
    if missing:
        seen.add(
            Finding(
                Level.ERROR,
                "versions",
                "missing-package",
                f"{', '.join(missing)} not installed",
                "commands that need it will fail",
                "install megaql again with pip, in an environment of its own",
            )
        )


def _configuration(
    world: Environment, seen: Examination, way: tuple[str | None, str | None, str | None]
) -> Connection | None:
    """Look at megaql.toml, and return how to reach AWS if that can be told."""
    try:
        connection = options.connection(*way)
        _, read = config.load(world.environ)
        for name in read.table("aliases"):
            aliases.target_of(read, name)
        read.table("protected")
    except ConfigError as error:
        seen.fails("configuration", error, "configuration")
        return None
    seen.ok(
        "configuration",
        "configuration",
        str(read.path or "there is no megaql.toml, so that all settings are as they come"),
    )
    return connection


def _files(seen: Examination) -> None:
    found = checkup()
    area = "embedded broker"
    if not found.exists:
        seen.ok(area, "broker", f"nothing in {found.folder} yet", Level.NOTE)
        return
    if found.broken:
        why = f"{found.folder}: {found.broken}"
        hint = "keep a copy, then move the folder away; messages that are still readable: megaql copy local:NAME"
        seen.add(Finding(Level.ERROR, area, "broker-broken", "the database is not whole", why, hint))
    if found.version > found.known_version:
        why = f"its tables have version {found.version}, and this release reads up to {found.known_version}"
        seen.add(
            Finding(Level.ERROR, area, "broker-version", "the database is of a later release", why, "upgrade megaql")
        )
    if found.open_to:
        seen.add(
            Finding(
                Level.WARNING,
                area,
                "broker-open",
                f"other users may read {', '.join(found.open_to)}",
                f"messages are in there: {found.folder}",
                f"chmod go-rwx {found.folder}/broker.*",
            )
        )
    if found.free < LITTLE_DISK:
        what = f"{found.free >> 20:,} MiB of disk are left"
        seen.add(
            Finding(
                Level.WARNING,
                area,
                "broker-disk",
                what,
                "a send is refused once it is full",
                f"make room beside {found.folder}",
            )
        )
    if not found.broken:
        seen.ok(area, "broker", f"{found.folder}: whole, {found.size:,} bytes, tables of version {found.version}")


def _goes_to_aws(connection: Connection) -> bool:
    named = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
    given = (connection.profile, connection.region, connection.endpoint_url, connection.default_region)
    return any(given) or endpoint_configured("sqs") or any(os.environ.get(name) for name in named)


def _identity(seen: Examination, connection: Connection) -> None:
    try:
        seen.ok("credentials", "identity", f"{aws.caller(connection)}")
    except BrokerError as error:
        if status_of(error) is Status.DENIED and not isinstance(error, AccessDenied):
            seen.fails("credentials", error, "identity")
        else:  # an emulator without STS, or a policy that keeps it: the queue itself will tell
            seen.ok("credentials", "identity", f"whose they are is not known: {error.why or error.what}", Level.NOTE)


def _place(seen: Examination, target: Any, connection: Connection, handling: timedelta | None) -> None:
    """Look at the queue or topic itself."""
    try:
        if isinstance(target, TopicTarget):
            _topic(seen, Topic.open(target, connection), connection)
        else:
            _queue(seen, Queue.open(target, connection), handling)
    except BrokerError as error:
        seen.fails("endpoint", error, "unreachable")


def _topic(seen: Examination, topic: Topic, connection: Connection) -> None:
    about = places.about_topic(topic)
    seen.ok("endpoint", "reachable", f"{topic.place} answers")
    if topic.target.kind != "local":
        confirmed = next((one.arn for one in about.subscribers if one.arn.startswith("arn:")), "")
        has = permissions.tried_on_topic(topic, client_for(topic.target, connection), confirmed)
        for finding in _permissions(has, about.attributes.get("Policy"), permissions.TOPIC_NEEDS):
            seen.add(finding, Status.DENIED if finding.level is Level.ERROR else Status.DONE)
        for command, needs in permissions.TOPIC_NEEDS.items():
            untried = [action for action in needs if has[action] is None]
            why = f"not tried: {', '.join(untried)}" if untried else ""
            seen.add(
                Finding(
                    Level.NOTE,
                    "permissions",
                    f"needs-{command.replace(' --', '-')}",
                    f"{command} needs {', '.join(needs)}",
                    why,
                )
            )
    if not about.subscribers and not about.unknown:
        hint = "megaql connect subscribes an application's queue"
        seen.add(
            Finding(
                Level.WARNING,
                "settings",
                "no-subscribers",
                "nobody subscribes to it",
                "what is published is gone",
                hint,
            )
        )
    for one in about.subscribers:
        if not one.arn.startswith("arn:"):
            seen.add(
                Finding(
                    Level.WARNING,
                    "settings",
                    "unconfirmed",
                    f"{one.endpoint} has not confirmed its subscription",
                    "nothing is delivered to it",
                    "confirm it, or unsubscribe it",
                )
            )


def _queue(seen: Examination, queue: Queue, handling: timedelta | None) -> None:
    about = places.about(queue)
    info = about.info
    counts = f"{info.visible:,} visible, {info.in_flight:,} in flight, {info.delayed:,} delayed"
    seen.ok("endpoint", "reachable", f"{queue.place} answers: {counts}")
    if queue.target.kind != "local":
        for finding in _permissions(permissions.tried(queue), info.attributes.get("Policy"), permissions.NEEDS):
            seen.add(finding, Status.DENIED if finding.level is Level.ERROR else Status.DONE)
    found = list(health.settings(queue.target.text, info, sources=about.sources, handling=handling))
    try:
        dead = queue.dead_letter_queue()
        if dead is not None:
            found += health.dead_letters(queue.name, info, places.target_of(dead, beside=queue), dead.info())
    except AccessDenied as error:
        seen.ok("settings", "dlq", f"its dead-letter queue cannot be looked at: {error.why}", Level.NOTE)
    except BrokerError as error:
        seen.add(
            Finding(
                Level.ERROR,
                "settings",
                "dlq-missing",
                "its dead-letter queue is not there",
                error.why,
                "make it, or change the RedrivePolicy",
            )
        )
    for finding in found:
        seen.add(finding)
    if not any(finding.level >= Level.WARNING for finding in found):
        seen.ok("settings", "settings", "nothing about the settings will hurt")


def _permissions(
    has: dict[str, bool | None], policy: str | None, wanted: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """Yield what was found of the permissions, `has`, after taking out of it what the place's own policy denies everybody."""
    for action in health.denied_by_policy(policy, tuple(has)):
        has[action] = False
    denied = {action for action, allowed in has.items() if allowed is False}
    untried = [action for action, allowed in has.items() if allowed is None]
    area = "permissions"
    without = [command for command, needs in wanted.items() if denied & set(needs)]
    if denied:
        yield Finding(
            Level.ERROR,
            area,
            "denied",
            f"denied: {', '.join(sorted(denied))}",
            f"commands that need it: {', '.join(without)}",
            "ask for it, or use another identity with --profile",
        )
    allowed = sorted(action for action, one in has.items() if one)
    if allowed:
        yield Finding(Level.OK, area, "allowed", f"allowed: {', '.join(allowed)}")
    if untried:
        why = "trying them would touch or change something, or the answer was not clear"
        yield Finding(Level.NOTE, area, "untried", f"not tried: {', '.join(untried)}", why)


def _show(world: Environment, form: Form, seen: Examination) -> None:
    if form is not Form.TABLE:
        write_objects(world, form, [asdict(one) | {"level": _SIGNS[one.level]} for one in seen.findings])
        return
    import textwrap  # noqa: PLC0415 - only people read paragraphs

    style = Style(on=world.colors())
    area = ""
    for one in seen.findings:
        if one.area != area:
            area = one.area
            world.out(style(area, bold=True))
        sign = f"  {_SIGNS[one.level]:<8}"
        for index, line in enumerate(
            textwrap.wrap(harmless(one.what), max(world.width - 10, 30), break_on_hyphens=False)
        ):
            world.out(f"{style(sign, _COLORS[one.level]) if index == 0 else ' ' * 10}{line}")
        for name, text in (("why", one.why), ("next", one.hint)):
            for index, line in enumerate(
                textwrap.wrap(harmless(text), max(world.width - 16, 30), break_on_hyphens=False)
            ):
                world.out(f"{' ' * 10}{f'{name}:' if index == 0 else '':<6}{line}")
