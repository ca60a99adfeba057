"""What a fix may not take away: `fixes.loses_comment`."""

import pytest

from megaql.lang.fixes import loses_comment
from megaql.source import Span


@pytest.mark.parametrize(
    ("text", "place", "replacement", "lost"),
    [
        ("a # why\n== 1", "a # why\n== 1", "a == 1", True),
        ("a # why\n== 1", "a # why\n== 1", "a # why\n== 2", False),
        ("a == 1 # why", "a == 1 # why", "b", True),
        ("a == 1 # why", "a == 1", "b", False),
        ("# why\na == 1", "a == 1", "b", False),
        ("# why\na == 1", "# why\na", "b", True),
        ('a == "#"', 'a == "#"', "b", False),
        ("a ~ /#/", "a ~ /#/", "b", False),
        ("# only", "# only", "", True),
        ("a and # why\nb", "and", "or", False),
    ],
)
def test_loses_comment(text, place, replacement, lost):
    start = text.index(place)
    assert loses_comment(text, Span(start, start + len(place)), replacement) is lost
