"""What `schema` does with the messages of a scan: look at each, in groups or together, and print what they have in common.

A maintainer keeps one rule: as for `stats`, what was looked at is shown also where the scan ended early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.cli.messages.output import Output
from megaql.cli.survey import schemapicture
from megaql.cli.survey.surveying import print_document
from megaql.cli.terminal.painting import draw_lines
from megaql.errors import MegaQLError
from megaql.lang.printer import to_text
from megaql.lang.verdict import Verdict
from megaql.query import record_of
from megaql.scan.survey.shape import Shape
from megaql.scan.survey.terms import Term, terms_at

if TYPE_CHECKING:
    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.reading.source import Reading
    from megaql.lang.nodes import Path
    from megaql.query import Query

#: Groups of `--by` that are kept; messages of further ones are looked at together.
MAX_GROUPS: Final = 100

#: The group of those.
_OTHERS: Final = Term("other values")


class Shaping:
    """Goes through a scan. A message with several values at `by` belongs to the group of each."""

    def __init__(self, world: Environment, query: Query | None, by: Path | None, samples: int, form: Output) -> None:
        self._world = world
        self._query = query
        self._by = by
        self._samples = samples
        self._form = form
        self._all = Shape()
        self._groups: dict[Term, Shape] = {}

    def run(self, scan: Reading) -> None:
        """Look at the messages that match and print their schema; before an error of the queue, that of those read by then."""
        try:
            for message in scan:
                verdict = Verdict.MATCH if self._query is None else self._query.evaluate(message)
                scan.tally(verdict)
                if verdict is Verdict.MATCH:
                    self._look(message)
        except MegaQLError:
            scan.clear()
            if self._all.seen or self._groups:
                self._show()
            raise
        scan.clear()
        self._show()

    def _look(self, message: Message) -> None:
        if self._by is None:
            self._all.add(message)
            return
        for term in terms_at(self._by, record_of(message)):
            known = term if term in self._groups or len(self._groups) < MAX_GROUPS else _OTHERS
            self._groups.setdefault(known, Shape()).add(message)

    def _show(self) -> None:
        ranked = sorted(self._groups.items(), key=lambda pair: (-pair[1].seen, pair[0]))
        if self._form is not Output.TABLE:
            print_document(self._world, self._document(ranked), self._form)
        elif self._by is None:
            draw_lines(self._world, schemapicture.lines(self._all, "", self._samples, self._world.width))
        else:
            for place, (term, shape) in enumerate(ranked):
                if place:
                    self._world.out()
                title = f"{to_text(self._by)} {term.label}"
                draw_lines(self._world, schemapicture.lines(shape, title, self._samples, self._world.width))

    def _document(self, ranked: list[tuple[Term, Shape]]) -> dict[str, Any]:
        query = None if self._query is None else str(self._query)
        if self._by is None:
            return {"query": query, **self._all.to_dict(self._samples)}
        groups = [{"value": term.plain, "kind": term.kind, **shape.to_dict(self._samples)} for term, shape in ranked]
        return {"query": query, "by": to_text(self._by), "groups": groups}
