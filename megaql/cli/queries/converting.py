"""What `megaql convert` does: the policy or the query on standard output, and how well it fits on standard error.

A maintainer keeps one rule: standard output holds what the service or another command reads, and nothing else.
"""

from __future__ import annotations

import json
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.cli.complaint import tell
from megaql.cli.status import Status
from megaql.cli.terminal.style import Style, harmless, harmless_json
from megaql.convert import eventbridge, lambda_filters, pipes, sns
from megaql.convert.export import Fit
from megaql.errors import MegaQLError
from megaql.lang.printer import cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.cli.environment import Environment
    from megaql.cli.queries.services import Service
    from megaql.convert.export import Export
    from megaql.query import Query


class _Format(NamedTuple):
    """A service's form of filter: what people call it, and how it is read and written."""

    name: str
    read: Callable[[str], Query]
    write: Callable[..., Export]


_FORMATS: Final = {
    "eventbridge": _Format("EventBridge", eventbridge.from_pattern, eventbridge.to_pattern),
    "sns-body": _Format(
        "SNS, by the body",
        partial(sns.from_policy, scope="MessageBody"),
        partial(sns.to_policy, scope="MessageBody"),
    ),
    "sns-attributes": _Format(
        "SNS, by attributes",
        partial(sns.from_policy, scope="MessageAttributes"),
        partial(sns.to_policy, scope="MessageAttributes"),
    ),
    "lambda": _Format("Lambda", lambda_filters.from_filters, lambda_filters.to_filters),
    "pipes": _Format("EventBridge Pipes", pipes.from_filters, pipes.to_filters),
}


class Converting:
    """One conversion; `whole` prints all that is known of it as one JSON object."""

    def __init__(self, world: Environment, *, whole: bool) -> None:
        self.world = world
        self.whole = whole
        self.style = Style(on=world.colors(stderr=True))

    def read(self, given: str, service: Service) -> int:
        """Print the query that a pattern is: JSON text, a file, or `-`."""
        query = _FORMATS[service.value].read(self._text(given))
        self.world.out(query.to_json() if self.whole else harmless(str(query)))
        return Status.DONE

    def _text(self, given: str) -> str:
        if given.lstrip().startswith(("{", "[")):
            return given
        try:
            data = self.world.read_input() if given == "-" else Path(given).read_bytes()
            return data.decode("utf-8-sig")
        except OSError as error:
            why = error.strerror or type(error).__name__
        except UnicodeDecodeError as error:
            why = f"it is not UTF-8 text: byte {error.start:,} is {data[error.start]:#04x}"
        raise MegaQLError(
            "The pattern cannot be read",
            where="standard input" if given == "-" else given or "an empty argument",
            why=why,
            hint="give JSON text that begins with {, a file of it, or - for standard input",
        )

    def write(self, query: Query, service: Service, *, arrays: bool, exact: bool) -> int:
        """Print the policy for a query, and what is left to ask."""
        export = _FORMATS[service.value].write(query, arrays=arrays)
        if self.whole:
            self._json(_as_dict(export))
        elif export.policy is None:
            tell(self.world, _impossible(export, query, service, arrays=arrays))
        else:
            self._json(export.policy)
            self._tell(export, service)
        missed = export.fit is Fit.IMPOSSIBLE or (exact and export.fit is not Fit.EXACT)
        return Status.NO_MATCH if missed else Status.DONE

    def _json(self, document: dict[str, object]) -> None:
        text = (
            _laid_out(document, self.world.width)
            if self.world.stdout_isatty
            else json.dumps(document, ensure_ascii=False)
        )
        self.world.out(harmless_json(text))

    def _tell(self, export: Export, service: Service) -> None:
        """Say on standard error how the policy fits, in lines of the terminal's width."""
        takes = {
            Fit.EXACT: "takes exactly what the query matches",
            Fit.SUPERSET: "takes all that the query matches, and more",
        }[export.fit]
        color = "green" if export.fit is Fit.EXACT else "yellow"
        self.world.say(f"{self.style(export.fit.value, color, bold=True)}: {_FORMATS[service.value].name} {takes}")
        if export.residual is not None:
            self._line("then ask", str(export.residual))
        for reason in export.reasons:
            if reason.clause:
                self._line("because", f"{cut(reason.clause)}: {reason.why}")
            else:
                self._line("assuming", reason.why)

    def _line(self, name: str, text: str) -> None:
        room = max(self.world.width, 40)
        lead = f"  {name}: "
        lines = textwrap.wrap(
            harmless(text), room - len(lead), break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        for at, line in enumerate(lines or [""]):
            start = f"  {self.style(f'{name}:', bold=True)} " if at == 0 else " " * len(lead)
            self.world.say(f"{start}{line}")


def _laid_out(value: object, width: int, indent: int = 0, lead: int = 0) -> str:
    """Return JSON with each part on a line of its own, but for those that fit on one."""
    flat = json.dumps(value, ensure_ascii=False)
    inner, pad = indent + 2, "\n" + " " * (indent + 2)
    if indent and indent + lead + len(flat) < width:
        return flat
    match value:
        case dict() if value:
            parts = [
                f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, width, inner, len(key) + 4)}"
                for key, item in value.items()
            ]
            return f"{{{pad}{f',{pad}'.join(parts)}{pad[:-2]}}}"
        case list() if value:
            parts = [_laid_out(item, width, inner) for item in value]
            return f"[{pad}{f',{pad}'.join(parts)}{pad[:-2]}]"
        case _:
            return flat


def _as_dict(export: Export) -> dict[str, object]:
    return {
        "fit": export.fit.value,
        "policy": export.policy,
        "residual": None if export.residual is None else str(export.residual),
        "reasons": [{"clause": reason.clause or None, "why": reason.why} for reason in export.reasons],
    }


def _impossible(export: Export, query: Query, service: Service, *, arrays: bool) -> MegaQLError:
    first = export.reasons[0]
    why = "; ".join(dict.fromkeys(reason.why for reason in export.reasons))
    hint = "ask it where the messages arrive, or add a clause that a policy can test"
    if arrays and _FORMATS[service.value].write(query, arrays=False).policy is not None:
        hint = f"where there are plain values only, say so with --no-arrays; else {hint}"
    return MegaQLError(
        f"{_FORMATS[service.value].name} cannot ask any part of the query",
        where=cut(first.clause or str(query)),
        why=why,
        hint=hint,
    )
