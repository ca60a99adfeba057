"""When a call takes the lean path and when it does not, and with whose credentials."""

import datetime as dt
import functools
import json
import re
import subprocess
import sys

import boto3
import botocore
import pytest
from botocore.awsrequest import AWSHTTPConnectionPool
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError, ParamValidationError
from botocore.stub import Stubber

from megaql.broker import aws, guard
from megaql.broker.lean import install
from megaql.broker.lean.client import HOT
from megaql.broker.target import Connection
from megaql.errors import ReceiptHandleExpired
from tests.unit.broker.lean.http_server import RESULTS, answer


def by_boto3(each, name="receive_message"):
    """Say whether the next call goes through boto3."""
    method, went = getattr(each.client, name), []
    plain = method._boto3
    method._boto3 = lambda **parameters: went.append(name) or plain(**parameters)
    try:
        each(name)
    finally:
        method._boto3 = plain
    return bool(went)


@pytest.mark.parametrize("name", HOT)
def test_the_first_call_goes_through_boto3_and_further_ones_do_not(server, calls, name):
    each = calls()
    assert [by_boto3(each, name) for _ in range(3)] == [True, False, False]
    (_, first, body), (_, second, again), _ = server.requests
    assert json.loads(body) == json.loads(again)
    made = {"authorization", "amz-sdk-invocation-id", "x-amz-date", "content-length"}
    assert {key: value for key, value in first.items() if key not in made} == {
        key: value for key, value in second.items() if key not in made
    }
    assert first.keys() == second.keys()
    assert first["user-agent"].endswith(f"megaql/{aws.__version__}")


@pytest.mark.parametrize("name", HOT)
def test_answers_are_boto3s(calls, name):
    answers = [calls(lean=False)(name), *(call(name) for call in [calls()] * 2)]
    assert answers[0] == answers[1] == answers[2]
    assert type(answers[0]) is type(answers[2]) is dict


def test_the_client_is_boto3s_in_all_else(calls):
    client = calls().client
    assert isinstance(client, BaseClient)
    assert client.meta.service_model.service_name == "sqs"
    assert client.can_paginate("list_queues")
    assert type(client.get_queue_attributes) is type(calls(lean=False).client.get_queue_attributes)


@pytest.mark.parametrize(
    ("variable", "argument", "lean"), [("0", None, False), ("1", None, True), ("0", True, True), ("1", False, False)]
)
def test_the_switch(monkeypatch, variable, argument, lean):
    monkeypatch.setenv("MEGAQL_LEAN", variable)
    client = aws.client("sqs", lean=argument)
    assert hasattr(client.receive_message, "_learnt") is lean


def test_topics_have_no_lean_path():
    assert not hasattr(aws.client("sns").publish, "_learnt")


