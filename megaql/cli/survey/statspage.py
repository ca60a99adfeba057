"""The numbers of many messages as one page of HTML: tables that can be read aloud, with drawings beside the numbers.

A maintainer keeps three rules. The page loads nothing and runs nothing, and its own policy forbids both. Every text of a message is escaped and made
harmless. And every number of a drawing stands in a table too.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.cli.survey import statswords
from megaql.cli.terminal import amounts, svg
from megaql.cli.terminal.style import harmless
from megaql.lang.neartext import percent
from megaql.lang.verdict import Verdict
from megaql.plural import counted
from megaql.scan.readable import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.cli.environment import Environment
    from megaql.scan.survey.amounts import Amounts, Range
    from megaql.scan.survey.breakdown import Breakdown, Rest, Tally
    from megaql.scan.survey.stats import Stats
    from megaql.scan.survey.terms import Term
    from megaql.scan.survey.timeline import Frame

#: Columns of the timeline and of a sparkline at most.
COLUMNS: Final = 96
SPARKS: Final = 28

#: Nothing may be loaded or run; the style stands in the page.
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

#: Headings of columns that hold numbers.
_NUMBERS: Final = frozenset({"Messages", "Share", "Matching"})

_TONES: Final = (
    '<p class="tones"><span class="key hit"></span> matches the query <span class="key other"></span> does not</p>'
)


def page(stats: Stats, top: int, world: Environment, title: str) -> str:
    """Return the page."""
    made = _Page(stats, top, world)
    name = _text(title)
    style = files("megaql.cli.survey").joinpath("statspage.css").read_text(encoding="utf-8")
    sections = "\n".join(filter(None, made.sections()))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{name}: {stats.seen:,} messages</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the numbers</a>
<header>
<h1>{name}</h1>
{made.summary()}
</header>
<main id="main" tabindex="-1">
{sections}
</main>
<footer><p>Written by megaql stats at {_text(timestamp(world.now()))}. Counts are exact for the messages that were read;
what is called <em>about</em> is right within 1%.</p></footer>
</body>
</html>
"""


