"""The application: subscriptions, settings, and a way to run them.

A maintainer keeps one rule: everything a user can get wrong is an error here, before the first message, with four parts.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from megaql import config
from megaql.broker.large.payloads import LargePayloads
from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue
from megaql.consumer import checks, choices, handler, hooks, startup
from megaql.consumer.backoff import Backoff
from megaql.consumer.cleanup import PayloadCleanup
from megaql.consumer.delivery import Deliverer
from megaql.consumer.extension import Extender
from megaql.consumer.ledger import CompletionLedger, MemoryLedger
from megaql.consumer.liveness import Liveness, Quiet
from megaql.consumer.liveness import told as liveness_told
from megaql.consumer.matching import Matching
from megaql.consumer.plan import LONGEST_HANDLING, Plan
from megaql.consumer.settlement import Settler
from megaql.consumer.shutdown import stopping_on_signals
from megaql.consumer.subscription import Kind, Subscription, checked_kind, source_of, whole_query
from megaql.consumer.unmatched import Policy, checked_policy
from megaql.consumer.worker import Worker
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from megaql.broker.target import Connection, QueueTarget, TopicTarget
    from megaql.broker.topic import Topic
    from megaql.consumer.connection_plan import ConnectPlan
    from megaql.consumer.hooks import Receive
    from megaql.consumer.link import Link
    from megaql.consumer.middleware import Middleware
    from megaql.consumer.report import RunReport
    from megaql.consumer.shadow import Shadow
    from megaql.consumer.subscription import Decoder
    from megaql.consumer.supervisor import Supervisor
    from megaql.convert.sns import Scope
    from megaql.query import Query
    from megaql.settings import Settings

Function = TypeVar("Function", bound="Callable[..., object]")

#: After failed receives. Its cap is what a consumer may lose once a queue answers again; asked every few seconds, no queue suffers.
POLL_BACKOFF: Final = Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=5))

#: Between two tries of a delete or a return that failed and may succeed later.
SETTLE_BACKOFF: Final = Backoff(base=timedelta(seconds=0.5), cap=timedelta(seconds=2))


class App:
    """Handlers bound to queries, over one queue.

    >>> app = App("local:orders")
    >>> @app.subscribe('event.name == "item.added" and event.quantity > 0')
    ... def reserve(event: megaql.MegaEvent, message: megaql.Message) -> None: ...
    >>> app.run()

    `target` may be left out and given to `run`. `visibility` is asked for at each receive instead of the queue's own timeout. `unmatched` is what
    becomes of a message that no subscription takes, `unknown` the same where at least one could not decide (as `unmatched` unless given). `middleware` is called before and after each step, the first one outermost.
    `large_payloads` (`"s3://bucket"`, or a `LargePayloads`) is where payloads lie that messages only point to.

    What is left out here and in `run` comes from the environment (`MEGAQL_UNMATCHED`), else from `megaql.toml`, else it is the default;
    `megaql.settings` has all of them.
    """

    def __init__(
        self,
        target: str | QueueTarget | Queue | None = None,
        *,
        connection: Connection | None = None,
        visibility: timedelta | None = None,
        backoff: Backoff | None = None,
        ledger: CompletionLedger | None = None,
        unmatched: Policy | None = None,
        unknown: Policy | None = None,
        middleware: Sequence[Middleware] = (),
        large_payloads: str | LargePayloads | None = None,
    ) -> None:
        self.target = target
        self.connection = checks.connection(connection)
        self._visibility = checks.visibility(visibility)
        self._backoff = checks.backoff(backoff)
        self._ledger: CompletionLedger = MemoryLedger()
        self._own_ledger = None if ledger is None else checks.ledger(ledger)
        self._unmatched = None if unmatched is None else checked_policy("unmatched", unmatched)
        self._unknown = None if unknown is None else checked_policy("unknown", unknown)
        self._matching = Matching()
        self._loop = handler.EventLoop()
        self._worker: Worker | Supervisor | None = None
        self._starting = threading.Lock()
        self._large = checks.large_payloads(large_payloads)
        self._hooks_of: Callable[[Sequence[Middleware]], hooks.Hooks] = hooks.Hooks
        self._middleware: list[Middleware] = []
        for one in checks.middleware(middleware):
            self.add_middleware(one)

    def add_middleware(self, middleware: Middleware) -> None:
        """Hang a middleware around all that is there already, from the next run on; raises `ConsumerError` for one that could not work.

        `before_…` and `around_…` of the first one come first, its `after_…` last.
        """
        self._middleware.append(hooks.checked(middleware))

    @property
    def middleware(self) -> Sequence[Middleware]:
        """The middleware, the outermost first."""
        return tuple(self._middleware)

    @property
    def subscriptions(self) -> Sequence[Subscription]:
        """The subscriptions, in order of subscribing."""
        return self._matching.subscriptions

    def subscribe(
        self,
        query: str | Query | None = None,
        /,
        *,
        params: Mapping[str, object] | None = None,
        pattern: Mapping[str, object] | None = None,
        kind: Kind | None = None,
        decoder: Decoder | None = None,
        fatal: type[BaseException] | Sequence[type[BaseException]] = (),
        subscription: str | None = None,
        catch_all: bool = False,
        **mega: object,
    ) -> Callable[[Function], Function]:
        """Bind a handler to the messages a query takes.

        A message has to satisfy all that is given: the query text (with `params` for its `$names`), a `pattern`, MEGA keywords such as
        `domain=` and `name=`, which ask for a MEGA event (`megaql.patterns`), and the `kind` of payload. A `decoder` turns a text body into a document (with
        `kind="blob"`: bytes), which is then what the query looks at and what the handler gets.

        The handler is called with the payload and the message, or as many of them as it takes; it may be async. `fatal` exceptions reject
        the message instead of returning it. `subscription` is the name in the log, the ledger and the dead-letter queue, by default the
        handler's qualified name; `name=` is a MEGA keyword, the event's name. A subscription that takes everything needs `catch_all=True`.

        Raises `QueryError` for a wrong query, and `ConsumerError` for a wrong subscription, both when the handler is defined.
        """
        reads = checked_kind(kind, decoder=checks.decoder(decoder) is not None)
        whole = whole_query(query, params=params, pattern=pattern, kind=None if decoder else reads, mega=mega)
        never = checks.fatal(fatal)

        def bind(function: Function) -> Function:
            called = handler.read(function, self._loop)
            name = checks.name(subscription) or handler.name_of(function)
            bound = Subscription(name, whole, called, never, decoder, reads or "text", source_of(query))
            startup.check_catch_all(bound, allowed=catch_all)
            self._matching.add(bound)
            return function

        return bind

    def run(
        self,
        target: str | QueueTarget | Queue | None = None,
        *,
        connection: Connection | None = None,
        once: bool = False,
        limit: int | None = None,
        concurrency: int | None = None,
        processes: int | None = None,
        drain_timeout: timedelta | None = None,
        wait: timedelta | None = None,
        liveness: Liveness | None = None,
        restart_after: timedelta | None = None,
        no_subscriptions: bool = False,
    ) -> RunReport:
        """Receive messages and handle them, until there is a reason to stop; returns what was done.

        `once` ends when the queue is empty, `limit` after that many messages. `concurrency` threads run handlers (1). SIGINT, SIGTERM and `stop()`
        end a run in order: no more receives, what runs may finish within `drain_timeout`, the rest goes back to the queue; a second one gives back
        everything at once. `wait` is how long a receive waits for messages, up to 20 s: 5 s by default, 1 s with `once` and
        on a local queue.

        With `processes`, this process becomes their supervisor: it starts the whole program anew in each of them, so what stands before `run` runs in
        all of them and what stands after it in this one only. One that dies, or shows no progress for `restart_after` (an hour), is replaced. `limit`
        is for all of them together, and so is the report. `liveness` names a file or a port that tell of progress.

        Raises `ConsumerError` for an application that cannot start and `BrokerError` for a queue that cannot be reached at the start. Later
        errors of the queue are logged, and tried again.
        """
        settings, _ = config.load()
        unmatched, unknown = choices.policies(self._unmatched, self._unknown, settings)
        startup.check_subscriptions(self.subscriptions, unmatched=unmatched, allowed=no_subscriptions)
        concurrency = choices.first(concurrency, settings.concurrency, 1)
        drain_timeout = choices.first(drain_timeout, settings.drain_timeout, choices.DRAIN_TIMEOUT)
        wait = settings.wait if wait is None else wait
        visibility = settings.visibility if self._visibility is None else self._visibility
        processes = choices.first(processes, settings.processes, 1)
        restart_after = choices.first(restart_after, settings.restart_after, LONGEST_HANDLING)
        checks.run_settings(
            limit=limit,
            concurrency=concurrency,
            processes=processes,
            drain_timeout=drain_timeout,
            wait=wait,
            restart_after=restart_after,
        )
        signs = (checks.liveness(liveness) or Liveness()).completed(settings)
        queue = self._open(target, connection, settings)
        above = _supervisor_of_this() if processes > 1 else None
        if above is None:
            startup.tell_settings(settings)
        else:
            above.check(queue.target.text)
        lease = startup.check_queue(queue, visibility=visibility, policies=(unmatched, unknown), warn=above is None)
        plan = Plan(
            lease=lease,
            visibility=visibility,
            once=once,
            limit=limit if above is None else above.limit,
            concurrency=concurrency,
            drain_timeout=drain_timeout,
            wait=wait,
            local=queue.target.kind == "local",
            poll_backoff=POLL_BACKOFF,
        )
        checks.liveness_fits(signs, plan.poll_wait)
        if processes > 1 and above is None:
            return self._supervise(processes, queue, plan, restart_after, signs)
        large = LargePayloads.of(self._large, self._way(connection, settings))
        called = self._hooks_of([*self._middleware, *([PayloadCleanup(large)] if large and large.deletes else [])])
        with choices.ledger(self._own_ledger, settings, self._ledger) as ledger:
            deliverer = Deliverer(
                self._matching,
                ledger,
                queue=queue.name,
                backoff=choices.backoff(self._backoff, settings),
                unmatched=unmatched,
                unknown=unknown,
                monotonic=time.monotonic,
                hooks=called,
                large=large,
            )
            ends = plan.once or plan.limit is not None
            receive = above.counting(queue.receive) if above is not None and ends else queue.receive
            worker = _worker(queue, deliverer, ledger, plan, called, receive=receive)
            with (
                self._as_the_only_run(worker),
                called.over_run(queue.name) as told,
                _attended(worker, plan, signs, above),
            ):
                told.append(worker.run())
        if above is not None:
            above.ended(told[0])
            # What follows in the program is the supervisor's part.
            sys.exit(128 + told[0].signal if told[0].signal else 0)
        return told[0]

    def shadow(
        self, target: str | QueueTarget | Queue | None = None, *, connection: Connection | None = None
    ) -> Shadow:
        """Return what tells of messages what `run` would do with them, and runs no handler; `megaql run --shadow` asks it."""
        from megaql.consumer.shadow import Shadow  # noqa: PLC0415 - a run needs none

        settings, _ = config.load()
        unmatched, unknown = choices.policies(self._unmatched, self._unknown, settings)
        startup.check_subscriptions(self.subscriptions, unmatched=unmatched, allowed=False)
        large = LargePayloads.of(self._large, self._way(connection, settings))
        return Shadow(self._open(target, connection, settings), unmatched, unknown, self._matching, large)

    def connect(
        self,
        topic: str | TopicTarget | Topic,
        queue: str | QueueTarget | Queue | None = None,
        *,
        connection: Connection | None = None,
        json_bodies: bool = False,
        exposed: Sequence[str] = (),
        small_numbers: bool = False,
        filtered: bool = True,
        scope: Scope | None = None,
        raw: bool | None = None,
        dry_run: bool = False,
    ) -> ConnectPlan:
        """Subscribe the application's queue to a topic, with as much of its queries as SNS can ask as the filter policy.

        Only what differs is changed, and the plan that is returned says what; with `dry_run` nothing is. A local queue or topic that is missing is
        made. `json_bodies` promises that each message meant for the application is published as a JSON object, which a policy for the body
        (`scope="MessageBody"`) needs; `exposed` that each has these paths of its body as attributes, as `Publisher(expose=…)` writes them; `small_numbers`
        that numbers which queries compare by size stay within 10⁹ and five digits after the point, as far as SNS compares them; `filtered=False` lets every message through. `raw` is raw message delivery; left out, it stays as it is.

        Raises `ConsumerError` for what cannot be connected, and `BrokerError` for what the services refuse.
        """
        from megaql.consumer import connecting, ends, pushdown  # noqa: PLC0415 - consumers that run need no converter

        settings, _ = config.load()
        unmatched, unknown = choices.policies(self._unmatched, self._unknown, settings)
        startup.check_subscriptions(self.subscriptions, unmatched=unmatched, allowed=False)
        startup.check_promise(json_bodies=json_bodies, large=self._large is not None)
        found = pushdown.pushdown(
            self.subscriptions,
            unmatched=unmatched,
            unknown=unknown,
            json_bodies=json_bodies,
            exposed=exposed,
            small_numbers=small_numbers,
            scope=scope,
        )
        both = ends.find_ends(self._chosen(queue, settings), topic, self._way(connection, settings), make=True)
        return connecting.connect(both, self.subscriptions, found if filtered else None, raw=raw, dry_run=dry_run)

    def disconnect(
        self,
        topic: str | TopicTarget | Topic,
        queue: str | QueueTarget | Queue | None = None,
        *,
        connection: Connection | None = None,
        dry_run: bool = False,
    ) -> ConnectPlan:
        """Undo `connect`: end the subscription, and take back the statement of the queue's access policy that `connect` added."""
        from megaql.consumer import connecting, ends  # noqa: PLC0415 - as above

        settings, _ = config.load()
        both = ends.find_ends(self._chosen(queue, settings), topic, self._way(connection, settings), make=False)
        return connecting.disconnect(both, dry_run=dry_run)

    def stop(self) -> None:
        """Ask a run in another thread to end; a second time, to end at once. Without a run it does nothing."""
        worker = self._worker
        if worker is not None:
            worker.stop()

    def _chosen(self, target: str | QueueTarget | Queue | None, settings: Settings) -> str | QueueTarget | Queue:
        chosen = target if target is not None else self.target
        if chosen is None and settings.target:
            with config.said_at(settings.origins.get("target")):
                return parse_queue(settings.target)
        if not chosen:
            raise ConsumerError(
                "the application has no queue",
                why="neither App(target) nor the call, MEGAQL_TARGET or megaql.toml names one",
                hint='App("local:orders"), a queue URL, an ARN or a queue name',
            )
        return chosen

    def _open(
        self, target: str | QueueTarget | Queue | None, connection: Connection | None, settings: Settings
    ) -> Queue:
        chosen = self._chosen(target, settings)
        if isinstance(chosen, Queue):
            return chosen
        return Queue.open(chosen, self._way(connection, settings))

    def _way(self, connection: Connection | None, settings: Settings) -> Connection:
        return choices.connection(checks.connection(connection), self.connection, settings)

    def _supervise(
        self, processes: int, queue: Queue, plan: Plan, restart_after: timedelta, signs: Liveness
    ) -> RunReport:
        from megaql.consumer.supervisor import Supervisor, the_only_one  # noqa: PLC0415 - most runs are one process

        called = self._hooks_of(self._middleware)
        with (
            the_only_one(queue.target.text),
            closing(
                Supervisor(
                    processes,
                    queue=queue.target.text,
                    once=plan.once,
                    limit=plan.limit,
                    drain_timeout=plan.drain_timeout,
                    restart_after=restart_after,
                    on_end=lambda pid: called.tell(called.after_process, pid),
                )
            ) as supervisor,
            self._as_the_only_run(supervisor),
            liveness_told(signs, supervisor.quiet),
            stopping_on_signals(supervisor.stop),
        ):
            for prepare in called.before_processes:
                prepare(processes)
            return supervisor.run()

    @contextmanager
    def _as_the_only_run(self, worker: Worker | Supervisor) -> Iterator[None]:
        with self._starting:
            if self._worker is not None:
                raise ConsumerError(
                    "the application is already running",
                    why="a run owns the application's handlers and their event loop",
                    hint="raise concurrency=, or make another App",
                )
            self._worker = worker
        try:
            yield
        finally:
            self._worker = None
            self._loop.close()


def _worker(
    queue: Queue, deliverer: Deliverer, ledger: CompletionLedger, plan: Plan, called: hooks.Hooks, *, receive: Receive
) -> Worker:
    settler = Settler(queue, ledger, backoff=SETTLE_BACKOFF, monotonic=time.monotonic, pause=time.sleep, hooks=called)
    extender = Extender(queue, plan.lease, monotonic=time.monotonic)
    watched = called.receiving(queue.name, receive)
    return Worker(queue, deliverer, settler, extender, plan, monotonic=time.monotonic, receive=watched)


def _supervisor_of_this() -> Link | None:
    from megaql.consumer import link  # noqa: PLC0415 - most runs are one process

    return link.joined()


@contextmanager
def _attended(worker: Worker, plan: Plan, signs: Liveness, above: Link | None) -> Iterator[None]:
    """Let a worker be stopped and its progress be seen within the block, by its supervisor if it has one."""
    if above is not None:
        with above.over(worker, plan.drain_timeout) as stop, stopping_on_signals(stop):
            yield
    else:
        own = os.getpid()
        with (
            liveness_told(signs, lambda: [Quiet(own, worker.vitals.quiet_for())]),
            stopping_on_signals(worker.stop),
        ):
            yield