def test_in_lambda_it_is_off(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    assert not hasattr(aws.client("sqs").receive_message, "_learnt")


@pytest.mark.parametrize(
    ("event", "scope"),
    [
        ("provide-client-params", ".sqs"),
        ("before-parameter-build", ""),
        ("before-call", ".sqs.ReceiveMessage"),
        ("request-created", ".sqs"),
        ("before-sign", ".sqs"),
        ("before-send", ""),
        ("needs-retry", ".*.*"),
        ("after-call", ".sqs.*"),
    ],
)
def test_whoever_listens_hears_each_call(calls, event, scope):
    each, heard = calls().learn(), []

    def listen(**_):
        heard.append(event)

    each.client.meta.events.register(event + scope, listen)
    assert by_boto3(each)
    assert by_boto3(each)
    assert len(heard) == 2
    each.client.meta.events.unregister(event + scope, listen)
    assert by_boto3(each), "the template is made anew"
    assert not by_boto3(each)
    assert len(heard) == 3 - 1


def test_who_listens_to_other_calls_changes_nothing(calls):
    each = calls().learn()
    each.client.meta.events.register("before-send.sqs.GetQueueUrl", lambda **_: None)
    assert by_boto3(each), "the template is made anew"
    assert not by_boto3(each)


def test_a_change_that_would_be_too_late_is_not_sent_and_one_in_time_takes_the_lean_path(server, calls):
    name = "change_message_visibility_batch"
    each = calls()
    with guard.sends_only_while(each.client, lambda: True):
        assert [by_boto3(each, name) for _ in range(3)] == [True, False, False]
    for _ in range(2):
        with guard.sends_only_while(each.client, lambda: False), pytest.raises(ReceiptHandleExpired):
            each(name)
    assert len(server.requests) == 3
    assert not by_boto3(each, name)


def test_a_change_that_is_too_late_by_now_is_not_sent_again(server, calls):
    each = calls()
    with guard.sends_only_while(each.client, lambda: len(server.requests) < 4):
        each.learn("change_message_visibility_batch")
        server.behaviours = [answer(503, b"")] * 4
        with pytest.raises(ReceiptHandleExpired):
            each("change_message_visibility_batch")
    assert len(server.requests) == 4


def test_a_stubbed_client_answers_as_it_is_told(calls):
    each = calls().learn()
    with Stubber(each.client) as stub:
        stub.add_response("receive_message", {"Messages": []})
        assert each()["Messages"] == []
        stub.add_client_error("receive_message", "OverLimit")
        with pytest.raises(each.client.exceptions.OverLimit):
            each()


def test_tracers_and_recorders_see_each_call(calls, monkeypatch):
    each, plain = calls().learn(), BaseClient._make_api_call

    @functools.wraps(plain)
    def traced(*arguments):
        return plain(*arguments)

    for owner, name, other in (
        (BaseClient, "_make_api_call", traced),
        (
            AWSHTTPConnectionPool,
            "ConnectionCls",
            type("Recorder", (AWSHTTPConnectionPool.ConnectionCls,), {"request": lambda *_, **__: None}),
        ),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, other)
            assert each.client.receive_message._usual() is None
        each.learn()
        assert not by_boto3(each)


MOTO = """
import moto
from megaql.broker import aws, guard
from megaql.broker.target import Connection

with moto.mock_aws():
    client = aws.client("sqs", Connection(region="eu-west-1"))
    url = client.create_queue(QueueName="q")["QueueUrl"]
    for _ in range(2):
        client.send_message(QueueUrl=url, MessageBody="b")
    print([len(client.receive_message(QueueUrl=url)["Messages"]) for _ in range(2)])
"""


def test_moto_in_process_is_asked():
    """In a process of its own, since moto listens to all clients that are made after its import."""
    done = subprocess.run([sys.executable, "-c", MOTO], capture_output=True, text=True, check=False)
    assert done.stdout == "[1, 1]\n", done.stderr


@pytest.mark.parametrize(
    "config",
    [
        Config(signature_version=botocore.UNSIGNED),
        Config(retries={"mode": "adaptive"}),
        Config(retries={"mode": "legacy"}),
    ],
    ids=["unsigned", "adaptive", "legacy"],
)
def test_other_ways_to_sign_and_to_retry_stay_with_boto3(server, calls, config):
    each = calls()
    each.client = boto3.client("sqs", region_name="eu-west-1", endpoint_url=server.url, config=config)
    assert install(each.client)
    assert [by_boto3(each) for _ in range(3)] == [True] * 3


@pytest.mark.parametrize("wrong", [{"MaxNumberOfMessages": "10"}, {"Unknown": 1}, {"AttributeNames": {"All"}}])
def test_wrong_parameters_are_boto3s_errors(calls, wrong):
    each = calls().learn()
    with pytest.raises(ParamValidationError):
        each.client.receive_message(QueueUrl="q", **wrong)
    with pytest.raises(TypeError, match="only accepts keyword arguments"):
        each.client.receive_message("q")
    assert not by_boto3(each)


def key_of(request):
    return re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", request[1]["authorization"])[1]


def test_credentials_are_those_of_the_moment(server, calls):
    issued = []

    def issue():
        issued.append(f"key{len(issued)}")
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=[3600, 0, 3600][len(issued) - 1])
        return {"access_key": issued[-1], "secret_key": "s", "token": f"t{issued[-1]}", "expiry_time": soon.isoformat()}

    each = calls().learn()
    signer = each.client._request_signer
    signer._credentials = RefreshableCredentials.create_from_metadata(issue(), issue, "test")
    assert not by_boto3(each)
    signer._credentials = RefreshableCredentials.create_from_metadata(issue(), issue, "test")
    assert not by_boto3(each)
    assert [key_of(request) for request in server.requests] == ["test", "key0", "key2"]
    assert [request[1].get("x-amz-security-token") for request in server.requests] == [None, "tkey0", "tkey2"]


def test_credentials_that_cannot_be_had_are_boto3s_error(calls):
    def refuse():
        raise CredentialRetrievalError(provider="test", error_msg="no")

    each = calls().learn()
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    each.client._request_signer._credentials = RefreshableCredentials("k", "s", "t", past, refuse, "test")
    with pytest.raises(CredentialRetrievalError):
        each()


def test_no_credentials_are_boto3s_error(calls, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentialsError):
        calls()()


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_the_endpoint_of_a_client_is_the_one_its_requests_go_to(region):
    """A template needs it; the lean path would stay unused on AWS if botocore resolved another one for each call."""
    client, seen = aws.client("sqs", Connection(region=region)), []

    def stop(request, **_):
        seen.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send.sqs", stop)
    with pytest.raises(InterruptedError):
        client.receive_message(QueueUrl="q")
    assert seen[0].rstrip("/") == client.meta.endpoint_url


def test_results_cover_what_the_tests_call():
    assert set(RESULTS) <= {"".join(part.title() for part in name.split("_")) for name in HOT}
