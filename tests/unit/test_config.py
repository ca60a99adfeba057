"""Settings from the environment and from `megaql.toml`: which one holds, and what is said of a wrong one."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from megaql import config
from megaql.errors import ConfigError
from megaql.settings import SETTINGS, Settings


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def load(tmp_path, home):
    """Read settings in a directory of the test's own, whose `megaql.toml` has the given text."""

    def run(text=None, /, folder=None, **environ):
        here = folder or tmp_path
        if text is not None:
            (tmp_path / "megaql.toml").write_text(text)
        return config.load({"HOME": str(home), **environ}, here)

    return run


def wrong(load, *arguments, **environ):
    with pytest.raises(ConfigError) as caught:
        load(*arguments, **environ)
    error = caught.value
    assert error.what
    assert error.where
    assert error.hint
    return error


def test_without_a_word_nothing_is_set(load):
    settings, file = load()
    assert settings == Settings()
    assert (file.path, file.table("aliases")) == (None, {})


def test_the_environment_comes_before_the_file(load, tmp_path):
    settings, _ = load('[run]\nconcurrency = 4\ndrain_timeout = "1m30s"\n', MEGAQL_CONCURRENCY="8")
    assert (settings.concurrency, settings.drain_timeout) == (8, timedelta(seconds=90))
    assert settings.origins == {
        "concurrency": "MEGAQL_CONCURRENCY",
        "drain_timeout": f"{tmp_path / 'megaql.toml'}, line 3",
    }


def test_an_empty_variable_says_nothing(load):
    assert load("[run]\nconcurrency = 4\n", MEGAQL_CONCURRENCY="")[0].concurrency == 4


def test_boto3_reads_its_own_variables(load):
    text = '[aws]\nprofile = "a"\nregion = "eu-west-1"\nendpoint_url = "http://127.0.0.1:4566"\n'
    settings, _ = load(text)
    assert (settings.profile, settings.region, settings.endpoint_url) == ("a", "eu-west-1", "http://127.0.0.1:4566")
    for variable, name in [
        ("AWS_PROFILE", "profile"),
        ("AWS_ACCESS_KEY_ID", "profile"),
        ("AWS_REGION", "region"),
        ("AWS_DEFAULT_REGION", "region"),
        ("AWS_ENDPOINT_URL", "endpoint_url"),
        ("AWS_ENDPOINT_URL_SQS", "endpoint_url"),
    ]:
        assert getattr(load(**{variable: "x"})[0], name) is None


