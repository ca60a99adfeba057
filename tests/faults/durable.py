"""A real server whose files outlive it, to be killed and started again at the same address."""

import contextlib
import signal
import socket
import subprocess
import time

from tests.servers import ACCOUNT, program


class DurableServer:
    """roto on a folder; `kill` is `kill -9`."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        place = ("--host", "127.0.0.1", "--port", str(self._port), "--account-id", ACCOUNT)
        self._command = [program("roto"), *place, "--data-dir", str(folder), "--durable"]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Start it, and wait until it takes connections."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            time.sleep(0.01)
        raise RuntimeError(f"the server ended with status {self._process.returncode}")

    def kill(self):
        """Kill it, and wait for its end."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
