"""Quantifiers and counts, as generated functions that go through an array.

A maintainer keeps one rule: a loop stops early only where the evaluator does, or where the whole function comes out false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.lang.compiler.places import Head
from megaql.lang.nodes import Quantifier
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from megaql.lang import nodes
    from megaql.lang.compiler.places import Place
    from megaql.lang.compiler.writer import Writer


def quantified(writer: Writer, node: nodes.Quantified, want: Verdict, *, thorough: bool) -> str:
    """Return the expression for a quantifier."""
    place = _place(writer, node)
    if place is None:
        return writer.ask(node, want)
    first, name = writer.places.fetch(place)
    if node.quantifier is Quantifier.ONE:
        counted = _counter(writer, node)
        ask = writer.ask(node, want)
        number = writer.unit.fresh("n")
        sign = "==" if want is Verdict.MATCH else "!="
        quick = f"({number} {sign} 1 if ({number} := {_call(writer, node, counted, name)}) is not ODD else {ask})"
    else:
        quick = _call(writer, node, _seeker(writer, node, want, thorough=thorough), name)
        ask = writer.ask(node, want)
    return f"({quick} if {_is_array(node, first, name)} else type({name}) not in SINGLE and {ask})"


def count(writer: Writer, node: nodes.Count) -> tuple[str, str] | None:
    """Return the expression for a count, and its name: `ODD` where it is not known exactly."""
    place = _place(writer, node)
    if place is None:
        return None
    first, name = writer.places.fetch(place)
    number = writer.unit.fresh("n")
    call = _call(writer, node, _counter(writer, node), name)
    source = f"{call} if {_is_array(node, first, name)} else M if type({name}) in SINGLE else ODD"
    return f"({number} := {source})", number


def _place(writer: Writer, node: nodes.Quantified | nodes.Count) -> Place | None:
    """Return the place of the array; `None` where a loop is not for it."""
    place = writer.places.of(node.path)
    if place is None or not writer.share.elements(node):
        return None
    # With `of`, a variable may stand for `$.event` itself, whose attributes have two names in a MEGA payload.
    aliased = node.spread and writer.places.mega and place == (writer.places.head.body, "event")
    return None if aliased else place


def _is_array(node: nodes.Quantified | nodes.Count, first: str, name: str) -> str:
    """Return whether a value is what a loop goes through: with `of`, a single value stands for itself."""
    if node.spread:
        return f"type({first}) in KNOWN and {name} is not M"
    return f"type({first}) is list"


def _call(writer: Writer, node: nodes.Quantified | nodes.Count, function: str, name: str) -> str:
    array = f"{name} if type({name}) is list else ({name},)" if node.spread else name
    return f"{function}({array}, {writer.parameters()})"


def _seeker(writer: Writer, node: nodes.Quantified, want: Verdict, *, thorough: bool) -> str:
    """Return the name of a function for `any`, `all` and `none`."""
    some = (node.quantifier is Quantifier.ANY) is (want is Verdict.MATCH)
    sought = Verdict.NO_MATCH if (node.quantifier is Quantifier.ALL) is some else Verdict.MATCH
    variable, inner = _inside(writer, node)
    condition = inner.clause(node.condition, sought, thorough=some or thorough)
    if some:
        steps = f"        if {condition}:\n            return True\n"
        return _function(writer, node, variable, steps, "False")
    if not thorough:
        steps = f"        if not {condition}:\n            return False\n"
        return _function(writer, node, variable, steps, "True")
    steps = f"        if not {condition}:\n            every = False\n"
    return _function(writer, node, variable, steps, "every", before="    every = True\n")


def _counter(writer: Writer, node: nodes.Quantified | nodes.Count) -> str:
    """Return the name of a function that counts the elements that match, `ODD` if a condition is unknown."""
    variable, inner = _inside(writer, node)
    match = inner.clause(node.condition, Verdict.MATCH, thorough=True)
    _, again = _inside(writer, node, variable)
    no_match = again.clause(node.condition, Verdict.NO_MATCH, thorough=True)
    steps = f"        if {match}:\n            counted += 1\n        elif not {no_match}:\n            return ODD\n"
    return _function(writer, node, variable, steps, "counted", before="    counted = 0\n")


def _inside(writer: Writer, node: nodes.Quantified | nodes.Count, variable: str = "") -> tuple[str, Writer]:
    """Return the name of a quantifier's variable in generated source, and a writer for its condition."""
    variable = variable or writer.unit.fresh("x")
    variables = {**writer.places.variables, node.variable: variable}
    return variable, writer.inside(writer.share.inside(node), variables)


def _function(
    writer: Writer, node: nodes.Quantified | nodes.Count, variable: str, steps: str, after: str, *, before: str = ""
) -> str:
    name = writer.unit.fresh("q")
    outer = writer.places.variables.values()
    check = f"        if type({variable}) not in SINGLE:\n            raise Slow\n" if node.spread else ""
    writer.unit.add(
        f"def {name}({', '.join(['array', *Head(), *outer])}):\n"
        f"    if len(array) > {writer.share.elements(node)}:\n        raise Slow\n"
        f"{before}    for {variable} in array:\n{check}{steps}    return {after}\n"
    )
    return name
