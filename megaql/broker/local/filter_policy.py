"""Subscription filter policies: which of a topic's messages a subscription takes.

A policy is what `megaql.convert.sns` makes of it, so that an embedded topic and an imported policy are never of two minds. A maintainer keeps one
rule: a policy that SNS would refuse is refused here, with its reason, because one that is understood differently loses messages silently.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from megaql.convert import sns
from megaql.lang import evaluator
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.convert.sns import Scope
    from megaql.lang.nodes import Clause


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """A policy ready to be asked; thread-safe."""

    clause: Clause
    scope: Scope

    def accepts(self, message: str, attributes: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether a message is taken; in the scope MessageBody, one whose body is no JSON object is not."""
        if self.scope == "MessageAttributes":
            record = Record(envelope={"attributes": _values(attributes)})
        else:
            try:
                body = _read(message)
            except ValueError:
                return False
            if not isinstance(body, dict):
                return False
            record = Record(body, {"kind": "data"})
        return evaluator.evaluate(self.clause, record) is Verdict.MATCH


@functools.lru_cache(maxsize=256)
def parse(text: str, scope: Scope) -> FilterPolicy:
    """Return the policy a text is; `ConvertError` with SNS's reason where it is none."""
    return FilterPolicy(sns.clause(text, scope), scope)


def _values(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Return message attributes as the values a policy sees; SNS ignores binary ones."""
    values: dict[str, object] = {}
    for name, attribute in attributes.items():
        data_type, text = str(attribute.get("DataType")), attribute.get("StringValue")
        if not isinstance(text, str):
            continue
        if data_type.partition(".")[0] == "Number":
            values[name] = _decimal(text)
        elif data_type == "String.Array":
            values[name] = _array(text)
        else:
            values[name] = text
    return values


def _decimal(text: str) -> object:
    """The number a text is; not a number and infinity stay text, since nothing compares with them."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _array(text: str) -> object:
    try:
        return _read(text)
    except ValueError:
        return text


def _read(text: str) -> object:
    """Return the document a JSON text is; `ValueError` where it is none, or what no parser should be asked for."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except InvalidOperation:
        raise ValueError("a number's exponent is out of all bounds") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
