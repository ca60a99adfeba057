"""A query bound to a handler.

A maintainer keeps one rule: everything that chooses messages — text, pattern, MEGA keywords, kind — ends up in the one query, so that
what `str(subscription.query)` prints is the whole truth of what it takes. A decoder stands before the query, never beside it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args

from megaql import query as queries
from megaql.errors import ConsumerError
from megaql.lang import nodes
from megaql.lang.printer import to_text
from megaql.query import Query
from megaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.codec.payloads import Payload
    from megaql.consumer.handler import Handler

    #: Turns the text (`str`) or, with `kind="blob"`, the bytes of a body into a document or payload; `None` for "not mine".
    Decoder = Callable[..., Payload | dict[str, object] | list[object] | None]

Kind = Literal["mega", "data", "text", "blob"]

_KINDS: Final = get_args(Kind)
_EVERYTHING: Final = nodes.Truth(nodes.Boolean(value=True))


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler, the query that chooses its messages, and the exceptions after which trying again is of no use.

    With a decoder, `reads` is the kind of body that the decoder is given, and the query looks at what the decoder made of it. `source` is the text
    that the places in the query point to.
    """

    name: str
    query: Query
    handler: Handler
    fatal: tuple[type[BaseException], ...] = ()
    decoder: Decoder | None = None
    reads: Kind = "text"
    source: Source = field(default=Source(""), repr=False)

    def clause_text(self, clause: nodes.Clause) -> str:
        """Return a clause of the query as the developer wrote it, on one line: with the names of parameters, whose values may be secrets."""
        written = self.source.text[clause.span.start : clause.span.end]
        return " ".join(written.split()) or to_text(clause)


def source_of(query: str | Query | None) -> Source:
    """Return the text that the places in a query point to, empty where it was built or joined."""
    return query.source if isinstance(query, Query) else Source(query or "")


def whole_query(
    text: str | Query | None,
    *,
    pattern: Mapping[str, object] | None,
    params: Mapping[str, object] | None,
    kind: Kind | None,
    mega: Mapping[str, object],
) -> Query:
    """Return the one query that all the ways of choosing messages amount to; raises `QueryError` or `ConsumerError`."""
    _check_types(text, params)
    _check_values(text, mega or {})
    parts: list[nodes.Clause] = []
    if mega and kind not in {None, "mega"}:
        raise ConsumerError(
            f"kind={kind!r} and {', '.join(f'{name}=' for name in mega)}",
            why="the keywords are fields of a MEGA event, so that no message has both",
            hint="leave out kind=, or ask about data with pattern={…}",
        )
    if kind is not None and not mega:
        path = nodes.Path((nodes.Key("kind"),), nodes.Root.ENVELOPE)
        parts.append(nodes.Compare(nodes.Comparison.EQ, path, nodes.String(kind)))
    query = _from_text(text, params)
    if query is not None:
        parts.append(query.node)
    if pattern is not None or mega:
        # The builder is needed by those who use it only.
        from megaql import patterns  # noqa: PLC0415 - as above

        if pattern is not None:
            parts.append(patterns.pattern(pattern).node)
        if mega:
            parts.append(patterns.mega(**mega).node)
    if not parts:
        return Query(_EVERYTHING)
    if query is not None and len(parts) == 1:
        return query  # with the text it was written as, which diagnostics point at
    return Query(parts[0] if len(parts) == 1 else nodes.And(_flat(parts)))


def _from_text(text: str | Query | None, params: Mapping[str, object] | None) -> Query | None:
    """Return the query that was given first, compiled with its parameters if it is a text."""
    if isinstance(text, str):
        return queries.compile(text, **(params or {}))
    if params:
        raise ConsumerError(
            "params= without a query text",
            why=f"{', '.join(f'${name}' for name in params)} can only stand in a text, which compiles with its values",
            hint="pass the query as a string, or compile it with its parameters first: megaql.compile(text, name=value)",
        )
    return text


def _check_types(text: object, params: object) -> None:
    if inspect.isroutine(text) or isinstance(text, type):
        raise ConsumerError(
            "@app.subscribe stands on a function without its parentheses",
            where=getattr(text, "__qualname__", ""),
            why="what it is given first is a query",
            hint="write @app.subscribe('event.name == \"item.added\"'), or @app.subscribe(catch_all=True) for every message",
        )
    if not (text is None or isinstance(text, (str, Query))):
        raise ConsumerError(
            f"a query is a text or a Query, not {type(text).__name__}",
            hint="pass the query as a string; a Python pattern is given as pattern=",
        )
    if not (params is None or isinstance(params, Mapping)):
        raise ConsumerError(f"params= is a dict, not {type(params).__name__}", hint='params={"tenant": tenant}')


def _check_values(text: str | Query | None, mega: Mapping[str, object]) -> None:
    """Refuse a parameter's value that is given as a keyword, as `megaql.compile` takes it: here a keyword is a MEGA field."""
    names = [name for name in mega if isinstance(text, str) and re.search(rf"\${name}\b", text)]
    if names:
        raise ConsumerError(
            f"the value of ${names[0]} is given as {names[0]}=",
            why="the keywords of subscribe are fields of a MEGA event, and the values of a query's $names stand in params=",
            hint="write params={" + ", ".join(f'"{name}": …' for name in names) + "}",
        )


def takes_everything(query: Query) -> bool:
    """Return whether a query is plainly `true`."""
    return query.node == _EVERYTHING


def checked_kind(kind: str | None, *, decoder: bool) -> Kind | None:
    """Return a kind as given by a user; raises `ConsumerError` for one that does not exist or that a decoder cannot read."""
    allowed: Sequence[str] = ("text", "blob") if decoder else _KINDS
    if kind is not None and kind not in allowed:
        raise ConsumerError(
            f"kind={kind!r} is not a kind of payload" + (" that a decoder reads" if decoder else ""),
            why="a decoder is given the text or the bytes of a body that is no document" if decoder else "",
            hint=f"one of {', '.join(map(repr, allowed))}",
        )
    return kind  # type: ignore[return-value] # checked against the literals just now


def _flat(parts: Sequence[nodes.Clause]) -> tuple[nodes.Clause, ...]:
    return tuple(item for part in parts for item in (part.items if isinstance(part, nodes.And) else (part,)))
