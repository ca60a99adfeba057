"""Over a proxy the lean path goes as boto3 does: by the same way, with the same refusals, or not at all."""

from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProxyConnectionError

from megaql.broker import aws, faults
from megaql.broker.lean import install
from tests.unit.broker.lean.forward_proxy import ForwardProxy
from tests.unit.broker.lean.http_server import SILENCE

BOTH = pytest.mark.parametrize("lean", [False, True], ids=["boto3", "lean"])


@pytest.fixture
def proxies():
    """Make proxies."""
    made = []

    def make(**settings):
        made.append(ForwardProxy(**settings))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def through(secure, calls, proxies, monkeypatch, request):
    """Make a client that has used a proxy already, and return both; the next call makes a new connection."""
    request.getfixturevalue("trusted")
    made = []

    def make(*, lean, **settings):
        proxy = proxies(**settings)
        account = f"{quote(settings['account'], safe=':')}@" if settings else ""
        monkeypatch.setenv("HTTPS_PROXY", f"http://{account}{proxy.address}")
        each = calls(url=secure.url, lean=lean)
        made.append(each.client)
        each()
        each()
        each.hang_up()
        return proxy, each

    yield make
    for client in made:
        client.close()  # before the proxy is stopped, whose tunnels would stay otherwise


def refusal(call):
    """Make a call that has to fail, and return what is said of it."""
    with pytest.raises((BotoCoreError, ClientError)) as caught:
        call()
    return faults.translated(caught.value, "receive", faults.Place("orders", "https://127.0.0.1:1"))


@BOTH
def test_a_tunnel(secure, through, lean):
    proxy, each = through(lean=lean, account="me:a word")
    each()
    assert set(proxy.asked) <= {f"CONNECT 127.0.0.1:{secure.port} HTTP/1.{version}" for version in "01"}
    assert len(proxy.asked) == 2
    if lean:
        assert each.client.receive_message._learnt[1] is not None


REFUSALS = {
    "forbidden": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403 Forbidden", False),
    "credentials": (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required", False),
    "bad gateway": (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502 Bad Gateway", True),
    "closed": (b"", "", True),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", "", True),
}


@pytest.mark.parametrize(("answer", "said", "retryable"), REFUSALS.values(), ids=REFUSALS)
def test_a_proxy_that_refuses_a_tunnel_later(through, slept, answer, said, retryable):
    outcomes = []
    for lean in (False, True):
        proxy, each = through(lean=lean)
        proxy.answer = answer
        del proxy.asked[:], slept[:]
        error = refusal(each)
        outcomes.append((error.what, error.code, error.hint, len(slept), len(proxy.asked)))
        assert error.retryable is retryable
        if said:
            assert error.what == "cannot receive: the proxy refuses"
            assert error.why.endswith(f"; it answered {said}")
            assert "HTTPS_PROXY" in error.hint
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][3:] == (3, 4)


@BOTH
def test_a_proxy_that_is_down(calls, slept, lean, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:1")
    with pytest.raises(ProxyConnectionError) as caught:
        calls(url="https://127.0.0.1:2", lean=lean)()
    assert len(slept) == 3
    error = faults.translated(caught.value, "receive", faults.Place("orders"))
    assert error.what == "cannot receive: no connection to the proxy"
    assert "secret" not in str(error)
    assert error.retryable


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:port"], ids=["address", "port"])
@BOTH
@pytest.mark.usefixtures("slept")
def test_a_proxy_whose_url_is_none(calls, lean, url, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", url)
    error = refusal(calls(url="https://127.0.0.1:2", lean=lean))
    assert "HTTPS_PROXY" in error.hint


def test_a_proxy_that_is_told_each_url_stays_with_boto3(server, calls, proxies, monkeypatch):
    proxy = proxies()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    each = calls()
    assert each()["Messages"]
    assert each()["Messages"]
    assert proxy.asked == [f"POST {server.url}/ HTTP/1.1"] * 2
    assert not hasattr(each.client.receive_message, "_learnt")


@pytest.mark.usefixtures("slept")
def test_such_a_proxy_that_wants_credentials(calls, proxies, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxies(account="me:word").url)
    error = refusal(calls())
    assert (error.what, error.retryable) == ("cannot receive: the proxy refuses", False)


@pytest.mark.parametrize("exempt", ["127.0.0.1", "example.org, 127.0.0.1", "*"])
@pytest.mark.usefixtures("trusted")
def test_hosts_that_need_no_proxy(server, secure, calls, monkeypatch, exempt):
    monkeypatch.setenv("NO_PROXY", exempt)
    for variable, one in (("HTTP_PROXY", server), ("HTTPS_PROXY", secure)):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
        assert calls(url=one.url).learn()()["Messages"]


@pytest.mark.usefixtures("trusted")
def test_the_proxy_of_a_clients_own_configuration(secure, proxies, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    proxy = proxies()
    config = Config(proxies={"https": proxy.url})
    client = boto3.client("sqs", region_name="eu-west-1", endpoint_url=secure.url, config=config)
    assert install(client)
    for _ in range(2):
        client.receive_message(QueueUrl=f"{secure.url}/000000000000/q")
    assert client.receive_message._learnt[1] is not None
    assert len(proxy.asked) == 1
    client.close()


@pytest.mark.parametrize("special", ["settings", "header"])
def test_a_proxy_with_settings_stays_with_boto3(monkeypatch, special):
    monkeypatch.setenv("HTTPS_PROXY", "https://127.0.0.1:1")
    config = None
    if special == "settings":
        config = Config(proxies_config={"proxy_use_forwarding_for_https": True})
    else:
        monkeypatch.setenv("BOTO_EXPERIMENTAL__ADD_PROXY_HOST_HEADER", "true")
    client = boto3.client("sqs", region_name="eu-west-1", config=config)
    assert not install(client)
    client.close()


def test_a_proxy_that_does_not_answer(through, slept, monkeypatch):
    """A tunnel is part of connecting, and has its time."""
    monkeypatch.setattr(aws, "CONNECT_TIMEOUT", 0.1)
    outcomes = []
    for lean in (False, True):
        proxy, each = through(lean=lean)
        proxy.answer = SILENCE
        slept.clear()
        error = refusal(each)
        outcomes.append((error.what, error.code, error.retryable, len(slept)))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2:] == (True, 3)
