"""Mistakes inside values: numbers, dates, durations, lists, paths, null, regexes in quotes, keywords as keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang import literals
from megaql.lang.mistakes.failure import COMPARISONS, Failure, replace
from megaql.lang.tokens import TokenKind
from megaql.lang.vocabulary import KEYWORDS, SIZE_UNITS
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

#: Units of time elsewhere, and ours.
UNITS: Final = {
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
}
_UNIT_HINT: Final = "durations are written 500ms 15m 2h30m 7d, sizes 64KiB 1MB"


def date_without_quotes(failure: Failure) -> Diagnostic | None:
    """`2026-01-02`."""
    token = failure.token
    if not re.match(r"\d{4}-\d\d-\d\d", token.text):
        return None
    return replace(token.span, "a date is written in quotes, with a d before them", f'd"{token.text}"', "date")


def malformed_number(failure: Failure) -> Diagnostic | None:
    """`1.2.3`, `01`, `1.`, `0x1F`, `1and`, `5min`, `15M`."""
    token = failure.token
    if token.kind is not TokenKind.NUMBER or not (failure.wants_value or failure.wants_literal):
        return None
    text = token.text
    for pattern, describe in _NUMBER_SHAPES:
        found = re.fullmatch(pattern, text, re.IGNORECASE)
        diagnostic = describe(token.span, found) if found else None
        if diagnostic:
            return diagnostic
    return Diagnostic(
        f"'{text[:40]}' is not a number", token.span, "put it in quotes if it is text", _UNIT_HINT, "number"
    )


def _zeros(span: Span, found: re.Match[str]) -> Diagnostic:
    label = f'write {found[1]}{found[2]}, or "{found[0]}" if it is text'
    return Diagnostic("a number does not begin with a zero", span, label, code="number")


def _exponent(span: Span, _: re.Match[str]) -> Diagnostic:
    return Diagnostic("the exponent of a number has no digits", span, "write some after the e: 1e3", code="number")


def _dotted(span: Span, _: re.Match[str]) -> Diagnostic:
    return Diagnostic(
        "a number has one point at most", span, "put it in quotes if it is text, such as a version", code="number"
    )


def _pointed(span: Span, found: re.Match[str]) -> Diagnostic:
    return replace(span, "digits are missing after the point", f"{found[1]}.0", "number")


def _hexadecimal(span: Span, found: re.Match[str]) -> Diagnostic:
    return replace(span, "numbers are decimal only", str(int(found[0], 16)), "number")


def _united(span: Span, found: re.Match[str]) -> Diagnostic | None:
    amount, unit = found[1], found[2]
    if unit.lower() in KEYWORDS:
        fix = f"{amount} {unit}"
        return replace(span, f"a space is missing between the number and '{unit}'", fix, "number")
    joint = re.match(r"(and|or)(?=[a-z])", unit, re.IGNORECASE)
    if joint:
        fix = f"{amount} {joint[1]} {unit[joint.end() :]}"
        return replace(span, f"spaces are missing around '{joint[1]}'", fix, "number")
    ours = UNITS.get(unit.lower())
    if unit == "M":  # minutes here, months or millions elsewhere
        label = f"write {amount}m for minutes, {amount}MB for a size"
        return Diagnostic("'M' is not a unit", span, label, _UNIT_HINT, "unit")
    if ours:
        return replace(span, f"'{unit}' is not a unit of a duration", f"{amount}{ours}", "unit", _UNIT_HINT)
    if f"{unit.lower()}b" in SIZE_UNITS:
        fix = f"{amount}{SIZE_UNITS[unit.lower() + 'b'][0]}"
        label = f"write {fix} for a size, or the number in full"
        return Diagnostic(f"'{unit}' is not a unit of a size", span, label, _UNIT_HINT, "unit")
    return None


_NUMBER_SHAPES: Final[tuple[tuple[str, Callable[[Span, re.Match[str]], Diagnostic | None]], ...]] = (
    (r"(-?)0x[0-9a-f]{1,16}", _hexadecimal),
    (r"(-?)0+(\d[\d_]*(?:\.\d+)?)", _zeros),
    (r"-?[\d_]+(?:\.[\d_]+){2,}", _dotted),
    (r"-?\d[\d_]*(?:\.\d+)?e[+-]?", _exponent),
    (r"(-?\d[\d_]*)\.", _pointed),
    (r"(-?\d[\d_]*(?:\.\d+)?)([a-z]+)", _united),
)


def number_beside(failure: Failure) -> Diagnostic | None:
    """`.5`, `1,000`, `5 minutes`, `10%`."""
    token, before, after = failure.token, failure.before, failure.after
    if token.kind is TokenKind.NUMBER and before.text == "." and failure.glued and failure.operand_before(-1) is None:
        fix = f"0.{token.text}"
        return replace(Span(before.start, token.end), "a number does not begin with a point", fix, "number")
    if before.kind is not TokenKind.NUMBER or after.text in COMPARISONS:
        return None
    comma = token.text == "," and failure.glued and after.start == token.end and not failure.open_brackets()
    if comma and failure.at(-2).word == "between" and failure.at(2).word != "and":
        return None  # the comma stands between the two ends
    if comma and re.fullmatch(r"\d\d?", after.text):
        fix = f"{before.text}.{after.text}"
        return replace(Span(before.start, after.end), "a number has a point, not a comma", fix, "number")
    if comma and re.fullmatch(r"\d{3}", after.text):
        fix = f"{before.text}_{after.text}"
        return replace(Span(before.start, after.end), "thousands are not separated by commas", fix, "number")
    unit = UNITS.get(token.word)
    if unit and token.kind is TokenKind.WORD:
        fix = f"{before.text}{unit}"
        return replace(Span(before.start, token.end), "a duration is one word", fix, "unit")
    if token.word in SIZE_UNITS:
        fix = f"{before.text}{SIZE_UNITS[token.word][0]}"
        return replace(Span(before.start, token.end), "a size is one word", fix, "unit")
    return None


def signed_number(failure: Failure) -> Diagnostic | None:
    """`+5`, `- 5`."""
    token, after = failure.token, failure.after
    if token.text not in ("+", "-") or after.kind is not TokenKind.NUMBER:
        return None
    if not (failure.wants_value or failure.wants_literal):
        return None
    fix = f"-{after.text}" if token.text == "-" else after.text
    return replace(Span(token.start, after.end), "a number has its minus right before it, and no plus", fix, "number")


_NUMBER_TYPES: Final = frozenset({"int", "integer", "bigint", "float", "double", "numeric", "decimal", "number"})


def cast(failure: Failure) -> Diagnostic | None:
    """`a::int`: PostgreSQL's way to read text as a number."""
    colons, kind, operand = (failure.token, failure.after), failure.at(2), failure.operand_before()
    if [colon.text for colon in colons] != [":", ":"] or kind.word not in _NUMBER_TYPES or operand is None:
        return None
    place = Span(operand.start, kind.end)
    message = "values have no casts; number() reads a text as a number"
    return replace(place, message, f"number({failure.slice(operand)})", "cast")


