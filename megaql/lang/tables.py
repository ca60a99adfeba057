"""The tables of a grammar, made by lark; as a program, it writes those of `megaql.lark` beside it: `python -m megaql.lang.tables`.

A maintainer runs it after every change of the grammar. Who forgets it gets a failing test, and a slower start: tables of another grammar than the
one that is there are never used.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lark import Lark
from lark.grammar import NonTerminal, Terminal
from lark.parsers.lalr_analysis import Shift

from megaql.lang import grammar

if TYPE_CHECKING:
    from lark.grammar import Rule

    from megaql.lang.lalr import Shape, Tables


def lark_of(text: str) -> Lark:
    """Return lark's parser of a grammar, which says what is right."""
    return Lark(text, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=True)


def make(text: str) -> Tables:
    """Return the tables of a grammar, the same at every call. No rule of it may be without parts, for a tree has a place in the text."""
    lark = lark_of(text)
    parser: Any = lark.parser  # lark types neither the tables nor the lexer, and shows them nowhere else
    table, lexer = parser.parser._parse_table, parser.lexer.root_lexer  # noqa: SLF001 - as above
    numbers = {rule: number for number, rule in enumerate(lark.rules)}
    states = _in_order(table.states, table.start_states["start"])
    actions = list[dict[str, int]]()
    gotos = list[dict[str, int]]()
    for state in states:
        entries = sorted(table.states[state].items())
        actions.append(
            {
                name: states[target] if action is Shift else -1 - numbers[target]
                for name, (action, target) in entries
                if name.isupper()
            }
        )
        gotos.append({name: states[target] for name, (_, target) in entries if not name.isupper()})
    return {
        "grammar": text,
        "end": states[table.end_states["start"]],
        "terminals": {terminal.name: terminal.pattern.to_regexp() for terminal in lexer.terminals},
        "ignored": sorted(lexer.ignore_types),
        "rules": [_shape(rule) for rule in lark.rules],
        "actions": actions,
        "gotos": gotos,
    }


def _in_order(states: dict[int, dict[str, tuple[Any, Any]]], start: int) -> dict[int, int]:
    """Return new numbers for the states, in the order in which they are reached from the first: lark's are others each time."""
    numbers = {start: 0}
    for state in (reached := [start]):
        for _, (action, target) in sorted(states[state].items()):
            if action is Shift and target not in numbers:
                numbers[target] = len(reached)
                reached.append(target)
    return numbers


def _shape(rule: Rule) -> Shape:
    if not rule.expansion:
        raise ValueError(f"the rule {rule.origin.name} can be empty")
    kept = list[tuple[int, bool, int]]()
    symbols = iter(enumerate(rule.expansion))
    nones = 0
    # True is an optional symbol that this form of the rule leaves out, False one that it has; nothing at all means that it has all.
    for left_out in rule.options.empty_indices or [False] * len(rule.expansion):
        if left_out:
            nones += 1
            continue
        index, symbol = next(symbols)
        if not (isinstance(symbol, Terminal) and symbol.filter_out):
            kept.append((index, isinstance(symbol, NonTerminal) and symbol.name.startswith("_"), nones))
            nones = 0
    return {
        "origin": rule.origin.name,
        "size": len(rule.expansion),
        "name": rule.alias or str(rule.origin.name),
        "single": bool(rule.options.expand1 and not rule.alias),
        "kept": kept,
        "nones": nones,
    }


def to_text(tables: Tables) -> str:
    """Return tables as JSON, a rule or a state a line."""
    lines = []
    for name, value in tables.items():
        if isinstance(value, list) and value and not isinstance(value[0], str):
            rows = ",\n".join(_line(row) for row in value)
            lines.append(f"{_line(name)}: [\n{rows}\n]")
        else:
            lines.append(f"{_line(name)}: {_line(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    grammar.TABLES_FILE.write_text(to_text(make(grammar.text())), encoding="utf-8")
