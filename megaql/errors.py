"""Every error MegaQL raises, in one tree.

    MegaQLError
    ├── QueryError (ValueError)      the query is wrong; carries diagnostics with spans
    │   ├── QuerySyntaxError         the text is not a query (`incomplete` where more text could make it one)
    │   ├── QueryCheckError          the text parses and cannot mean anything: unknown function, unbound parameter
    │   └── QueryLimitError          the query is larger than a limit allows
    ├── CodecError                   a payload cannot be written; reading never raises (a tolerant reader)
    ├── BrokerError                  a queue or topic answered with an error, or did not answer; `.retryable`
    │   ├── BadTarget (ValueError)   the text names no queue or topic, or no way there; nothing was asked of a service
    │   ├── QueueNotFound
    │   ├── AccessDenied
    │   ├── CredentialsMissing
    │   ├── EndpointUnreachable
    │   ├── Throttled
    │   └── ReceiptHandleExpired
    ├── ScanError                    a file or a live queue cannot be read as a stream of messages
    │   └── ScanRefused              reading would harm the queue, and nobody said to do it anyway
    ├── ConvertError                 a pattern or filter policy of another service is wrong, or says what no query can
    ├── ConfigError                  an environment variable or `megaql.toml` says something that cannot be
    └── ConsumerError                an application cannot start or a subscription is wrong

An error has four parts: what happened, where, why, and what to do next. It never holds a message body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from megaql.source import Source, Span, excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence


class MegaQLError(Exception):
    """The base of all errors; `str()` is the whole four-part text, one part a line."""

    def __init__(self, what: str, *, where: str = "", why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.what]
        parts += [
            f"  {name}: {text}"
            for name, text in (("where", self.where), ("why", self.why), ("next", self.hint))
            if text
        ]
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong with a query.

    `message` says what and why, `span` says where, `label` stands beside the caret and says what to write instead;
    `hint` is a longer way out, on a line of its own. `code` names the kind of mistake for tests and tools
    (`"assignment"`, `"unknown-function"`). `fix` is the replacement text, where one is certain, of `fix_span`, or of `span`
    where that says nothing else. `related` are other places that belong to it, each with what to say there.
    """

    message: str
    span: Span
    label: str = ""
    hint: str = ""
    code: str = "syntax"
    severity: str = "error"
    fix: str | None = None
    fix_span: Span | None = None
    related: tuple[tuple[Span, str], ...] = ()

    def render(self, source: Source) -> str:
        """Return the diagnostic as people read it, with the source line and a caret."""
        name = f"{source.name}: " if source.name else ""
        lines = [f"{name}{self.severity}: {self.message}", excerpt(source, self.span, self.label)]
        lines += [excerpt(source, span, label) for span, label in self.related]
        return "\n".join([*lines, f"  hint: {self.hint}"] if self.hint else lines)


class QueryError(MegaQLError, ValueError):
    """A query is wrong. `diagnostics` holds at least one entry, in the order of their places."""

    def __init__(self, source: Source, diagnostics: Sequence[Diagnostic], *, incomplete: bool = False) -> None:
        first = diagnostics[0]
        super().__init__(first.message, hint=first.label or first.hint)
        self.source = source
        self.diagnostics = tuple(diagnostics)
        self.incomplete = incomplete

    @property
    def span(self) -> Span:
        """The place of the first diagnostic."""
        return self.diagnostics[0].span

    def __str__(self) -> str:
        return "\n".join(diagnostic.render(self.source) for diagnostic in self.diagnostics)


class QuerySyntaxError(QueryError):
    """The text is not a query; `incomplete` is true where more text at its end could make it one."""


class QueryCheckError(QueryError):
    """The text parses and cannot mean anything: an unknown function, an unbound parameter, a bad regex."""


class QueryLimitError(QueryError):
    """The query is larger than one of the limits in `megaql.lang.limits` allows."""


class CodecError(MegaQLError):
    """A payload cannot be written in the format that was asked for."""


class BrokerError(MegaQLError):
    """A queue or topic answered with an error, or did not answer.

    `code` is the service's own error code (`"AccessDenied"`), `retryable` says whether the same call may succeed later.
    """

    retryable = False

    def __init__(self, what: str, *, where: str = "", why: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(what, where=where, why=why, hint=hint)
        self.code = code


class BadTarget(BrokerError, ValueError):  # noqa: N818 - as below
    """No queue or topic was named, or the wrong one of the two, or no region or endpoint it could be at; nothing was asked of a service."""


class QueueNotFound(BrokerError):  # noqa: N818 - the names users know from SQS have no Error suffix
    """There is no such queue or topic."""


class AccessDenied(BrokerError):  # noqa: N818 - as above
    """The credentials are known and may not do this."""


class CredentialsMissing(BrokerError):  # noqa: N818 - as above
    """There are no credentials, or they are invalid or expired."""


class EndpointUnreachable(BrokerError):  # noqa: N818 - as above
    """The endpoint did not answer: no network, no such host, a refused or timed-out connection."""

    retryable = True


class Throttled(BrokerError):  # noqa: N818 - as above
    """The service asks for fewer requests, or is out of order for the moment."""

    retryable = True


class ReceiptHandleExpired(BrokerError):  # noqa: N818 - as above
    """The receipt handle no longer stands for this message: its lease ended, or it was deleted."""


class ScanError(MegaQLError):
    """A file or a live queue cannot be read as a stream of messages."""


class ScanRefused(ScanError):  # noqa: N818 - a decision, not a fault
    """Reading would harm the queue, and nobody said to do it anyway."""


class ConvertError(MegaQLError):
    """A pattern, filter policy or filter of another service is refused, in that service's own terms."""


class ConfigError(MegaQLError):
    """An environment variable or the configuration file is wrong; `where` names the variable, or the file and its line."""


class ConsumerError(MegaQLError):
    """An application cannot start, or a subscription is wrong."""
