"""The numbers of many messages: by value, over time, sizes, ages, receive counts, and how far they get in a query.

A maintainer keeps one rule: all messages are counted at one time, `now`, so that ages and `age()` agree and a run can be repeated.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.payloads import MegaEvent
from megaql.lang import dates
from megaql.lang.kinds import Kind, kind, text
from megaql.lang.verdict import Verdict
from megaql.scan.readable import timestamp
from megaql.scan.survey.amounts import Amounts
from megaql.scan.survey.breakdown import Breakdown
from megaql.scan.survey.funnel import Funnel
from megaql.scan.survey.terms import found_at
from megaql.scan.survey.timeline import Frame, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.message import Message
    from megaql.lang.nodes import Path
    from megaql.lang.record import Record
    from megaql.query import Query

#: The upper ends of the ranges of sizes. SQS counts in pieces of 64 KiB. Bytes.
SIZES: Final = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)

#: The upper ends of the ranges of ages; a queue keeps messages for 14 days at most. Seconds.
AGES: Final = (10, 60, 300, 900, 3600, 6 * 3600, 86_400, 4 * 86_400, 14 * 86_400)

#: The upper ends of the ranges of receive counts.
RECEIVES: Final = (1, 2, 3, 5, 10, 20, 50, 100)

#: Columns of the timeline in the JSON form.
JSON_COLUMNS: Final = 120


class Stats:
    """Counts messages, one at a time. Not thread-safe.

    `paths` are those to count by. `time` is the path of a message's time; without it, it is when the message was sent, and of one
    that has no such time (a payload of a file) the event's timestamp.
    """

    def __init__(
        self, paths: Sequence[Path], query: Query | None = None, *, now: datetime, time: Path | None = None
    ) -> None:
        self._query = query
        self._now = now
        self._time = time
        self.timeline = Timeline()
        self.matched_series = self.timeline.series()
        self.breakdowns = [Breakdown(path, self.timeline) for path in paths]
        self.funnel = Funnel(query.node) if query is not None else None
        self.verdicts: Counter[Verdict] = Counter()
        self.kinds: Counter[str] = Counter()
        self.sizes = Amounts(SIZES)
        self.ages = Amounts(AGES)
        self.receives = Amounts(RECEIVES)
        self.undated = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    @property
    def seen(self) -> int:
        """How many messages there were."""
        return self.verdicts.total()

    @property
    def matched(self) -> int:
        """How many of them the query matches; all, where there is none."""
        return self.verdicts[Verdict.MATCH]

    @property
    def query(self) -> str:
        """The query's canonical text; empty where there is none."""
        return "" if self._query is None else str(self._query)

    def add(self, message: Message) -> Verdict:
        """Count a message and return the query's verdict on it."""
        record = message.record()
        verdict = Verdict.MATCH if self._query is None else self._query.evaluate(record, now=self._now)
        matched = verdict is Verdict.MATCH
        self.verdicts[verdict] += 1
        self.kinds[message.payload.kind] += 1
        self.sizes.add(message.size)
        if message.receive_count is not None:
            self.receives.add(message.receive_count)
        if self.funnel is not None:
            self.funnel.add(record, self._now)
        series = [series for one in self.breakdowns for series in one.add(record, matched=matched)]
        self._date(message, record, [*series, self.matched_series] if matched else series)
        return verdict

    def _date(self, message: Message, record: Record, series: list[Counter[int]]) -> None:
        moment = self._moment(message, record)
        if moment is None:
            self.undated += 1
            return
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)
        self.ages.add((self._now - moment).total_seconds())
        self.timeline.add(milliseconds(moment), *series)

    def _moment(self, message: Message, record: Record) -> datetime | None:
        if self._time is not None:
            found = found_at(self._time, record)
            return moment_of(found[0].value) if found else None
        if message.sent_at is not None:
            return message.sent_at
        return message.payload.timestamp if isinstance(message.payload, MegaEvent) else None

    def frame(self, room: int) -> Frame | None:
        """Return the time that a picture of so many columns shows."""
        return self.timeline.frame(room)

    def row(self, frame: Frame, series: Counter[int] | None = None) -> list[int]:
        """Return the counts of a series in the columns of a frame; of all messages without one."""
        return frame.row(self.timeline.all if series is None else series, self.timeline.width)

    def to_dict(self, top: int) -> dict[str, Any]:
        """Return JSON values; docs/stats.md says what they are."""
        frame = self.frame(JSON_COLUMNS)
        return {
            "seen": self.seen,
            "query": self.query or None,
            "verdicts": {verdict.value: self.verdicts[verdict] for verdict in Verdict} if self._query else None,
            "kinds": dict(self.kinds.most_common()),
            "by": [one.to_dict(top, judged=self._query is not None) for one in self.breakdowns],
            "time": None if frame is None else self._time_dict(frame),
            "undated": self.undated,
            "funnel": [{"clause": step.clause, "count": step.count} for step in self.funnel.steps()]
            if self.funnel
            else None,
            "size_bytes": _amounts(self.sizes),
            "age_seconds": _amounts(self.ages),
            "receive_count": _amounts(self.receives),
        }

    def _time_dict(self, frame: Frame) -> dict[str, Any]:
        matched = self.row(frame, self.matched_series)
        return {
            "first": timestamp(self.first) if self.first else None,
            "last": timestamp(self.last) if self.last else None,
            "column_seconds": frame.width / 1000,
            "columns": [
                {"start": timestamp(at(start)), "count": count, **({} if self._query is None else {"matched": one})}
                for start, count, one in zip(frame.starts, self.row(frame), matched, strict=True)
                if count
            ],
            "before": frame.before,
            "after": frame.after,
        }


def moment_of(value: object) -> datetime | None:
    """Return the time that a value says: a date, ISO 8601 text; `None` for anything else."""
    match kind(value):
        case Kind.DATE:
            return dates.aware(value)
        case Kind.STRING:
            return dates.read(text(value))
        case _:
            return None


def milliseconds(moment: datetime) -> int:
    """Return a time as milliseconds after 1970 in UTC."""
    return int((moment - _EPOCH).total_seconds() * 1000)


def at(moment: int) -> datetime:
    """Return the time so many milliseconds after 1970; the nearest one that a calendar has."""
    found = dates.from_milliseconds(moment)
    return found if found is not None else (_EPOCH if moment < 0 else datetime.max.replace(tzinfo=UTC))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _amounts(amounts: Amounts) -> dict[str, Any] | None:
    """Return amounts as JSON values; `above` and `most` bound a range, and what is only about right says so."""
    if not amounts.count:
        return None
    return {
        "count": amounts.count,
        "total": _short(amounts.total),
        "least": _short(amounts.least),
        "most": _short(amounts.most),
        "half_about": _short(amounts.about(0.5)),
        "p95_about": _short(amounts.about(0.95)),
        "ranges": [{"above": one.above, "most": one.most, "count": one.count} for one in amounts.ranges()],
    }


def _short(value: float | None) -> float | None:
    """Return a number without digits that say nothing: thousandths are enough for seconds, and bytes are whole."""
    return None if value is None else round(value, 3) if value != int(value) else int(value)
