"""Which queue `megaql redrive` sends back to when nobody names one: by the service's word, else by the redrive policies of all queues."""

import json

import pytest

from megaql.broker.local.client import LocalSQS
from tests.cli.numbered import queue_of


def test_two_sources_are_an_error_with_the_list(megaql, dead):
    policy = json.dumps({"deadLetterTargetArn": dead[0].arn, "maxReceiveCount": 5})
    queue_of("returns", RedrivePolicy=policy)
    result = megaql("redrive", "local:orders-dlq")
    assert result.status == 2
    assert "2 queues dead-letter to this one" in result.err
    assert "orders, returns" in result.err
    assert "--to QUEUE" in result.err


@pytest.fixture
def denied(monkeypatch):
    """Let the embedded broker refuse calls as AWS does, and serve all others."""

    def deny(*names):
        def refuse(*_, **_request):
            error = {"Code": "AccessDenied", "Message": "you may not"}
            raise type("ClientError", (Exception,), {"response": {"Error": error}})

        for name in names:
            monkeypatch.setattr(LocalSQS, name, refuse)

    return deny


@pytest.mark.usefixtures("dead")
def test_sources_that_may_not_be_asked_for_are_found_by_the_redrive_policies(megaql, denied):
    denied("list_dead_letter_source_queues")
    result = megaql("redrive", "local:orders-dlq", "-n", "1")
    assert result.status == 0
    assert "from local:orders-dlq to local:orders;" in result.err


def test_which_way_was_taken_is_said_where_no_source_is_found(megaql, denied):
    queue_of("alone")
    assert "by ListDeadLetterSourceQueues" in megaql("redrive", "local:alone", width=200).err
    denied("list_dead_letter_source_queues")
    result = megaql("redrive", "local:alone", width=400)
    assert result.status == 2
    assert "no queue's redrive policy names it" in result.err
    assert (
        "by the redrive policies of the 1 queue of the account and region, for ListDeadLetterSourceQueues" in result.err
    )
    assert "AccessDenied: you may not" in result.err
    assert "--to QUEUE" in result.err


def test_a_queue_that_cannot_be_read_may_be_the_source(megaql, denied, dead):
    """Its redrive policy is not known, so that nobody can say that no queue dead-letters to this one, or that one alone does."""
    denied("list_dead_letter_source_queues")
    secret, ask = queue_of("secret").url, LocalSQS.get_queue_attributes

    def not_that(self, **request):
        if request["QueueUrl"] == secret:
            raise type("ClientError", (Exception,), {"response": {"Error": {"Code": "AccessDenied", "Message": "no"}}})
        return ask(self, **request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalSQS, "get_queue_attributes", not_that)
        result = megaql("redrive", "local:orders-dlq", width=400)
    assert result.status == 2
    assert "of 3 queues, 1 may not be read: secret" in result.err
    assert "name it: --to orders\n" in result.err
    assert dead[0].info().visible == 10


@pytest.mark.usefixtures("dead")
def test_both_ways_are_named_where_neither_works(megaql, denied):
    denied("list_dead_letter_source_queues", "list_queues")
    result = megaql("redrive", "local:orders-dlq", width=400)
    assert result.status == 2
    assert "The queue to redrive to cannot be found out" in result.err
    assert "neither ListDeadLetterSourceQueues" in result.err
    assert "nor ListQueues" in result.err
    assert "--to QUEUE" in result.err
