"""Explanations as trees, lines or one JSON document, and the counts over all of them.

A maintainer keeps one rule: a verdict is counted for every message that was read, whether its tree is shown or not.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from megaql.cli.options import Only
from megaql.cli.output import Output
from megaql.cli.preview import event_text
from megaql.cli.showing import miss_summary
from megaql.cli.status import Status
from megaql.cli.style import harmless_json
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.reading import Reading
    from megaql.cli.tree import Trees
    from megaql.lang.explain import Explanation
    from megaql.query import Query

_VERDICTS = {Only.MATCH: Verdict.MATCH, Only.NO_MATCH: Verdict.NO_MATCH, Only.UNKNOWN: Verdict.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which messages to explain, and whether only to count."""

    only: Only
    message_id: str | None
    limit: int
    summary: bool

    def takes(self, message: Message, explanation: Explanation) -> bool:
        """Whether a message is one of those asked for."""
        if self.message_id is not None and not message.id.startswith(self.message_id):
            return False
        if self.only is Only.NEAR_MISS:
            return bool(explanation.blockers())
        return self.only is Only.ANY or explanation.verdict is _VERDICTS[self.only]


def form_of(world: Environment, output: Output) -> Output:
    """Return the form for explanations; those of whole messages are refused."""
    if output is Output.AUTO:
        return Output.TABLE if world.stdout_isatty else Output.NDJSON
    if output not in {Output.TABLE, Output.JSON, Output.NDJSON}:
        raise typer.BadParameter("explanations are shown as a table (a tree), json or ndjson", param_hint="-o")
    return output


class Explaining:
    """Goes through a scan, explains what was asked for, and counts."""

    def __init__(self, world: Environment, query: Query, asked: Asked, form: Output) -> None:
        self._world = world
        self._query = query
        self._asked = asked
        self._form = form
        self._trees = _trees(world) if form is Output.TABLE and not asked.summary else None
        self._verdicts: Counter[Verdict] = Counter()
        self._misses: Counter[str] = Counter()
        self._documents: list[dict[str, Any]] = []
        self._shown = 0

    @property
    def status(self) -> Status:
        """No match where the message asked for was not among those read."""
        return Status.DONE if self._shown or self._asked.summary else Status.NO_MATCH

    def run(self, scan: Reading) -> None:
        """Explain messages until there are as many as were asked for."""
        for message in scan:
            explanation = self._query.explain(message)
            scan.tally(explanation.verdict)
            self._verdicts[explanation.verdict] += 1
            self._misses.update({blocker.clause for blocker in explanation.blockers()})
            if self._asked.summary or not self._asked.takes(message, explanation):
                continue
            scan.clear()
            self._show(message, explanation)
            self._shown += 1
            if self._shown >= self._asked.limit:
                break
        scan.clear()
        self._end()

    def _show(self, message: Message, explanation: Explanation) -> None:
        if self._trees is not None:
            self._trees.show(message, explanation)
            return
        document = {
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

    def _end(self) -> None:
        summary = {
            "verdicts": {verdict.value: self._verdicts[verdict] for verdict in Verdict},
            "near_misses": [{"clause": clause, "count": count} for clause, count in self._misses.most_common()],
        }
        if self._form is Output.JSON:
            document = {
                "query": str(self._query),
                **({} if self._asked.summary else {"messages": self._documents}),
                **summary,
            }
            self._world.out(harmless_json(json.dumps(document, ensure_ascii=False, indent=2)))
        elif self._asked.summary and self._form is Output.NDJSON:
            self._world.out(_line({"query": str(self._query), **summary}))
        elif self._asked.summary:
            self._world.out(", ".join(f"{verdict.value} {self._verdicts[verdict]:,}" for verdict in Verdict))
            for line in miss_summary(self._misses):
                self._world.out(line)
        elif not self._shown:
            self._world.say("no such message among those read")
        elif self._shown > 1:
            for line in miss_summary(self._misses):
                self._world.say(line)


def _trees(world: Environment) -> Trees:
    from megaql.cli.tree import Trees  # noqa: PLC0415 - it imports rich

    return Trees(world)


def _line(document: dict[str, Any]) -> str:
    from megaql.scan.records import dump_line  # noqa: PLC0415 - only for pipes

    return harmless_json(dump_line(document))
