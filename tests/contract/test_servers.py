"""What happens when a server is not there: a laptop skips, CI does not."""

import pytest

from tests import servers


@pytest.fixture
def missing(monkeypatch):
    monkeypatch.setitem(servers.COMMANDS, "missing", ("no-such-server",))
    return "missing"


def test_missing_server_is_skipped_on_a_laptop(missing, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
        servers.program(missing)


def test_missing_server_is_an_error_in_ci(missing, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-server is not installed"):
        servers.program(missing)


def test_server_that_ends_at_once_shows_its_log(monkeypatch, tmp_path):
    monkeypatch.setitem(servers.COMMANDS, "broken", ("sh", "-c", "echo the reason; exit 3"))
    monkeypatch.setitem(servers.ENVIRONMENTS, "broken", {})
    with (
        pytest.raises(pytest.fail.Exception, match=r"(?s)ended with status 3.*the reason"),
        servers.running("broken", tmp_path),
    ):
        pass
