"""A real HTTP server on loopback that answers as it is told: each request takes the next behaviour, and past them all is well."""

import contextlib
import json
import os
import socket
import struct
import threading

RESULTS = {
    "ReceiveMessage": {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": "5"}]},
    "DeleteMessageBatch": {"Successful": [{"Id": "0"}], "Failed": []},
    "ChangeMessageVisibilityBatch": {"Successful": [{"Id": "0"}], "Failed": []},
    "SendMessageBatch": {"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "5"}], "Failed": []},
    "SendMessage": {"MessageId": "m", "MD5OfMessageBody": "5"},
}


def answer(status=200, body=b"{}", headers=(), *, framing=None):
    """Return a whole HTTP answer; `framing` stands for Content-Length."""
    lines = [
        f"HTTP/1.1 {status} Reason",
        "Content-Type: application/x-amz-json-1.0",
        "x-amzn-RequestId: id-1",
        *headers,
    ]
    lines.append(f"Content-Length: {len(body)}" if framing is None else framing)
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body


def error(status, code, *, query=None, message="no"):
    """Return an error as SQS answers it."""
    headers = [f"x-amzn-query-error: {query};Sender"] if query else []
    return answer(status, json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode(), headers)


#: Behaviours that are no answer; noise is under TLS, where it is no record of the connection's.
RESET, CUT, SILENCE, CLOSE, NOISE = "reset", "cut", "silence", "close", "noise"


class Server:
    """`behaviours` is what becomes of the next requests; `requests` holds each one's head and body."""

    def __init__(self, wrap=None):
        self.behaviours = []
        self.requests = []
        #: What else is done before the next answer is given.
        self.during = None
        self.connections = 0
        self._wrap = wrap
        self._open = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if wrap else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self):
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in list(self._open):
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _accept(self):
        while not self._over.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(peer)
            self._threads.append(threading.Thread(target=self._serve, args=(peer,)))
            self._threads[-1].start()

    def _serve(self, peer):
        try:
            peer = self._wrap(peer) if self._wrap else peer
            self._open.append(peer)
            with contextlib.closing(peer), peer.makefile("rb") as stream:
                while request := self._read(stream):
                    if not self._behave(peer, request):
                        return
        except OSError:
            peer.close()

    def _read(self, stream):
        head = []
        while line := stream.readline().rstrip(b"\r\n"):
            head.append(line.decode())
        if not head:
            return None
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        request = (head, headers, stream.read(int(headers.get("content-length", 0))))
        self.requests.append(request)
        return request

    def _behave(self, peer, request):
        """Do the next behaviour; return whether the connection goes on."""
        during, self.during = self.during, None
        if during:
            during()
        behaviour = self.behaviours.pop(0) if self.behaviours else None
        operation = request[1].get("x-amz-target", "").rpartition(".")[2]
        good = answer(body=json.dumps(RESULTS[operation]).encode() if operation in RESULTS else b"")
        match behaviour:
            case bytes():
                peer.sendall(behaviour)
            case "silence":
                self._over.wait()
                return False
            case "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case "noise":
                os.write(peer.fileno(), b"\x17\x03\x03\x00\x40" + b"?" * 64)
            case "cut":
                peer.sendall(good[:-5])
                return False
            case "close":
                peer.sendall(good)
                return False
            case _:
                peer.sendall(good)
        return True
