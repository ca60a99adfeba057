"""Any body and any attributes: one handler of its kind has the message, nothing raises, and the log quotes none of it."""

import logging
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

import megaql
from megaql.broker.message import Message
from megaql.consumer.backoff import Backoff
from megaql.consumer.delivery import Deliverer
from megaql.consumer.held import Held
from megaql.consumer.hooks import Hooks
from megaql.consumer.journal import LOGGER
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.prometheus import PrometheusMetrics
from megaql.consumer.settlement import Action
from megaql.consumer.tracing import Tracing
from tests.property.bodies import ATTRIBUTES, Bodies

SECRET = "s3cr3t-4111"

chance = st.integers(0, 2**32).map(Random)
bodies = (
    st.builds(lambda random, broken: Bodies(random, broken).body(), chance, st.sampled_from([0, 0.1]))
    | st.text()
    | st.text("ABCabc012+/=", min_size=8)
    | st.just(SECRET)
)
# A server's answer has attributes in boto3's form, be what is in them as it may.
attributes = st.sampled_from([found for found in ATTRIBUTES if found and 3 not in found.values()] + [{}])
systems = st.dictionaries(
    st.sampled_from(["AWSTraceHeader", "SentTimestamp", "ApproximateReceiveCount", "MessageGroupId"]),
    st.text(max_size=9),
)


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{self.format(record)} {vars(record)}")


@pytest.fixture(scope="module")
def kept():
    handler = Kept()
    LOGGER.addHandler(handler)
    yield handler
    LOGGER.removeHandler(handler)


def deliverer(app, *middleware):
    return Deliverer(
        app._matching,
        MemoryLedger(),
        queue="orders",
        backoff=Backoff(),
        unmatched="delete",
        unknown="return",
        monotonic=lambda: 0.0,
        hooks=Hooks(middleware),
    )


def consumer():
    """An application with one handler for each kind of payload."""
    app, taken = megaql.App("local:orders"), []
    for kind in ("mega", "data", "text", "blob"):

        def handler(payload, kind=kind):
            taken.append((kind, payload.kind))

        app.subscribe(kind=kind, subscription=kind)(handler)
    return app, taken


APP, TAKEN = consumer()
REGISTRY = CollectorRegistry()


@given(bodies, attributes, systems)
def test_every_message_has_one_handler(body, attributes, system):
    TAKEN.clear()
    message = Message("m-1", body, attributes=attributes, system=system, queue="orders")
    settlement = deliverer(APP, PrometheusMetrics(registry=REGISTRY), Tracing()).deliver(Held(message, 0.0))
    [(subscribed, kind)] = TAKEN
    assert subscribed == kind
    assert settlement.action is Action.DELETE


def hostile():
    """An application whose queries and decoders fail at most messages, and quote them."""
    app = megaql.App("local:orders")

    def quoting(value):
        raise ValueError(f"cannot read {value!r}")

    ways = [{"query": "event.name > 3 and a.b < 1"}, {"pattern": {"a": quoting}}]
    ways += [{"query": "a > 1", "decoder": quoting, "kind": kind} for kind in ("text", "blob")]
    for number, way in enumerate(ways):
        app.subscribe(way.pop("query", None), subscription=f"s{number}", **way)(lambda _payload: None)
    return app


HOSTILE = hostile()


@given(bodies, attributes, systems)
def test_what_fails_comes_back_and_is_not_quoted(kept, body, attributes, system):
    body = body.replace("a", SECRET) if body.isascii() else SECRET + body
    kept.lines.clear()
    message = Message("m-1", body, attributes=attributes, system=system, queue="orders")
    settlement = deliverer(HOSTILE, PrometheusMetrics(registry=REGISTRY), Tracing()).deliver(Held(message, 0.0))
    assert settlement.action in {Action.DELETE, Action.RETURN}
    for cause in settlement.unmatched.causes if settlement.unmatched else ():
        assert SECRET not in "".join(cause)
    assert SECRET not in "".join(kept.lines)
    assert SECRET not in generate_latest(REGISTRY).decode()
