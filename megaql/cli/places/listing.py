"""A listing of queues, as a table and as JSON.

A maintainer keeps one rule: a queue that could not be asked stays in the list, with the reason, for a list that leaves it out would say it is not there.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from megaql import plural
from megaql.broker import places
from megaql.cli.completion import remembering
from megaql.cli.places.forms import Form, form_of, write_objects, write_table
from megaql.cli.places.words import age, last_part, queue_object
from megaql.cli.status import Status
from megaql.cli.terminal.progress import Progress, how_far
from megaql.cli.terminal.style import Style, harmless
from megaql.errors import BadTarget, CredentialsMissing

if TYPE_CHECKING:
    from megaql.broker.places import Listed
    from megaql.broker.queue import Queue
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment

_HEADINGS: Final[tuple[str, ...]] = ("NAME", "MESSAGES", "IN FLIGHT", "DELAYED", "OLDEST", "DEAD LETTERS")
_OLDEST: Final = 4


def show_queues(
    world: Environment, pattern: str, connection: Connection, output: Form, *, names_only: bool, busy: bool
) -> int:
    """List the queues of a pattern, and return the exit status."""
    form = form_of(world, output)
    queues = _names(pattern, connection)
    local = pattern.startswith(places.LOCAL)
    words = [f"{places.LOCAL}{queue.name}" if local else queue.name for queue in queues]
    remembering.note_targets(world, words)
    if names_only:
        if form is Form.JSON:
            write_objects(world, form, [{"name": queue.name, "url": queue.url} for queue in queues])
        else:
            for word in words:
                world.out(word)
        return Status.DONE
    progress = Progress(world) if world.stderr_isatty else None

    def told(done: int) -> None:
        if progress is not None:
            progress.show(
                lambda: how_far(f"asked {done:,}", done, len(queues), progress.seconds, world.width, exact=True)
            )

    try:
        listed = places.listing(queues, told)
    finally:
        if progress is not None:
            progress.clear()
    sources = _sources(listed)
    shown = [one for one in listed if not busy or one.info is None or _total(one)]
    if form is Form.TABLE:
        _table(world, shown, sources)
    else:
        write_objects(world, form, [_object(one, sources) for one in shown])
    _account(world, listed, shown, pattern)
    return Status.PARTIAL if any(one.fault is not None for one in listed) else Status.DONE


def show_topics(world: Environment, pattern: str, connection: Connection, output: Form) -> int:
    """List the topics of a pattern, and return the exit status."""
    local = pattern.startswith(places.LOCAL)
    wanted = pattern.removeprefix(places.LOCAL)
    matches = wanted if _is_glob(wanted) else f"{wanted}*"
    arns = [arn for arn in places.topics(connection, local=local) if fnmatchcase(last_part(arn), matches)]
    words = [f"{places.LOCAL_TOPIC}{last_part(arn)}" if local else arn for arn in arns]
    remembering.note_targets(world, words)
    form = form_of(world, output)
    if form is Form.TABLE:
        for word in words:
            world.out(harmless(word))
    else:
        write_objects(world, form, [{"name": last_part(arn), "arn": arn} for arn in arns])
    world.say(Style(on=world.colors(stderr=True))(plural.counted(len(arns), "topic"), dim=True))
    return Status.DONE


def _names(pattern: str, connection: Connection) -> list[Queue]:
    try:
        return places.names(pattern, connection)
    except (BadTarget, CredentialsMissing) as error:
        if not pattern.startswith(places.LOCAL):
            error.hint += "; `megaql queues local:` lists those of the embedded broker"
        raise


def _account(world: Environment, listed: list[Listed], shown: list[Listed], pattern: str) -> None:
    """Say on standard error what the list is about: an empty one needs it most."""
    style = Style(on=world.colors(stderr=True))
    for one in listed:
        if one.fault is not None:
            world.say(harmless(f"warning: {one.queue.name} could not be asked: {one.fault.why or one.fault.what}"))
    where = (
        "in the embedded broker"
        if pattern.startswith(places.LOCAL)
        else f"at {listed[0].queue.place.endpoint}"
        if listed
        else ""
    )
    wanted = pattern.removeprefix(places.LOCAL)
    if not listed:
        what = (
            f"no queue {'matches' if _is_glob(wanted) else 'begins with'} {wanted}" if wanted else "there are no queues"
        )
        other = (
            "" if pattern.startswith(places.LOCAL) else "; `megaql queues local:` lists those of the embedded broker"
        )
        world.say(style(harmless(f"{what} {where}".rstrip() + other), dim=True))
        return
    total = sum(_total(one) for one in shown)
    world.say(
        style(
            harmless(
                f"{len(shown):,} of {plural.counted(len(listed), 'queue')} {where}, about {plural.counted(total, 'message')}"
            ),
            dim=True,
        )
    )


def _is_glob(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _total(one: Listed) -> int:
    return one.info.visible + one.info.in_flight + one.info.delayed if one.info is not None else 0


def _sources(listed: list[Listed]) -> dict[str, list[str]]:
    """Return which of the listed queues send their dead letters to which ARN."""
    sources: dict[str, list[str]] = {}
    for one in listed:
        if one.info is not None and one.info.redrive is not None:
            sources.setdefault(one.info.redrive.dead_letter_arn, []).append(one.queue.name)
    return sources


def _of(one: Listed, sources: dict[str, list[str]]) -> list[str]:
    return sources.get(one.info.attributes.get("QueueArn", ""), []) if one.info is not None else []


def _object(one: Listed, sources: dict[str, list[str]]) -> dict[str, Any]:
    if one.info is None:
        return {"name": one.queue.name, "url": one.queue.url, "fault": one.fault.what if one.fault else ""}
    found = queue_object(one.queue, one.info, one.oldest)
    return found | {"dead_letters_of": _of(one, sources)}


def _table(world: Environment, shown: list[Listed], sources: dict[str, list[str]]) -> None:
    rows = [_row(world, one, sources) for one in shown]
    headings = _HEADINGS
    if not any(row[_OLDEST] for row in rows):  # SQS does not say
        rows = [row[:_OLDEST] + row[_OLDEST + 1 :] for row in rows]
        headings = headings[:_OLDEST] + headings[_OLDEST + 1 :]
    if rows:
        write_table(world, headings, rows, right={1, 2, 3, 4} if len(headings) == len(_HEADINGS) else {1, 2, 3})


def _row(world: Environment, one: Listed, sources: dict[str, list[str]]) -> tuple[str, ...]:
    if one.info is None:
        return one.target, "?", "?", "?", "", "not known"
    redrive, of = one.info.redrive, _of(one, sources)
    parts = [f"{last_part(redrive.dead_letter_arn)} after {redrive.max_receive_count}"] if redrive else []
    parts += [f"of {', '.join(of)}"] if of else []
    return (
        one.target,
        f"{one.info.visible:,}",
        f"{one.info.in_flight:,}",
        f"{one.info.delayed:,}",
        age(world, one.oldest) if _total(one) else "",
        "; ".join(parts),
    )
