"""Every setting, from each place where it may stand: the first one that says anything holds, and a value that does not work is told with its place."""

from datetime import timedelta

import pytest

from megaql import App, config
from megaql.broker import aws
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.consumer import app as module
from megaql.consumer import choices
from megaql.consumer.backoff import Backoff
from megaql.consumer.ledger import MemoryLedger, SQLiteLedger
from megaql.consumer.liveness import Liveness
from megaql.errors import MegaQLError
from megaql.settings import SETTINGS
from tests.servers import without_moto


class Begun(Exception):  # noqa: N818 - it ends the test's run, and is no error
    """The run would begin now."""


@pytest.fixture
def begin(monkeypatch, tmp_path):
    """Let an application run up to where it would receive; return what it goes by then."""
    monkeypatch.chdir(tmp_path)
    for name in ("default", "file", "variable", "code", "call"):
        Queue.open(f"local:{name}", create=True)
    seen = {}

    def worker(queue, deliverer, ledger, plan, *_, **__):
        seen.update(target=queue.name, deliverer=deliverer, ledger=ledger, plan=plan)
        raise Begun

    def supervise(_app, processes, *others):
        seen.update(processes=processes, restart_after=next(one for one in others if isinstance(one, timedelta)))
        raise Begun

    monkeypatch.setattr(module, "_worker", worker)
    monkeypatch.setattr(App, "_supervise", supervise)
    monkeypatch.setattr(module.checks, "liveness_fits", lambda signs, _wait: seen.update(signs=signs))

    def run(code, call, target="local:default"):
        seen.clear()
        seen["processes"] = 1
        made = App(target, **code)
        made.subscribe("exists n")(lambda _data: None)
        with pytest.raises(Begun):
            made.run(**call)
        return seen

    return run


def seconds(number):
    return timedelta(seconds=number)


def plan(name):
    return lambda seen: getattr(seen["plan"], name)


def signs(name):
    return lambda seen: getattr(seen["signs"], name)


def policy(name):
    return lambda seen: getattr(seen["deliverer"], f"_{name}")


#: Setting → where it is seen; the default; the file's text for it, the variable's, and what code says: each with what that means.
TABLE = {
    "concurrency": (plan("concurrency"), 1, ("2", 2), ("3", 3), ({"concurrency": 4}, 4)),
    "processes": (lambda seen: seen["processes"], 1, ("2", 2), ("3", 3), ({"processes": 4}, 4)),
    "restart_after": (lambda seen: seen.get("restart_after", seconds(3600)), seconds(3600), ('"2m"', seconds(120)), ("3m", seconds(180)), ({"restart_after": seconds(240)}, seconds(240))),
    "drain_timeout": (plan("drain_timeout"), seconds(25), ('"2s"', seconds(2)), ("3s", seconds(3)), ({"drain_timeout": seconds(0)}, seconds(0))),
    "wait": (plan("wait"), None, ('"2s"', seconds(2)), ("3s", seconds(3)), ({"wait": seconds(0)}, seconds(0))),
    "visibility": (plan("visibility"), None, ('"20s"', seconds(20)), ("30s", seconds(30)), ({"visibility": seconds(40)}, seconds(40))),
    "backoff_base": (lambda seen: policy("backoff")(seen).base, seconds(5), ('"2s"', seconds(2)), ("3s", seconds(3)), ({"backoff": Backoff(base=seconds(4))}, seconds(4))),
    "backoff_cap": (lambda seen: policy("backoff")(seen).cap, seconds(900), ('"2m"', seconds(120)), ("3m", seconds(180)), ({"backoff": Backoff(cap=seconds(240))}, seconds(240))),
    "unmatched": (policy("unmatched"), "delete", ('"return"', "return"), ("delete", "delete"), ({"unmatched": "return"}, "return")),
    "unknown": (policy("unknown"), "delete", ('"return"', "return"), ("delete", "delete"), ({"unknown": "return"}, "return")),
    "liveness_file": (signs("file"), None, ('"/a"', "/a"), ("/b", "/b"), ({"liveness": Liveness(file="/c")}, "/c")),
    "liveness_port": (signs("port"), None, ("2", 2), ("3", 3), ({"liveness": Liveness(port=0)}, 0)),
    "liveness_address": (signs("address"), "127.0.0.1", ('"::1"', "::1"), ("127.0.0.2", "127.0.0.2"), ({"liveness": Liveness(address="::")}, "::")),
    "liveness_after": (signs("after"), seconds(120), ('"2m"', seconds(120)), ("3m", seconds(180)), ({"liveness": Liveness(after=seconds(240))}, seconds(240))),
}  # fmt: skip
#: What `App` is told, and not `run`.
APPS = {"visibility", "backoff", "unmatched", "unknown"}


@pytest.mark.parametrize("name", TABLE)
def test_code_then_the_variable_then_the_file_then_the_default(begin, monkeypatch, tmp_path, name):
    see, default, (written, filed), (text, of_variable), (said, of_code) = TABLE[name]
    code = {key: value for key, value in said.items() if key in APPS}
    call = {key: value for key, value in said.items() if key not in APPS}
    beside = {"processes": 2} if name == "restart_after" else {}
    assert see(begin({}, beside)) == default
    (tmp_path / "megaql.toml").write_text(f"[run]\n{name} = {written}\n")
    assert see(begin({}, beside)) == filed
    monkeypatch.setenv(f"MEGAQL_{name.upper()}", text)
    assert see(begin({}, beside)) == of_variable
    assert see(begin(code, beside | call)) == of_code


