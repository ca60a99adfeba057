"""Credentials that change while a client is in use.

boto3 looks credentials up once for a client, and afterwards renews only those whose end it knows: roles, SSO, containers, instances. Keys in
`~/.aws/credentials` that a tool rotates, a profile that was switched to something else, or a session that was revoked it goes on using for ever. A maintainer
keeps two rules: whatever has changed is looked up by boto3's own chain, in a session of its own, and never read here; and credentials that cannot be had now do not
take the place of those there are, since a file may be half written, and whoever gives out a role's may be down for a moment while the last ones still hold.
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

#: For how long after a change of the credentials a refusal may be one of those before. Seconds.
LATELY: Final = 5.0

#: How long a call waits for a look-up that another thread makes because these credentials were refused. Seconds.
LONGEST_LOOK: Final = 10.0

#: The files of credentials and profiles: the variable that names each, and where it is without.
_FILES: Final = (
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ("AWS_CONFIG_FILE", "~/.aws/config"),
)


class Renewing:
    """Credentials as botocore's clients use them: whatever is asked of them, those of the moment answer.

    `found` are those there are to begin with, `None` for none. `look_up` returns botocore's credentials from a new session, `None` for none; it may
    raise anything.
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
        self._next_retry = 0.0 if found is not None else monotonic() + RETRY_INTERVAL
        self._looking = threading.Lock()
        #: What was asked of botocore last, and until when it is good: in the last ten minutes of a role's credentials, botocore would renew them for each call.
        self._kept: tuple[Any, float] = (None, 0.0)
        self._asking = threading.Lock()
        #: What was signed with last, and when that had changed.
        self._newest: Any = None
        self._changed_at: float | None = None

    def get_frozen_credentials(self) -> Any:
        """Return access key, secret and token that belong together, `None` where there are none."""
        if self._found is None:
            self.refused()
        now = self._monotonic()
        if now >= self._next_look or (self._refused and self._looking.locked()):
            self._look()
        kept, until = self._kept
        if kept is not None and now < until:
            return kept
        if not self._asking.acquire(blocking=kept is None):
            return kept
        try:
            return self._ask(kept)
        finally:
            self._asking.release()

    def at_hand(self) -> Any:
        """Return what `get_frozen_credentials` would if it had to ask nobody and look nowhere, else `None`."""
        now = self._monotonic()
        kept, until = self._kept
        return kept if now < until and now < self._next_look else None

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """Return a function that gives a property of the credentials at the time of its call."""
        return lambda: getattr(self._found, name, None)

    def refused(self) -> None:
        """Take note that a service does not accept these credentials: the next call has them looked up."""
        self._kept = (None, 0.0)
        now = self._monotonic()
        if now >= self._next_retry:
            self._next_retry = now + RETRY_INTERVAL
            self._refused = True
            self._next_look = now

    def changed(self) -> bool:
        """Look credentials up after a refusal, or wait for the thread that does; say whether there are other ones now than the refused ones may have been."""
        try:
            self.get_frozen_credentials()
        except Exception:  # noqa: BLE001 - the refusal is the error to tell of
            return False
        return self._changed_at is not None and self._monotonic() - self._changed_at < LATELY

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)

    def _ask(self, kept: Any) -> Any:
        """Ask botocore for the credentials of the moment. Where it has to renew them and cannot, those that are kept do until a service refuses them."""
        newest, until = self._kept
        if newest is not None and self._monotonic() < until:  # another thread has just asked
            return newest
        try:
            frozen = None if self._found is None else had(self._found.get_frozen_credentials)
            interval = LOOK_INTERVAL
        except Exception:
            if kept is None:
                raise
            frozen, interval = kept, RETRY_INTERVAL
        self._note(frozen)
        self._kept = (frozen, self._monotonic() + interval)
        return frozen

    def _note(self, frozen: Any) -> None:
        if self._newest is not None and frozen != self._newest:
            self._changed_at = self._monotonic()
        self._newest = frozen

    def _look(self) -> None:
        """Look credentials up if there is a reason to; other threads go on with those there are, unless they were refused."""
        if not self._looking.acquire(timeout=LONGEST_LOOK if self._refused else 0):
            return
        try:
            now = self._monotonic()
            if now < self._next_look:  # another thread has just looked
                return
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
                self._kept = (None, 0.0)
            else:
                self._next_look = now + RETRY_INTERVAL
        finally:
            self._looking.release()


def had(get: Callable[[], Any]) -> Any:
    """Return what a look-up of botocore's returns; whatever else than its own exceptions it raises leaves as `CredentialRetrievalError`.

    A program that is not there, one that prints no JSON, a token's file that is missing, renewed credentials that have ended: botocore has no exception for them.
    """
    from botocore.exceptions import BotoCoreError, CredentialRetrievalError  # noqa: PLC0415 - whoever calls this has loaded it

    try:
        return get()
    except BotoCoreError:
        raise
    except Exception as fault:
        text = f"{type(fault).__name__}: {fault}"
        raise CredentialRetrievalError(provider="the AWS configuration", error_msg=text) from fault


def keep_fresh(client: Any, look_up: Callable[[], Any]) -> None:
    """Let a boto3 client sign with what `look_up` finds, once the present credentials have changed or are refused."""
    signer = client._request_signer  # noqa: SLF001 - what boto3's own requests are signed with, and the lean path's
    renewing = signer._credentials = Renewing(signer._credentials, look_up)  # noqa: SLF001 - as above

    def refuses(parsed: Any) -> bool:
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        return isinstance(error, dict) and faults.refuses_credentials(str(error.get("Code") or ""))

    def once_more(response: Any = None, attempts: int = 0, **_: Any) -> float | None:
        """Let botocore make a call again at once, signed anew, where other credentials have come; a service does nothing of what it refuses."""
        if attempts > 1 or response is None or not refuses(response[1]):
            return None
        renewing.refused()
        return 0.0 if renewing.changed() else None

    def heard(parsed: Any = None, **_: Any) -> None:
        if refuses(parsed):
            renewing.refused()

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"needs-retry.{service}", once_more)
    client.meta.events.register(f"after-call.{service}", heard)


def _stamp() -> tuple[object, ...]:
    """Return what changes when one of the files does."""
    return tuple(_file_stamp(Path(os.environ.get(variable) or usual).expanduser()) for variable, usual in _FILES)


def _file_stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
