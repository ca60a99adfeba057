"""An answer is read whole however it comes in pieces, or it is none."""

import contextlib
import itertools
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.broker.lean.exchange import Answer, BrokenAnswer, exchange

HEAD = b"HTTP/1.1 200 OK\r\nX-A: b\r\n"
WITH_LENGTH = HEAD + b"Content-Length: 10\r\n\r\n0123456789"
IN_CHUNKS = HEAD + b"Transfer-Encoding: Chunked \r\n\r\n4;name=value\r\n0123\r\n06\r\n456789\r\n0\r\nTrailer: x\r\n\r\n"
TO_THE_END = HEAD + b"\r\n0123456789"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WITH_LENGTH


class Pieces:
    """A socket from which an answer comes in pieces, and then the end."""

    def __init__(self, answer, cuts=()):
        marks = [0, *sorted({cut for cut in cuts if cut < len(answer)}), len(answer)]
        self.pieces = [answer[start:end] for start, end in itertools.pairwise(marks) if start < end]
        self.sent = b""

    def sendall(self, request):
        self.sent += request

    def recv(self, limit):
        if not self.pieces:
            return b""
        piece, self.pieces[0] = self.pieces[0][:limit], self.pieces[0][limit:]
        if not self.pieces[0]:
            del self.pieces[0]
        return piece


@given(st.sampled_from([WITH_LENGTH, IN_CHUNKS, TO_THE_END, INTERIM]), st.lists(st.integers(1, 150)))
def test_pieces(answer, cuts):
    sock = Pieces(answer, cuts)
    got = exchange(sock, b"request")
    assert (got.status, got.headers["x-a"], got.body) == (200, "b", b"0123456789")
    assert got.reusable is (answer is not TO_THE_END)
    assert sock.sent == b"request"


@given(st.sampled_from([WITH_LENGTH, IN_CHUNKS, INTERIM]), st.data())
def test_an_answer_that_ends_too_soon_is_none(answer, data):
    end = data.draw(st.integers(0, len(answer) - 1))
    with pytest.raises(BrokenAnswer):
        exchange(Pieces(answer[:end]), b"")


@given(st.binary(max_size=100) | st.builds(bytes.__add__, st.just(HEAD), st.binary(max_size=100)))
def test_any_bytes_are_an_answer_or_none(data):
    with contextlib.suppress(BrokenAnswer):
        assert isinstance(exchange(Pieces(data), b""), Answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b" folded: x\r\n\r\n",
        HEAD + b": x\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1_0\r\n\r\n0123456789",
        HEAD + b"Content-Length: 1, 2\r\n\r\n01",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n01\r\n0\r\n\r\n",
        HEAD + b"X-Long: " + b"x" * 70_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 70_000,
    ],
    ids=lambda answer: answer[-40:].decode(),
)
def test_what_is_no_http(answer):
    with pytest.raises(BrokenAnswer):
        exchange(Pieces(answer), b"")


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (WITH_LENGTH, True),
        (WITH_LENGTH.replace(b"X-A: b", b"Connection: Close"), False),
        (WITH_LENGTH.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
        (WITH_LENGTH.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"X-A: b", b"Connection: keep-alive"), True),
        (WITH_LENGTH + b"more", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
def test_when_a_connection_is_used_again(answer, reusable):
    assert exchange(Pieces(answer), b"").reusable is reusable


def test_a_large_answer():
    body = bytes(range(256)) * 4096
    got = exchange(Pieces(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body, range(0, 2**20, 70_000)), b"")
    assert got.body == body


def test_an_answer_to_a_request_that_was_not_read_to_its_end():
    ours, theirs = socket.socketpair()

    def refuse():
        theirs.recv(10)
        theirs.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        theirs.shutdown(socket.SHUT_RD)

    server = threading.Thread(target=refuse)
    server.start()
    with ours, theirs:
        assert exchange(ours, b"x" * 10_000_000).status == 413
        server.join()
