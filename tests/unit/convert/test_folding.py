"""Ignoring case: where MegaQL's own ways agree with event-ruler's, shown for every character there is."""

import re
import string
import sys

import pytest

from megaql.convert.importing import folding
from tests.unit.convert import reference

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def test_what_folds_to_plain_letters_is_never_left_to_casefold():
    folded = {char.casefold() for char in CHARACTERS if not char.isascii() and char.casefold().isascii()}
    assert folded == {"k", "s", "ss", "ff", "fi", "fl", "ffi", "ffl", "st"}
    assert not any(map(folding.is_casefold, folded))
    assert all(folding.is_casefold(letter) for letter in string.ascii_letters if letter.lower() not in "ks")


def test_what_becomes_a_plain_letter_in_lower_case_is_never_left_to_lower():
    lowered = {char.lower() for char in CHARACTERS if not char.isascii() and char.lower().isascii()}
    assert lowered == {"k"}
    assert not folding.is_lower("ok")
    beginnings = {char.lower()[0] for char in CHARACTERS if not char.isascii() and char.lower()[0].isascii()}
    assert beginnings == {"k", "i"}
    assert folding.is_lower("pi")
    assert not folding.is_lower("pi", is_prefix=True)


@pytest.mark.parametrize("text", ["straße", "Öl", "İ", "\u0131", "\u01c5", "ΰς", "a.b*c[d]", "x\ny", "k-s", "😀K", ""])
def test_the_regex_is_event_rulers(text):
    spelled = {text, text.lower(), text.upper(), text.swapcase(), text.casefold(), f"{text}x"}
    pattern = re.compile(folding.regex(text))
    assert {one for one in spelled if pattern.fullmatch(one)} == {
        one for one in spelled if re.fullmatch(reference.ignoring_case(text), one)
    }