class _Page(NamedTuple):
    """What is shown."""

    stats: Stats
    top: int
    world: Environment

    @property
    def judged(self) -> bool:
        return bool(self.stats.query)

    def summary(self) -> str:
        stats = self.stats
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in stats.kinds.most_common())
        shown = f"<p><strong>{counted(stats.seen, 'message')}</strong>: {_text(kinds)}.</p>"
        if not self.judged:
            return shown
        counts = ", ".join(f"{stats.verdicts[verdict]:,} {verdict.value}" for verdict in Verdict)
        return f"{shown}\n<p>Query <code>{_text(stats.query)}</code>: {counts}.</p>{_TONES}"

    def sections(self) -> Iterator[str]:
        """Yield the sections; empty ones too."""
        stats = self.stats
        yield self.timeline()
        for place, one in enumerate(stats.breakdowns):
            yield self.breakdown(one, f"by-{place}")
        yield self.funnel()
        yield self.amounts("size", "Size", stats.sizes, amounts.size, "largest", amounts.label)
        yield self.amounts("age", "Age", stats.ages, amounts.span, "oldest", amounts.label)
        yield self.amounts("receives", "Receive count", stats.receives, amounts.count, "most", amounts.count_label)

    def timeline(self) -> str:
        stats = self.stats
        frame = stats.frame(COLUMNS)
        if frame is None or stats.first is None or stats.last is None:
            return ""
        counts = stats.row(frame)
        matched = stats.row(frame, stats.matched_series) if self.judged else None
        labels = statswords.marks(frame, self.world)
        most = counts.index(max(counts))
        first, last = (self.world.local_time(moment, "%Y-%m-%d %H:%M:%S") for moment in (stats.first, stats.last))
        span = statswords.span(frame)
        words = f"From {first} to {last}, a column for every {span}. The most, {counts[most]:,}, from {labels[most]}."
        drawn = svg.timeline(counts, matched, labels, title="Messages over time", description=words)
        head = ["From", "Messages", *(["Matching"] if matched is not None else [])]
        rows = [
            [_text(labels[place]), f"{count:,}", *([f"{matched[place]:,}"] if matched is not None else [])]
            for place, count in enumerate(counts)
            if count
        ]
        table = _table(f"Messages in every {span}", head, rows)
        strays = "".join(
            f"<p>Not shown: {count:,} {word} that.</p>"
            for count, word in ((frame.before, "before"), (frame.after, "after"))
            if count
        )
        undated = f"<p>{stats.undated:,} without a time.</p>" if stats.undated else ""
        return _section(
            "time",
            "Over time",
            f"<p>{_text(words)}</p>{strays}{undated}\n"
            f'<figure class="scroll" tabindex="0" aria-label="Messages over time, drawn">{drawn}</figure>\n'
            f"<details><summary>The same as a table</summary>{_scrolled('Messages over time', table)}</details>",
        )

    def breakdown(self, one: Breakdown, name: str) -> str:
        frame = self.stats.frame(SPARKS)
        lined = frame if frame is not None and frame.columns > 1 else None
        rows, rest = one.rows(self.top), one.rest(self.top)
        most = max((row.tally.count for row in rows), default=0)
        head = ["Value", "Messages", "Share", *(["Matching"] if self.judged else []), "Bar"]
        cells = [[_label(row.term), *self._counts(row.tally), self._bar(row.tally, most)] for row in rows]
        if lined is not None:
            head.append("Over time")
            for row, line in zip(rows, cells, strict=True):
                line.append(self._spark(lined, row.tally))
        if rest.count:
            counts = [_aside(statswords.rest(rest)), *self._counts(rest)]
            cells.append(counts + [""] * (len(head) - len(counts)))
        several = f"<p>{one.several:,} messages with several values count for each.</p>" if one.several else ""
        caption = f"Messages by {one.name}: {statswords.distinct(one, 'different value')}"
        table = _scrolled(caption, _table(caption, head, cells))
        return _section(name, f"By <code>{_text(one.name)}</code>", several + table)

    def _bar(self, tally: Tally, most: int) -> str:
        return svg.bar(tally.count, most, tally.matched if self.judged else None)

    def _counts(self, one: Tally | Rest) -> list[str]:
        counts = [f"{one.count:,}", percent(one.count, self.stats.seen).replace("<", "&lt;")]
        return [*counts, f"{one.matched:,}"] if self.judged else counts

    def _spark(self, frame: Frame, tally: Tally) -> str:
        counts = self.stats.row(frame, tally.series)
        if not any(counts):
            return '<span class="unseen">no time</span>'
        peak = statswords.marks(frame, self.world)[counts.index(max(counts))]
        return f'{svg.sparkline(counts)}<span class="unseen">most from {_text(peak)}</span>'

    def funnel(self) -> str:
        funnel = self.stats.funnel
        if funnel is None or not self.stats.seen:
            return ""
        steps = [("all messages", self.stats.seen), *((step.clause, step.count) for step in funnel.steps())]
        rows = [
            [
                f"{funnel.connective if place > 1 else ''} <code>{_text(clause)}</code>" if place else _text(clause),
                f"{count:,}",
                percent(count, self.stats.seen).replace("<", "&lt;"),
                svg.bar(self.stats.seen, self.stats.seen, count),
            ]
            for place, (clause, count) in enumerate(steps)
        ]
        caption = "How far messages get in the query"
        return _section(
            "funnel", "Funnel", _scrolled(caption, _table(caption, ["Clause", "Messages", "Share", "Bar"], rows))
        )

    def amounts(
        self,
        name: str,
        title: str,
        counted: Amounts,
        say: Callable[[float], str],
        largest: str,
        label: Callable[[Range, Callable[[float], str]], str],
    ) -> str:
        """Return the section of sizes, ages or receive counts."""
        if not counted.count:
            return ""
        ranges = counted.ranges()
        most = max(one.count for one in ranges)
        rows = [
            [
                _text(label(one, say)),
                f"{one.count:,}",
                percent(one.count, counted.count).replace("<", "&lt;"),
                svg.bar(one.count, most),
            ]
            for one in ranges
        ]
        summary = _text(amounts.summary(counted, say, largest))
        caption = f"Messages by {title.lower()}"
        table = _scrolled(caption, _table(caption, [title, "Messages", "Share", "Bar"], rows))
        return _section(name, title, f"<p>{summary[0].upper()}{summary[1:]}.</p>{table}")


def _section(name: str, title: str, content: str) -> str:
    return f'<section aria-labelledby="{name}-heading">\n<h2 id="{name}-heading">{title}</h2>\n{content}\n</section>'


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; its cells are HTML, its caption and headings are text. The first cell heads its row."""
    kinds = [' class="number"' if one in _NUMBERS else "" for one in head]
    heads = "".join(f'<th scope="col"{kind}>{_text(one)}</th>' for one, kind in zip(head, kinds, strict=True))
    lines = "\n".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
        + "</tr>"
        for first, *rest in rows
    )
    return f"<table><caption>{_text(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>"


def _scrolled(name: str, table: str) -> str:
    """Return a table in a region that scrolls where the screen is narrow, also by keys."""
    return f'<div class="scroll" role="region" aria-label="{_text(name)}" tabindex="0">{table}</div>'


def _label(term: Term) -> str:
    """Return a value, or aside what has none to show."""
    return _text(term.label) if term.text or term.kind == "string" else _aside(term.label)


def _aside(text: str) -> str:
    return f'<span class="absent">{_text(text)}</span>'


def _text(text: str) -> str:
    return escape(harmless(text))