def test_a_path_in_a_file_counts_from_the_file(load, tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load('[run]\nledger = "done.db"\n', below)[0].ledger == str(tmp_path / "done.db")
    assert load(MEGAQL_LEDGER="done.db")[0].ledger == "done.db"
    assert load('[run]\nledger = "/var/done.db"\n')[0].ledger == "/var/done.db"


def test_the_nearest_file_above_holds(tmp_path, home):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    environ = {"HOME": str(home)}
    own = home / ".config" / "megaql" / "megaql.toml"
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert config.find(environ, below) == own
    assert config.find(environ | {"XDG_CONFIG_HOME": str(tmp_path / "elsewhere")}, below) is None
    for folder in (tmp_path, below):
        (folder / "megaql.toml").write_text("")
        assert config.find(environ, below) == folder / "megaql.toml"
    named = tmp_path / "named.toml"
    named.write_text("")
    assert config.find(environ | {"MEGAQL_CONFIG": str(named)}, below) == named


def test_a_named_file_has_to_be_there(load):
    assert "MEGAQL_CONFIG=/nowhere.toml" in wrong(load, MEGAQL_CONFIG="/nowhere.toml").where


def test_a_folder_is_no_file(load, tmp_path):
    assert str(tmp_path) in wrong(load, MEGAQL_CONFIG=str(tmp_path)).where


def test_a_file_that_anybody_could_have_put_there_is_refused(load, tmp_path, monkeypatch):
    load("")
    tmp_path.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO | stat.S_ISVTX)
    load()
    real = Path.stat
    monkeypatch.setattr(os, "getuid", lambda: real(tmp_path).st_uid + 1)
    monkeypatch.setattr(
        Path,
        "stat",
        lambda path, **options: os.stat_result(
            [*real(path, **options)[:4], 12345, *real(path, **options)[5:]]
            if path.name == "megaql.toml"
            else real(path, **options)
        ),
    )
    assert wrong(load).hint == f"if it is meant, say so: MEGAQL_CONFIG={tmp_path / 'megaql.toml'}"
    assert load(MEGAQL_CONFIG=str(tmp_path / "megaql.toml"))


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ("[run]\n\nconcurency = 8\n", 3, "there is no setting 'concurency' in [run]", "did you mean concurrency?"),
        ("[run]\ndrain-timeout = '5s'\n", 2, "there is no setting 'drain-timeout'", "did you mean drain_timeout?"),
        ("[aws]\nconcurrency = 8\n", 2, "there is no setting 'concurrency' in [aws]", "it belongs into [run]"),
        ("# x\nconcurrency = 8\n", 2, "concurrency stands outside of its table", "put it under [run]"),
        ("[run]\n[rum]\nx = 1\n", 2, "there is no table [rum]", "did you mean run?"),
        ("colour = 1\n", 1, "there is no setting 'colour'", "the settings are target, "),
        ("run = 1\n", 1, "run is not a table", "write [run] on a line of its own"),
        ('[run]\nconcurrency = "8"\n', 2, "concurrency is not a whole number", "for example concurrency = 8"),
        ("[run]\nconcurrency = true\n", 2, "concurrency is not a whole number", "for example concurrency = 8"),
        ("[run]\nconcurrency = 0\n", 2, "concurrency is not a whole number", "for example concurrency = 8"),
        ("[run]\ndrain_timeout = 5\n", 2, "drain_timeout is not a duration", 'for example drain_timeout = "50s"'),
        ("[run]\nwait = '21s'\n", 2, "wait is not a duration", 'for example wait = "10s"'),
        ("[run]\nvisibility = '0s'\n", 2, "visibility is not a duration", 'for example visibility = "2m"'),
        ("[run]\nwait = '5 s'\n", 2, "wait is not a duration", 'for example wait = "10s"'),
        ("[run]\ntarget = 5\n", 2, "target is not a text", 'for example target = "local:orders"'),
        (
            "[run]\nunmatched = 'drop'\n",
            2,
            "unmatched is not return, delete or dead-letter",
            'for example unmatched = "return"',
        ),
        ("[run]\n'log_level' = 'loud'\n", 2, "log_level is not warning, debug, info or error", "for example"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(load, text, line, what, hint):
    error = wrong(load, text)
    assert error.where.endswith(f"megaql.toml, line {line}")
    assert error.what.startswith(what)
    assert error.hint.startswith(hint)


def test_a_number_where_a_duration_belongs_is_corrected(load):
    assert wrong(load, "[run]\ndrain_timeout = 5\n").why == 'a duration is a text with a unit, as in "5s"'


def test_what_is_not_toml(load, tmp_path):
    error = wrong(load, "[run\nconcurrency = 8\n")
    assert error.where == f"{tmp_path / 'megaql.toml'}, line 1, column 5"
    (tmp_path / "megaql.toml").write_bytes(b"[run]\n# \xff")
    assert wrong(load).what == "the configuration file is not UTF-8"


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("MEGAQL_CONCURRENCY", "many", "'many' is not a whole number"),
        ("MEGAQL_CONCURRENCY", "0", "0 is out of range: it is from 1 to 10000"),
        ("MEGAQL_DRAIN_TIMEOUT", "5", "'5' is no duration; write 500ms, 10s, 2m or 1h30m; did you mean 5s?"),
        ("MEGAQL_VISIBILITY", "13h", "it is from 1s to 12h"),
        ("MEGAQL_UNKNOWN", "drop", "'drop' is none of return, delete, dead-letter"),
    ],
)
def test_a_mistake_in_a_variable_is_told_with_its_name(load, variable, value, why):
    error = wrong(load, **{variable: value})
    assert (error.where, error.why) == (f"the environment variable {variable}", why)
    assert error.hint.startswith(f"for example {variable}=")


def test_tables_of_others_are_handed_on_with_their_lines(load, tmp_path):
    _, file = load('[run]\nconcurrency = 2\n\n[aliases]\n# mine\norders = "local:orders"\n')
    assert file.table("aliases") == {"orders": "local:orders"}
    assert file.where("aliases", "orders") == f"{tmp_path / 'megaql.toml'}, line 6"
    assert file.where("aliases") == f"{tmp_path / 'megaql.toml'}, line 4"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_example_of_every_setting_is_accepted_from_both_sides(load, setting):
    written = load(f"[{setting.table}]\n{setting.name} = {setting.kind.written}\n")[0]
    assert getattr(written, setting.name) is not None
    if setting.table == "run":
        variable = load("", **{setting.variables[0]: setting.kind.example})[0]
        assert str(getattr(written, setting.name)).endswith(str(getattr(variable, setting.name)))
