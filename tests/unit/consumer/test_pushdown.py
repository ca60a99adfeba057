"""What an application's queries come to as a filter policy, and what makes that there is none."""

import pytest

import megaql
from megaql.consumer.pushdown import pushdown
from megaql.convert.export import Fit
from megaql.errors import BrokerError, ConsumerError


def subscriptions(*queries, **options):
    app = megaql.App()
    for number, query in enumerate(queries):
        app.subscribe(query, subscription=f"s{number}", **options)(print)
    return app.subscriptions


def test_queries_of_attributes_are_asked_together_and_exactly():
    found = pushdown(subscriptions('@attributes.tenant == "acme"', '@attributes.tenant == "umbrella"'))
    assert found.policy == {"tenant": ["acme", "umbrella"]}
    assert (found.scope, found.fit, found.residual) == ("MessageAttributes", Fit.EXACT, None)


def test_what_a_policy_cannot_ask_is_the_residual():
    found = pushdown(subscriptions('@attributes.tenant == "acme" and event.name == "x"'))
    assert found.policy == {"tenant": ["acme"]}
    assert (found.fit, str(found.residual)) == (Fit.SUPERSET, 'event.name == "x"')
    assert found.reasons == ('event.name == "x": the policy sees message attributes only',)


def test_the_body_is_asked_only_where_it_is_promised_to_be_json():
    asked = subscriptions('event.name == "x"', 'event.name == "y" and event.n > 5')
    assert pushdown(asked).policy is None
    assert pushdown(asked).promised.policy == {"event": {"name": ["x", "y"]}}
    found = pushdown(asked, json_bodies=True)
    assert (found.policy, found.scope, found.fit) == (
        {"event": {"name": ["x", "y"]}},
        "MessageBody",
        Fit.SUPERSET,
    )
    assert found.assumes


def test_of_two_policies_the_exact_one_is_taken_and_else_the_one_by_attributes():
    mixed = subscriptions('@attributes.tenant == "acme" and event.name == "x"')
    assert pushdown(mixed, json_bodies=True).scope == "MessageAttributes"
    assert pushdown(mixed, json_bodies=True, scope="MessageBody").policy == {"event": {"name": ["x"]}}


def test_one_subscription_that_cannot_be_asked_for_lets_everything_through():
    found = pushdown(subscriptions('event.name == "x"', '@kind == "text"'), json_bodies=True)
    assert found.policy is None
    assert found.reasons == ('s1: @kind == "text": Amazon SNS does not see @kind',)
    assert found.promised is None


@pytest.mark.parametrize("kind", ["text", "blob"])
def test_texts_and_blobs_are_no_json(kind):
    assert pushdown(subscriptions(None, kind=kind), json_bodies=True).policy is None


def test_a_decoder_reads_what_sns_cannot():
    reading = subscriptions("price > 100", decoder=str.split)
    found = pushdown(reading, json_bodies=True)
    assert found.policy is None
    assert found.reasons == ("s0 reads bodies with a decoder, and SNS reads JSON objects only",)


def test_a_decoder_leaves_the_attributes_as_they_are():
    found = pushdown(subscriptions('@attributes.tenant == "acme" and price > 100', decoder=str.split))
    assert (found.policy, found.fit) == ({"tenant": ["acme"]}, Fit.SUPERSET)


def test_a_catch_all_and_a_decoder_of_everything():
    for options in ({"catch_all": True}, {"decoder": str.split}):
        found = pushdown(subscriptions(None, **options), json_bodies=True)
        assert found.policy is None
        assert found.reasons == ("s0 takes every message",)


@pytest.mark.parametrize("setting", ["unmatched", "unknown"])
@pytest.mark.parametrize("policy", ["return", "dead-letter"])
def test_what_nobody_takes_may_be_wanted_all_the_same(setting, policy):
    found = pushdown(subscriptions('@attributes.tenant == "acme"'), **{setting: policy})
    assert found.policy is None
    assert found.reasons[0].startswith(f"{setting}={policy!r}: ")


def test_absence_alone_is_never_asked_of_sns():
    assert pushdown(subscriptions("missing a.b"), json_bodies=True).policy is None
    assert pushdown(subscriptions("missing @attributes.a")).policy is None
    assert pushdown(subscriptions("missing @attributes.a", '@attributes.a == "x"')).policy is None


def test_many_queries_become_what_they_have_in_common():
    many = subscriptions(*(f'event.name == "item.x{number}" and event.n > {number}' for number in range(120)))
    found = pushdown(many, json_bodies=True)
    assert (found.policy, found.fit) == ({"event": {"name": [{"prefix": "item.x"}]}}, Fit.SUPERSET)


def test_queries_that_are_too_large_together_are_no_error():
    wide = [" or ".join(f"c{number}.x{field} == 1" for field in range(80)) for number in range(9)]
    found = pushdown(subscriptions(*wide), json_bodies=True)
    assert found.policy is None
    assert found.reasons


def test_a_wrong_scope():
    with pytest.raises(ConsumerError) as caught:
        pushdown(subscriptions("a == 1"), scope="body")
    assert "MessageBody" in caught.value.hint
    with pytest.raises(ConsumerError) as caught:
        pushdown(subscriptions("a == 1"), scope="MessageBody")
    assert "json_bodies=True" in caught.value.hint


def test_exposed_paths_are_asked_by_attributes():
    asked = subscriptions('event.name == "x" and length(event.note) > 5', 'event.name == "y" and event.quantity > 3')
    found = pushdown(asked, exposed=["event.name", "event.quantity"], small_numbers=True)
    second = {"event.name": ["y"], "event.quantity": [{"numeric": [">", 3]}]}
    assert found.policy == {"$or": [{"event.name": ["x"]}, second]}
    assert (found.scope, found.fit) == ("MessageAttributes", Fit.SUPERSET)
    assert "attributes" not in str(found.residual)
    assert found.assumes[-1] == "every message has what it exposes as attributes: event.name, event.quantity"
    assert pushdown(subscriptions('event.name == "x"'), exposed=["event.name"]).fit is Fit.EXACT


def test_numbers_are_compared_by_size_only_where_they_are_promised_to_be_small():
    asked = subscriptions("@attributes.price > 100 and @attributes.n between 1 and 5 and @attributes.m == 7")
    between = [{"numeric": [">=", 1, "<=", 5]}]
    found = pushdown(asked)
    assert found.policy == {"price": [{"exists": True}], "n": between, "m": [7]}
    assert (found.fit, str(found.residual)) == (Fit.SUPERSET, "@attributes.price > 100")
    assert "a message may have another" in found.reasons[0]
    found = pushdown(asked, small_numbers=True)
    assert found.policy == {"price": [{"numeric": [">", 100]}], "n": between, "m": [7]}
    assert found.fit is Fit.EXACT


def test_an_attribute_of_the_same_name_stays_one_in_the_residual():
    found = pushdown(subscriptions("a == 1 and @attributes.a ~ /^1.*2/"), exposed=["a"])
    assert "@attributes.a" in str(found.residual)


def test_a_decoders_document_has_nothing_exposed():
    assert pushdown(subscriptions("price == 1", decoder=str.split), exposed=["price"]).policy is None


def test_a_path_that_cannot_be_exposed():
    with pytest.raises(BrokerError):
        pushdown(subscriptions("a == 1"), exposed=["a[0]"])
