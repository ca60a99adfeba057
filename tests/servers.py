"""Real SQS servers as subprocesses, for every test that needs one: on loopback, on a free port, with a log that is shown when they fail.

A maintainer keeps two rules. A server that is not installed may be skipped on a laptop and is an error in CI (`CI=true`). And a server is stopped by
the process that was started, never by name.

    @pytest.fixture(scope="session")
    def endpoint(tmp_path_factory):
        with running("ministack", tmp_path_factory.mktemp("ministack")) as url:
            yield url
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

#: How long a server may take until it answers; a loaded CI machine needs most of it. Seconds.
START_TIMEOUT = 60
#: How long a server may take to stop before it is killed. Seconds.
STOP_TIMEOUT = 5

#: The account in which every server that can be told puts its queues.
ACCOUNT = "000000000000"

#: Server → program and arguments, with the port to fill in.
COMMANDS = {
    "ministack": ("ministack",),
    "roto": ("roto-server", "--host", "127.0.0.1", "--port", "{port}", "--ephemeral", "--account-id", ACCOUNT),
    "moto": ("moto_server", "-H", "127.0.0.1", "-p", "{port}"),
}
#: What each server takes from its environment. Unasked, ministack binds all interfaces, and a port for IoT besides.
ENVIRONMENTS = {
    "ministack": {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": "{port}",
        "SERVICES": "sqs,sns,s3",
        "IOT_MTLS_ENABLED": "0",
    },
    "roto": {},
    "moto": {"MOTO_ACCOUNT_ID": ACCOUNT},
}


@contextlib.contextmanager
def without_moto():
    """Make clients as in a process without moto, which listens to all that are made after some other test has imported it."""
    from botocore.handlers import BUILTIN_HANDLERS

    before = list(BUILTIN_HANDLERS)
    BUILTIN_HANDLERS[:] = [entry for entry in before if not type(entry[1]).__module__.startswith("moto")]
    try:
        yield
    finally:
        BUILTIN_HANDLERS[:] = before


def program(name):
    """Return the path of a server's program, of this virtual environment first; skip or fail the test where there is none."""
    beside = Path(sys.executable).with_name(COMMANDS[name][0])
    found = str(beside) if beside.exists() else shutil.which(COMMANDS[name][0])
    if found is None:
        reason = f"{COMMANDS[name][0]} is not installed: pip install 'megaql[test]'"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


@contextlib.contextmanager
def running(name, folder):
    """Run a server with its files in a folder, and give its endpoint URL once it answers."""
    path, port = program(name), _free_port()
    arguments = [argument.format(port=port) for argument in COMMANDS[name][1:]]
    own = {key: value.format(port=port) for key, value in ENVIRONMENTS[name].items()}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHONWARNINGS"))}
    environment = inherited | {"HOME": str(folder), "TMPDIR": str(folder)} | own
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [path, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(name, process, url, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(name, process, url, log):
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"{name} ended with status {process.returncode}:\n{log.read_text(errors='replace')}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{name} did not answer within {START_TIMEOUT} s:\n{log.read_text(errors='replace')}")