def index_with_point(failure: Failure) -> Diagnostic | None:
    """`items.0.price`, `a.*.b`, `a..b`, `a?.b`, `a->b`, `a::b`."""
    token, before = failure.token, failure.before
    if before.text == "." and "MEMBER" in failure.expected:
        span = Span(before.start, token.end)
        if token.kind is TokenKind.NUMBER:
            digits = re.match(r"-?\d+", token.text)
            number = digits.group() if digits else token.text
            place = Span(before.start, token.start + len(number))
            hint = f'for a key of that name, write ["{number}"]'
            if digits and token.text[len(number) : len(number) + 1] in ("", "."):
                return replace(place, "an index goes in brackets", f"[{number}]", "index", hint)
            return replace(span, "a key that begins with a digit needs quotes", f'["{token.text}"]', "index")
        if token.text == "*":
            return replace(span, "each element of an array is written [*]", "[*]", "index")
        if token.text == ".":
            return replace(span, "two dots in a row; any depth is written .**", ".**.", "path")
        if token.kind is TokenKind.PARAM:
            return Diagnostic("a parameter cannot be part of a path", token.span, "write the key itself", code="path")
        return None
    if failure.wants_operator and before.kind is TokenKind.WORD and failure.glued:
        arrow = token.text == "-" and failure.after.text == ">"
        doubled = token.text == ":" and failure.after.text == ":"
        if token.text == "?." or arrow or doubled:
            span = Span(token.start, failure.after.end if arrow or doubled else token.end)
            return replace(span, "a dot leads to a key; one that is missing is not an error", ".", "path")
    return None


