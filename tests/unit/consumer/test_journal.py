import pytest

from megaql.consumer.journal import one_line
from megaql.errors import Throttled


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Throttled("cannot receive", where="local:orders", why="too many", hint="wait"), "cannot receive (too many)"),
        (Throttled("cannot receive", hint="wait"), "cannot receive"),
        (OSError(28, "No space left", "/srv/4111"), "OSError: No space left"),
        (OSError("no room for 4111"), "OSError"),
        (KeyError("4111"), "KeyError"),
    ],
)
def test_an_error_takes_one_line(error, text):
    assert one_line(error) == text
