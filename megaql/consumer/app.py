"""The application: subscriptions, settings, and a way to run them.

A maintainer keeps one rule: everything a user can get wrong is an error here, before the first message, with four parts.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.consumer import checks, handler, hooks, startup
from megaql.consumer.backoff import Backoff
from megaql.consumer.delivery import Deliverer
from megaql.consumer.extension import Extender
from megaql.consumer.ledger import CompletionLedger, MemoryLedger
from megaql.consumer.matching import Matching
from megaql.consumer.plan import Plan
from megaql.consumer.settlement import Settler
from megaql.consumer.shutdown import stopping_on_signals
from megaql.consumer.subscription import Kind, Subscription, checked_kind, whole_query
from megaql.consumer.unmatched import Policy, checked_policy
from megaql.consumer.worker import Worker
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from megaql.broker.target import QueueTarget
    from megaql.consumer.middleware import Middleware
    from megaql.consumer.report import RunReport
    from megaql.consumer.subscription import Decoder
    from megaql.query import Query

Function = TypeVar("Function", bound="Callable[..., object]")

#: After failed receives; a queue that does not answer is asked twice a minute.
POLL_BACKOFF: Final = Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=30))

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
    """

    def __init__(
        self,
        target: str | QueueTarget | Queue | None = None,
        *,
        connection: Connection | None = None,
        visibility: timedelta | None = None,
        backoff: Backoff | None = None,
        ledger: CompletionLedger | None = None,
        unmatched: Policy = "delete",
        unknown: Policy | None = None,
        middleware: Sequence[Middleware] = (),
    ) -> None:
        self.target = target
        self.connection = checks.connection(connection) or Connection()
        self._visibility = checks.visibility(visibility)
        self._backoff = checks.backoff(backoff) or Backoff()
        self._ledger = MemoryLedger() if ledger is None else checks.ledger(ledger)
        self._unmatched = checked_policy("unmatched", unmatched)
        self._unknown = checked_policy("unknown", unknown or unmatched)
        self._matching = Matching()
        self._loop = handler.EventLoop()
        self._worker: Worker | None = None
        self._starting = threading.Lock()
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
            bound = Subscription(name, whole, called, never, decoder, reads or "text")
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
        concurrency: int = 1,
        drain_timeout: timedelta = timedelta(seconds=25),
        wait: timedelta | None = None,
        no_subscriptions: bool = False,
    ) -> RunReport:
        """Receive messages and handle them, until there is a reason to stop; returns what was done.

        `once` ends when the queue is empty, `limit` after that many messages. `concurrency` threads run handlers. SIGINT, SIGTERM and `stop()`
        end a run in order: no more receives, what runs may finish within `drain_timeout`, the rest goes back to the queue; a second one gives back
        everything at once. `wait` is how long a receive waits for messages, up to 20 s: 5 s by default, 1 s with `once` and
        on a local queue.

        Raises `ConsumerError` for an application that cannot start and `BrokerError` for a queue that cannot be reached at the start. Later
        errors of the queue are logged, and tried again.
        """
        startup.check_subscriptions(self.subscriptions, unmatched=self._unmatched, allowed=no_subscriptions)
        checks.run_settings(limit, concurrency, drain_timeout, wait)
        queue = self._open(target, connection)
        lease = startup.check_queue(queue, visibility=self._visibility, policies=(self._unmatched, self._unknown))
        plan = Plan(
            lease=lease,
            visibility=self._visibility,
            once=once,
            limit=limit,
            concurrency=concurrency,
            drain_timeout=drain_timeout,
            wait=wait,
            local=queue.target.kind == "local",
            poll_backoff=POLL_BACKOFF,
        )
        called = hooks.Hooks(self._middleware)
        worker = self._worker_for(queue, plan, called)
        with self._as_the_only_run(worker), called.over_run(queue.name) as told, stopping_on_signals(worker.stop):
            told.append(worker.run())
        return told[0]

    def stop(self) -> None:
        """Ask a run in another thread to end; a second time, to end at once. Without a run it does nothing."""
        worker = self._worker
        if worker is not None:
            worker.stop()

    def _open(self, target: str | QueueTarget | Queue | None, connection: Connection | None) -> Queue:
        chosen = self.target if target is None else target
        if chosen is None:
            raise ConsumerError(
                "the application has no queue",
                why="neither App(target) nor run(target) names one",
                hint='App("local:orders"), a queue URL, an ARN or a queue name',
            )
        return (
            chosen
            if isinstance(chosen, Queue)
            else Queue.open(chosen, checks.connection(connection) or self.connection)
        )

    def _worker_for(self, queue: Queue, plan: Plan, called: hooks.Hooks) -> Worker:
        deliverer = Deliverer(
            self._matching,
            self._ledger,
            queue=queue.name,
            backoff=self._backoff,
            unmatched=self._unmatched,
            unknown=self._unknown,
            monotonic=time.monotonic,
            hooks=called,
        )
        settler = Settler(
            queue, self._ledger, backoff=SETTLE_BACKOFF, monotonic=time.monotonic, pause=time.sleep, hooks=called
        )
        extender = Extender(queue, plan.lease, monotonic=time.monotonic)
        receive = called.receiving(queue.name, queue.receive)
        return Worker(queue, deliverer, settler, extender, plan, monotonic=time.monotonic, receive=receive)

    @contextmanager
    def _as_the_only_run(self, worker: Worker) -> Iterator[None]:
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
