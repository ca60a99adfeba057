"""`megaql convert`: what goes where, how it fits, and with which status it ends."""

import io
import json

import pytest

from megaql.cli.environment import Environment
from megaql.cli.main import main

SERVICES = ["eventbridge", "sns-body", "sns-attributes", "lambda", "pipes"]
EVENT = '@kind == "mega" and event.name == "item.added" and event.quantity > 5 and length(event.tags) > 1'


def test_an_exact_policy_is_one_line_in_a_pipe(megaql):
    result = megaql("convert", "a in ['x', 'y'] and b.c == 1", "--to", "eventbridge")
    assert result.status == 0
    assert result.out == '{"a": ["x", "y"], "b": {"c": [1]}}\n'
    assert result.err == "exact: EventBridge takes exactly what the query matches\n"


@pytest.mark.parametrize("width", [80, 120])
def test_a_superset_on_a_terminal(megaql, golden, width):
    result = megaql("convert", EVENT, "--to", "sns-body", tty=True, width=width)
    assert result.status == 0
    assert max(map(len, result.err.splitlines())) <= width
    golden(f"convert-superset-{width}", result.out + "--\n" + result.err)


def test_an_impossible_one(megaql, golden):
    result = megaql("convert", 'status != "void" and missing note', "--to", "sns-attributes", tty=True)
    assert (result.status, result.out) == (1, "")
    golden("convert-impossible-80", result.err)


def test_the_promise_of_no_arrays(megaql):
    query = 'status != "void"'
    refused = megaql("convert", query, "--to", "eventbridge")
    assert (refused.status, refused.out) == (1, "")
    assert "--no-arrays" in refused.err
    promised = megaql("convert", query, "--to", "eventbridge", "--no-arrays")
    assert (promised.status, promised.out) == (0, '{"status": [{"anything-but": "void"}]}\n')


def test_exact_or_else(megaql):
    assert megaql("convert", "a == 1", "--to", "eventbridge", "--exact").status == 0
    result = megaql("convert", "a == 1 and length(b) > 2", "--to", "eventbridge", "--exact")
    assert (result.status, result.out) == (1, '{"a": [1]}\n')


def test_everything_as_json(megaql):
    result = megaql("convert", "a == 1 and length(b) > 2", "--to", "sns-body", "-o", "json")
    assert json.loads(result.out) == {
        "fit": "superset",
        "policy": {"a": [1]},
        "residual": "length(b) > 2",
        "reasons": [
            {"clause": "length(b) > 2", "why": "a policy has no length()"},
            {
                "clause": None,
                "why": "SNS reads JSON objects only: a message published with bson=True cannot pass a policy for the body",
            },
        ],
    }
    assert result.err == ""
    impossible = megaql("convert", "true", "--to", "sns-body", "-o", "json")
    assert (impossible.status, json.loads(impossible.out)["policy"]) == (1, None)


def test_parameters(megaql):
    result = megaql("convert", "@attributes.tenant == $tenant", "-p", "tenant=acme", "--to", "sns-attributes")
    assert result.out == '{"tenant": ["acme"]}\n'


@pytest.mark.parametrize("service", SERVICES)
def test_there_and_back(megaql, service):
    query = '@attributes.a == "x"' if service == "sns-attributes" else 'a == "x" or b == 2'
    there = megaql("convert", query, "--to", service)
    assert there.status == 0
    back = megaql("convert", there.out, "--from", service)
    assert (back.status, back.out, back.err) == (0, f"{query}\n", "")


def test_from_a_file_and_from_standard_input(megaql, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text('{"store": [{"prefix": "a"}]}', encoding="utf-8")
    assert megaql("convert", path, "--from", "sns-attributes").out == '@attributes.store startswith "a"\n'
    world = Environment(stdin=io.StringIO(path.read_text()), stdout=io.StringIO(), stderr=io.StringIO())
    assert main(["convert", "-", "--from", "sns-body", "-o", "json"], world) == 0
    assert json.loads(world.stdout.getvalue())["megaql"] == 1


def test_standard_input_is_bytes():
    def convert(data):
        stdin = io.TextIOWrapper(io.BytesIO(data), encoding="ascii", errors="surrogateescape")
        world = Environment(stdin=stdin, stdout=io.StringIO(), stderr=io.StringIO())
        return main(["convert", "-", "--from", "eventbridge"], world), world.stdout.getvalue(), world.stderr.getvalue()

    assert convert(b'\xef\xbb\xbf{"a": ["\xc3\xa9"]}') == (0, 'a == "é"\n', "")
    status, out, err = convert(b'{"a": ["\xff"]}')
    assert (status, out) == (2, "")
    assert "where: standard input\n  why: it is not UTF-8 text: byte 8 is 0xff\n" in err


@pytest.mark.parametrize(
    ("query", "helps"), [("a != 1", True), ("exists a", False), ("all x in a: (x == 1)", False)], ids=str
)
def test_the_promise_is_proposed_where_it_helps(megaql, query, helps):
    result = megaql("convert", query, "--to", "sns-body")
    assert (result.status, "--no-arrays" in result.err) == (1, helps)
    assert megaql("convert", query, "--to", "sns-body", "--no-arrays").status == (0 if helps else 1)


def test_a_reason_names_a_long_clause_by_its_beginning(megaql):
    items = ", ".join(f'"item{number}"' for number in range(500))
    query = f"a in [{items}]"
    result = megaql("convert", query, "--to", "sns-body")
    reason = result.err[result.err.index("because: ") :]
    assert " ".join(reason.split()).startswith('because: a in ["item0", "item1"')
    assert len(reason) < 800
    assert "characters): Invalid parameter" in " ".join(reason.split())


def test_text_that_is_no_json(megaql):
    result = megaql("convert", '{"a": }', "--from", "eventbridge")
    assert result.status == 2
    assert "Reason: failed to parse JSON\n  why: Expecting value: line 1 column 7" in result.err


def test_a_pattern_that_is_refused(megaql):
    result = megaql("convert", '{"a": 1}', "--from", "eventbridge")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith('error: Event pattern is not valid. Reason: "a" must be an object or an array\n')


def test_wrong_use(megaql, tmp_path):
    for arguments in (["a == 1"], ["a == 1", "--to", "eventbridge", "--from", "eventbridge"]):
        result = megaql("convert", *arguments)
        assert result.status == 2
        assert "--to and --from" in result.err
    missing = megaql("convert", tmp_path / "nothing.json", "--from", "eventbridge")
    assert missing.status == 2
    assert "The pattern cannot be read" in missing.err
    assert megaql("convert", "a = 1", "--to", "eventbridge").status == 2


def test_text_of_a_query_cannot_move_the_cursor(megaql):
    result = megaql("convert", r'a == "\u001b[2J\u202e" and length(b) > 1', "--to", "eventbridge", tty=True)
    assert "\x1b" not in result.out + result.err
    assert "\u202e" not in result.out + result.err
    back = megaql("convert", result.out, "--from", "eventbridge")
    assert "\x1b" not in back.out