def quoted_head(failure: Failure) -> Diagnostic | None:
    """`"weird key".x`: without the leading point it is a string."""
    string = failure.before
    if string.kind is not TokenKind.STRING or failure.token.text not in (".", "[") or not failure.glued:
        return None
    return replace(
        string.span,
        "a string has no keys; a path can begin with a quoted key after a dot",
        f".{string.text}",
        "path",
        "with a dot before it, a quoted key can begin a path",
    )


def word_for_null(failure: Failure) -> Diagnostic | None:
    """`a == None`."""
    token = failure.token
    if token.word == "none" and (failure.before.text in COMPARISONS or failure.before.word == "not"):
        return replace(
            token.span, f"'{token.text}' is a quantifier; the missing value is called null", "null", "foreign-null"
        )
    return None


def negated_operand(failure: Failure) -> Diagnostic | None:
    """`a == not b`, `a == exists b`: a condition where a value belongs."""
    token = failure.token
    if failure.before.text not in COMPARISONS:
        return None
    if token.word in ("not", "!"):
        return Diagnostic(
            "'not' goes before a whole condition, not before a value",
            token.span,
            "write it at the beginning: not a == b",
            code="not",
        )
    if token.word in ("exists", "missing", "empty"):
        operand = failure.operand_after()
        meant = f"{token.word} {failure.slice(operand) if operand else 'path'}"
        return Diagnostic(f"'{token.word}' is a condition, not a value", token.span, f"write {meant} alone", code="not")
    return None


def keyword_as_key(failure: Failure) -> Diagnostic | None:
    """`any == 1`, `in.x == 1`: a key that is spelled like a keyword."""
    token, before, after = failure.token, failure.before, failure.after
    if token.kind is TokenKind.WORD and token.word in KEYWORDS and (failure.wants_value or failure.wants_condition):
        follows = (
            after.text in COMPARISONS or after.text in (".", "[") or after.word in ("is", "startswith", "endswith")
        )
        keyword = token if follows and failure.before.text not in COMPARISONS else None
    else:
        follows = token.text in COMPARISONS or (token.text == "[" and failure.glued)
        opens = before.word in ("exists", "missing", "empty", "any", "all", "none", "one")
        keyword = before if follows and opens and before.kind is TokenKind.WORD else None
    if keyword is None or (keyword.word in ("and", "or", "not") and after.text in COMPARISONS):
        return None
    fix = f".{keyword.text}"
    return replace(keyword.span, f"'{keyword.text}' is a keyword, so no key can begin with it", fix, "keyword")


def regex_in_quotes(failure: Failure) -> Diagnostic | None:
    """`a ~ "x"`, `a ~ x`."""
    token = failure.token
    if "REGEX" not in failure.expected or token.kind is TokenKind.END:
        return None
    if token.text == "=" and failure.glued:
        place = Span(failure.before.start, token.end)
        return replace(place, f"'{failure.slice(place)}' is not an operator", failure.before.text, "operator")
    if token.kind is TokenKind.STRING:
        return replace(token.span, "a regex is written between slashes", literals.regex_for(token.text), "regex")
    if token.kind is TokenKind.WORD:
        bare = failure.source.text[token.start :].split()[0].rstrip(")").replace("/", "\\/")
        label = f"write /{bare}/ for that text, or $name for a parameter"
        return Diagnostic("'~' takes a regex between slashes", token.span, label, code="regex")
    if token.text in ("^", ".", "*", "(", "[", "\\"):
        return Diagnostic("'~' takes a regex between slashes", token.span, "write ~ /.../", code="regex")
    return None


_UUID: Final = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")


def uuid_without_quotes(failure: Failure) -> Diagnostic | None:
    """`id == 550e8400-e29b-41d4-a716-446655440000`."""
    here = (
        found for found in _UUID.finditer(failure.source.text) if found.start() <= failure.token.start < found.end()
    )
    found = next(here, None)
    if found is None or failure.token.kind is TokenKind.END:
        return None
    return replace(Span(*found.span()), "a UUID is written in quotes", f'"{found[0]}"', "uuid")


def network_without_quotes(failure: Failure) -> Diagnostic | None:
    """`a in cidr 10.0.0.0/8`."""
    if failure.before.word != "cidr" or failure.token.kind is TokenKind.END:
        return None
    found = re.match(r"[0-9a-fA-F:.]+(?:/\d+)?", failure.source.text[failure.token.start :])
    if found is None:
        return None
    place = Span(failure.token.start, failure.token.start + found.end())
    return replace(place, "a network is written in quotes", literals.write_string(found[0]), "cidr-operand")


