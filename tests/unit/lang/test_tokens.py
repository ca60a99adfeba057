import pytest

from megaql.lang.tokens import TokenKind, scan


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a.b==1", ["a", ".", "b", "==", "1"]),
        ("detail-type and-or", ["detail-type", "and-or"]),
        ('"a\\"b" \'c\' "x"i "x"in', ['"a\\"b"', "'c'", '"x"i', '"x"', "in"]),
        (r'r"\" == d"2026"', [r'r"\"', "==", 'd"2026"']),
        ("/a\\/b/i ~ /x", ["/a\\/b/i", "~", "/x"]),
        ("a # ( [\n b", ["a", "b"]),
        ('"x', ['"x']),
        ("a === b =~ c <> d", ["a", "===", "b", "=~", "c", "<>", "d"]),
        ("1.2.3 2026-01-02 1e-5 15M", ["1.2.3", "2026-01-02", "1e-5", "15M"]),
        ("@id @ $x $", ["@id", "@", "$x", "$"]),
        ("“x” `z`", ["“x”", "`z`"]),
    ],
)
def test_scan(text, tokens):
    scanned = scan(text)
    assert [token.text for token in scanned] == [*tokens, ""]
    assert all(text[token.start : token.end] == token.text for token in scanned)


def test_the_end_stands_after_the_last_token():
    *_, last, end = scan("a ==  # comment")
    assert (end.kind, end.start) == (TokenKind.END, last.end)


def test_nothing_is_lost_of_any_text():
    text = "a\x00b\u200b{}]\\😀"
    assert "".join(token.text for token in scan(text)) == text
