"""A file that is judged line by line in part gives what asking the query about each of its messages gives."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql import Query
from megaql.broker.message import Message
from megaql.errors import ScanError
from megaql.lang.verdict import Verdict
from megaql.scan import documents
from megaql.scan.files import FileScan
from megaql.scan.records import to_line
from tests.property.documents import values
from tests.property.queries import clauses

_ODD = (
    "", "   ", "null", "5", '"a"', "[]", '[1,{"a":1}]', "{", "}", '{"a":}', '{"a":1}}', '{"a":1} {"a":2}', "text", '{"a":NaN}',
    '{"a":1,"a":2}', '{"a":1e400}', '{"a":' + "9" * 30 + "}", '{"a":' + "9" * 5000 + "}",
    '{"a":"\\ud800"}', '{"\\ud800":1}', '{"a":"\\u0000"}', '{"a":"\t"}', '{"b":"\\x"}', "{" + '"a":{' * 250 + "}" * 251, '{"b":' + "[" * 250 + "]" * 250 + "}",
    '{"b":"' + "[" * 250 + '"}', '{"a":1,"b":' + "[" * 199 + "]" * 199 + "}", '{"a":1,"b":' + "[" * 200 + "]" * 200 + "}", '{"a":1,"b":' + "[" * 250 + "]" * 250 + "}",
    '{"a":1,"b":' + '{"c":' * 200 + "1" + "}" * 201, '{"a":1,"b":[' + "[]," * 300 + "1]}", '{"a":1,"b":"' + "[" * 250 + '"}',
    "\ufeff{}", "{}\x00", "{}\x0c", "\x0c{}", '{"a":01}', '{"a":tru}', '{"a" 1}',
    '{"megaql":1}', '{"megaql":1,"body":5}', '{"megaql":2,"body":"{}"}', '{"megaql":1,"body":"{\\"a\\":1}"}', '{"megaql":1,"body":"x","attributes":[]}',
    '{"\\u006degaql":1,"body":"{\\"a\\":1}"}', '{"Messages":[]}', '{"Messages":[{"MessageId":"1","Body":"{\\"a\\":1}"},{"MessageId":"2","Body":"x"}]}',
    '{"protocol":"mega","version":1,"event":{"name":"a","timestamp":"2026-01-02T03:04:05Z","a":1,"b":{"a":2}}}',
    '{"protocol":"mega","version":1,"event":{"name":"a","timestamp":"2026-01-02T03:04:05Z","attributes":{"a":1}},"object":{"current":{"a":1}}}',
    '{"protocol":"mega","version":1,"event":{"name":"A!","timestamp":"2026-01-02T03:04:05Z","a":1}}', '{"protocol":"mega"}',
    json.dumps({"Type": "Notification", "MessageId": "i", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Timestamp": "2026-01-02T03:04:05Z",
                "Message": '{"a":1}', "megaql": 1, "body": '{"a":2}'}),
    json.dumps({"Type": "Notification", "MessageId": "i", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Timestamp": "2026-01-02T03:04:05Z",
                "Message": '{"a":1,"event":{"a":1}}'}),
)  # fmt: skip


def _line(value):
    return json.dumps(value, default=str)


_LINES = st.one_of(
    st.sampled_from(_ODD),
    values.map(_line),
    values.map(lambda value: to_line(Message(id="1", body=_line(value), receipt_handle=None))),
    st.binary(max_size=6).map(lambda data: data.replace(b"\n", b"").decode("latin-1")),
)


def _outcome(scan, each):
    try:
        with scan:
            shown = [message.body for message in each(scan)]
    except ScanError as error:
        shown = str(error)
    return shown, scan.report


@given(clauses(), st.lists(_LINES, max_size=12), st.booleans(), st.sampled_from(("utf-8", "latin-1")))
@settings(max_examples=300, deadline=None)
def test_judging_in_part_changes_nothing(tmp_path_factory, clause, lines, invert, encoding):
    query = Query(clause)
    path = tmp_path_factory.getbasetemp() / "judged.ndjson"
    # The first two lines keep the file from being one document over many lines.
    path.write_bytes("\n".join(["{}", "{}", *lines]).encode(encoding, "replace"))

    def one_by_one(scan):
        for message in scan:
            verdict = query.evaluate(message)
            scan.tally(verdict)
            if (verdict is Verdict.MATCH) is not invert:
                yield message

    before, documents.FIRST_LINES = documents.FIRST_LINES, 0
    try:
        judged = _outcome(FileScan(str(path)), lambda scan: scan.matching(query, invert=invert))
    finally:
        documents.FIRST_LINES = before
    assert judged == _outcome(FileScan(str(path)), one_by_one)