def regex_out_of_place(failure: Failure) -> Diagnostic | None:
    """`a == /x/`, `a in [/x/]`, `a ~ /x/ or /y/`, `/x/`."""
    token, before = failure.token, failure.before
    if token.kind is not TokenKind.REGEX or not (failure.wants_value or failure.wants_literal):
        return None
    if before.text in COMPARISONS:
        fix = "!~" if before.text in ("!=", "<>", "!==") else "~"
        return replace(before.span, f"'{before.text}' does not take a regex", fix, "regex")
    if before.word in ("startswith", "endswith", "contains", "like"):
        regex = {"startswith": "/^...", "endswith": "...$/"}.get(before.word, "/.../")
        return Diagnostic(f"'{before.word}' does not take a regex", before.span, f"write ~ {regex}", code="regex")
    if before.text in ("[", ","):
        return Diagnostic("a list cannot hold a regex", token.span, "write one regex with |: a ~ /x|y/", code="regex")
    if failure.wants_condition:
        path = _matched_before(failure)
        return Diagnostic("a regex alone is not a condition", token.span, f"write {path} ~ {token.text}", code="regex")
    return None


def _matched_before(failure: Failure) -> str:
    """Return the text of the path that the condition before `and` or `or` matches, as in `a ~ /x/ or /y/`."""
    if failure.at(-3).text in ("~", "!~"):
        operand = failure.operand_before(-3)
        if operand:
            return failure.slice(operand)
    return "path"


def list_mistakes(failure: Failure) -> Diagnostic | None:
    """`a in ("x", "y")`, `a in {1, 2}`, `in "x", "y"`, `[1 2]`, `[a, b]`."""
    token = failure.token
    stack = failure.open_brackets()
    opening = stack[-1] if stack else None
    if token.text == "{" and failure.before.word == "in":
        return Diagnostic("a list is written in square brackets", token.span, "write [1, 2]", code="list")
    if token.text == "," and opening and opening.text == "(":
        place = failure.tokens.index(opening)
        span = failure.operand_after(place - failure.index - 1)
        if place and failure.tokens[place - 1].word == "in":
            fix = f"[{failure.slice(span)[1:-1]}]" if span else "["
            return replace(span or opening.span, "a list is written in square brackets", fix, "list")
    if opening is None or opening.text != "[":
        return None
    if failure.expected == {"COMMA", "RSQB"} and token.kind in (TokenKind.NUMBER, TokenKind.STRING, TokenKind.PARAM):
        point = Span(token.start, token.start)
        return Diagnostic(
            "a comma is missing between the items of the list", point, "write ',' here", code="list", fix=", "
        )
    if token.text == ";" and "COMMA" in failure.expected:
        return replace(token.span, "the items of a list are separated by commas", ",", "list")
    if failure.wants_literal and token.kind is TokenKind.WORD and failure.source.text[token.start :] != token.text:
        path = failure.operand_after(-1) or token.span
        fix = literals.write_string(failure.slice(path))
        return replace(
            path, "a list holds literals, not paths", fix, "list", "for an array in the message, write a in path"
        )
    return None


def default_mistakes(failure: Failure) -> Diagnostic | None:
    """`a ?? b`, `lower(a) ?? "x"`."""
    token = failure.token
    if failure.before.text == "??" and token.kind in (TokenKind.WORD, TokenKind.ENVELOPE):
        return Diagnostic("a default is a literal, not another path", token.span, "write a value: ?? 0", code="default")
    if token.text == "??":
        operand = failure.operand_before()
        left = failure.slice(operand) if operand else ""
        call = re.fullmatch(r"(\w+)\((.*)\)", left, re.DOTALL)
        label = f"write {call[1]}({call[2]} ?? ...)" if call else "leave it out"
        return Diagnostic("a default goes right after a path", token.span, label, code="default")
    return None


RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    date_without_quotes,
    uuid_without_quotes,
    network_without_quotes,
    malformed_number,
    number_beside,
    signed_number,
    cast,
    index_with_point,
    quoted_head,
    word_for_null,
    negated_operand,
    regex_in_quotes,
    regex_out_of_place,
    list_mistakes,
    default_mistakes,
    keyword_as_key,
)
