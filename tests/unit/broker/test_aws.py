import pytest

from megaql import __version__
from megaql.broker import aws
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.errors import BadTarget, BrokerError, CredentialsMissing, EndpointUnreachable

DEAD_END = "http://127.0.0.1:1"


def test_client_is_set_up_for_queues():
    client = aws.client("sqs", Connection(region="eu-west-1", endpoint_url=DEAD_END))
    config = client.meta.config
    assert config.read_timeout > 20, "an idle long poll must not look like a dead endpoint"
    assert config.retries["mode"] == "standard"
    assert config.tcp_keepalive
    assert f"megaql/{__version__}" in config.user_agent_extra
    assert aws.endpoint(client) == (DEAD_END, "eu-west-1")
    client.close()


def test_no_region(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(BrokerError, match="no region is configured") as caught:
        aws.client("sqs")
    assert "AWS_REGION" in caught.value.hint


def test_the_region_may_come_from_either_variable(monkeypatch):
    """boto3 reads AWS_DEFAULT_REGION alone; Lambda, ECS and the AWS command line say AWS_REGION, and so do our hints."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert aws.endpoint(aws.client("sqs"))[1] == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert aws.endpoint(aws.client("sqs"))[1] == "eu-north-1"
    assert aws.endpoint(aws.client("sqs", Connection(region="us-west-2")))[1] == "us-west-2"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_an_endpoint_of_the_environment_needs_no_region(monkeypatch, tmp_path, variable):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv(variable, DEAD_END)
    assert aws.endpoint(aws.client("sqs")) == (DEAD_END, "us-east-1")
    settings = tmp_path / "config"
    settings.write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    assert aws.endpoint(aws.client("sqs")) == (DEAD_END, "eu-west-1"), "a configured region comes first"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    with pytest.raises(BadTarget, match="no region is configured"):
        aws.client("sqs")


def test_unknown_profile():
    with pytest.raises(CredentialsMissing, match="there is no such profile") as caught:
        Queue.open("orders", Connection(profile="nobody"))
    assert caught.value.where == "orders (profile nobody)"
    assert "list-profiles" in caught.value.hint


def test_endpoint_that_is_no_url():
    with pytest.raises(BrokerError, match="the endpoint is not a URL"):
        aws.client("sqs", Connection(region="eu-west-1", endpoint_url="nonsense"))


def test_no_credentials(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    queue = Queue.open(f"{DEAD_END}/000000000000/orders")
    with pytest.raises(CredentialsMissing, match="there are no complete AWS credentials") as caught:
        queue.info()
    assert DEAD_END in caught.value.where


def test_nobody_listens(monkeypatch):
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    with pytest.raises(EndpointUnreachable, match="no connection") as caught:
        Queue.open(f"{DEAD_END}/000000000000/orders").info()
    assert caught.value.retryable
    assert f"check that a server listens at {DEAD_END}" in caught.value.hint
