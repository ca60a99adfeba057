"""What each operator asks of one value, as Python expressions.

A maintainer keeps one rule: a test first asks for the class its operator is about, then names the classes for which the answer is always the
same. All other classes (arrays, BSON's, subclasses) are the evaluator's, so that no foreign code runs here.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.lang import cidr, nodes, operands
from megaql.lang.compare import order
from megaql.lang.compiler.reference import ODD, Slow, element, slow, step
from megaql.lang.compiler.shares import FEW_ITEMS
from megaql.lang.dates import Moment
from megaql.lang.kinds import Folded
from megaql.lang.nodes import Comparison, KindName, Presence, TextOperator
from megaql.lang.record import MISSING, Missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.lang.compiler.unit import Unit
    from megaql.lang.searches import Search

#: The classes of single values that generated source knows, and all that it knows.
SINGLE: Final[frozenset[type]] = frozenset({str, int, float, bool, type(None), dict, Missing, Decimal})
KNOWN: Final = SINGLE | {list}
SIZED: Final[frozenset[type]] = frozenset({str, list, dict})
NUMBERS: Final[frozenset[type]] = frozenset({int, float, Decimal})

#: Names that generated source uses. The sets are of classes.
NAMES: Final[dict[str, object]] = {
    "M": MISSING,
    "ODD": ODD,
    "Decimal": Decimal,
    "datetime": datetime,
    "step": step,
    "element": element,
    "order": order,
    "slow": slow,
    "Slow": Slow,
    "SINGLE": SINGLE,
    "KNOWN": KNOWN,
    "SIZED": SIZED,
    "NUMBERS": NUMBERS,
    "NO_STRING": SINGLE - {str},
    "LOOKED_UP": frozenset({int, bool, type(None), Missing}),
    "NO_NUMBER": SINGLE - {int, float, Decimal},
    "NO_BOOLEAN": SINGLE - {bool},
}

#: The largest whole number up to which a float is the number it stands for.
_EXACT: Final = 2**53

#: What holds where a comparison does not, for two values of one order.
NEGATED: Final = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Test(NamedTuple):
    """A positive operator on one value.

    `asked` says whether the value is of a class that the operator is about; if so, `yes` says that it holds, `no` that it does not, and
    `unsure` that it may be that nobody can say. `others` names the classes of which it holds for none: for those it is false
    with `apart` (they are not equal), unless the value is missing, else unknown.
    """

    asked: str
    yes: str
    no: str
    others: str
    apart: bool = False
    unsure: str = ""

    def joined(self, name: str, ask: str, tail: str, *, holds: bool) -> str:
        """Return what is true where the operator holds, or does not, with `ask` for classes that nobody here knows.

        `tail` is evaluated where the answer is false because it is unknown; see `Writer`.
        """
        quick = self.yes if holds else self.no
        if tail:
            ask = f"({ask} or {tail})"
            if self.unsure:
                quick = f"({quick} or {self.unsure} and {tail})"
        if not self.apart or holds:
            rest = f"type({name}) not in {self.others} and {ask}"
            if tail:
                rest += f" or {name} is M and {tail}" if self.apart else f" or {tail}"
        elif tail:
            rest = f"{tail} if {name} is M else type({name}) in {self.others} or {ask}"
        else:
            rest = f"{name} is not M and (type({name}) in {self.others} or {ask})"
        return f"({quick} if {self.asked} else {rest})"


class Operand(NamedTuple):
    """The value that a test is written for: the expression to evaluate first, its name from then on, and how long a text may be."""

    first: str
    name: str
    characters: int


class Leaf(NamedTuple):
    """A clause about one value. `each` says that it looks at the elements of arrays; `write` may find that it is the evaluator's."""

    value: nodes.Value
    negated: bool
    write: Callable[[Unit, Operand], Test | None]
    each: bool = True


def leaf(node: nodes.Clause) -> Leaf | None:  # noqa: C901 - one case per kind of clause
    """Return what a clause asks of its value; `None` for clauses that are not about one value and a literal."""
    match node:
        case nodes.Compare():
            return _compare(node)
        case nodes.In(item, nodes.ListLiteral() as options, negated):
            return Leaf(item, negated, lambda unit, value: _in(unit, value, options))
        case nodes.Between(value, low, high, negated) if not _is_variable(low) and not _is_variable(high):
            return Leaf(value, negated, lambda unit, value: _between(unit, value, low, high))
        case nodes.TextTest(operator, value, nodes.String() as operand, negated):
            return Leaf(value, negated, lambda unit, value: _text(unit, value, operator, operand))
        case nodes.Matches(value, nodes.Regex() as regex, negated):
            return Leaf(value, negated, lambda unit, value: _regex(unit, value, regex))
        case nodes.InCidr(value, nodes.String(network), negated):
            return Leaf(value, negated, lambda unit, value: _in_cidr(unit, value, network))
        case nodes.IsKind(value, kind, negated):
            return Leaf(value, negated, lambda _, value: _is(value, kind), each=False)
        case nodes.PresenceTest(test, path):
            return Leaf(path, test is Presence.MISSING, lambda _, value: _presence(value, test), each=False)
        case nodes.Truth(value):
            return Leaf(value, False, lambda _, value: _truth(value), each=False)
        case nodes.Opaque(_, function, path):
            return Leaf(path, False, lambda unit, value: _opaque(unit, value, function), each=False)
        case _:
            return None


