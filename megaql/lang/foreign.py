"""What other languages call things, and what this one calls them: the tables behind most suggestions.

Entries are what people were seen to type. A maintainer adds to the tables and puts a case into `tests/golden`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang.vocabulary import FUNCTIONS, KINDS, nearest

if TYPE_CHECKING:
    from megaql.source import Span

#: What other languages call null, in lower case. `None` is not here: it is the quantifier `none`.
NULLS: Final = frozenset({"nil", "undefined"})

#: Words after `is` that ask for something `is` does not know: what to write, `{}` standing for the value.
_STATES: Final = {
    "empty": "empty {}",
    "missing": "missing {}",
    "absent": "missing {}",
    "undefined": "missing {}",
    "unset": "missing {}",
    "present": "exists {}",
    "defined": "exists {}",
    "set": "exists {}",
    "true": "{} == true",
    "false": "{} == false",
}

#: Names of kinds elsewhere.
_KINDS: Final = {
    "str": "string",
    "text": "string",
    "int": "number",
    "integer": "number",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "numeric": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "map": "object",
    "none": "null",
    "nil": "null",
}

#: Names of functions elsewhere: what to write, `{}` standing for the first argument.
FUNCTION_FORMS: Final = {
    "len": "length({})",
    "strlen": "length({})",
    "tolower": "lower({})",
    "lowercase": "lower({})",
    "downcase": "lower({})",
    "toupper": "upper({})",
    "uppercase": "upper({})",
    "upcase": "upper({})",
    "int": "number({})",
    "float": "number({})",
    "tonumber": "number({})",
    "to_number": "number({})",
    "has": "exists {}",
    "exists": "exists {}",
    "defined": "exists {}",
    "isnull": "{} is null",
    "is_null": "{} is null",
    "isempty": "empty {}",
    "timestamp": "date({})",
    "datetime": "date({})",
    "to_date": "date({})",
}


def unknown_kind(word: str, value: str, span: Span) -> Diagnostic:
    """Return the diagnostic for a word after `is` that names no kind."""
    code = "unknown-kind"
    if word in _STATES:
        form = _STATES[word].format(value)
        return Diagnostic(
            f"'is' asks for a kind of value, and '{word}' is not one", span, f"write {form} instead", code=code
        )
    kind = _KINDS.get(word) or nearest(word, KINDS)
    label = f"did you mean {kind}?" if kind else "write one of: " + ", ".join(KINDS)
    return Diagnostic(f"'{word}' is not a kind", span, label, code=code, fix=kind)


def unknown_function(name: str, argument: str, span: Span) -> Diagnostic:
    """Return the diagnostic for a call of a function that does not exist; `argument` is its first argument's text."""
    code = "unknown-function"
    if name in FUNCTION_FORMS:
        form = FUNCTION_FORMS[name].format(argument or "path")
        return Diagnostic(f"there is no function {name}()", span, f"write {form}", code=code)
    known = nearest(name, [*FUNCTIONS, "count"])
    if known:
        return Diagnostic(f"there is no function {name}()", span, f"did you mean {known}?", code=code, fix=known)
    return Diagnostic(
        f"there is no function {name}()", span, "not a function", "the functions are: " + ", ".join(FUNCTIONS), code
    )
