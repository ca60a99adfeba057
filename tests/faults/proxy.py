"""A proxy between a client and an SQS server, on loopback, which does to requests what networks and servers do.

A maintainer keeps two rules. It reads whole requests and whole answers, so that a fault falls where the plan says and not where a packet ends. And
what is silent stays silent: a connection that was cut off never comes back, as behind a firewall that has forgotten it.

    with Proxy(url, plan, watch) as proxy:
        client = aws.client("sqs", Connection(endpoint_url=proxy.url))
        proxy.cut_off()       # every connection there is now is dead, and nobody is told
        proxy.refuse(); proxy.accept()
"""

import contextlib
import json
import socket
import struct
import threading
import time
from urllib.parse import urlsplit

from tests.faults import injection
from tests.faults.injection import Repeats

#: How late a late answer comes. Seconds.
LATENESS = 0.2


class Proxy:
    """Forwards to one server; `watch` is told of each hot call before the server is, and after it has answered (`accounts.Watch`)."""

    def __init__(self, upstream, plan, watch):
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)
        self.plan = plan
        self.watch = watch
        self._repeats = Repeats()
        self._lock = threading.Lock()
        self._passages = set()
        self._dark = False
        #: Connections that were taken.
        self.taken = 0
        self._listener = None
        # Bound and not listening: while connections are refused, nobody else is given the port, and with it our clients.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self._port = self._reserved.getsockname()[1]
        self._closed = False
        self.accept()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def queue_url(self, url):
        """Return the URL under which a queue of the server is reached through here."""
        return f"{self.url}{urlsplit(url).path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed = True
        self.refuse()
        self._reserved.close()

    def accept(self):
        """Take connections, at the same port as ever."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
        threading.Thread(target=self._take, args=(self._listener,), daemon=True).start()

    def refuse(self):
        """Take no connections, and reset those there are: nothing listens here any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            passages, self._passages = self._passages, set()
        for passage in passages:
            passage.end()

    def cut_off(self, *, dark=False):
        """Let every connection there is now be silent for ever; with `dark` also all that come, until `light`."""
        with self._lock:
            self._dark = dark
            for passage in self._passages:
                passage.silent.set()

    def light(self):
        """Let connections that come now work again."""
        self._dark = False

    def _take(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            passage = _Passage(self, peer)
            with self._lock:
                self.taken += 1
                if self._dark:
                    passage.silent.set()
                self._passages.add(passage)
            threading.Thread(target=self._serve, args=(passage,), daemon=True).start()

    def _serve(self, passage):
        try:
            passage.run()
        finally:
            with self._lock:
                self._passages.discard(passage)

    def server(self):
        """Return a connection to the server."""
        return socket.create_connection(self._upstream)

    def receive(self, queue, answer, kind):
        """Return the answer to a receive, with a message from before where that is the fault."""
        with self._lock:
            messages = answer.get("Messages") or []
            more = self._repeats.again(queue, self.plan) if kind == injection.DUPLICATE else []
            self._repeats.add(queue, messages)
        return answer | {"Messages": messages + more} if more else answer


class _Passage:
    """One connection of a client, and one to the server for it."""

    def __init__(self, proxy, client):
        self._proxy = proxy
        self._client = _Stream(client)
        self._server = None
        self.silent = threading.Event()

    def reset(self):
        """End the connection with a reset; for its own thread."""
        self._client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def end(self):
        """End the connection from another thread: one that waits for bytes wakes up."""
        for stream in (self._client, self._server):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.socket.shutdown(socket.SHUT_RDWR)

    def run(self):
        try:
            while (request := self._client.message()) is not None:
                if self.silent.is_set() or not self._answer(*request):
                    break
            if self.silent.is_set():
                self._client.drain()
        except OSError:
            pass
        finally:
            self._close()

    def _close(self):
        for stream in (self._client, self._server):
            if stream is not None:
                stream.socket.close()

    def _answer(self, head, body):
        """Answer one request; says whether the connection goes on."""
        call = _call(head)
        kind = self._proxy.plan(call)
        if kind == injection.RESET:
            self.reset()
            return False
        if kind == injection.SWALLOWED:
            self.silent.set()
            return False
        if kind in injection.ERRORS:
            return self._give(_http(injection.ERRORS[kind][0], injection.error_answer(kind)))
        answer = self._forwarded(call, kind, head, body)
        if kind == injection.LATE:
            time.sleep(LATENESS)
        if kind == injection.CUT:
            self._client.socket.sendall(answer[: len(answer) // 2])
            self.reset()
            return False
        if kind == injection.MUTE:
            self.silent.set()
            return False
        return self._give(answer)

    def _give(self, answer):
        if self.silent.is_set():
            return False
        self._client.socket.sendall(answer)
        return True

    def _forwarded(self, call, kind, head, body):
        """Let the server answer, to as much of the request as the fault leaves of it."""
        if call not in injection.HOT:
            return self._ask(head, body)[0]
        request = json.loads(body)
        refused = []
        if kind in {injection.PARTIAL, injection.UNTRUE}:
            refused = self._proxy.plan.some([entry["Id"] for entry in request["Entries"]])
        wanted = injection.split(request, refused) if kind == injection.PARTIAL else request
        if not wanted.get("Entries", True):
            return _http(200, json.dumps(injection.refuse({}, refused)).encode())
        self._proxy.watch.asked(call, wanted)
        whole, head_of_answer, text = self._ask(head, json.dumps(wanted).encode() if wanted is not request else body)
        if not head_of_answer.startswith(b"HTTP/1.1 200"):
            return whole
        answer = json.loads(text or b"{}")
        self._proxy.watch.answered(call, answer)
        changed = injection.refuse(answer, refused) if refused else answer
        if call == "ReceiveMessage":
            changed = self._proxy.receive(request["QueueUrl"], answer, kind)
        return whole if changed is answer else _http(200, json.dumps(changed).encode())

    def _ask(self, head, body):
        """Send a request to the server; returns the whole answer, its head and its body."""
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
        request = b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])
        for last in (False, True):
            if self._server is None:
                self._server = _Stream(self._proxy.server())
            try:
                self._server.socket.sendall(request)
                answer = self._server.message()
            except OSError:
                answer = None
            if answer is not None:
                return answer[0] + b"\r\n\r\n" + answer[1], *answer
            self._server.socket.close()
            self._server = None
            if last:
                break
        raise ConnectionResetError("the server is gone")


class _Stream:
    """Whole HTTP messages from a socket."""

    def __init__(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self._buffer = b""

    def message(self):
        """Return head and body of the next message, None at the end. A body in chunks comes as one, with its head to fit."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if not self._more():
                return None
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        if b"\r\ntransfer-encoding: chunked" in head.lower():
            return self._unchunked(head)
        body = self._exactly(_length(head))
        return None if body is None else (head, body)

    def drain(self):
        """Read and forget all that comes, until the peer ends it."""
        while self.socket.recv(65536):
            pass

    def _unchunked(self, head):
        body = b""
        while True:
            while (end := self._buffer.find(b"\r\n")) < 0:
                if not self._more():
                    return None
            size = int(self._buffer[:end].partition(b";")[0], 16)
            self._buffer = self._buffer[end + 2 :]
            chunk = self._exactly(size + 2)
            if chunk is None:
                return None
            if not size:
                break
            body += chunk[:-2]
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"transfer-encoding:")]
        return b"\r\n".join([*lines, b"Content-Length: %d" % len(body)]), body

    def _exactly(self, length):
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _more(self):
        part = self.socket.recv(1 << 18)
        self._buffer += part
        return bool(part)


def _length(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _call(head):
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"x-amz-target:"):
            return line.rpartition(b".")[2].strip().decode()
    return ""


def _http(status, body):
    return (
        b"HTTP/1.1 %d Injected\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: injected\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
    )
