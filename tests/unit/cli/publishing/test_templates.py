"""Templates of `publish`: what is filled in, what never is, and what is an error."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from megaql.cli.publishing.templates import Copies, Filling, known, tells_apart
from megaql.errors import MegaQLError

NOON = datetime(2026, 11, 24, 12, 0, 0, 1500, tzinfo=UTC)
FILLING = Filling(7, NOON, "u-1")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("{{uuid}}/{{ seq }}", "u-1/7"),
        ("{{now}}", "2026-11-24T12:00:00.001Z"),
        ('{"a":{"n":{{seq}}}}', '{"a":{"n":7}}'),
        ("{{{{uuid}}}}", "{{uuid}}"),
        ("{{{{other}}}} {{uuid}}", "{{other}} u-1"),
        ("{{#each}} {{/each}} {{ }} {{", "{{#each}} {{/each}} {{ }} {{"),
        ("}}{{", "}}{{"),
    ],
)
def test_what_is_filled_in(text, filled):
    assert FILLING.fill(text) == filled


def test_times_are_in_utc():
    assert Filling(1, NOON.astimezone(timezone(timedelta(hours=5)))).fill("{{now}}") == "2026-11-24T12:00:00.001Z"


def copies(fill=None, count=2):
    return Copies.of(count, fill=fill, now=lambda: NOON)


def test_each_message_has_values_of_its_own_and_the_same_ones_throughout():
    several = copies()
    first, second = several.filling(1), several.filling(2)
    assert first.fill("{{uuid}}") == first.fill("{{uuid}}") == several.filling(1).fill("{{uuid}}")
    assert first.fill("{{uuid}}") != second.fill("{{uuid}}")
    assert (first.fill("{{seq}}"), second.fill("{{seq}}")) == ("1", "2")


@pytest.mark.parametrize(
    ("fill", "typed", "asked"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False), (False, False, False)],
)
def test_where_templates_count(fill, typed, asked):
    assert copies(fill).templates({"--text": ["{{seq}}"]}, typed=typed) is asked
    assert copies(fill).templates({"--text": ["{{sqe}}"][: not asked]}, typed=typed) is False, "not even a wrong one"


def test_an_unknown_name_is_an_error_wherever_it_stands():
    with pytest.raises(MegaQLError) as raised:
        copies().templates({"--set": ["{{uuid}}", None, "{{ UUID }}"]})
    error = raised.value
    assert error.what == "There is nothing to fill in for {{UUID}}"
    assert error.where == "megaql publish, --set"
    assert error.why == "the names are {{uuid}}, {{seq}}, {{now}}"
    assert error.hint.startswith("did you mean {{uuid}}? Or write {{{{UUID}}}} ")


def test_a_name_like_none_gets_no_suggestion():
    with pytest.raises(MegaQLError) as raised:
        copies().templates({"--text": ["Hello {{customer}}"]})
    assert raised.value.hint == "write {{{{customer}}}} for the text as it stands, or add --no-fill"


def test_a_text_about_one_message():
    assert copies(count=1).of_first('id == "{{seq}}"', "--wait-match", None) == 'id == "1"'
    assert copies(fill=False).of_first("{{seq}}", "--wait-match", None) == "{{seq}}"
    assert copies().of_first("true", "--wait-match", None) == "true"
    for several, source in ((copies(), None), (copies(count=1), "file.ndjson")):
        with pytest.raises(MegaQLError, match="about one message"):
            several.of_first("{{seq}}", "--wait-match", source)


def test_what_tells_messages_apart():
    assert tells_apart("a{{seq}}")
    assert tells_apart("{{ uuid }}")
    assert not tells_apart("{{now}}")
    assert not tells_apart("{{{{seq}}}}")
    assert (known("{{x}} {{now}}"), known("{{{{now}}}}")) == ("now", "")
