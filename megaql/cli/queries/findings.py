"""What is wrong with queries, as text, JSON, or annotations of GitHub.

A maintainer keeps one rule: every form says the same, and what came from a message or a query is made harmless for where it goes.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from megaql.cli.terminal.style import Style, harmless, harmless_json
from megaql.lang.fixes import place_of
from megaql.lang.wrapping import wrap
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.cli.environment import Environment
    from megaql.errors import Diagnostic
    from megaql.source import Source, Span

_COLORS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic, the text it is about, the query's name, and the file that holds the text (`""` for one given in words or in Python)."""

    diagnostic: Diagnostic
    source: Source
    query: str = ""
    path: str = ""


def place(source: Source, span: Span) -> dict[str, int]:
    """Return where a span begins and where it ends, lines and columns from 1; the end column is the one behind it."""
    (line, column), (end_line, end_column) = source.position(span.start), source.position(span.end)
    return {"line": line, "column": column, "endLine": end_line, "endColumn": end_column}


def show_text(world: Environment, findings: Sequence[Finding], *, on_stderr: bool = False) -> None:
    """Print findings with their lines and carets, the code in brackets; beside mended queries they go to standard error."""
    style = Style(on=world.colors(stderr=on_stderr))
    write = world.say if on_stderr else world.out
    # A pipe gets each sentence on one line, for grep.
    room = world.width if (world.stderr_isatty if on_stderr else world.stdout_isatty) else None
    for one in findings:
        severity = one.diagnostic.severity
        shown = harmless(one.diagnostic.render(replace(one.source, name="")), keep="\n")
        head, *lines = shown.split("\n")
        if one.diagnostic.hint:
            lines[-1] = _wrapped(lines[-1], room, " " * len("  hint: "))
        head = _wrapped(f"{_where(one)}{head} [{one.diagnostic.code}]", room, "  ")
        painted = style(f"{severity}:", _COLORS.get(severity), bold=True)
        write("\n".join([head.replace(f"{severity}:", painted, 1), *lines]))


def _wrapped(text: str, room: int | None, indent: str) -> str:
    return text if room is None else "\n".join(wrap(text, room, indent=indent))


def _where(finding: Finding) -> str:
    """Return the name of a text, with line and column where it is a file, as editors and terminals follow it."""
    name = harmless(finding.source.name)
    if not finding.path:
        return f"{name}: " if name else ""
    line, column = finding.source.position(finding.diagnostic.span.start)
    return f"{name}:{line}:{column}: "


def show_json(world: Environment, findings: Sequence[Finding]) -> None:
    """Print findings as one array of objects."""
    world.out(harmless_json(json.dumps([as_json(one) for one in findings], ensure_ascii=False, indent=2)))


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    one, source = finding.diagnostic, finding.source
    fix = None if one.fix is None else {"text": one.fix, **place(source, place_of(one))}
    return {
        "file": finding.path or None,
        "query": finding.query or None,
        "severity": one.severity,
        "code": one.code,
        "message": one.message,
        **place(source, one.span),
        "label": one.label,
        "hint": one.hint,
        "fix": fix,
        "related": [{"label": label, **place(source, span)} for span, label in one.related],
    }


def show_github(world: Environment, findings: Sequence[Finding]) -> None:
    """Print findings as workflow commands, which GitHub shows beside the lines."""
    for finding in findings:
        one = finding.diagnostic
        kind = {"note": "notice"}.get(one.severity, one.severity)
        at = place(finding.source, one.span)
        where = {"file": finding.path, "line": at["line"], "col": at["column"]} if finding.path else {}
        if where:
            where |= {"endLine": at["endLine"], "endColumn": at["endColumn"]}
        properties = {**where, "title": f"{finding.query}: {one.code}" if finding.query else one.code}
        text = "\n".join(part for part in (one.message, one.label, one.hint) if part)
        joined = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        world.out(f"::{kind} {joined}::{_data(text)}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(findings: Sequence[Finding], *, queries: int, fixed: int, fixing: bool) -> str:
    """Return the one line that counts it all."""
    counts = Counter(one.diagnostic.severity for one in findings)
    parts = [counted(counts[severity], severity) for severity in ("error", "warning", "note") if counts[severity]]
    if not parts and not queries:
        return "there is no query to check"
    if not parts:
        parts = [f"nothing found in {counted(queries, 'query', 'queries')}"]
    mendable = sum(one.diagnostic.fix is not None for one in findings)
    if mendable and not fixing:
        parts.append(f"{mendable} can be fixed with --fix")
    if fixing:
        parts.insert(0, f"{fixed} fixed")
    return ", ".join(parts)