def _is_variable(node: nodes.Value) -> bool:
    return isinstance(node, nodes.Path | nodes.Default | nodes.Call | nodes.Count)


def _compare(node: nodes.Compare) -> Leaf | None:
    left, right, operator = node.left, node.right, node.operator
    if not _is_variable(left):
        left, right, operator = right, left, operator.mirrored
    if not _is_variable(left) or not isinstance(
        right, nodes.String | nodes.Number | nodes.Size | nodes.Boolean | nodes.Null | nodes.Date
    ):
        return None
    literal = operands.literal(right)
    negated = operator is Comparison.NE
    positive = (Comparison.EQ if negated else operator).value
    return Leaf(left, negated, lambda unit, value: _literal(unit, value, positive, literal))


def _literal(unit: Unit, value: Operand, operator: str, literal: object) -> Test | None:
    apart = operator == "=="
    match literal:
        case str() | Folded():
            return _string(unit, value, operator, literal)
        case bool() if apart:
            asked = f"type({value.first}) is bool"
            return Test(asked, f"{value.name} is {literal}", f"{value.name} is not {literal}", "NO_BOOLEAN", apart=True)
        case None if apart:
            return Test(f"{value.first} is None", "True", "False", "SINGLE", apart=True)
        case Moment():
            sign = unit.fresh("s")
            found = f"({sign} := order({value.name}, {unit.constant(literal)})) is not None and {sign}"
            asked = f"type({value.first}) is str or type({value.name}) is datetime"
            yes, no = f"{found} {operator} 0", f"{found} {NEGATED[operator]} 0"
            return Test(asked, yes, no, "NO_STRING", apart=apart, unsure=f"{sign} is None")
        case int() | Decimal() if not isinstance(literal, bool):
            cls = unit.fresh("c")
            bound = _bound(unit, literal, cls)
            yes, no = f"{value.name} {operator} {bound}", f"{value.name} {NEGATED[operator]} {bound}"
            unsure = "" if apart else f"{value.name} != {value.name}"
            return Test(_is_number(value, cls), yes, no, "NO_NUMBER", apart=apart, unsure=unsure) if bound else None
        case _:
            return None


def _string(unit: Unit, value: Operand, operator: str, literal: str | Folded) -> Test:
    if isinstance(literal, Folded):
        asked, read, text = _is_short(value), f"{value.name}.casefold()", unit.constant(literal.text)
    else:
        asked, read, text = f"type({value.first}) is str", value.name, unit.constant(literal)
    yes, no = f"{read} {operator} {text}", f"{read} {NEGATED[operator]} {text}"
    return Test(asked, yes, no, "NO_STRING", apart=operator == "==")


def _is_short(value: Operand) -> str:
    return f"type({value.first}) is str and len({value.name}) <= {value.characters}"


def _is_number(value: Operand, cls: str) -> str:
    """Ask for a number; a NaN that is a `Decimal` raises when it is compared, so it is the evaluator's."""
    return f"({cls} := type({value.first})) is int or {cls} is float or {cls} is Decimal and not {value.name}.is_nan()"


def _bound(unit: Unit, literal: object, cls: str) -> str:
    """Return the source of a number that compares with those of a class as the evaluator would; `""` where there is none.

    A float stands for its shortest decimal. Comparing floats themselves gives the same where the literal is such a decimal.
    """
    if isinstance(literal, int):
        return unit.constant(literal) if abs(literal) <= _EXACT else ""
    if isinstance(literal, Decimal) and abs(literal) < _EXACT and Decimal(repr(float(literal))) == literal:
        return f"({unit.constant(literal)} if {cls} is Decimal else {unit.constant(float(literal))})"
    return ""


def _between(unit: Unit, value: Operand, low: nodes.Value, high: nodes.Value) -> Test | None:
    if isinstance(low, nodes.Number | nodes.Size) and isinstance(high, nodes.Number | nodes.Size):
        cls = unit.fresh("c")
        ends = [_bound(unit, operands.literal(end), cls) for end in (low, high)]
        asked, others, unsure = _is_number(value, cls), "NO_NUMBER", f"{value.name} != {value.name}"
    elif isinstance(low, nodes.String) and isinstance(high, nodes.String) and not low.fold and not high.fold:
        ends = [unit.constant(end.value) for end in (low, high)]
        asked, others, unsure = f"type({value.first}) is str", "NO_STRING", ""
    else:
        return None
    if not all(ends):
        return None
    yes, no = f"{ends[0]} <= {value.name} <= {ends[1]}", f"({value.name} < {ends[0]} or {value.name} > {ends[1]})"
    return Test(asked, yes, no, others, unsure=unsure)