def test_the_queue(begin, monkeypatch, tmp_path):
    (tmp_path / "megaql.toml").write_text('[run]\ntarget = "local:file"\n')
    assert begin({}, {}, target=None)["target"] == "file"
    monkeypatch.setenv("MEGAQL_TARGET", "local:variable")
    assert begin({}, {}, target=None)["target"] == "variable"
    assert begin({}, {}, target="local:code")["target"] == "code"
    assert begin({}, {"target": "local:call"}, target="local:code")["target"] == "call"


def test_the_ledger(begin, monkeypatch, tmp_path):
    assert type(begin({}, {})["ledger"]) is MemoryLedger
    (tmp_path / "megaql.toml").write_text('[run]\nledger = "file.db"\n')
    assert type(begin({}, {})["ledger"]) is SQLiteLedger
    assert (tmp_path / "file.db").exists()
    monkeypatch.setenv("MEGAQL_LEDGER", "variable.db")
    begin({}, {})
    assert (tmp_path / "variable.db").exists()
    mine = MemoryLedger()
    assert begin({"ledger": mine}, {})["ledger"] is mine


FILE, VARIABLE, CODE, CALL = (f"http://127.0.0.1:{port}" for port in (2, 3, 4, 5))

#: What boto3 has of a client → what the profile of the AWS configuration says, the file, the variable, `App` and the call.
WAYS = {
    "region": ("af-south-1", "eu-west-1", ("AWS_REGION", "us-east-1"), "us-west-2", "sa-east-1"),
    "endpoint_url": ("http://127.0.0.1:1", FILE, ("AWS_ENDPOINT_URL_SQS", VARIABLE), CODE, CALL),
    "profile": ("default", "file", ("AWS_PROFILE", "variable"), "code", "call"),
}


def seen_by_boto3(name, given, own):
    """Return what a client goes by that is made of a call's connection, the application's and what stands outside."""
    connection = choices.connection(given, own, config.load()[0])
    with without_moto():
        client = aws.client("sqs", connection)
    try:
        if name == "profile":
            return client._request_signer._credentials.access_key
        return client.meta.region_name if name == "region" else client.meta.endpoint_url
    finally:
        client.close()


@pytest.mark.parametrize("name", WAYS)
def test_the_way_to_aws(monkeypatch, tmp_path, name):
    profile, filed, (variable, of_variable), of_code, of_call = WAYS[name]
    monkeypatch.chdir(tmp_path)
    for each in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(each)
    there = {"region": "eu-north-1", **({name: profile} if name != "profile" else {})}
    lines = "".join(f"{key} = {value}\n" for key, value in there.items())
    sections = [
        f"[{section}]\naws_access_key_id = {section.rpartition(' ')[2]}\naws_secret_access_key = s\n{lines}"
        for section in ("default", "profile file", "profile variable", "profile code", "profile call")
    ]
    (tmp_path / "config").write_text("".join(sections))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert seen_by_boto3(name, None, None) == profile
    (tmp_path / "megaql.toml").write_text(f'[aws]\n{name} = "{filed}"\n')
    assert seen_by_boto3(name, None, None) == filed
    monkeypatch.setenv(variable, of_variable)
    assert seen_by_boto3(name, None, None) == of_variable
    assert seen_by_boto3(name, None, Connection(**{name: of_code})) == of_code
    assert seen_by_boto3(name, Connection(**{name: of_call}), Connection(**{name: of_code})) == of_call
    assert seen_by_boto3(name, Connection(), Connection(**{name: of_code})) == of_code


def test_no_setting_is_forgotten_here():
    logs = {setting.name for setting in SETTINGS if setting.name.startswith("log_")}  # tests/cli/test_precedence.py
    assert {setting.name for setting in SETTINGS} == {*TABLE, *WAYS, "target", "ledger", *logs}


#: Values that can be read and do not work; what they are is known only when they are used.
UNUSABLE = {
    "target": "sqs:orders",
    "ledger": "/nowhere/done.db",
    "liveness_file": "/nowhere/alive",
    "liveness_address": "256.256.256.256",
    "profile": "nobody",
    "region": "no region",
    "endpoint_url": "nonsense",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_value_that_does_not_work_is_told_with_its_place(queue, monkeypatch, tmp_path, name):
    value = UNUSABLE[name]
    setting = next(one for one in SETTINGS if one.name == name)
    monkeypatch.chdir(tmp_path)
    for each in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(each)
    if name == "liveness_address":
        monkeypatch.setenv("MEGAQL_LIVENESS_PORT", "0")
    named = None if name == "target" else "orders" if setting.table == "aws" else queue

    def told():
        made = App(named)
        made.subscribe("exists n")(lambda _data: None)
        with without_moto(), pytest.raises(MegaQLError) as caught:
            made.run(once=True)
        error = caught.value
        assert all((error.what, error.where, error.why, error.hint))
        return error.where

    monkeypatch.setenv(setting.variables[0], value)
    assert setting.variables[0] in told()
    monkeypatch.delenv(setting.variables[0])
    (tmp_path / "megaql.toml").write_text(f'[{setting.table}]\n{name} = "{value}"\n')
    assert f"{tmp_path / 'megaql.toml'}, line 2" in told()


def test_a_value_of_a_call_is_not_laid_to_the_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    (tmp_path / "megaql.toml").write_text('[aws]\nregion = "eu-west-1"\n')
    with pytest.raises(MegaQLError) as caught:
        seen_by_boto3("region", Connection(region="no region"), None)
    assert caught.value.where == "the SQS service (region no region)"
