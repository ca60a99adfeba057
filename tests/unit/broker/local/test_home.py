import sys
from pathlib import Path

import pytest

from megaql.broker import local


def test_megaql_home_decides(monkeypatch):
    monkeypatch.setenv("MEGAQL_HOME", "~/here")
    assert local.home() == Path.home() / "here"


@pytest.mark.parametrize(
    ("platform", "data_home", "expected"),
    [
        ("linux", "", ".local/share/megaql"),
        ("linux", "/data", "/data/megaql"),
        ("darwin", "", "Library/Application Support/megaql"),
        ("win32", "", "AppData/Local/megaql"),
    ],
)
def test_the_users_data_folder_is_the_default(monkeypatch, platform, data_home, expected):
    monkeypatch.setenv("MEGAQL_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", data_home)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert local.home() == Path.home() / expected
