"""A real proxy on loopback: it makes tunnels (CONNECT) and passes on requests that it is told with their URL, as squid does."""

import base64
import contextlib
import socket
import threading
from urllib.parse import urlsplit

from tests.unit.broker.lean.http_server import SILENCE


class ForwardProxy:
    """`asked` holds the first line of each request to it, `answer` is what it says instead of going on, `account` is `user:password`."""

    def __init__(self, *, account=None):
        self.account = account
        self.asked = []
        self.answer = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self):
        return f"http://{self.address}"

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(peer,)))
            self._threads[-1].start()

    def _serve(self, peer):
        with contextlib.suppress(OSError), peer, peer.makefile("rb") as stream:
            lines = []
            while line := stream.readline().rstrip(b"\r\n"):
                lines.append(line.decode())
            if not lines:
                return
            self.asked.append(lines[0])
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            if self.answer == SILENCE:
                stream.read()
            elif self.answer is not None:
                peer.sendall(self.answer)
            elif not self._known(headers.get("proxy-authorization", "")):
                peer.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif lines[0].startswith("CONNECT "):
                self._tunnel(peer, lines[0].split()[1])
            else:
                self._pass_on(peer, lines, stream.read(int(headers.get("content-length", 0))))

    def _known(self, given):
        return self.account is None or given == f"Basic {base64.b64encode(self.account.encode()).decode()}"

    def _tunnel(self, peer, authority):
        host, _, port = authority.rpartition(":")
        with socket.create_connection((host, int(port))) as onward:
            peer.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=_pipe, args=(onward, peer))
            back.start()
            _pipe(peer, onward)
            back.join()

    def _pass_on(self, peer, lines, body):
        method, url, version = lines[0].split()
        parts = urlsplit(url)
        kept = [line for line in lines[1:] if not line.lower().startswith(("connection:", "proxy-"))]
        head = "\r\n".join([f"{method} {parts.path or '/'} {version}", *kept, "Connection: close", "", ""])
        with socket.create_connection((parts.hostname, parts.port or 80)) as onward:
            onward.sendall(head.encode() + body)
            onward.shutdown(socket.SHUT_WR)
            _pipe(onward, peer)


def _pipe(source, sink):
    with contextlib.suppress(OSError):
        while part := source.recv(65_536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_RDWR)