def _in(unit: Unit, value: Operand, options: nodes.ListLiteral) -> Test | None:
    values = [operands.literal(item) for item in options.items]
    if values and all(type(one) is str for one in values):
        asked, others = f"type({value.first}) is str", "NO_STRING" if len(values) <= FEW_ITEMS else "LOOKED_UP"
    elif 0 < len(values) <= FEW_ITEMS and all(type(one) is int and abs(one) <= _EXACT for one in values):
        asked, others = _is_number(value, unit.fresh("c")), "NO_NUMBER"
    else:
        return None
    ready = unit.constant(frozenset(values))
    return Test(asked, f"{value.name} in {ready}", f"{value.name} not in {ready}", others, apart=True)


def _text(unit: Unit, value: Operand, operator: TextOperator, operand: nodes.String) -> Test | None:
    text = operand.value.casefold() if operand.fold else operand.value
    read = f"{value.name}.casefold()" if operand.fold else value.name
    if operator is TextOperator.LIKE:
        return _searched(unit, value, read, lambda searches: searches.glob(text))
    return _plain_text(unit, value, read, _METHODS[operator], text)


def _regex(unit: Unit, value: Operand, regex: nodes.Regex) -> Test | None:
    return _searched(unit, value, value.name, lambda searches: searches.search(regex))


def _plain_text(unit: Unit, value: Operand, read: str, operator: str, text: str) -> Test:
    """Return the test for `operator`, a method of strings or one of their operators."""
    written = unit.constant(text)
    match operator:
        case "==":
            yes, no = f"{read} == {written}", f"{read} != {written}"
        case "in":
            yes, no = f"{written} in {read}", f"{written} not in {read}"
        case _:
            yes = f"{read}.{operator}({written})"
            no = f"not {yes}"
    return Test(_is_short(value), yes, no, "NO_STRING")


def _searched(unit: Unit, value: Operand, read: str, find: Callable[[Any], Search]) -> Test | None:
    """Return the test for what a function of the module `searches` gives."""
    from megaql.lang import regexes, searches  # noqa: PLC0415 - RE2 and what is about it take long to import, and most queries have no regex

    try:
        search = find(searches)
    except regexes.PatternError:
        return None
    if isinstance(search, searches.Text):
        return _plain_text(unit, value, read, search.operator, search.text)
    yes = f"{unit.constant(search.call)}({read})"
    return Test(_is_short(value), yes, f"not {yes}", "NO_STRING")


_METHODS: Final = {
    TextOperator.STARTSWITH: "startswith",
    TextOperator.ENDSWITH: "endswith",
    TextOperator.CONTAINS: "in",
}


def _in_cidr(unit: Unit, value: Operand, text: str) -> Test | None:
    network = cidr.network(text)
    if network is None:
        return None

    def holds(text: str) -> bool | None:
        address = cidr.address(text)
        return None if address is None else address in network

    found = f"{unit.constant(holds)}({value.name})"
    asked = f"type({value.first}) is str"
    return Test(asked, f"{found} is True", f"{found} is False", "NO_STRING", unsure="True")


def _is(value: Operand, kind: KindName) -> Test | None:
    asked = {
        KindName.NULL: f"{value.first} is None",
        KindName.STRING: f"type({value.first}) is str",
        KindName.BOOLEAN: f"type({value.first}) is bool",
        KindName.NUMBER: f"type({value.first}) in NUMBERS",
        KindName.ARRAY: f"type({value.first}) is list",
        KindName.OBJECT: f"type({value.first}) is dict",
    }.get(kind)
    return None if asked is None else Test(asked, "True", "False", "KNOWN", apart=True)


def _presence(value: Operand, test: Presence) -> Test:
    if test is Presence.EMPTY:
        yes = f"({value.name} is M or {value.name} is None or type({value.name}) in SIZED and not {value.name})"
        return Test(f"type({value.first}) in KNOWN", yes, f"not {yes}", "SINGLE")
    return Test(f"{value.first} is not ODD", f"{value.name} is not M", f"{value.name} is M", "SINGLE")


def _truth(value: Operand) -> Test:
    return Test(f"type({value.first}) is bool", value.name, f"not {value.name}", "NO_BOOLEAN")


def _opaque(unit: Unit, value: Operand, function: Callable[[object], bool]) -> Test:
    def holds(found: object) -> bool | None:
        try:
            return bool(function(found))
        except Exception:  # noqa: BLE001 - it is the user's function, and a verdict never raises
            return None

    found = f"{unit.constant(holds)}({value.name})"
    asked = f"{value.first} is not M and {value.name} is not ODD"
    return Test(asked, f"{found} is True", f"{found} is False", "SINGLE", unsure="True")
