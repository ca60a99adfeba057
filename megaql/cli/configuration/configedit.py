"""One line of `megaql.toml` written, changed or taken out, with everything else in the file as it was.

A maintainer keeps one rule: the new text is read again before it is written, and has to say what the old one said but for that one key. A file that is laid
out in a way that this does not see through is left alone, and the user is told the line to write.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from megaql.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLE: Final = re.compile(r"[ \t]*\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\][ \t]*(?:#.*)?")
_ANY_TABLE: Final = re.compile(r"[ \t]*\[.*")
_KEY: Final = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|"([^"\\]*)"|'([^']*)')[ \t]*=.*""")
#: What stands behind a plain value.
_COMMENT: Final = re.compile(r"""[^"'#]*(?:"(?:[^"\\]|\\.)*"|'[^']*')[ \t]*(#.*)""")


def edited(text: str, table: str, key: str, value: str | None) -> str | None:
    """Return the file's text with a key of a table set, or taken out for `None`; `None` where that cannot be done safely."""
    before = tomllib.loads(text)
    after = _changed(text, table, key, value)
    try:
        found = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return None
    own = dict(before.get(table, {}))
    if value is None:
        own.pop(key, None)
    else:
        own[key] = value
    wanted = {**before, table: own}
    return after if _same(found, wanted) else None


def write(path: Path, text: str) -> None:
    """Put a text in the file's place at once, with the file's own mode; a link stays one."""
    real = path.resolve()
    partial = real.with_name(f"{real.name}.{os.getpid()}.new")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if real.exists():
            partial.chmod(real.stat().st_mode & 0o777)
        partial.replace(real)
    except OSError as error:
        raise ConfigError(
            "the configuration file cannot be written",
            where=str(real),
            why=error.strerror or type(error).__name__,
            hint="it is as it was; MEGAQL_CONFIG names another one",
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def line(key: str, value: str) -> str:
    """Return a key and its value as TOML has them."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _changed(text: str, table: str, key: str, value: str | None) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    head, own, last = _places(lines, table, key)
    if own is not None:
        comment = _COMMENT.fullmatch(lines[own].partition("=")[2])
        lines[own : own + 1] = [] if value is None else [line(key, value) + (f" {comment[1]}" if comment else "")]
    elif value is not None and head is not None:
        lines.insert(last + 1, line(key, value))
    elif value is not None:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += [*([""] if lines else []), f"[{table}]", line(key, value), ""]
    return end.join(lines)


def _places(lines: list[str], table: str, key: str) -> tuple[int | None, int | None, int]:
    """Return the index of the table's head, of the key's line, and of the last line of the table that says anything."""
    head = own = None
    last = 0
    for index, text in enumerate(lines):
        if _ANY_TABLE.fullmatch(text):
            if head is not None:
                break
            found = _TABLE.fullmatch(text)
            if found and found[1] == table:
                head = last = index
        elif head is not None and text.strip():
            last = index
            named = _KEY.fullmatch(text)
            if named and next(name for name in named.groups() if name is not None) == key:
                own = index
    return head, own, last


def _same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two files say the same; an empty table says as much as none."""
    return {name: value for name, value in found.items() if value != {}} == {
        name: value for name, value in wanted.items() if value != {}
    }
