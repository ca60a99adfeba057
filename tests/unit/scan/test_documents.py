"""A file's JSON texts: lines, arrays, documents over many lines, and what cannot be read."""

import io
from decimal import Decimal

import pytest

from megaql.errors import ScanError
from megaql.scan import documents
from megaql.scan.documents import BadLine, Document, read_documents


def read(content):
    return list(read_documents(io.BytesIO(content if isinstance(content, bytes) else content.encode())))


def texts(content):
    return [(item.line, item.text) if isinstance(item, Document) else item for item in read(content)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ('{"a":1}', [(1, '{"a":1}')]),
        ('{"a":1}\n{"a":2}\n', [(1, '{"a":1}'), (2, '{"a":2}')]),
        ('{"a":1}\r\n\r\n{"a":2}\r\n', [(1, '{"a":1}'), (3, '{"a":2}')]),
        ('\ufeff{"a":1}\n{"a":2}', [(1, '{"a":1}'), (2, '{"a":2}')]),
        ('[{"a":1}, {"a":2}]', [(1, '{"a":1}'), (1, '{"a":2}')]),
        ("[]", []),
        ("[ ]", []),
        ("[1]\n[2]\n", [(1, "[1]"), (2, "[2]")]),
        ('[\n  {"a":1},\n  {"a":2}\n]\n', [(2, '{"a":1}'), (3, '{"a":2}')]),
        ('{\n  "a": 1\n}\n', [(1, '{\n  "a": 1\n}')]),
        ('{\n  "a": 1\n}\n{\n  "a": 2\n}\n', [(1, '{\n  "a": 1\n}'), (4, '{\n  "a": 2\n}')]),
        ('"text"\n42\nnull\n', [(1, '"text"'), (2, "42"), (3, "null")]),
    ],
)
def test_forms_of_a_file(content, expected):
    assert texts(content) == expected


def test_numbers_stay_as_they_are_written():
    content = '[{"price": 0.10, "id": 90071992547409931, "big": 1e400}]'
    assert texts(content) == [(1, content[1:-1])]


def test_an_integer_longer_than_python_reads():
    (document,) = read("1" * 5000)
    assert document.value == Decimal("1" * 5000)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a":1}\n{"a":\n{"a":3}\n', BadLine(2, "not JSON: expecting value at column 6")),
        ('{"a":1}\nplain text\n{"a":3}\n', BadLine(2, "not JSON: expecting value at column 1")),
        ('{"a":1}\n{"a":NaN}\n{"a":3}\n', BadLine(2, "not JSON: NaN is not JSON")),
        ('{"a":1}\n{"a":1} x\n{"a":3}\n', BadLine(2, "not JSON: extra data at column 9")),
        (b'{"a":1}\n\xff\xfe\n{"a":3}\n', BadLine(2, "not UTF-8 at byte 1")),
        ('{"a":1}\n' + "[" * 100_000 + "\n", BadLine(2, "nested too deeply")),
    ],
)
def test_a_bad_line_is_told_and_passed_over(content, expected):
    items = read(content)
    assert items[0] == Document(1, '{"a":1}', {"a": 1})
    assert items[1] == expected
    assert [item.value for item in items[2:]] in ([], [{"a": 3}])


def test_a_bad_first_line_does_not_hide_the_rest():
    assert [type(item) for item in read('{"a":\n{"a":2}\n{"a":3}\n')] == [BadLine, Document, Document]
    assert [type(item) for item in read('what\n{"a":2}\n')] == [BadLine, Document]


def test_a_broken_array_gives_what_came_before_and_the_line():
    items = read('[\n {"a":1},\n {"a":2}\n {"a":3}\n]')
    assert [type(item) for item in items] == [Document, Document, BadLine]
    assert items[-1] == BadLine(4, "not JSON: expecting ',' delimiter at column 2")


def test_an_unfinished_document():
    assert read('{\n "a": 1,\n') == [
        BadLine(3, "not JSON: expecting property name enclosed in double quotes at column 1")
    ]


def test_a_line_that_is_too_long_is_passed_over(monkeypatch):
    monkeypatch.setattr(documents, "MAX_TEXT", 20)
    items = read('{"a":1}\n"' + "x" * 50 + '"\n{"a":3}\n')
    assert [item.line for item in items] == [1, 2, 3]
    assert isinstance(items[1], BadLine)


def test_a_document_over_many_lines_has_a_limit(monkeypatch):
    monkeypatch.setattr(documents, "MAX_TEXT", 20)
    with pytest.raises(ScanError, match="larger than"):
        read('[\n "' + "x" * 50 + '"\n]')


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_named(encoding):
    content = '\ufeff{"a":1}'.encode("utf-16-le") if encoding == "utf-16-le" else '{"a":1}'.encode(encoding)
    with pytest.raises(ScanError, match="UTF-16"):
        read(content)


def test_lines_come_as_they_arrive():
    """A pipe's first line is a message before there is a second one."""

    class Pipe(io.BytesIO):
        reads = 0

        def readline(self, size=-1, /):
            self.reads += 1
            return super().readline(size)

    pipe = Pipe(b'{"a":1}\n{"a":2}\n')
    assert next(read_documents(pipe)).value == {"a": 1}
    assert pipe.reads == 1


def test_a_reason_never_quotes_the_line():
    for content in ('{"a":1}\nsecret', '{"a":1}\n{"secret"', '{"a":1}\n"\\secret"', '{"a":1}\n{"k": secret}'):
        bad = read(content)[1]
        assert isinstance(bad, BadLine)
        assert "secret" not in bad.why
