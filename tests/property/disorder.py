"""Texts of queries as nobody should write them: needless parentheses, blanks of all kinds and comments between any two words."""

from hypothesis import strategies as st

from megaql.lang import nodes, parser, printer, tree
from megaql.lang.tokens import scan
from tests.property.queries import clauses

#: What people leave between two words, comments apart.
BLANKS = ("", "", "", " ", "  ", "\t", "\n", "\r\n", "\n\n  ", "\n \t\n")


@st.composite
def disordered(draw, depth=3):
    """Texts of any clauses, each with the number of its comments."""
    text = printer.to_text(draw(clauses(depth)))
    text = with_parentheses(text, draw(st.lists(st.integers(0, 30), max_size=5)))
    words = scan(text)
    comments = 0
    written, end = "", 0
    for word in words:
        written += text[end : word.start] + draw(st.sampled_from(BLANKS))
        if draw(st.integers(0, 9)) == 0:
            written += f"# comment {comments} {'long ' * draw(st.integers(0, 12))}{draw(st.sampled_from(BLANKS[6:]))}"
            comments += 1
            if "\n" not in written[written.rindex("#") :]:
                written += "\n"
        written, end = written + word.text, word.end
    return written, comments


def with_parentheses(text, chosen):
    """Put parentheses around some of the clauses of a text, chosen by their numbers."""
    found = [node for node in tree.walk(parser.parse(text)) if isinstance(node, nodes.Clause)]
    places = []
    for number in chosen:
        span = found[number % len(found)].span
        places += [(span.start, 1, "("), (span.end, 0, ")")]
    for place, _, sign in sorted(places, reverse=True):
        text = text[:place] + sign + text[place:]
    return text
