"""What other languages call things, and what this one calls them: the tables behind most suggestions.

Entries are what people were seen to type. A maintainer adds to the tables and puts a case into `tests/golden`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic
from megaql.lang.vocabulary import ENVELOPE_FIELDS, FUNCTIONS, KINDS, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

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

#: Names of functions elsewhere: what to write, `{0}` and `{1}` standing for the arguments.
FUNCTION_FORMS: Final = {
    "len": "length({0})",
    "strlen": "length({0})",
    "tolower": "lower({0})",
    "lowercase": "lower({0})",
    "downcase": "lower({0})",
    "toupper": "upper({0})",
    "uppercase": "upper({0})",
    "upcase": "upper({0})",
    "int": "number({0})",
    "float": "number({0})",
    "tonumber": "number({0})",
    "to_number": "number({0})",
    "has": "exists {0}",
    "exists": "exists {0}",
    "defined": "exists {0}",
    "isnull": "{0} is null",
    "is_null": "{0} is null",
    "isempty": "empty {0}",
    "timestamp": "date({0})",
    "datetime": "date({0})",
    "to_date": "date({0})",
    **dict.fromkeys(("startswith", "starts_with", "beginswith"), "{0} startswith {1}"),
    **dict.fromkeys(("endswith", "ends_with"), "{0} endswith {1}"),
    **dict.fromkeys(("includes", "str_contains", "icontains"), "{0} contains {1}"),
    **dict.fromkeys(("match", "matches", "regex", "regexp", "regexp_like", "regex_match", "test"), "{0} ~ /.../"),
    **dict.fromkeys(("coalesce", "ifnull", "nvl", "default"), "{0} ?? {1}"),
}

#: Names of envelope fields elsewhere, without underscores and in lower case.
ENVELOPE_NAMES: Final = {
    **dict.fromkeys(("messageid", "mid", "uuid"), "id"),
    **dict.fromkeys(("timestamp", "time", "sent", "senttimestamp", "published", "createdat", "ts"), "sent_at"),
    **dict.fromkeys(("approximatereceivecount", "deliverycount", "attempts", "attempt", "retries"), "receive_count"),
    **dict.fromkeys(("approximatefirstreceivetimestamp", "firstseen"), "first_received_at"),
    **dict.fromkeys(("messageattributes", "headers", "header", "attrs"), "attributes"),
    **dict.fromkeys(("messagegroupid", "group"), "group_id"),
    **dict.fromkeys(("messagededuplicationid", "deduplicationid"), "dedup_id"),
    **dict.fromkeys(("sequencenumber", "seq"), "sequence"),
    **dict.fromkeys(("length", "bytes"), "size"),
    **dict.fromkeys(("topicarn",), "topic"),
    **dict.fromkeys(("queuename", "queueurl"), "queue"),
    **dict.fromkeys(("text", "message"), "body"),
    **dict.fromkeys(("type",), "kind"),
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


def unknown_field(name: str, span: Span) -> Diagnostic:
    """Return the diagnostic for an envelope field that does not exist."""
    message, code = f"messages have no envelope field @{name}", "unknown-field"
    known = ENVELOPE_NAMES.get(name.lower().replace("_", "").replace("-", "")) or nearest(name, ENVELOPE_FIELDS)
    if known:
        return Diagnostic(message, span, f"did you mean @{known}?", code=code, fix=f"@{known}")
    hint = "the fields are: " + ", ".join(f"@{field}" for field in ENVELOPE_FIELDS)
    return Diagnostic(message, span, f"write @attributes.{name} for an attribute of the message", hint, code)


def unknown_function(name: str, arguments: Sequence[str], span: Span) -> Diagnostic:
    """Return the diagnostic for a call of a function that does not exist; `arguments` are the texts of its arguments."""
    code = "unknown-function"
    if name in FUNCTION_FORMS:
        first, second = [*arguments, *("path", '"x"')[len(arguments) :]][:2]
        if FUNCTION_FORMS[name].startswith(("exists", "empty")) and first.startswith(("'", '"')):
            first = f".{first}"  # a path that begins with a quoted key
        form = FUNCTION_FORMS[name].format(first, second)
        renamed = len(arguments) == 1 and FUNCTION_FORMS[name].endswith("({0})") and name not in ("int", "float")
        fix = form.partition("(")[0] if renamed else None  # int() also cuts a number off
        return Diagnostic(f"there is no function {name}()", span, f"write {form}", code=code, fix=fix)
    known = nearest(name, [*FUNCTIONS, "count"])
    if known and (known == "count" or FUNCTIONS[known].arity == len(arguments)):
        return Diagnostic(f"there is no function {name}()", span, f"did you mean {known}?", code=code, fix=known)
    return Diagnostic(
        f"there is no function {name}()", span, "not a function", "the functions are: " + ", ".join(FUNCTIONS), code
    )
