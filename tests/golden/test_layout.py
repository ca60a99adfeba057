"""Queries as people type them and as they are laid out: `layout/*.txt`, with those of `files.txt` being query files.

A case is the ugly text, a line `---`, and the pretty one; a line of `=` ends it. After a change on purpose, `GOLDEN=write pytest
tests/golden` writes what comes out now; read the difference before you commit it.
"""

import os
from pathlib import Path

import pytest

from megaql.lang.layout.text import WIDTH, format_file, format_query

_FOLDER = Path(__file__).parent / "layout"
_WRITING = os.environ.get("GOLDEN") == "write"
_END = "\n" + "=" * WIDTH + "\n"
_FILES = sorted(_FOLDER.glob("*.txt"))


def _cases(file):
    for case in file.read_text(encoding="utf-8").split(_END):
        if case.strip():
            yield case.partition("\n---\n")[::2]


def _laid_out(file, ugly):
    return format_file(ugly).removesuffix("\n") if file.stem == "files" else format_query(ugly)


@pytest.mark.parametrize(
    ("file", "ugly", "pretty"),
    [
        pytest.param(file, *case, id=f"{file.stem}-{number}")
        for file in _FILES
        for number, case in enumerate(_cases(file))
    ],
)
def test_layout(file, ugly, pretty):
    if _WRITING:
        pytest.skip("writing")
    assert _laid_out(file, ugly) == pretty
    assert _laid_out(file, pretty) == pretty


@pytest.mark.skipif(not _WRITING, reason="only with GOLDEN=write")
@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_write(file):
    cases = [f"{ugly}\n---\n{_laid_out(file, ugly)}" for ugly, _ in _cases(file)]
    file.write_text(_END.join(cases) + _END, encoding="utf-8")
