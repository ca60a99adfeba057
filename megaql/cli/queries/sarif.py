"""Findings as SARIF 2.1.0, which code scanning services read.

A maintainer keeps one rule: columns are counted in code points, as everywhere in MegaQL, and the run says so.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from megaql import __version__
from megaql.cli.queries.findings import place
from megaql.lang.check import CODES
from megaql.lang.fixes import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.cli.queries.findings import Finding
    from megaql.source import Source, Span

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def log(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings as a SARIF log of one run."""
    rules = list(CODES) + sorted({one.diagnostic.code for one in findings} - set(CODES))
    texts = list(dict.fromkeys(_key(one) for one in findings))
    driver = {"name": "megaql", "version": __version__, "rules": [_rule(code) for code in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [_artifact(*key) for key in texts],
        "results": [_result(one, rules.index(one.diagnostic.code), texts.index(_key(one))) for one in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _key(finding: Finding) -> tuple[str, str]:
    """Return a file's path, or the text of a query that is in none."""
    return (finding.path, "") if finding.path else ("", finding.source.text)


def _artifact(path: str, text: str) -> dict[str, Any]:
    return {"location": {"uri": _uri(path)}} if path else {"contents": {"text": text}}


def _rule(code: str) -> dict[str, Any]:
    known = CODES.get(code)
    summary = known.summary if known else "the text is no query that can be compiled"
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": summary},
        "defaultConfiguration": {"level": known.severity if known else "error"},
    }
    if known:
        rule["help"] = {"text": f"Instead of: {known.example}\nwrite: {known.instead}"}
    return rule


def _result(finding: Finding, rule: int, artifact: int) -> dict[str, Any]:
    one, source = finding.diagnostic, finding.source
    where: dict[str, Any] = {"index": artifact}
    if finding.path:
        where["uri"] = _uri(finding.path)
    location = _location(where, source, one.span)
    if finding.query:
        location["logicalLocations"] = [{"name": finding.query}]
    text = ". ".join(part for part in (one.message, one.label, one.hint) if part)
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": text},
        "locations": [location],
    }
    if one.related:
        result["relatedLocations"] = [
            {"id": number, **_location(where, source, span), "message": {"text": label}}
            for number, (span, label) in enumerate(one.related)
        ]
    if one.fix is not None:
        replacement = {"deletedRegion": _region(source, place_of(one)), "insertedContent": {"text": one.fix}}
        change = {"artifactLocation": where, "replacements": [replacement]}
        result["fixes"] = [{"artifactChanges": [change]}]
    return result


def _location(where: dict[str, Any], source: Source, span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": where, "region": _region(source, span)}}


def _region(source: Source, span: Span) -> dict[str, int]:
    at = place(source, span)
    return {
        "startLine": at["line"],
        "startColumn": at["column"],
        "endLine": at["endLine"],
        "endColumn": at["endColumn"],
    }


def _uri(path: str) -> str:
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else _quoted(pure.as_posix())


def _quoted(path: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - only for a relative path

    return quote(path)
