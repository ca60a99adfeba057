"""Options of `megaql run` come before the application's code and all that stands outside; what no option says is left to them."""

import sys
from contextlib import nullcontext
from datetime import timedelta

import pytest

from megaql import App
from megaql.broker.target import Connection
from megaql.cli.consuming import logs
from megaql.consumer.liveness import Liveness
from megaql.consumer.report import RunReport
from megaql.settings import SETTINGS


@pytest.fixture
def handed(monkeypatch, tmp_path, megaql):
    """Run a command line of `megaql run`, and return what it hands to the application and to its log."""
    (tmp_path / "precedence_app.py").write_text("import megaql\n\napp = megaql.App()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    seen = {}

    def run(_app, target=None, **settings):
        seen.update(settings, target=target)
        return RunReport()

    monkeypatch.setattr(App, "run", run)
    monkeypatch.setattr(
        logs, "on", lambda _world, level, **settings: seen.update(settings, level=level) or nullcontext()
    )

    def go(*arguments, **environ):
        seen.clear()
        result = megaql("run", "precedence_app", *arguments, environ=environ)
        assert result.status == 0, result.err
        return dict(seen)

    return go


OPTIONS = {
    "target": (["local:x"], "target", "local:x"),
    "concurrency": (["--concurrency", "2"], "concurrency", 2),
    "processes": (["--processes", "2"], "processes", 2),
    "drain_timeout": (["--drain-timeout", "0s"], "drain_timeout", timedelta(0)),
    "restart_after": (["--restart-after", "2m"], "restart_after", timedelta(minutes=2)),
    "liveness_file": (["--liveness-file", "f"], "liveness", Liveness(file="f")),
    "liveness_port": (["--liveness-port", "0"], "liveness", Liveness(port=0)),
    "liveness_address": (["--liveness-address", "::1"], "liveness", Liveness(address="::1")),
    "liveness_after": (["--liveness-after", "2m"], "liveness", Liveness(after=timedelta(minutes=2))),
    "profile": (["--profile", "p"], "connection", Connection(profile="p")),
    "region": (["--region", "eu-west-1"], "connection", Connection(region="eu-west-1")),
    "endpoint_url": (["--endpoint-url", "http://127.0.0.1:1"], "connection", Connection(endpoint_url="http://127.0.0.1:1")),
}  # fmt: skip
UNSAID = {"liveness": Liveness(), "connection": Connection()}
#: Setting → its option, what the file, the variable and the option say, and what the log is given for the default and for each of these.
LOGS = {
    "log_level": ("--log-level", "level", ("error", "warning", "debug"), ("info", "error", "warning", "debug")),
    "log_format": ("--log-format", "json", ("json", "text", "json"), (False, True, False, True)),
    "log_exceptions": ("--log-exceptions", "exception_text", ("text", "types", "text"), (False, True, False, True)),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_handed_on_and_the_rest_left_open(handed, tmp_path, name):
    """The application's own settings, the variables and the file are asked by the application, after this."""
    (tmp_path / "megaql.toml").write_text('[run]\nconcurrency = 7\n\n[aws]\nregion = "sa-east-1"\n')
    arguments, key, value = OPTIONS[name]
    said = handed(*arguments, MEGAQL_PROCESSES="7")
    assert said[key] == value
    for other in {key for _, key, _ in OPTIONS.values()} - {key}:
        assert said[other] == UNSAID.get(other)


@pytest.mark.parametrize("name", LOGS)
def test_the_log_is_the_command_lines_own(handed, tmp_path, name):
    option, key, (filed, of_variable, given), expected = LOGS[name]
    variable = f"MEGAQL_{name.upper()}"
    seen = [handed()[key]]
    (tmp_path / "megaql.toml").write_text(f'[run]\n{name} = "{filed}"\n')
    seen += [
        handed()[key],
        handed(**{variable: of_variable})[key],
        handed(option, given, **{variable: of_variable})[key],
    ]
    assert tuple(seen) == expected


def test_no_setting_is_forgotten_here():
    without = {"wait", "visibility", "backoff_base", "backoff_cap", "ledger", "unmatched", "unknown"}  # no options
    assert {setting.name for setting in SETTINGS} == {*OPTIONS, *LOGS, *without}
