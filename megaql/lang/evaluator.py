"""The meaning of the language, as plainly as it can be written: a query and a record in, one of three verdicts out.

This is the reference that every faster matcher is tested against, so a maintainer keeps it plain: one function per kind of node,
the rules of `docs/language.md` in their words, no shortcut that a reader must prove. It is total: whatever the document, the
answer is a verdict. A negated operator is evaluated as its positive form and then negated, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from megaql.lang import cidr, functions
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.compare import relate
from megaql.lang.findings import Finding, any_of
from megaql.lang.functions import Clock
from megaql.lang.kinds import CountRange, Kind, kind, text
from megaql.lang.nodes import (
    And,
    Between,
    Boolean,
    Call,
    Clause,
    Compare,
    Comparison,
    Count,
    Date,
    Deep,
    Default,
    Duration,
    Each,
    In,
    InCidr,
    IsKind,
    ListLiteral,
    Matches,
    Not,
    Null,
    Number,
    Opaque,
    Or,
    Param,
    Path,
    Presence,
    PresenceTest,
    Quantified,
    Quantifier,
    Regex,
    Size,
    String,
    TextTest,
    Truth,
    Value,
)
from megaql.lang.operands import literal, lookup_key, options
from megaql.lang.paths import Found, elements, leaves, nested, resolve
from megaql.lang.predicates import (
    call_opaque,
    decided,
    exists,
    has_content,
    has_kind,
    is_array,
    is_true,
    text_holds,
    unknowable,
)
from megaql.lang.reasons import STEP_BUDGET, Reason, not_a, unordered
from megaql.lang.record import MISSING, Record
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from megaql.lang.findings import Answer

#: Answers for the values an operator looks at, each with the value it is about.
Attempts: TypeAlias = "Iterator[tuple[Answer, Found]]"


def evaluate(clause: Clause, record: Record, *, now: datetime | None = None) -> Verdict:
    """Return the verdict of a clause on a record; `now` is what `now()` and `age()` count from. Never raises for any data."""
    return decide(clause, record, now=now).verdict


def decide(clause: Clause, record: Record, *, now: datetime | None = None) -> Finding:
    """Return the verdict with its reason and the values it rests on. Never raises for any data."""
    return Evaluation(record, now).decide(clause)


class Evaluation:
    """One clause on one record. `explain` follows it by overriding `clause`, `judge` and `passed_over`, and changes no verdict."""

    def __init__(self, record: Record, now: datetime | None = None) -> None:
        self.record = record
        self.clock = Clock(now)
        self.budget = Budget()
        self.variables: Mapping[str, Found] = {}

    def decide(self, clause: Clause) -> Finding:
        """Evaluate the whole query within the budget."""
        try:
            return self.clause(clause)
        except OutOfBudget:
            return Finding(Verdict.UNKNOWN, STEP_BUDGET)

    def clause(self, node: Clause) -> Finding:  # noqa: C901, PLR0912 - one case per kind of clause
        """Evaluate one clause."""
        self.budget.spend()
        match node:
            case And():
                return self._junction(node.items, decisive=Verdict.NO_MATCH)
            case Or():
                return self._junction(node.items, decisive=Verdict.MATCH)
            case Not():
                return self.clause(node.item).negated()
            case Compare():
                return self._compare(node)
            case In():
                return self._in(node)
            case Matches():
                return self._matches(node)
            case TextTest():
                return self._text_test(node)
            case Between():
                return self._between(node)
            case IsKind():
                return self._is_kind(node)
            case InCidr():
                return self._in_cidr(node)
            case PresenceTest():
                return self._presence(node)
            case Quantified():
                return self._quantified(node)
            case Truth():
                return self._truth(node)
            case Opaque():
                return self._opaque(node)
            case _:
                assert_never(node)

    # Clauses of clauses

    def _junction(self, items: Sequence[Clause], *, decisive: Verdict) -> Finding:
        """Kleene's `and` (NO_MATCH decides) and `or` (MATCH decides): without a decisive item, one unknown makes all unknown."""
        unknown: Finding | None = None
        for position, item in enumerate(items, 1):
            finding = self.clause(item)
            if finding.verdict is decisive:
                self.passed_over(items[position:])
                return Finding(decisive)
            if unknown is None and finding.verdict is Verdict.UNKNOWN:
                unknown = finding
        return Finding(decisive.negated) if unknown is None else Finding(Verdict.UNKNOWN, unknown.cause)

    def passed_over(self, items: Sequence[Clause]) -> None:
        """Take note of clauses that need no evaluation, because the ones before them decided."""

    def judge(self, condition: Clause, variable: str, element: Found) -> Finding:
        """Evaluate the condition of a quantifier with its variable standing for one element."""
        outer = self.variables
        self.variables = {**outer, variable: element}
        try:
            return self.clause(condition)
        finally:
            self.variables = outer

    def _quantified(self, node: Quantified) -> Finding:
        matches = 0
        unknown: Finding | None = None
        for element in self._elements(node):
            if isinstance(element.value, Reason):
                finding = Finding(Verdict.UNKNOWN, element.value)
            else:
                finding = self.judge(node.condition, node.variable, element)
            matches += finding.verdict is Verdict.MATCH
            if (settled := decided(node.quantifier, finding.verdict, matches)) is not None:
                return Finding(settled, None, element)
            if unknown is None and finding.verdict is Verdict.UNKNOWN:
                unknown = finding._replace(decider=element)
        if unknown is not None:
            return Finding(Verdict.UNKNOWN, unknown.cause, unknown.decider)
        match node.quantifier:
            case Quantifier.ANY:
                return Finding(Verdict.NO_MATCH)
            case Quantifier.ALL | Quantifier.NONE:
                return Finding(Verdict.MATCH)
            case Quantifier.ONE:
                return Finding(Verdict.MATCH if matches == 1 else Verdict.NO_MATCH)
            case _:
                assert_never(node.quantifier)

    def _elements(self, node: Quantified | Count) -> Iterator[Found]:
        """Yield what a quantifier looks at; a reason stands for what is missing or no array.

        With `in` these are the elements of the arrays its path leads to; a path that ends in `[*]` or `**` already leads to elements.
        """
        path = node.path
        already = bool(path.segments) and isinstance(path.segments[-1], Each | Deep)
        for found in self.values(path):
            if (why := unknowable(found, path)) is not None:
                yield found._replace(value=why)
            elif node.spread:
                yield from leaves(found, self.budget)
            elif already:
                yield found
            elif kind(found.value) is Kind.ARRAY:
                yield from elements(found, self.budget)
            else:
                yield found._replace(value=not_a(path, found.value, "an array"))

    # Clauses of values

    def _compare(self, node: Compare) -> Finding:
        lefts, rights = self.values(node.left), self.values(node.right)
        negated = node.operator is Comparison.NE
        operator = Comparison.EQ if negated else node.operator
        finding = any_of(self._compare_each(node, operator, lefts, rights), lefts, rights)
        return finding.negated() if negated else finding

    def _compare_each(
        self, node: Compare, operator: Comparison, lefts: Sequence[Found], rights: Sequence[Found]
    ) -> Attempts:
        pairs = self._equal_pairs if operator is Comparison.EQ else self._ordered_pairs
        for left in lefts:
            for right in rights:
                if (why := unknowable(left, node.left) or unknowable(right, node.right)) is not None:
                    yield why, left if left.where else right
                    continue
                for one, other in pairs(left, right):
                    answer = relate(operator, one.value, other.value, self.budget)
                    yield (
                        unordered(node.left, one.value, node.right, other.value) if answer is None else answer,
                        one if one.where else other,
                    )

    def _equal_pairs(self, left: Found, right: Found) -> Iterator[tuple[Found, Found]]:
        """Yield what `==` compares: the whole values first, then each element of an array of the document with the other."""
        yield left, right
        if is_array(left):
            for element in nested(left, self.budget):
                yield element, right
        if is_array(right):
            for element in nested(right, self.budget):
                yield left, element

    def _ordered_pairs(self, left: Found, right: Found) -> Iterator[tuple[Found, Found]]:
        for one in self._leaves(left):
            for other in self._leaves(right):
                yield one, other

    def _leaves(self, found: Found) -> Iterator[Found]:
        """Yield the values that an operator looks at: a list that the query wrote stays whole."""
        return leaves(found, self.budget) if found.where else iter((found,))

    def _between(self, node: Between) -> Finding:
        values, lows, highs = self.values(node.value), self.values(node.low), self.values(node.high)
        finding = any_of(self._between_each(node, values, lows, highs), values, lows, highs)
        return finding.negated() if node.negated else finding

    def _between_each(
        self, node: Between, values: Sequence[Found], lows: Sequence[Found], highs: Sequence[Found]
    ) -> Attempts:
        """Both ends hold for one element: `value >= low and value <= high`."""
        for value in values:
            for one in self._leaves(value):
                at_least = any_of(self._end(Comparison.GE, node.value, one, node.low, lows))
                at_most = any_of(self._end(Comparison.LE, node.value, one, node.high, highs))
                if Verdict.NO_MATCH in {at_least.verdict, at_most.verdict}:
                    yield False, one
                else:
                    yield at_least.cause or at_most.cause or True, one

    def _end(
        self, operator: Comparison, value_node: Value, value: Found, end_node: Value, ends: Sequence[Found]
    ) -> Attempts:
        return self._compare_each(Compare(operator, value_node, end_node), operator, (value,), ends)

    def _in(self, node: In) -> Finding:
        items = self.values(node.item)
        if isinstance(node.options, ListLiteral):
            finding = any_of(self._in_list(node.item, items, node.options), items)
        else:
            arrays = self.values(node.options)
            finding = any_of(self._in_arrays(node, items, arrays), items, arrays)
        return finding.negated() if node.negated else finding

    def _in_list(self, node: Value, items: Sequence[Found], listed: ListLiteral) -> Attempts:
        ready = options(listed)
        for item in items:
            if (why := unknowable(item, node)) is not None:
                yield why, item
                continue
            for one in self._whole_and_nested(item):
                key = lookup_key(one.value)
                if key is not None:
                    yield key in ready.scalars or self._is_folded_in(one.value, ready.folded), one
                for candidate in ready.others if key is not None else ready.every():
                    yield self._equals(node, one, listed, Found(candidate)), one

    def _is_folded_in(self, value: object, texts: frozenset[str]) -> bool:
        if not texts or kind(value) is not Kind.STRING:
            return False
        self.budget.spend_on(text(value))
        return text(value).casefold() in texts

    def _in_arrays(self, node: In, items: Sequence[Found], arrays: Sequence[Found]) -> Attempts:
        for item in items:
            for array in arrays:
                if (why := unknowable(item, node.item) or unknowable(array, node.options)) is not None:
                    yield why, item
                elif kind(array.value) is not Kind.ARRAY:
                    yield not_a(node.options, array.value, "an array"), item
                else:
                    for one in self._whole_and_nested(item):
                        for option in nested(array, self.budget):
                            yield self._equals(node.item, one, node.options, option), one if one.where else option

    def _whole_and_nested(self, found: Found) -> Iterator[Found]:
        yield found
        if is_array(found):
            yield from nested(found, self.budget)

    def _equals(self, left_node: Value, left: Found, right_node: Value, right: Found) -> Answer:
        if isinstance(right.value, Reason):
            return right.value
        answer = relate(Comparison.EQ, left.value, right.value, self.budget)
        return unordered(left_node, left.value, right_node, right.value) if answer is None else answer

    def _matches(self, node: Matches) -> Finding:
        values = self.values(node.value)
        finding = any_of(self._search_each(node, values), values)
        return finding.negated() if node.negated else finding

    def _search_each(self, node: Matches, values: Sequence[Found]) -> Attempts:
        from megaql.lang import regexes  # noqa: PLC0415 - RE2 and what is about it take long to import, and most queries have no regex

        for value in self._strings(node.value, values):
            if isinstance(value.value, Reason):
                yield value.value, value
            elif isinstance(node.regex, Param):
                yield Reason((node.regex, " has no value")), value
            else:
                self.budget.spend_on(text(value.value))
                try:
                    yield regexes.search(node.regex, text(value.value)), value
                except regexes.PatternError:
                    yield Reason((node.regex, " is no regex of this dialect")), value

    def _strings(self, node: Value, values: Sequence[Found]) -> Iterator[Found]:
        """Yield the strings among the values and the elements of arrays, and a reason for each value that is none."""
        for value in values:
            if (why := unknowable(value, node)) is not None:
                yield value._replace(value=why)
                continue
            for one in self._leaves(value):
                if kind(one.value) is Kind.STRING:
                    self.budget.spend()
                    yield one
                else:
                    yield one._replace(value=not_a(node, one.value, "a string"))

    def _text_test(self, node: TextTest) -> Finding:
        values, texts = self.values(node.value), self.values(node.operand)
        finding = any_of(self._text_test_each(node, values, texts), values, texts)
        return finding.negated() if node.negated else finding

    def _text_test_each(self, node: TextTest, values: Sequence[Found], texts: Sequence[Found]) -> Attempts:
        for value in self._strings(node.value, values):
            for operand in self._strings(node.operand, texts):
                why = next((one.value for one in (value, operand) if isinstance(one.value, Reason)), None)
                if why is None:
                    self.budget.spend_on(text(value.value), text(operand.value))
                yield why or text_holds(node.operator, value.value, operand.value), value

    def _is_kind(self, node: IsKind) -> Finding:
        values = self.values(node.value)
        finding = any_of(((has_kind(node, value), value) for value in values), values)
        return finding.negated() if node.negated else finding

    def _in_cidr(self, node: InCidr) -> Finding:
        values = self.values(node.value)
        finding = any_of(self._in_cidr_each(node, values), values)
        return finding.negated() if node.negated else finding

    def _in_cidr_each(self, node: InCidr, values: Sequence[Found]) -> Attempts:
        network = cidr.network(node.network.value) if isinstance(node.network, String) else None
        for value in self._strings(node.value, values):
            if isinstance(value.value, Reason):
                yield value.value, value
            elif network is None:
                yield Reason((node.network, " is no network")), value
            elif (address := cidr.address(text(value.value))) is None:
                yield Reason((node.value, " is a string that is no IP address")), value
            else:
                yield address in network, value

    def _presence(self, node: PresenceTest) -> Finding:
        values = self.values(node.path)
        match node.test:
            case Presence.EXISTS:
                return exists(values)
            case Presence.MISSING:
                return exists(values).negated()
            case Presence.EMPTY:
                # The negation of "something in it", so that any value that is not empty decides.
                return any_of(((has_content(value), value) for value in values), values).negated()
            case _:
                assert_never(node.test)

    def _truth(self, node: Truth) -> Finding:
        values = self.values(node.value)
        return any_of(((is_true(node.value, value), value) for value in values), values)

    def _opaque(self, node: Opaque) -> Finding:
        values = self.values(node.path)
        return any_of(((call_opaque(node, value), value) for value in values), values)

    # Values

    def values(self, node: Value) -> Sequence[Found]:
        """Return what a value of the query stands for in this record: none, one or many."""
        match node:
            case Path():
                return resolve(node, self.record, self.variables, self.budget)
            case Default():
                fallback = Found(literal(node.fallback))
                found = resolve(node.path, self.record, self.variables, self.budget)
                return [fallback if one.value is MISSING else one for one in found] or [fallback]
            case Call():
                arguments = [self.values(argument) for argument in node.arguments]
                return functions.call(node, arguments, self.clock, self.budget)
            case Count():
                return [Found(self._count(node))]
            case (
                Null()
                | Boolean()
                | Number()
                | String()
                | Regex()
                | Date()
                | Duration()
                | Size()
                | ListLiteral()
                | Param()
            ):
                return [Found(literal(node))]
            case _:
                assert_never(node)

    def _count(self, node: Count) -> object:
        """Count the elements that match; conditions that are unknown leave a range, an operand that is no array a reason."""
        matches = unknown = 0
        for element in self._elements(node):
            if isinstance(element.value, Reason):
                return element.value
            verdict = self.judge(node.condition, node.variable, element).verdict
            matches += verdict is Verdict.MATCH
            unknown += verdict is Verdict.UNKNOWN
        return CountRange(matches, matches + unknown) if unknown else matches
