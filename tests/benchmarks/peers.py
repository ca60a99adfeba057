"""The peers: other ways to ask a document a question that was given as text, each used as its own pages recommend for speed.

A maintainer keeps one rule: a peer gets what it can have made before the clock starts: its program, and its own form of the document where it
has one that outlives a call, although a consumer would have to make that anew for every message. What that costs is measured by itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks import environment

if TYPE_CHECKING:
    from collections.abc import Callable


def same(value: Any) -> Any:
    """Return a document as it is: what most peers are asked about."""
    return value


@dataclass(frozen=True)
class Peer:
    """One library. `compile(text)` gives a function of the `subject(document)`, whose result `truth` makes a `bool`.

    `language` says which of a shape's texts is its own.
    """

    title: str
    language: str
    compile: Callable[[Any], Callable[[Any], object]]
    subject: Callable[[dict[str, Any]], object] = same
    truth: Callable[[Any], bool] = bool


def _cel_rust() -> Peer:
    import cel

    def subject(document: dict[str, Any]) -> object:
        return cel.Context(variables=document)

    return Peer("CEL, Rust", "CEL", lambda text: cel.compile(text).execute, subject)


def _cel_cpp() -> Peer:
    from cel_expr_python import cel

    env = cel.NewEnv(variables=dict.fromkeys(("protocol", "version", "event", "object"), cel.Type.DYN))
    return Peer("CEL, C++", "CEL", lambda text: env.compile(text).eval, env.Activation, lambda result: result.value())


def _jsonata() -> Peer:
    import jsonatapy

    def program(text: str) -> Callable[[Any], object]:
        return jsonatapy.compile(text).evaluate_with_data

    return Peer("JSONata, Rust", "JSONata", program, jsonatapy.JsonataData)


def _jmespath() -> Peer:
    import jmespath

    return Peer("jmespath", "jmespath", lambda text: jmespath.compile(text).search)


def _mongoquery() -> Peer:
    import mongoquery

    return Peer("mongoquery", "mongoquery", lambda query: mongoquery.Query(query).match)


def _zen() -> Peer:
    import zen

    return Peer("zen-engine", "zen-engine", lambda text: zen.compile_expression(text).evaluate)


def _jq() -> Peer:
    import jq

    def program(text: str) -> Callable[[Any], object]:
        compiled = jq.compile(text)
        return lambda document: compiled.input_value(document).first()

    return Peer("jq", "jq", program)


def _rule_engine() -> Peer:
    import rule_engine

    # It would have `a["b"]` for a member; it reads the dots that all the languages here have, and says so once.
    warnings.filterwarnings("ignore", "accessing attribute .* on a MAPPING value")
    context = rule_engine.Context(default_value=None)
    return Peer("rule-engine", "rule-engine", lambda text: rule_engine.Rule(text, context=context).matches)


#: How to make each peer, by its distribution.
_MAKERS: dict[str, Callable[[], Peer]] = {
    "common-expression-language": _cel_rust,
    "cel-expr-python": _cel_cpp,
    "jsonatapy": _jsonata,
    "jmespath": _jmespath,
    "mongoquery": _mongoquery,
    "zen-engine": _zen,
    "jq": _jq,
    "rule-engine": _rule_engine,
}


def installed() -> list[Peer]:
    """Return the peers that are there."""
    return [make() for distribution, make in _MAKERS.items() if environment.version(distribution)]
