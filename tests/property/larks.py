"""What lark says of a text, and what the parser on tables says, in the same form."""

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from megaql.lang import grammar, tables
from megaql.lang.lalr import END, Stop

LARK = tables.lark_of(grammar.text())


def of_lark(text):
    try:
        return shown_of_lark(LARK.parse(text))
    except UnexpectedInput as stop:
        ended = isinstance(stop, UnexpectedToken) and stop.token.type == END
        return None if ended else stop.pos_in_stream


def shown_of_lark(part):
    if part is None:
        return None
    if isinstance(part, Token):
        return (part.type, str(part), part.start_pos, part.end_pos)
    return (str(part.data), part.meta.start_pos, part.meta.end_pos, [shown_of_lark(child) for child in part.children])


def of_tables(text):
    try:
        return shown(grammar.parse(text))
    except Stop as stop:
        return stop.offset


def shown(part):
    if part is None:
        return None
    if isinstance(part, str):
        return (part.type, str(part), part.start, part.end)
    return (part.data, part.start, part.end, [shown(child) for child in part.children])


def expected_by_lark(beginning):
    state = LARK.parse_interactive(beginning)
    try:
        for _ in state.iter_parse():
            pass
    except UnexpectedInput as stop:
        return (getattr(stop, "allowed", None) or stop.expected) - {"<END-OF-FILE>"}
    return state.accepts()
