"""The filter policy of an application: what SNS may keep back because none of its subscriptions would take it.

A maintainer keeps one rule: a message that a subscription takes is never kept back, whoever published it and however it is written. SNS sees message
attributes as they are; of a body it sees JSON objects only, so that a policy for the body would lose BSON, payloads in S3 and everything else that the
codec can read and SNS cannot. That policy is made only where the caller says that there are none. What a policy lets through besides is the router's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, get_args

from megaql.broker.exposure import paths_of
from megaql.convert import sns
from megaql.convert.export import Fit
from megaql.errors import ConsumerError, QueryLimitError
from megaql.lang import nodes, printer, tree
from megaql.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from megaql.consumer.unmatched import Policy
    from megaql.convert.export import Export
    from megaql.convert.sns import Scope

#: Tried in this order where both fit equally well: by attributes needs no promise about bodies, and AWS charges for the other by the byte.
SCOPES: Final[tuple[Scope, ...]] = ("MessageAttributes", "MessageBody")


class Asking(Protocol):
    """What asks for messages: a subscription of an application, or somebody at a terminal."""

    @property
    def name(self) -> str:
        """What the reasons call it."""
        ...

    @property
    def query(self) -> Query:
        """What it takes."""
        ...

    @property
    def decoder(self) -> object | None:
        """What reads its bodies in the place of the codec."""
        ...


@dataclass(frozen=True, slots=True)
class Pushdown:
    """What can be asked of SNS: `policy` for a `scope`, or no policy, and then every message comes.

    `residual` is what is asked of what comes, `None` where the policy says it all. `reasons` say what stands in the way of more, `assumes` what
    the policy takes for granted. `promised` is the policy that there could be if bodies were promised to be JSON objects.
    """

    policy: dict[str, Any] | None = None
    scope: Scope = "MessageAttributes"
    fit: Fit = Fit.IMPOSSIBLE
    residual: Query | None = None
    reasons: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    promised: Pushdown | None = None


def pushdown(
    subscriptions: Sequence[Asking],
    *,
    unmatched: Policy = "delete",
    unknown: Policy = "delete",
    json_bodies: bool = False,
    exposed: Sequence[str] = (),
    small_numbers: bool = False,
    scope: Scope | None = None,
) -> Pushdown:
    """Return what SNS can ask for an application with these subscriptions, which are at least one.

    `json_bodies` is the promise that each message a subscription is meant to get is published as a JSON object, `exposed` that it has these paths of
    its body as attributes, as `Publisher(expose=…)` writes them, `small_numbers` that numbers which are compared by size are such that SNS compares them. Raises `ConsumerError` for a scope that there is not, or that the promise is
    missing for, and `BrokerError` for a path that cannot be exposed.
    """
    moves = {path: _attribute(name) for name, path in paths_of(exposed).items()}
    to_policy = partial(sns.to_policy, open_ranges=small_numbers)
    _check_scope(scope, json_bodies=json_bodies)
    if why := _all_needed(unmatched, unknown):
        return Pushdown(reasons=(why,))
    greedy = [f"{one.name} takes every message" for one in subscriptions if one.query.node == _EVERYTHING]
    if greedy:
        return Pushdown(reasons=tuple(greedy))
    scopes = (scope,) if scope else SCOPES if json_bodies else SCOPES[:1]
    found = [_exported(subscriptions, one, moves, to_policy) for one in scopes]
    best = min(found, key=lambda one: _RANK[one.fit])
    if best.policy is not None or json_bodies or scope:
        return best if best.policy is not None else found[-1]
    promised = _exported(subscriptions, "MessageBody", moves, to_policy)
    if promised.policy is None:
        return best
    why = "a body may be BSON, and SNS reads JSON objects only"
    return Pushdown(reasons=(*best.reasons, why), promised=promised)


_RANK: Final = {Fit.EXACT: 0, Fit.SUPERSET: 1, Fit.IMPOSSIBLE: 2}
_EVERYTHING: Final = nodes.Truth(nodes.Boolean(value=True))


def _check_scope(scope: object, *, json_bodies: bool) -> None:
    if scope is None:
        return
    if scope not in get_args(sns.Scope):
        raise ConsumerError(
            f"scope={scope!r} is no scope of a filter policy",
            hint="'MessageAttributes' or 'MessageBody'; without it the one that fits better is taken",
        )
    if scope == "MessageBody" and not json_bodies:
        raise ConsumerError(
            "a filter policy for the body needs a promise",
            where="scope='MessageBody'",
            why="SNS reads JSON objects only, and would keep back every message that is published as BSON or through S3",
            hint="say json_bodies=True (--json-bodies) if all of the topic's publishers write JSON objects",
        )


def _all_needed(unmatched: Policy, unknown: Policy) -> str:
    """Return why an application wants the messages too that none of its subscriptions takes, `""` if it does not."""
    for setting, policy in (("unmatched", unmatched), ("unknown", unknown)):
        if policy != "delete":
            wanted = {"return": "left for other consumers", "dead-letter": "kept in the dead-letter queue"}[policy]
            return f"{setting}={policy!r}: what no subscription takes is {wanted}, so it has to come"
    return ""


def _attribute(name: str) -> nodes.Path:
    return nodes.Path((nodes.Key("attributes"), nodes.Key(name)), nodes.Root.ENVELOPE)


def _moved(query: Query, moves: Mapping[nodes.Path, nodes.Path]) -> Query:
    """Return a query with other paths in the place of some."""

    def changed(value: Any) -> Any:
        if isinstance(value, nodes.Path):
            return moves.get(value, value)
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        if not isinstance(value, nodes.Node):
            return value
        return replace(value, **{field.name: changed(getattr(value, field.name)) for field in fields(value)})

    return Query(changed(tree.unplaced(query.node))) if moves else query


def _exported(
    subscriptions: Sequence[Asking],
    scope: Scope,
    exposed: Mapping[nodes.Path, nodes.Path],
    to_policy: Callable[[Query, Scope], Export],
) -> Pushdown:
    """Return the policy for all subscriptions together, or which of them cannot be asked for in this scope."""
    moves = exposed if scope == "MessageAttributes" else {}
    asked_for = {node for one in subscriptions for node in tree.walk(one.query.node) if isinstance(node, nodes.Path)}
    back = {attribute: path for path, attribute in moves.items() if attribute not in asked_for}
    stuck: list[str] = []
    asked: list[nodes.Clause] = []
    for one in subscriptions:
        if one.decoder is not None and scope == "MessageBody":
            stuck.append(f"{one.name} reads bodies with a decoder, and SNS reads JSON objects only")
            continue
        # A decoder makes a document of its own, whose paths no publisher has exposed.
        query = one.query if one.decoder is not None else _moved(one.query, moves)
        export = to_policy(query, scope)
        if export.policy is None:
            stuck.append(f"{one.name}: {_first(export)}")
        asked.append(query.node)
    if stuck:
        return Pushdown(scope=scope, reasons=tuple(stuck))
    try:
        whole = Query(tree.unplaced(tree.disjunction(dict.fromkeys(asked))))
    except QueryLimitError:
        return Pushdown(scope=scope, reasons=("the queries together are larger than one query may be",))
    export = to_policy(whole, scope)
    assumes = [reason.why for reason in export.reasons if not reason.clause]
    used = [name for name in (_exposed_name(attribute) for attribute in back) if name in _keys(export.policy)]
    if used:
        assumes.append(f"every message has what it exposes as attributes: {', '.join(used)}")
    return Pushdown(
        export.policy,
        scope,
        export.fit,
        _moved(export.residual, back) if export.policy is not None and export.residual is not None else None,
        tuple(_shown(reason.clause, reason.why) for reason in export.reasons if reason.clause),
        tuple(assumes) if export.policy is not None else (),
    )


def _exposed_name(attribute: nodes.Path) -> str:
    last = attribute.segments[-1]
    return last.name if isinstance(last, nodes.Key) else ""


def _keys(policy: object) -> set[str]:
    """Return the names of all fields that a policy asks for."""
    match policy:
        case dict():
            return set(policy).union(*map(_keys, policy.values()))
        case list():
            return set().union(*map(_keys, policy))
    return set()


def _first(export: Export) -> str:
    reason = export.reasons[0]
    return _shown(reason.clause, reason.why)


def _shown(clause: str, why: str) -> str:
    return f"{printer.cut(clause)}: {why}" if clause else why
