"""Explanations as trees, lines or one JSON document, and the near misses over all messages that were read.

A maintainer keeps one rule: every message that was read is counted, whether its tree is shown or not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from megaql.cli.messages.output import Output
from megaql.cli.messages.preview import event_text
from megaql.cli.options import Only
from megaql.cli.status import Status
from megaql.cli.terminal.painting import draw_lines
from megaql.cli.terminal.style import harmless_json
from megaql.lang import neartext
from megaql.lang.blockers import blockers
from megaql.lang.explain import explained
from megaql.lang.nearmiss import Tally
from megaql.lang.verdict import Verdict
from megaql.query import record_of

if TYPE_CHECKING:
    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.messages.tree import Trees
    from megaql.cli.reading.source import Reading
    from megaql.lang.explain import Explanation
    from megaql.lang.trace import Note
    from megaql.query import Query

_VERDICTS = {Only.MATCH: Verdict.MATCH, Only.NO_MATCH: Verdict.NO_MATCH, Only.UNKNOWN: Verdict.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which messages to explain, and whether only to count."""

    only: Only
    message_id: str | None
    nth: int | None
    limit: int
    summary: bool

    @property
    def picks_none(self) -> bool:
        """Whether the first messages are as good as any."""
        return self.only is Only.ANY and self.message_id is None and self.nth is None

    def takes(self, message: Message, position: int, note: Note) -> bool:
        """Whether a message is one of those asked for; `position` counts from 1."""
        if self.summary or (self.nth is not None and position != self.nth):
            return False
        if self.message_id is not None and not message.id.startswith(self.message_id):
            return False
        if self.only is Only.NEAR_MISS:
            return any(True for _ in blockers(note))
        return self.only is Only.ANY or note.verdict is _VERDICTS[self.only]


class Explaining:
    """Goes through a scan, explains what was asked for, and counts."""

    def __init__(self, world: Environment, query: Query, asked: Asked, form: Output) -> None:
        self._world = world
        self._query = query
        self._asked = asked
        self._form = form
        self._trees = _trees(world) if form is Output.TABLE and not asked.summary else None
        self._tally = Tally(query.node, now=world.now())
        self._documents: list[dict[str, Any]] = []
        self._shown = 0

    @property
    def status(self) -> Status:
        """No match where the message asked for was not among those read."""
        return Status.DONE if self._shown or self._asked.summary else Status.NO_MATCH

    def run(self, scan: Reading) -> None:
        """Explain messages until there are as many as were asked for."""
        for position, message in enumerate(scan, 1):
            record = record_of(message)
            note = self._tally.add(record)
            scan.tally(note.verdict)
            if not self._asked.takes(message, position, note):
                continue
            scan.clear()
            self._show(message, position, explained(note, record))
            self._shown += 1
            if self._shown >= self._asked.limit:
                break
        scan.clear()
        self._end(more=scan.scan.report.total != self._shown)

    def _show(self, message: Message, position: int, explanation: Explanation) -> None:
        if self._trees is not None:
            self._trees.show(message, position, explanation)
            return
        document = {
            "position": position,
            "id": message.id,
            "event": event_text(message),
            "verdict": explanation.verdict.value,
            "kept_out_by": [blocker.clause for blocker in explanation.blockers()],
            "explanation": explanation.to_dict(),
        }
        if self._form is Output.NDJSON:
            self._world.out(_line(document))
            self._world.stdout.flush()
        else:
            self._documents.append(document)

    def _end(self, *, more: bool) -> None:
        misses = self._tally.result()
        if self._form is Output.JSON:
            document = misses.to_dict() | ({} if self._asked.summary else {"messages": self._documents})
            self._world.out(harmless_json(json.dumps(document, ensure_ascii=False, indent=2)))
        elif self._asked.summary and self._form is Output.NDJSON:
            self._world.out(_line(misses.to_dict()))
        elif self._asked.summary:
            draw_lines(self._world, neartext.lines(misses, self._world.width))
        elif not self._shown:
            self._world.say("no such message among those read")
        elif more and self._trees is not None and self._asked.picks_none:
            self._world.say(f"explained {self._shown:,}; --summary says what kept how many out of all of them")


def _trees(world: Environment) -> Trees:
    from megaql.cli.messages.tree import Trees  # noqa: PLC0415 - it imports rich

    return Trees(world)


def _line(document: dict[str, Any]) -> str:
    from megaql.scan.records import dump_line  # noqa: PLC0415 - only for pipes

    return harmless_json(dump_line(document))
