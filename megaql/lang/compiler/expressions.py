"""Python expressions for clauses: one that is true exactly where a clause has the wanted verdict, MATCH or NO_MATCH.

A maintainer keeps one rule: an expression first asks for the class its operator is about, then sorts out the classes for which the answer
is always the same, and gives every other value to the evaluator.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.lang import nodes, operands, tree
from megaql.lang.compiler.places import Head, Places
from megaql.lang.compiler.reference import Slow, reference, step
from megaql.lang.kinds import Folded
from megaql.lang.nodes import KindName, Presence, Quantifier, TextOperator
from megaql.lang.record import MISSING, Missing
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from megaql.lang.compiler.unit import Unit

#: The largest whole number up to which a float is the number it stands for.
_EXACT: Final = 2**53

#: Elements of an array that a generated function goes through; a longer one is the evaluator's, which counts its steps.
ELEMENTS: Final = 1_000

_NEGATED: Final = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

#: Names that generated source uses. The sets are of classes: single values that are no strings, that are no numbers, and all of them.
NAMES: Final[dict[str, object]] = {
    "M": MISSING,
    "E": {},
    "step": step,
    "Slow": Slow,
    "NO_STRING": frozenset({int, float, bool, type(None), dict, Missing, Decimal}),
    "NO_NUMBER": frozenset({str, bool, type(None), dict, Missing}),
    "SINGLE": frozenset({str, int, float, bool, type(None), dict, Missing, Decimal}),
}


class Writer:
    """Writes the expressions of one generated function."""

    def __init__(
        self,
        unit: Unit,
        clause: nodes.Clause,
        head: Head,
        variables: Mapping[str, str],
        steps: int,
        *,
        swift: bool,
        mega: bool,
    ) -> None:
        self.unit = unit
        self.head = head
        self.variables = variables
        self.steps = steps
        self.places = Places(unit, clause, head, variables, swift=swift, mega=mega)

    def clause(self, node: nodes.Clause, want: Verdict) -> str:
        """Return the expression for a clause and the verdict that is wanted of it."""
        written = self._inline(node, want)
        return self._ask(node, want) if written is None else written

    def _inline(self, node: nodes.Clause, want: Verdict) -> str | None:  # noqa: C901 - one case per kind of clause
        match node:
            case nodes.And():
                return self._junction(node.items, want, all_of=want is Verdict.MATCH)
            case nodes.Or():
                return self._junction(node.items, want, all_of=want is Verdict.NO_MATCH)
            case nodes.Not():
                return self.clause(node.item, want.negated)
            case nodes.Compare():
                return self._compare(node, want)
            case nodes.In():
                return self._in(node, want)
            case nodes.Between():
                return self._between(node, want)
            case nodes.TextTest():
                return self._text_test(node, want)
            case nodes.IsKind():
                return self._is_kind(node, want)
            case nodes.PresenceTest():
                return self._presence(node, want)
            case nodes.Truth():
                return self._truth(node, want)
            case nodes.Quantified():
                return self._quantified(node, want)
            case _:
                return None

    def _junction(self, items: Sequence[nodes.Clause], want: Verdict, *, all_of: bool) -> str:
        joined = " and " if all_of else " or "
        return f"({joined.join(self.clause(item, want) for item in items)})"

    def _ask(self, node: nodes.Clause, want: Verdict) -> str:
        """Return the expression that asks the evaluator about one clause."""
        names = tuple(self.variables)
        name = self.unit.constant(reference(node, want, names, self.steps))
        return f"{name}({', '.join([self.head.subject, self.head.now, *(self.variables[one] for one in names)])})"

    def _value(self, node: nodes.Value) -> tuple[str, str] | None:
        """Return the expression for a path, to be evaluated first, and the name it has from then on."""
        if not isinstance(node, nodes.Path):
            return None
        place = self.places.of(node)
        if place is None:
            return None
        source = self.places.value(place)
        if source.isidentifier():
            return source, source
        name = self.unit.fresh("v")
        return f"({name} := {source})", name

    def _one_of(
        self, node: nodes.Clause, want: Verdict, value: nodes.Value, test: Callable[[str], str], others: str
    ) -> str | None:
        """Return `test` of a string, and what holds for `others`, where `{v}` is the value and `{ask}` the evaluator's answer."""
        fetched = self._value(value)
        if fetched is None:
            return None
        first, name = fetched
        rest = others.format(v=name, ask=self._ask(node, want))
        return f"({test(name)} if type({first}) is str else {rest})"

    # Comparisons

    def _compare(self, node: nodes.Compare, want: Verdict) -> str | None:
        left, right, operator = node.left, node.right, node.operator.value
        if not isinstance(left, nodes.Path):
            left, right, operator = right, left, _MIRRORED[operator]
        if operator == "!=":
            operator, holds = "==", want is Verdict.NO_MATCH
        else:
            holds = want is Verdict.MATCH
        if not isinstance(right, nodes.String | nodes.Number | nodes.Size | nodes.Boolean | nodes.Null):
            return None
        literal = operands.literal(right)
        if isinstance(literal, bool) or literal is None:
            return self._same(node, want, left, literal, holds=holds) if operator == "==" else None
        if isinstance(literal, str):
            source = self.unit.constant(literal)
            sign = operator if holds else _NEGATED[operator]
            return self._one_of(
                node, want, left, lambda v: f"{v} {sign} {source}", _others("NO_STRING", operator, holds=holds)
            )
        if isinstance(literal, Folded):
            if operator != "==":
                return None
            source, sign = self.unit.constant(literal.text), "==" if holds else "!="
            return self._one_of(
                node,
                want,
                left,
                lambda v: f"{v}.casefold() {sign} {source}",
                _others("NO_STRING", operator, holds=holds),
            )
        return self._compare_number(node, want, left, operator, literal, holds=holds)

    def _compare_number(
        self, node: nodes.Clause, want: Verdict, value: nodes.Value, operator: str, literal: object, *, holds: bool
    ) -> str | None:
        bound = _bound(literal)
        fetched = self._value(value)
        if bound is None or fetched is None:
            return None
        first, name = fetched
        test = f"{name} {operator if holds else _NEGATED[operator]} {self.unit.constant(bound)}"
        rest = _others("NO_NUMBER", operator, holds=holds).format(v=name, ask=self._ask(node, want))
        cls = self.unit.fresh("c")
        return f"({test} if ({cls} := type({first})) is int or {cls} is float else {rest})"

    def _same(
        self, node: nodes.Clause, want: Verdict, value: nodes.Value, literal: object, *, holds: bool
    ) -> str | None:
        fetched = self._value(value)
        if fetched is None:
            return None
        first, name = fetched
        ask = self._ask(node, want)
        if holds:
            return f"({first} is {literal} or type({name}) not in SINGLE and {ask})"
        return f"({first} is not {literal} and {name} is not M and (type({name}) in SINGLE or {ask}))"

    def _between(self, node: nodes.Between, want: Verdict) -> str | None:
        if not isinstance(node.low, nodes.Number | nodes.Size) or not isinstance(node.high, nodes.Number | nodes.Size):
            return None
        low, high = _bound(operands.literal(node.low)), _bound(operands.literal(node.high))
        fetched = self._value(node.value)
        if low is None or high is None or fetched is None:
            return None
        first, name = fetched
        low_text, high_text = self.unit.constant(low), self.unit.constant(high)
        if (want is Verdict.MATCH) is not node.negated:
            test = f"{low_text} <= {name} <= {high_text}"
        else:
            test = f"({name} < {low_text} or {name} > {high_text})"
        cls = self.unit.fresh("c")
        rest = f"{cls} not in NO_NUMBER and {self._ask(node, want)}"
        return f"({test} if ({cls} := type({first})) is int or {cls} is float else {rest})"

    def _in(self, node: nodes.In, want: Verdict) -> str | None:
        if not isinstance(node.options, nodes.ListLiteral):
            return None
        values: list[Any] = [operands.literal(item) for item in node.options.items]
        holds = (want is Verdict.MATCH) is not node.negated
        sign = "in" if holds else "not in"
        if values and all(type(value) is str for value in values):
            source = self.unit.texts(frozenset(values))
            return self._one_of(
                node, want, node.item, lambda v: f"{v} {sign} {source}", _others("NO_STRING", "==", holds=holds)
            )
        if values and all(type(value) is int and abs(value) <= _EXACT for value in values):
            fetched = self._value(node.item)
            if fetched is None:
                return None
            first, name = fetched
            cls = self.unit.fresh("c")
            rest = _others("NO_NUMBER", "==", holds=holds).format(v=name, ask=self._ask(node, want))
            source = f"{name} {sign} {self.unit.constant(frozenset(values))}"
            return f"({source} if ({cls} := type({first})) is int or {cls} is float else {rest})"
        return None

    # Strings

    def _text_test(self, node: nodes.TextTest, want: Verdict) -> str | None:
        if not isinstance(node.operand, nodes.String) or node.operator is TextOperator.LIKE:
            return None
        text = node.operand.value.casefold() if node.operand.fold else node.operand.value
        literal, fold = self.unit.constant(text), ".casefold()" if node.operand.fold else ""
        negation = "not " if (want is Verdict.MATCH) is node.negated else ""

        def test(value: str) -> str:
            if node.operator is TextOperator.CONTAINS:
                return f"{negation}{literal} in {value}{fold}" if not negation else f"{literal} not in {value}{fold}"
            return f"{negation}{value}{fold}.{node.operator.value}({literal})"

        return self._one_of(node, want, node.value, test, "type({v}) not in NO_STRING and {ask}")

    # Kinds and presence

    def _is_kind(self, node: nodes.IsKind, want: Verdict) -> str | None:
        cls = {
            KindName.STRING: "str",
            KindName.BOOLEAN: "bool",
            KindName.OBJECT: "dict",
            KindName.NULL: "NoneType",
        }.get(node.kind)
        fetched = self._value(node.value)
        if cls is None or fetched is None:
            return None
        first, name = fetched
        of = self.unit.fresh("c")
        self.unit.names["NoneType"] = type(None)
        if (want is Verdict.MATCH) is not node.negated:
            return f"(({of} := type({first})) is {cls} or {of} not in SINGLE and {self._ask(node, want)})"
        return f"(({of} := type({first})) is not {cls} and {name} is not M and ({of} in SINGLE or {self._ask(node, want)}))"

    def _presence(self, node: nodes.PresenceTest, want: Verdict) -> str | None:
        fetched = self._value(node.path)
        if fetched is None or node.test is Presence.EMPTY:
            return None
        first, name = fetched
        ask = self._ask(node, want)
        if (want is Verdict.MATCH) is (node.test is Presence.EXISTS):
            return f"({first} is not M and (type({name}) in SINGLE or {ask}))"
        return f"({first} is M or type({name}) not in SINGLE and {ask})"

    def _truth(self, node: nodes.Truth, want: Verdict) -> str | None:
        if isinstance(node.value, nodes.Boolean):
            return str(node.value.value is (want is Verdict.MATCH))
        fetched = self._value(node.value)
        if fetched is None:
            return None
        first, name = fetched
        return f"({first} is {want is Verdict.MATCH} or type({name}) not in SINGLE and {self._ask(node, want)})"

    # Quantifiers

    def _quantified(self, node: nodes.Quantified, want: Verdict) -> str | None:
        if node.quantifier is Quantifier.ONE or node.spread:
            return None
        fetched = self._value(node.path)
        if fetched is None or any(
            isinstance(part, nodes.Quantified | nodes.Count) for part in tree.walk(node.condition)
        ):
            return None
        first, name = fetched
        some = (node.quantifier is Quantifier.ANY) is (want is Verdict.MATCH)
        sought = Verdict.NO_MATCH if (node.quantifier is Quantifier.ALL) is some else Verdict.MATCH
        return self._loop(node, want, first, name, some=some, sought=sought)

    def _loop(
        self, node: nodes.Quantified, want: Verdict, first: str, name: str, *, some: bool, sought: Verdict
    ) -> str:
        variable = self.unit.fresh("x")
        variables = {**self.variables, node.variable: variable}
        steps = self.steps // ELEMENTS
        inner = Writer(
            self.unit, node.condition, Head(), variables, steps, swift=self.places.swift, mega=self.places.mega
        )
        condition = inner.clause(node.condition, sought)
        function = self.unit.fresh("q")
        outer = list(self.variables.values())
        kept = "".join(f"        {line}\n" for line in inner.places.kept)
        self.unit.add(
            f"def {function}({', '.join(['array', *Head(), *outer])}):\n"
            f"    if len(array) > {ELEMENTS}:\n        raise Slow\n"
            f"    for {variable} in array:\n{kept}"
            f"        if {condition if some else f'not {condition}'}:\n            return {some}\n"
            f"    return {not some}\n"
        )
        call = f"{function}({', '.join([name, *self.head, *outer])})"
        return f"({call} if type({first}) is list else type({name}) not in SINGLE and {self._ask(node, want)})"


def _others(classes: str, operator: str, *, holds: bool) -> str:
    """Return what holds for values of other classes: they are not equal, and have no order with a literal."""
    if operator == "==" and not holds:
        return f"{{v}} is not M and (type({{v}}) in {classes} or {{ask}})"
    return f"type({{v}}) not in {classes} and {{ask}}"


def _bound(literal: object) -> int | float | None:
    """Return a number to compare with whole numbers and floats as the evaluator would; `None` where no such number exists.

    A float stands for its shortest decimal. Comparing floats themselves gives the same where the literal is such a decimal.
    """
    if isinstance(literal, int):
        return literal if abs(literal) <= _EXACT else None
    if isinstance(literal, Decimal) and abs(literal) < _EXACT and Decimal(repr(float(literal))) == literal:
        return float(literal)
    return None
