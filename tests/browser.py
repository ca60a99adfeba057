"""A real browser for pages: Chromium without a window, spoken to through its own pipe, so that no port and no package is needed.

A maintainer keeps two rules. A browser that is not installed may be skipped on a laptop and is an error in CI (`CI=true`). And it is given no way out:
every name but this machine's resolves to nothing, and each request is reported.

    with browsing(tmp_path) as browser:
        page = browser.open(path.as_uri())
        assert page.requests == [path.as_uri()]
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")

#: How long the browser may take for one answer. Seconds.
PATIENCE = 60

FLAGS = (
    *("--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-default-apps", "--mute-audio", "--hide-scrollbars", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

#: Becomes the program whose arguments follow, which reads descriptor 3 and writes descriptor 4.
_WITH_PIPES = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(given), fcntl.F_DUPFD, 10) for given in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program():
    """Return the browser's path; skip or fail the test where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium is installed: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


@contextlib.contextmanager
def browsing(folder):
    """Run a browser with a profile in a folder."""
    arguments = [program(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.insert(1, "--no-sandbox")  # it refuses to run as root with one
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()
    start = [sys.executable, "-c", _WITH_PIPES, str(to_browser), str(from_browser), *arguments]
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            start, pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Browser(from_us, to_us)
        finally:
            os.close(from_us)
            os.close(to_us)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Browser:
    """Sends commands of the DevTools protocol and keeps the events that come meanwhile."""

    def __init__(self, write, read):
        self._write, self._read = write, read
        self._buffer = b""
        self._serial = 0
        self.events = []

    def open(self, url, **settings):
        """Open a page and wait until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, url, **settings)

    def call(self, method, session=None, **params):
        """Send a command and return its result."""
        self._serial += 1
        serial = self._serial
        message = {"id": serial, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == serial:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        """Return the next message."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser did not answer"
            data = os.read(self._read, 1 << 20)
            assert data, "the browser has ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class Page:
    """One page. `requests` are the addresses it asked for, `complaints` what the console has of errors, warnings and blocked loads."""

    def __init__(self, browser, session, url, *, width=1000, height=1400, dark=False):
        self._browser, self._session = browser, session
        for domain in ("Page", "Network", "Runtime", "Log", "DOM", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        while not self._events("Page.loadEventFired"):
            browser.events.append(browser.receive())
        self.run("document.fonts.ready.then(() => 1)")

    def call(self, method, **params):
        return self._browser.call(method, self._session, **params)

    def _events(self, method):
        return [
            event["params"]
            for event in self._browser.events
            if event.get("method") == method and event.get("sessionId") == self._session
        ]

    def run(self, expression):
        """Return what a JavaScript expression comes to."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    @property
    def requests(self):
        return [event["request"]["url"] for event in self._events("Network.requestWillBeSent")]

    @property
    def complaints(self):
        logged = [event["entry"]["text"] for event in self._events("Log.entryAdded")]
        thrown = [event["exceptionDetails"]["text"] for event in self._events("Runtime.exceptionThrown")]
        return logged + thrown + [event["type"] for event in self._events("Runtime.consoleAPICalled")]

    def spoken(self):
        """Return what a screen reader meets: role, name and level of all nodes that it does not pass over."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")
        ]

    def press(self, key):
        """Press a key, Tab for example."""
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path):
        """Save the whole page as a picture."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))
