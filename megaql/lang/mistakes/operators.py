"""Mistakes between values: operators of other languages, words that are none, arithmetic, chains, missing operands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang import literals
from megaql.lang.mistakes.failure import COMPARISONS, Failure, replace
from megaql.lang.mistakes.values import UNITS
from megaql.lang.tokens import Token, TokenKind
from megaql.lang.vocabulary import KEYWORDS, nearest
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

#: Signs that are operators elsewhere, and ours.
_SIGNS: Final = {
    "=": "==",
    "===": "==",
    ":=": "==",
    "!==": "!=",
    "<>": "!=",
    "=~": "~",
    "=<": "<=",
    "=>": ">=",
    ":": "==",
    "<=>": "==",
}

#: Words that are operators elsewhere, and ours.
_WORDS: Final = {
    **dict.fromkeys(("eq", "equals", "equal", "equalto", "=="), "=="),
    **dict.fromkeys(("ne", "neq", "noteq", "unequal", "differs"), "!="),
    **dict.fromkeys(("gt", "greater", "above", "after", "more", "over"), ">"),
    **dict.fromkeys(("lt", "less", "below", "before", "under"), "<"),
    **dict.fromkeys(("ge", "gte", "atleast"), ">="),
    **dict.fromkeys(("le", "lte", "atmost"), "<="),
    **dict.fromkeys(("matches", "match", "regex", "regexp", "rlike", "similar"), "~"),
    **dict.fromkeys(("includes", "include", "has", "contain", "containing", "icontains"), "contains"),
    **dict.fromkeys(
        ("begins", "beginswith", "begins_with", "starts", "starts_with", "starts-with", "prefix"), "startswith"
    ),
    **dict.fromkeys(("ends", "ends_with", "ends-with", "suffix"), "endswith"),
    **dict.fromkeys(("ilike", "glob"), "like"),
    **dict.fromkeys(("within", "oneof", "one_of", "anyof", "any_of", "element"), "in"),
    "cidr": "in cidr",
    "isnull": "is null",
    **dict.fromkeys(("notnull", "isnotnull"), "is not null"),
    **dict.fromkeys(("notin", "nin", "not_in"), "not in"),
    **dict.fromkeys(("then", "plus", "but", "while"), "and"),
    **dict.fromkeys(("else", "otherwise"), "or"),
}
_OPERATOR_WORDS: Final = ("between", "contains", "endswith", "startswith", "like", "in", "is", "not", "and", "or")
_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%", "**", "^"})


def anything(failure: Failure) -> Diagnostic | None:
    """`a = *`, `a: *`, `a == *`: a wildcard for any value."""
    operator_first = failure.token.text in ("=", ":", "==") and failure.after.text == "*"
    star_first = failure.token.text == "*" and failure.before.text in COMPARISONS
    if not operator_first and not star_first:
        return None
    path = failure.operand_before(0 if operator_first else -1)
    star = failure.after if operator_first else failure.token
    if path is None:
        return None
    operator = failure.token if operator_first else failure.before
    test = "missing" if operator.text in ("!=", "<>") else "exists"
    fix = f"{test} {failure.slice(path)}"
    return Diagnostic(
        "'*' is not a value; 'exists' asks whether there is one",
        Span(path.start, star.end),
        f"replace with {fix}",
        code="any-value",
        fix=fix,
    )


def chained(failure: Failure) -> Diagnostic | None:
    """`a < b < c`."""
    token = failure.token
    if token.text not in COMPARISONS or not failure.wants_joint:
        return None
    middle, right = failure.operand_before(), failure.operand_after()
    if middle is None:
        return None
    inner = next((place for place in range(failure.index - 1, -1, -1) if failure.tokens[place].end <= middle.start), -1)
    first = failure.tokens[inner] if inner >= 0 else None
    left = failure.operand_before(inner - failure.index) if first else None
    if first is None or left is None or right is None or first.text not in COMPARISONS:
        return None
    low, value, high = (failure.slice(span) for span in (left, middle, right))
    pair = f"{low} {first.text} {value} and {value} {token.text} {high}"
    if first.text[0] == token.text[0] and first.text[0] in "<>":
        ends = (low, high) if first.text[0] == "<" else (high, low)
        label = f"write {value} between {ends[0]} and {ends[1]}"
        closed = first.text == token.text and first.text in ("<=", ">=")
        hint = "" if closed else f"between includes both ends; otherwise write {pair}"
        fix = label.removeprefix("write ") if closed else None
        place = Span(left.start, right.end)
        return Diagnostic("comparisons do not chain; each has two sides", place, label, hint, "chain", fix=fix)
    return Diagnostic(
        "comparisons do not chain; each has two sides", Span(left.start, right.end), f"write {pair}", code="chain"
    )


def sign(failure: Failure) -> Diagnostic | None:
    """`=`, `=~`, `<>`, `===` and other signs for an operator."""
    token = failure.token
    if not failure.wants_operator or token.text not in _SIGNS:
        return None
    if token.text == "=" and failure.after.text == "!" and failure.after.start == token.end:
        place = Span(token.start, failure.after.end)
        return replace(place, "'=!' is not an operator here; did you mean '!='?", "!=", "operator")
    fix = _SIGNS[token.text]
    if fix == "==" and failure.after.kind is TokenKind.REGEX:
        fix = "~"
    if fix == "~" and failure.after.kind is TokenKind.STRING:
        fix = f"~ {literals.regex_for(failure.after.text)}"
        place = Span(token.start, failure.after.end)
        return replace(place, f"'{token.text}' is not an operator here, and a regex has no quotes", fix, "operator")
    return replace(token.span, f"'{token.text}' is not an operator here; did you mean '{fix}'?", fix, "operator")


def negated_sign(failure: Failure) -> Diagnostic | None:
    """`a not == 1`, `a not is null`, `a not null`, `a not ~ /x/`."""
    token, negation = failure.token, failure.before
    if negation.word not in ("not", "!") or "_IN" not in failure.expected or failure.wants_condition:
        return None
    fixes = {"=": "!=", "==": "!=", "equals": "!=", "eq": "!=", "~": "!~", "=~": "!~", "matches": "!~", "is": "is not"}
    span = Span(negation.start, token.end)
    fix = fixes.get(token.word)
    if token.word in ("null", "string", "number", "boolean", "array", "object", "nan"):
        fix = f"is not {token.word}"
    if token.word in ("exists", "exist", "present", "defined"):
        path = failure.operand_before(-1)
        if path:
            return replace(
                Span(path.start, token.end),
                "'missing' before the path asks for absence",
                f"missing {failure.slice(path)}",
                "presence",
            )
    if fix:
        return replace(span, f"'{failure.slice(span)}' is not an operator", fix, "operator")
    return None


def presence_behind(failure: Failure) -> Diagnostic | None:
    """`a exists`, `a missing`."""
    token = failure.token
    tests = {"exists": "exists", "exist": "exists", "missing": "missing", "empty": "empty", "present": "exists"}
    path = failure.operand_before()
    if not failure.wants_operator or token.word not in tests or path is None:
        return None
    test = tests[token.word]
    fix = f"{test} {failure.slice(path)}"
    return replace(Span(path.start, token.end), f"'{test}' goes before the path", fix, "presence")


def presence_parentheses(failure: Failure) -> Diagnostic | None:
    """`exists(a.b)`."""
    if failure.token.text != "(" or failure.before.word not in ("exists", "missing", "empty"):
        return None
    inside = failure.operand_after(-1)
    text = failure.slice(inside)[1:-1].strip() if inside else "path"
    fix = f"{failure.before.word} {text}"
    place = Span(failure.before.start, inside.end if inside else failure.token.end)
    return replace(place, f"'{failure.before.word}' takes a path without parentheses", fix, "presence")


def presence_compared(failure: Failure) -> Diagnostic | None:
    """`exists a == 1`: two conditions in one."""
    path = failure.operand_before()
    if not failure.wants_joint or failure.token.text not in COMPARISONS or path is None:
        return None
    test = next((token for token in reversed(failure.tokens[: failure.index]) if token.end <= path.start), None)
    if test is None or test.word not in ("exists", "missing", "empty"):
        return None
    return Diagnostic(
        f"'{test.word} {failure.slice(path)}' is a whole condition already",
        test.span,
        f"leave '{test.word}' out; a comparison holds only where the path exists",
        code="presence",
    )


def quantifier(failure: Failure) -> Diagnostic | None:
    """`any x in P: x.a > 1`, `any x in P (…)`, `any(…)`, `any P: (…)`, `some x in P: (…)`."""
    token, before = failure.token, failure.before
    elsewhere = {"some": "any", "exist": "any", "every": "all", "each": "all", "forall": "all", "no": "none"}
    if failure.wants_operator and before.word in elsewhere and failure.after.word == "in":
        fix = elsewhere[before.word]
        return replace(before.span, f"'{before.text}' is not a quantifier", fix, "quantifier")
    if failure.expected == {"LPAR"} and token.kind is not TokenKind.END:
        rest = failure.tokens[failure.index :]
        simple = len(rest) > 1 and not any(part.text in ")]" or part.word in ("and", "or") for part in rest[:-1])
        whole = failure.text(token.start, rest[-1].start)
        label = f"write ({whole})" if simple else "put ( before it and ) where the condition ends"
        return Diagnostic("the condition of a quantifier goes in parentheses", token.span, label, code="quantifier")
    if "COLON" in failure.expected and token.kind is not TokenKind.END:
        point = Span(before.end, before.end)
        label = "write ':' here" if token.text == "(" else "write ':' and the condition in parentheses"
        return Diagnostic("a colon is missing after the path of a quantifier", point, label, code="quantifier")
    if failure.expected == {"_IN", "OF"} and token.kind is not TokenKind.END:
        if token.kind is TokenKind.WORD:
            point = Span(token.start, token.start)
            return Diagnostic(
                f"'in' is missing after {before.text}", point, "write 'in' here", code="quantifier", fix="in "
            )
        path = failure.operand_after(-2) or before.span
        array, dot, key = failure.slice(path).rpartition(".")
        if dot and token.text in (".", "["):
            label = f"write {failure.at(-2).text} x in {array}: (x.{key} ...)"
            return Diagnostic("a quantifier names the element it looks at", path, label, code="quantifier")
        fix = f"x in {failure.slice(path)}"
        return replace(path, "a quantifier names the element it looks at", fix, "quantifier")
    if failure.expected == {"NAME"} and token.kind is not TokenKind.END:
        label = f"write {before.word} x in path: (x.key == 1)"
        return Diagnostic("a quantifier names the element it looks at", before.span, label, code="quantifier")
    return None


def kind_of_value(failure: Failure) -> Diagnostic | None:
    """`a is 5`, `a is "x"`."""
    if "KIND" not in failure.expected or failure.token.kind is TokenKind.END:
        return None
    negated = failure.before.word == "not"
    place = Span(failure.at(-2).start if negated else failure.before.start, failure.before.end)
    hint = "'is' asks for null, string, number, boolean, array, object or nan"
    return replace(place, "'is' asks for a kind of value, not for a value", "!=" if negated else "==", "is", hint)


def bounds(failure: Failure) -> Diagnostic | None:
    """`between 1, 10`, `between 1 10`, `between 1 to 10`, `between [1, 10]`."""
    token = failure.token
    if "_AND" in failure.expected and "_OR" not in failure.expected and token.kind is not TokenKind.END:
        separator = token.text in (",", "-", "..", ":") or token.word in ("to", "through", "until")
        place = token.span if separator else Span(token.start, token.start)
        label = "replace with 'and'" if separator else "write 'and' here"
        fix = " and" if token.text == "," else "and" if token.word in ("to", "through") else None
        if failure.glued and token.text == "," and re.match(r"\d{3}", failure.after.text):
            fix = None  # one number with its thousands, or two
        return Diagnostic("the two ends of 'between' are joined by 'and'", place, label, code="between", fix=fix)
    return None


def bounds_in_brackets(failure: Failure) -> Diagnostic | None:
    """`between [1, 10]`, `between (1, 10)`."""
    places = (place for place in range(failure.index - 1, -1, -1) if failure.tokens[place].word == "between")
    place = next(places, None)
    if place is None or failure.tokens[place + 1].text not in ("[", "(") or "_OR" in failure.expected:
        return None
    span = failure.operand_after(place - failure.index)
    if span is None or span.end < failure.token.start:
        return None
    low, comma, high = failure.slice(span)[1:-1].partition(",")
    message = "'between' takes its two ends without brackets"
    if not (comma and low.strip() and high.strip()) or "," in high:
        return Diagnostic(message, span, "write both ends: 1 and 10", code="between")
    return replace(span, message, f"{low.strip()} and {high.strip()}", "between")


def star_without_quotes(failure: Failure) -> Diagnostic | None:
    """`a == foo*`, `a like foo*`: a glob without its quotes."""
    glob = failure.operand_before()
    start = failure.tokens.index(next(token for token in failure.tokens if token.start == glob.start)) if glob else 0
    operator = failure.tokens[start - 1] if start > 1 else None
    if glob is None or operator is None or failure.token.text != "*" or not failure.glued:
        return None
    if operator.text not in ("=", "==") and operator.word != "like":
        return None
    if failure.after.kind is not TokenKind.END and failure.after.word not in ("and", "or", ")"):
        return None
    fix = f"like {literals.write_string(failure.slice(glob) + '*')}"
    place = Span(operator.start, failure.token.end)
    return replace(place, "a text is written in quotes, and 'like' takes * for any text", fix, "glob-operand")


def arithmetic(failure: Failure) -> Diagnostic | None:
    """`a + 1`, `a * 2`, `a -1`, `a / 2`."""
    token = failure.token
    if not (failure.wants_operator or failure.wants_joint) or failure.before.kind is TokenKind.END:
        return None
    regex_like = token.kind in (TokenKind.REGEX, TokenKind.OPEN_REGEX)
    divides = token.text[1:2].isspace() or token.text[1:2].isdigit()
    if token.kind is TokenKind.REGEX and failure.wants_operator and not divides:
        point = Span(token.start, token.start)
        return Diagnostic("an operator is missing before the regex", point, "write '~' here", code="regex", fix="~ ")
    now = failure.operand_before()
    if token.text == "-" and now and failure.slice(now).lower() == "now()" and failure.after.kind is TokenKind.NUMBER:
        unit = UNITS.get(failure.at(2).word, "")
        fix = f"ago({failure.after.text}{unit})"
        place = Span(now.start, failure.at(2).end if unit else failure.after.end)
        return replace(place, "a query does not calculate; ago() does this", fix, "arithmetic")
    negative = token.kind is TokenKind.NUMBER and token.text.startswith("-")
    if not (token.text in _ARITHMETIC or regex_like or negative):
        return None
    return Diagnostic(
        f"a query does not calculate, so '{token.text[0]}' cannot join two values",
        Span(token.start, token.start + 1),
        "compute the value beforehand and pass it as a parameter: a > $limit",
        "a - inside a name belongs to it: detail-type" if token.text[0] == "-" else "",
        "arithmetic",
    )


def word(failure: Failure) -> Diagnostic | None:
    """`a equals 1`, `a matches "x"`, `a startwith "x"`, `a foo 1`."""
    token, after = failure.token, failure.after
    if token.kind is not TokenKind.WORD or not (failure.wants_operator or failure.wants_joint):
        return None
    if failure.wants_joint and not _WORDS.get(token.word, "").isalpha():
        known = nearest(token.text, ("and", "or"))
        joint = re.fullmatch(r"(and|or)(\w+)", token.text, re.IGNORECASE)
        if known and joint:
            fix = f"{joint[1]} {joint[2]}"
            return replace(token.span, f"a space is missing after '{joint[1]}'", fix, "joint")
        label = f"did you mean {known}?" if known else "write 'and' or 'or' before it"
        return Diagnostic(
            f"'{token.text[:40]}' cannot follow a whole condition", token.span, label, code="joint", fix=known
        )
    if token.word in ("xor", "nand", "nor"):
        label = {"xor": "(a and not b) or (b and not a)", "nand": "not (a and b)", "nor": "not (a or b)"}[token.word]
        return Diagnostic(f"'{token.text}' is not an operator", token.span, f"write {label}", code="unknown-operator")
    meant = _WORDS.get(token.word)
    if meant == "~" and after.kind is TokenKind.STRING:
        fix = f"~ {literals.regex_for(after.text)}"
        return replace(Span(token.start, after.end), f"'{token.text}' is not an operator", fix, "unknown-operator")
    if token.word in ("ilike", "icontains") and after.kind is TokenKind.STRING and meant:
        text = after.text.replace("%", "*") if meant == "like" else after.text
        fix, hint = f"{meant} {text}i", "an i after the quotes ignores case"
        place = Span(token.start, after.end)
        return replace(place, f"'{token.text}' is not an operator", fix, "unknown-operator", hint)
    meant = meant or (None if token.word in KEYWORDS else nearest(token.text, _OPERATOR_WORDS))
    if meant:
        message = f"'{token.text[:40]}' is not an operator; did you mean '{meant}'?"
        return replace(token.span, message, meant, "unknown-operator")
    hint = "the operators are == != < <= > >= ~ !~ in like contains startswith endswith between is"
    if after.text in COMPARISONS and failure.before.kind is TokenKind.WORD:
        hint = f'a key with a space in it needs quotes, and a dot before them: ."{failure.before.text} {token.text}"'
    return Diagnostic(
        f"'{token.text[:40]}' is not an operator", token.span, "write an operator here", hint, "unknown-operator"
    )


def several_words(failure: Failure) -> Diagnostic | None:
    """`a starts with "x"`, `a does not contain "x"`, `a is not in [1]`."""
    for phrase, fix in _PHRASES.items():
        words = phrase.split()
        for first in range(-len(words) + 1, 1):
            span = Span(failure.at(first).start, failure.at(first + len(words) - 1).end)
            if [failure.at(first + place).word for place in range(len(words))] == words and failure.wants_operator:
                return replace(span, f"'{failure.slice(span)}' is not an operator", fix, "unknown-operator")
    return None


_PHRASES: Final = {
    "starts with": "startswith",
    "begins with": "startswith",
    "ends with": "endswith",
    "does not start with": "not startswith",
    "does not end with": "not endswith",
    "does not contain": "not contains",
    "does not match": "!~",
    "does not equal": "!=",
    "greater than": ">",
    "less than": "<",
    "equal to": "==",
}


def no_operator(failure: Failure) -> Diagnostic | None:
    """`a "x"`, `a == 1 b == 2`, `a == 1, b == 2`."""
    token = failure.token
    if token.text == "," and failure.wants_joint and not failure.open_brackets():
        if failure.at(-2).word == "in" and failure.before.kind in (TokenKind.STRING, TokenKind.NUMBER):
            label = f"write [{failure.before.text}, {failure.after.text}]"
            return Diagnostic("a list is written in square brackets", failure.before.span, label, code="list")
        message = "conditions are joined by 'and' or 'or', not by a comma"
        return Diagnostic(message, token.span, "replace with 'and'", code="joint", fix=" and")
    starts_value = token.kind in (TokenKind.STRING, TokenKind.NUMBER, TokenKind.PARAM, TokenKind.ENVELOPE)
    if not starts_value and token.text not in ("(", "[", ".", "!", "{"):
        return None
    point = Span(token.start, token.start)
    if failure.wants_operator:
        message = f"an operator is missing between '{failure.before.text[:40]}' and '{token.text[:40]}'"
        return Diagnostic(message, point, "write one here, such as ==", code="missing-operator")
    if failure.wants_joint:
        return Diagnostic(
            "'and' or 'or' is missing between two conditions", point, "write 'and' or 'or' here", code="joint"
        )
    return None


def nothing_left(failure: Failure) -> Diagnostic | None:
    """`== 1`, `a == "x" or == "y"`, `and b`."""
    token, before = failure.token, failure.before
    if not failure.wants_condition:
        return None
    arguments = failure.operand_after()
    if token.word in _TESTS - {"is", "between"} and failure.after.text == "(" and arguments:
        # `contains(a, "x")`
        left, _, right = (part.strip() for part in failure.slice(arguments)[1:-1].partition(","))
        place, message = Span(token.start, arguments.end), f"'{token.text}' stands between its two sides"
        if left and right:
            return replace(place, message, f"{left} {token.word} {right}", "missing-left")
        return Diagnostic(message, place, f"write path {token.word} {left}".rstrip(), code="missing-left")
    if token.text in COMPARISONS or token.text in ("~", "!~", "=~") or token.word in _TESTS:
        previous = next((p for p in range(failure.index - 1, 0, -1) if _is_operator(failure.tokens[p])), None)
        path = failure.operand_before(previous - failure.index) if previous and before.word in _JOINTS else None
        name = failure.slice(path) if path else "event.name"
        return Diagnostic(
            f"there is nothing to the left of '{token.text}'",
            Span(token.start, token.start) if path else token.span,
            f"write {name} before it",
            "each condition names its own path" if path else "",
            "missing-left",
        )
    if token.word in ("and", "or", "&&", "||"):
        where = f"between '{before.text}' and '{token.text}'" if failure.index else f"before '{token.text}'"
        return Diagnostic(
            f"a condition is missing {where}", token.span, "write one, or leave the word out", code="missing-left"
        )
    return None


def _is_operator(token: Token) -> bool:
    return token.text in COMPARISONS or token.word in _TESTS


_JOINTS: Final = frozenset({"and", "or", "not", "&&", "||", "!"})
_TESTS: Final = frozenset({"in", "is", "between", "startswith", "endswith", "contains", "like"})


RECOGNISERS: Final[tuple[Callable[[Failure], Diagnostic | None], ...]] = (
    anything,
    chained,
    negated_sign,
    sign,
    presence_behind,
    presence_parentheses,
    presence_compared,
    several_words,
    quantifier,
    kind_of_value,
    bounds_in_brackets,
    bounds,
    star_without_quotes,
    arithmetic,
    word,
    no_operator,
    nothing_left,
)
