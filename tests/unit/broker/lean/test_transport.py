"""Connections are kept, shared by threads and not by processes, and made as botocore makes them."""

import datetime as dt
import ipaddress
import multiprocessing
import select
import socket
import ssl
import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from megaql.broker import aws, patience
from megaql.broker.lean import install
from tests.unit.broker.lean.http_server import CLOSE, SILENCE, Server


def test_one_connection_serves_call_after_call(server, calls):
    each = calls().learn()
    for name in ("receive_message", "delete_message_batch", "receive_message", "send_message_batch"):
        each(name)
    assert server.connections == 1


def test_a_connection_that_the_server_has_closed_is_not_used_again(server, calls):
    each = calls().learn()
    server.behaviours = [CLOSE]
    each()
    (idle,) = each.client.receive_message._transport._idle
    select.select([idle.sock], [], [], 20)
    assert each()["ResponseMetadata"]["RetryAttempts"] == 0
    assert server.connections == 2


def test_threads_have_a_connection_each_and_leave_it_for_the_next(server, calls):
    each, count, answers = calls().learn(), 8, []

    def work():
        answers.extend(each() for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20 * count
    assert all(answer["Messages"][0]["Body"] == "b" for answer in answers)
    assert server.connections <= count


def test_no_more_idle_connections_are_kept_than_boto3_keeps(server, monkeypatch, calls):
    monkeypatch.setattr(aws, "POOL", 1)
    each = calls().learn()
    transport = each.client.receive_message._transport
    (first,) = transport._idle
    server.during = each
    each()
    assert server.connections == 2, "a call was made while another one was under way"
    assert list(transport._idle) != [first]
    assert len(transport._idle) == 1


@pytest.mark.usefixtures("hasty")
def test_a_swallowed_request_gives_up_the_idle_connections_too(server, calls):
    each = calls().learn()
    transport = each.client.receive_message._transport
    transport._idle.append(transport._connect())
    assert len(transport._idle) == 2
    server.behaviours = [SILENCE]
    each()
    assert len(transport._idle) == 1
    assert server.connections == 3, "a new one was made although one was idle"


def _in_child(each, result):
    result.send(each()["Messages"][0]["Body"])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_makes_its_own_connections(server, calls):
    each = calls().learn()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_in_child, args=(each, theirs))
    child.start()
    assert ours.poll(20)
    assert ours.recv() == "b"
    child.join()
    assert server.connections == 2
    assert each()["Messages"][0]["Body"] == "b"
    assert server.connections == 2, "the parent's connection is still its own"


def test_closing_the_client_closes_its_connections(calls):
    each = calls().learn()
    (connection,) = each.client.receive_message._transport._idle
    each.client.close()
    assert connection.sock is None


@pytest.mark.parametrize("lean", [False, True])
def test_nobody_listens(calls, lean, slept):
    with pytest.raises(EndpointConnectionError):
        calls(lean=lean, url="http://127.0.0.1:1")()
    assert len(slept) == 3


@pytest.mark.parametrize("lean", [False, True])
def test_a_host_without_an_address(calls, lean, slept):
    with pytest.raises(EndpointConnectionError):
        calls(lean=lean, url="http://nowhere.invalid")()
    assert len(slept) == 3


@pytest.mark.parametrize("lean", [False, True])
def test_a_server_that_does_not_take_connections(calls, lean, slept, monkeypatch):
    monkeypatch.setattr(aws, "CONNECT_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with pytest.raises(ConnectTimeoutError):
            calls(lean=lean, url=f"http://127.0.0.1:{address[1]}")()
        for each in waiting:
            each.close()
    assert len(slept) == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1, by itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made = Server(lambda peer: context.wrap_socket(peer, server_side=True))
    yield made
    made.stop()


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))


@pytest.mark.usefixtures("trusted")
def test_certificates_are_checked_with_the_configured_bundle(secure, calls):
    each = calls(url=secure.url).learn()
    assert [each()["Messages"][0]["Body"] for _ in range(3)] == ["b"] * 3
    assert secure.connections == 1


@pytest.mark.parametrize("lean", [False, True])
def test_a_certificate_that_nobody_vouches_for(secure, calls, slept, lean, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with pytest.raises(SSLError):
        calls(url=secure.url, lean=lean)()
    assert not secure.requests
    assert len(slept) == 3


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("lean", [False, True])
def test_a_certificate_of_another_host(secure, calls, slept, lean):
    with pytest.raises(SSLError, match="localhost"):
        calls(url=f"https://localhost:{secure.port}", lean=lean)()
    assert not secure.requests
    assert len(slept) == 3


@pytest.fixture
def proxy():
    """A proxy for CONNECT; `asked` holds the first line of each request to it."""
    listener, asked, threads = socket.create_server(("127.0.0.1", 0)), [], []

    def pipe(source, sink):
        try:
            while part := source.recv(65_536):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def serve(peer):
        with peer:
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(65_536)
            asked.append(head.split(b"\r\n")[0].decode())
            host, _, port = asked[-1].split()[1].partition(":")
            with socket.create_connection((host, int(port))) as onward:
                peer.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=pipe, args=(onward, peer))
                back.start()
                pipe(peer, onward)
                back.join()

    def accept():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(peer,)))
            threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(10)


@pytest.mark.usefixtures("trusted")
def test_a_proxy_is_used(secure, calls, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy[0])
    each = calls(url=secure.url).learn()
    assert each()["Messages"][0]["Body"] == "b"
    assert proxy[1] == [f"CONNECT 127.0.0.1:{secure.port} HTTP/1.{proxy[1][0][-1]}"]
    each.client.close()


@pytest.mark.parametrize("lean", [False, True])
def test_a_proxy_that_is_down(calls, slept, lean, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:1")
    with pytest.raises(ProxyConnectionError) as caught:
        calls(url="https://127.0.0.1:2", lean=lean)()
    assert "secret" not in str(caught.value)
    assert len(slept) == 3


def test_a_proxy_that_is_told_each_url_stays_with_boto3(calls, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert not hasattr(calls().client.receive_message, "_learnt")


def test_a_proxy_with_settings_stays_with_boto3(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "https://127.0.0.1:1")
    config = Config(proxies_config={"proxy_use_forwarding_for_https": True})
    client = boto3.client("sqs", region_name="eu-west-1", config=config)
    assert not install(client)
    client.close()


def test_a_silent_peer_that_takes_the_request_is_a_read_timeout(server, calls, monkeypatch, slept):
    monkeypatch.setattr(patience, "ANSWER_TIMEOUT", 0.1)
    each = calls().learn("delete_message")
    server.behaviours = [SILENCE] * 4
    with pytest.raises(ReadTimeoutError):
        each("delete_message")
    assert len(slept) == 3
