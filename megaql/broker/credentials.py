"""Credentials that change while a client is in use.

boto3 looks credentials up once for a client, and afterwards renews only those whose end it knows: roles, SSO, containers, instances. Keys in
`~/.aws/credentials` that a tool rotates, a profile that was switched to something else, or a session that was revoked it goes on using for ever. A maintainer
keeps two rules: whatever has changed is looked up by boto3's own chain, in a session of its own, and never read here; and credentials that cannot be had now do not
take the place of those there are, since a file may be half written.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import faults

if TYPE_CHECKING:
    from collections.abc import Callable

#: Between two looks at the files. Seconds.
LOOK_INTERVAL: Final = 1.0

#: Between two times that credentials are looked up because a service refused them, or because they could not be had. Seconds.
RETRY_INTERVAL: Final = 5.0

#: The files of credentials and profiles: the variable that names each, and where it is without.
_FILES: Final = (
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ("AWS_CONFIG_FILE", "~/.aws/config"),
)


class Renewing:
    """Credentials as botocore's clients use them: whatever is asked of them, those of the moment answer.

    `look_up` returns botocore's credentials from a new session, `None` for none; it may raise anything.
    """

    def __init__(
        self, found: Any, look_up: Callable[[], Any], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._found = found
        self._look_up = look_up
        self._monotonic = monotonic
        self._stamp = _stamp()
        self._refused = False
        self._next_look = monotonic() + LOOK_INTERVAL
        self._next_retry = 0.0
        self._looking = threading.Lock()

    def get_frozen_credentials(self) -> Any:
        """Return access key, secret and token that belong together."""
        if self._monotonic() >= self._next_look:
            self._look()
        return self._found.get_frozen_credentials()

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """Return a function that gives a property of the credentials at the time of its call."""
        return lambda: getattr(self._found, name, None)

    def refused(self) -> None:
        """Take note that a service does not accept these credentials: the next call has them looked up."""
        now = self._monotonic()
        if now >= self._next_retry:
            self._next_retry = now + RETRY_INTERVAL
            self._refused = True
            self._next_look = now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)

    def _look(self) -> None:
        """Look credentials up if there is a reason to; other threads go on with those there are."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            now = self._monotonic()
            self._next_look = now + LOOK_INTERVAL
            stamp = _stamp()
            if stamp == self._stamp and not self._refused:
                return
            try:
                found = self._look_up()
                usable = found is not None and found.get_frozen_credentials() is not None
            except Exception:  # noqa: BLE001 - whatever is wrong now, the next call's answer will say it
                usable = False
            if usable:
                self._found, self._stamp, self._refused = found, stamp, False
            else:
                self._next_look = now + RETRY_INTERVAL
        finally:
            self._looking.release()


def keep_fresh(client: Any, look_up: Callable[[], Any]) -> None:
    """Let a boto3 client sign with what `look_up` finds, once the present credentials have changed or are refused."""
    signer = client._request_signer  # noqa: SLF001 - what boto3's own requests are signed with, and the lean path's
    if signer._credentials is None:  # noqa: SLF001 - as above
        return
    renewing = signer._credentials = Renewing(signer._credentials, look_up)  # noqa: SLF001 - as above

    def heard(parsed: Any = None, **_: Any) -> None:
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        if error and faults.refuses_credentials(str(error.get("Code") or "")):
            renewing.refused()

    client.meta.events.register(f"after-call.{client.meta.service_model.service_id.hyphenize()}", heard)


def _stamp() -> tuple[object, ...]:
    """Return what changes when one of the files does."""
    return tuple(_file_stamp(Path(os.environ.get(variable) or usual).expanduser()) for variable, usual in _FILES)


def _file_stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
