import sys
from pathlib import Path

import pytest

from megaql.broker import local


def test_megaql_home_decides(monkeypatch):
    monkeypatch.setenv("MEGAQL_HOME", "~/here")
    assert local.home() == Path.home() / "here"


def test_a_relative_home_is_the_one_where_the_client_was_made(monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEGAQL_HOME", "home")
    client = local.client()
    client.create_queue(QueueName="orders")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert client.list_queues()["QueueUrls"] == ["http://local.megaql/000000000000/orders"]
    client.close()


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
