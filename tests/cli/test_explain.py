"""`megaql explain`: which messages it takes and in which form it tells."""

import json

import pytest

QUERY = 'event.name == "item.added" and event.quantity > 3'


def test_the_first_message_unless_another_is_asked_for(megaql, events):
    first = json.loads(megaql("explain", QUERY, events).out)
    assert (first["id"][:8], first["verdict"]) == ("1a2b3c01", "match")
    by_id = json.loads(megaql("explain", QUERY, events, "--id", "1a2b3c04").out)
    assert by_id["verdict"] == "no match"
    assert by_id["kept_out_by"] == []


def test_a_message_without_an_id_is_asked_for_by_its_position(megaql, tmp_path):
    file = tmp_path / "data.ndjson"
    file.write_text('{"a": 1}\n{"a": 2.50}\n{"a": 3}\n')
    (line,) = megaql("explain", "a > 9", file, "--nth", "2").lines
    assert json.loads(line)["position"] == 2
    assert json.loads(line)["explanation"]["actual"][0]["value"] == 2.5
    result = megaql("explain", "a > 9", file, "--nth", "2", tty=True)
    assert result.lines[0].startswith("message 2  (data)  ")
    assert "summary" not in result.err
    assert "message 3" in megaql("explain", "a > 9", file, "--summary", tty=True).out
    assert megaql("explain", "a > 9", file, "--nth", "4").status == 1


def test_near_misses_name_the_clause(megaql, events):
    result = megaql("explain", QUERY, events, "--only", "near-miss", "-n", "5")
    assert [json.loads(line)["kept_out_by"] for line in result.lines] == [
        ["event.quantity > 3"],
        ["event.quantity > 3"],
        ['event.name == "item.added"'],
    ]


def test_summary(megaql, events):
    result = megaql("explain", QUERY, events, "--summary")
    (line,) = result.lines
    document = json.loads(line)
    assert document["verdicts"] == {"match": 1, "no match": 3, "unknown": 5}
    assert [step["count"] for step in document["funnel"]] == [3, 1]
    quantity, name = document["near_misses"]
    assert (quantity["clause"], quantity["alone"], quantity["together"]) == ("event.quantity > 3", 2, 5)
    assert quantity["nearest"][1]["example"] == {"position": 2, "id": "1a2b3c02-0000-4000-8000-000000000000"}
    assert name["clause"] == 'event.name == "item.added"'
    assert json.loads(megaql("explain", QUERY, events, "--summary", "-o", "json").out) == document


def test_summary_of_a_queue(megaql):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "quantity=3", "--count", "3")
    result = megaql("explain", QUERY, "local:orders", "--summary", tty=True)
    assert "  3  event.quantity > 3" in result.lines
    assert "       3  3, the bound itself  e.g. " in result.out
    assert "released 3" in result.err


def test_where_there_may_be_more_messages_the_summary_is_offered(megaql, events):
    offer = "--summary says what kept how many out of all of them"
    assert f"explained 1; {offer}\n" in megaql("explain", QUERY, events, tty=True).err
    assert offer not in megaql("explain", QUERY, events).err
    assert offer not in megaql("explain", QUERY, events, "--id", "1a2b3c04", tty=True).err
    megaql("publish", "local:one", "--event", "item.added")
    assert offer not in megaql("explain", QUERY, "local:one", tty=True).err


def test_json_is_one_document(megaql, events):
    document = json.loads(megaql("explain", QUERY, events, "-n", "2", "-o", "json").out)
    assert document["query"] == QUERY
    assert [message["verdict"] for message in document["messages"]] == ["match", "no match"]
    assert document["messages"][0]["explanation"]["children"][1]["actual"][0]["value"] == 5


def test_a_message_that_is_not_there(megaql, events):
    result = megaql("explain", QUERY, events, "--id", "ffff")
    assert (result.status, result.out) == (1, "")
    assert "no such message among those read" in result.err


def test_a_queue_gets_back_what_was_read(megaql):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "quantity=5", "--count", "3")
    result = megaql("explain", QUERY, "local:orders", tty=True)
    assert result.lines[1].startswith("✓ match")
    assert "orders: seen 1 of about 3, matched 1\n" in result.err
    assert "1 receive count raised by 1; released 1" in result.err


def test_why_a_payload_is_only_data(megaql, events):
    result = megaql("explain", "event.quantity > 3", events, "--id", "1a2b3c08", tty=True)
    assert result.lines[1].startswith("taken for data: ")


def test_forms_of_whole_messages_are_refused(megaql, events):
    assert megaql("explain", QUERY, events, "-o", "raw").status == 2


@pytest.mark.parametrize("words", [("--id", "1a"), ("--nth", "2"), ("--only", "match")], ids=" ".join)
def test_a_summary_is_of_all_messages(megaql, events, words):
    result = megaql("explain", QUERY, events, "--summary", *words)
    assert (result.status, result.out) == (2, "")
    assert f"leave out {words[0]}" in result.err
