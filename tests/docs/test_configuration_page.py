"""docs/configuration.md: its file is read as it says, and its table is that of the settings."""

import re
from pathlib import Path

import pytest

from megaql import config
from megaql.errors import ConfigError
from megaql.settings import SETTINGS

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def table():
    rows = ["| `megaql.toml` | variable | default | what it is |", "| --- | --- | --- | --- |"]
    for setting in SETTINGS:
        variables = ", ".join(f"`{variable}`" for variable in setting.variables)
        key = f"`[{setting.table}]` `{setting.name} = {setting.kind.written}`"
        rows.append(f"| {key} | {variables} | {setting.default} | {setting.meaning} |")
    return "\n".join(rows)


def test_the_table_has_every_setting():
    assert table() in PAGE.read_text(encoding="utf-8")


def test_the_file_of_the_page_is_one(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "megaql.toml").write_text(text)
    settings, _ = config.load({}, tmp_path)
    assert settings.ledger == str(tmp_path / "done.db")
    assert (settings.concurrency, settings.region) == (8, "eu-west-1")


def test_the_error_of_the_page_is_the_programs(tmp_path):
    (shown,) = re.findall(r"```text\nerror: (.*?)\n```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    path = tmp_path / "megaql.toml"
    path.write_text("[run]\n\nconcurency = 4\n")
    with pytest.raises(ConfigError) as caught:
        config.load({}, tmp_path)
    assert str(caught.value).replace(str(path), "/srv/shop/megaql.toml") == shown


if __name__ == "__main__":
    print(table())  # noqa: T201 - for whoever writes the page
