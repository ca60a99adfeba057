"""What a user passes to `App`, `subscribe` and `run`: refused here where it cannot work, before the first message.

A maintainer keeps one rule: each check names the argument, what was given and what to write instead. A number where a duration belongs is the
mistake most often made, because every other library takes seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.broker.large import stores
from megaql.broker.large.payloads import LargePayloads
from megaql.broker.target import Connection
from megaql.consumer.backoff import LONGEST_LEASE, Backoff
from megaql.consumer.ledger import CompletionLedger
from megaql.consumer.liveness import Liveness
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.consumer.middleware import Middleware
    from megaql.consumer.subscription import Decoder

#: The last port there is.
LAST_PORT: Final = 65_535

#: The longest that SQS lets a receive wait.
LONGEST_WAIT: Final = timedelta(seconds=20)


def connection(given: Connection | None) -> Connection | None:
    """Return `connection=` if it is one."""
    if given is not None and not isinstance(given, Connection):
        raise _unfit("connection", given, 'megaql.broker.target.Connection(region="eu-west-1")')
    return given


def backoff(given: Backoff | None) -> Backoff | None:
    """Return `backoff=` if it is one."""
    if given is not None and not isinstance(given, Backoff):
        raise _unfit("backoff", given, "megaql.consumer.backoff.Backoff(base=timedelta(seconds=5))")
    return given


def ledger(given: CompletionLedger) -> CompletionLedger:
    """Return `ledger=` if it has the methods of one."""
    if isinstance(given, type) or not isinstance(given, CompletionLedger):
        raise _unfit(
            "ledger", given, 'megaql.consumer.ledger.SQLiteLedger("done.db"), or an object with its three methods'
        )
    return given


def visibility(given: timedelta | None) -> timedelta | None:
    """Return `visibility=` if SQS takes it."""
    if given is None:
        return None
    if not isinstance(given, timedelta):
        raise _unfit("visibility", given, "a datetime.timedelta, as in visibility=timedelta(minutes=5)")
    if not timedelta(seconds=1) <= given <= LONGEST_LEASE:
        raise ConsumerError(
            f"visibility={given} is no visibility timeout",
            why="SQS allows up to 12 hours, and without one second at least nothing can be handled",
            hint="leave it out for the queue's own timeout, or give a timedelta in between",
        )
    return given


def fatal(given: type[BaseException] | Sequence[type[BaseException]]) -> tuple[type[BaseException], ...]:
    """Return `fatal=` as a tuple if all of it are exception classes."""
    several = given if isinstance(given, (tuple, list, set, frozenset)) else (given,)
    for one in several:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise ConsumerError(f"fatal= takes exception classes, not {one!r}", hint="fatal=(ValueError, KeyError)")
    return tuple(several)


def large_payloads(given: str | LargePayloads | None) -> str | LargePayloads | None:
    """Return `large_payloads=` if it names a place; raises `BadTarget` for a text that does not."""
    if isinstance(given, str):
        stores.parse(given)
    elif given is not None and not isinstance(given, LargePayloads):
        raise _unfit("large_payloads", given, '"s3://my-bucket/prefix", or megaql.LargePayloads("s3://my-bucket")')
    return given


def name(given: str | None) -> str | None:
    """Return `subscription=` if it is a name."""
    if given is not None and not (isinstance(given, str) and given):
        raise _unfit("subscription", given, 'a text, as in subscription="billing"')
    return given


def decoder(given: Decoder | None) -> Decoder | None:
    """Return `decoder=` if it can be called."""
    if given is not None and not callable(given):
        raise _unfit("decoder", given, "a function of one text, as in decoder=json.loads")
    return given


def middleware(given: Sequence[Middleware]) -> Sequence[Middleware]:
    """Return `middleware=` if it is a list or tuple; what is in it is checked one by one."""
    if not isinstance(given, (list, tuple)):
        raise _unfit("middleware", given, "a list, as in middleware=[Timing()]")
    return given


def liveness(given: Liveness | None) -> Liveness | None:
    """Return `liveness=` if it is one, and what is in it is of the right types."""
    if given is None:
        return None
    if not isinstance(given, Liveness):
        raise _unfit("liveness", given, 'megaql.consumer.liveness.Liveness(file="/tmp/megaql.alive")')
    if given.after is not None and not isinstance(given.after, timedelta):
        raise _unfit("after", given.after, "a datetime.timedelta, as in Liveness(after=timedelta(minutes=5))")
    if given.port is not None and (not isinstance(given.port, int) or not 0 <= given.port <= LAST_PORT):
        raise _unfit("port", given.port, "a port, as in Liveness(port=8080)")
    return given


def liveness_fits(signs: Liveness, wait: timedelta) -> None:
    """Refuse a time after which an idle consumer would count as dead: its receive takes that long."""
    if (signs.file is not None or signs.port is not None) and signs.after is not None and signs.after <= wait:
        raise ConsumerError(
            f"an idle consumer would look dead after {signs.after.total_seconds():g} s",
            where="liveness_after",
            why=f"a receive waits up to {wait.total_seconds():g} s for messages, and until it is answered there is no progress",
            hint="give more time, several receives and the slowest handler; or a shorter wait",
        )


def run_settings(
    *,
    limit: int | None,
    concurrency: int,
    processes: int,
    drain_timeout: timedelta,
    wait: timedelta | None,
    restart_after: timedelta,
) -> None:
    """Refuse settings of a run that are of another type or out of range."""
    numbers = (("limit", 1 if limit is None else limit), ("concurrency", concurrency), ("processes", processes))
    for setting, number in numbers:
        if not isinstance(number, int) or isinstance(number, bool):
            raise _unfit(setting, number, f"a whole number, as in {setting}=8")
    waiting = timedelta(0) if wait is None else wait
    for setting, time in (("drain_timeout", drain_timeout), ("wait", waiting), ("restart_after", restart_after)):
        if not isinstance(time, timedelta):
            raise _unfit(setting, time, f"a datetime.timedelta, as in {setting}=timedelta(seconds=10)")
    for setting, value, fine, range_ in (
        ("limit", limit, limit is None or limit >= 1, "at least 1"),
        ("concurrency", concurrency, concurrency >= 1, "at least 1"),
        ("processes", processes, processes >= 1, "at least 1"),
        ("drain_timeout", drain_timeout, drain_timeout >= timedelta(0), "0 or more"),
        ("wait", wait, timedelta(0) <= waiting <= LONGEST_WAIT, "from 0 to 20 seconds"),
        ("restart_after", restart_after, restart_after >= timedelta(seconds=1), "at least a second"),
    ):
        if not fine:
            shown = f"{value.total_seconds():g}s" if isinstance(value, timedelta) else value
            raise ConsumerError(
                f"{setting} is out of range",
                where=f"{setting}={shown}",
                why=f"it has to be {range_}",
                hint="give another value, or leave it out for the default",
            )


def _unfit(setting: str, given: object, wanted: str) -> ConsumerError:
    kind = given.__name__ if isinstance(given, type) else type(given).__name__
    return ConsumerError(
        f"{setting}= cannot be of type {kind}", where=f"{setting}={given!r:.80}", hint=f"give {wanted}"
    )
