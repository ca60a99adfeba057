"""Files as streams of messages."""

import gzip
import io
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from megaql.broker.message import Message
from megaql.errors import ScanError
from megaql.lang.verdict import Verdict
from megaql.query import compile as compile_query
from megaql.scan import documents
from megaql.scan.budget import Budget, StopReason
from megaql.scan.documents import BadLine
from megaql.scan.files import FileScan, read_file
from megaql.scan.records import to_line
from megaql.scan.stop import StopFlag

RECEIVED = {
    "Messages": [
        {
            "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274",
            "ReceiptHandle": "AQEB",
            "MD5OfBody": "d3673b20e6c009a81c73961b798f838a",
            "Body": '{"protocol": "mega"}',
            "Attributes": {"SentTimestamp": "1588550400123", "ApproximateReceiveCount": "3"},
            "MessageAttributes": {
                "tenant": {"StringValue": "acme", "DataType": "String"},
                "trace": {"BinaryValue": "AP8=", "DataType": "Binary"},
            },
        },
        {"MessageId": "second", "ReceiptHandle": "AQEC", "Body": "text"},
    ]
}


@pytest.fixture
def file(tmp_path):
    def make(content, name="messages.ndjson"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


def bodies(path):
    return [item.body for item in read_file(path)]


def test_a_bare_payload_is_a_message_without_id(file):
    (message,) = read_file(file('{"price": 0.10}\n'))
    assert (message.id, message.body, message.receipt_handle) == ("", '{"price": 0.10}', None)


def test_an_array_and_a_document(file):
    assert bodies(file('[{"a":1},{"a":2}]')) == ['{"a":1}', '{"a":2}']
    assert bodies(file('{\n "a": 1\n}')) == ['{\n "a": 1\n}']


def test_gzip_by_its_content(file):
    packed = gzip.compress(b'{"a":1}\n{"a":2}\n')
    assert bodies(file(packed, "messages.ndjson.gz")) == bodies(file(packed, "any.name")) == ['{"a":1}', '{"a":2}']


@pytest.mark.parametrize("indent", [None, 4])
def test_the_aws_command_lines_output(file, indent):
    first, second = read_file(file(json.dumps(RECEIVED, indent=indent), "received.json"))
    assert first.id == "5fea7756-0ea4-451a-a703-a558b933e274"
    assert first.body == '{"protocol": "mega"}'
    assert first.system["SentTimestamp"] == "1588550400123"
    assert first.attributes["trace"] == {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    assert first.attributes["tenant"]["StringValue"] == "acme"
    assert first.receipt_handle is None, "an old receipt handle must not release or delete anything"
    assert second.body == "text"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Attributes": {"SentTimestamp": 5}}, "Attributes.SentTimestamp is not a string"),
        ({"Attributes": "x"}, "Attributes is not an object"),
        (
            {"MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "%"}}},
            "MessageAttributes.a.BinaryValue is not Base64",
        ),
        ({"MessageAttributes": {"a": 5}}, "MessageAttributes.a is not an object with DataType and a value"),
    ],
)
def test_a_broken_entry_of_the_aws_command_lines_output(file, change, why):
    good, broken = RECEIVED["Messages"][1], RECEIVED["Messages"][0] | change
    items = list(read_file(file(json.dumps({"Messages": [good, broken]}))))
    assert [type(item) for item in items] == [Message, BadLine]
    assert items[1] == BadLine(1, why)


def test_a_payload_with_messages_of_its_own_is_a_payload(file):
    text = '{"Messages": ["hello"]}'
    assert bodies(file(text)) == [text]


def test_several_outputs_of_the_aws_command_line_in_one_file(file):
    text = "\n".join([json.dumps(RECEIVED), json.dumps(RECEIVED)])
    assert len(list(read_file(file(text)))) == 4


def test_records_come_back_as_messages(file):
    messages = list(read_file(file(json.dumps(RECEIVED))))
    again = list(read_file(file("\n".join(to_line(message) for message in messages))))
    assert again == messages


def test_a_broken_record_is_a_bad_line(file):
    good, bad = read_file(file('{"a":1}\n{"megaql":1,"body":"x","attributes":{"a":5}}\n'))
    assert good.body == '{"a":1}'
    assert bad == BadLine(2, "attributes.a is not an object with DataType and a value")


def test_a_newer_record_is_a_bad_line(file):
    (bad,) = read_file(file('{"megaql":2,"body":"x"}\n'))
    assert bad == BadLine(1, 'only `"megaql": 1` is known here')


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(b'{"a":1}\n' * 1000, mtime=0)[:-20], "A gzip file is damaged"),
        (b"\x1f\x8bnot gzip at all", "A gzip file is damaged"),
    ],
)
def test_damaged_gzip(file, content, what):
    with pytest.raises(ScanError, match=what):
        list(read_file(file(content)))


def test_a_missing_file():
    with pytest.raises(ScanError) as caught:
        list(read_file("/no/such/file.ndjson"))
    assert str(caught.value) == (
        "There is no such file\n"
        "  where: /no/such/file.ndjson\n"
        "  why: nothing has that path\n"
        "  next: check the name and the folder; - reads standard input"
    )


def test_a_directory(tmp_path):
    with pytest.raises(ScanError, match="cannot be read"):
        list(read_file(str(tmp_path)))


def test_standard_input_is_read_and_left_open(monkeypatch):
    stream = io.BufferedReader(io.BytesIO(b'{"a":1}\n{"a":2}\n'))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    assert bodies("-") == ['{"a":1}', '{"a":2}']
    assert not stream.closed


def test_a_scan_counts_messages_verdicts_and_bad_lines(file):
    told = []
    with FileScan(file('{"a":1}\nbad\n{"a":2}\n'), on_bad_line=told.append) as scan:
        for message in scan:
            scan.tally(Verdict.MATCH if "1" in message.body else Verdict.UNKNOWN)
    report = scan.report
    assert (report.seen, report.matched, report.unknown, report.bad_lines) == (2, 1, 1, 1)
    assert report.first_bad_lines == told == [BadLine(2, "not JSON: expecting value at column 1")]
    assert report.stopped_because is StopReason.END
    assert report.received == report.requests == 0


def test_a_file_with_no_readable_line_is_an_error(file):
    path = file("what\nis\nthis\n")
    with pytest.raises(ScanError) as caught, FileScan(path) as scan:
        list(scan)
    assert caught.value.where == f"{path}, line 1"
    assert scan.report.bad_lines == 3


def test_an_empty_file_has_no_messages(file):
    with FileScan(file("")) as scan:
        assert list(scan) == []
    assert scan.report.stopped_because is StopReason.END


def test_only_the_first_bad_lines_are_kept(file):
    with FileScan(file('{"a":1}\n' + "bad\n" * 100)) as scan:
        list(scan)
    assert scan.report.bad_lines == 100
    assert len(scan.report.first_bad_lines) == 20


def test_budgets_and_signals_end_a_file_scan_too(file, clock):
    path = file('{"a":1}\n' * 50)

    def reason(budget, stop=None, step=0.0):
        with FileScan(path, budget, stop=stop, clock=clock) as scan:
            for _ in scan:
                scan.tally(Verdict.MATCH)
                clock.now += step
        return scan.report.stopped_because, scan.report.seen

    flag = StopFlag()
    flag.set()
    assert reason(Budget(limit=5)) == (StopReason.LIMIT, 5)
    assert reason(Budget(scan=7)) == (StopReason.SCAN, 7)
    assert reason(Budget(duration=timedelta(seconds=3)), step=1.0) == (StopReason.TIME, 3)
    assert reason(Budget(), flag) == (StopReason.SIGNAL, 0)


def test_a_reached_limit_does_not_wait_for_the_next_line(monkeypatch):
    class Pipe(io.BytesIO):
        def readline(self, size=-1, /):
            line = super().readline(size)
            assert line, "a pipe whose next line never comes"
            return line

        def peek(self, size=0, /):
            return self.getvalue()[:size]

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=Pipe(b'{"a":1}\n')))
    with FileScan("-", Budget(limit=1)) as scan:
        for _ in scan:
            scan.tally(Verdict.MATCH)
    assert scan.report.stopped_because is StopReason.LIMIT


@pytest.mark.parametrize("settings", [{"limit": 0}, {"scan": -1}, {"receives": 0}, {"duration": timedelta(0)}])
def test_a_budget_of_nothing_is_an_error(settings):
    with pytest.raises(ScanError, match=r"is more than 0 seconds|is at least 1"):
        Budget(**settings)


@pytest.mark.parametrize(
    ("line", "judged"), [('{"n": 1, "far": 1e9999999999999999999}', True), ('{"n": 1e9999999999999999999}', False)]
)
def test_a_number_out_of_all_bounds_makes_a_body_text_only_where_it_is_read(line, judged, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "FIRST_LINES", 0)
    path = tmp_path / "far.ndjson"
    path.write_text(f"{{}}\n{{}}\n{line}\n")
    assert bool(list(FileScan(str(path)).matching(compile_query("exists n")))) is judged


def test_a_broken_line_is_told_wherever_it_is_broken(tmp_path):
    path = tmp_path / "broken.ndjson"
    good = '{"n": 1, "rest": [1, {"a": "x"}]}'
    bad = [
        good[:-3] + "}",
        good.replace("1,", "01,"),
        good.replace('"x"', '"\\x"'),
        good + "}",
        good.replace("x", "\t"),
        good[:-1],
    ]
    path.write_text("\n".join([good] * 300 + bad + [good]) + "\n")
    told = []
    scan = FileScan(str(path), on_bad_line=lambda line: told.append(line.line))
    with scan:
        assert len(list(scan.matching(compile_query("n == 1")))) == 301
    assert told == list(range(301, 301 + len(bad)))
    assert scan.report.bad_lines == len(bad)


@pytest.mark.parametrize(("depth", "judged"), [(198, True), (199, True), (200, False), (250, False)])
@pytest.mark.parametrize("brackets", ["[]", '{"k":}'])
def test_nesting_counts_in_parts_that_nobody_reads(depth, judged, brackets, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "FIRST_LINES", 0)
    path = tmp_path / "deep.ndjson"
    opening, closing = brackets[:-1], brackets[-1]
    path.write_text(f'{{}}\n{{}}\n{{"n": 1, "rest": {opening * depth}1{closing * depth}}}\n')
    query = compile_query("exists n")
    assert [query.matches(message) for message in FileScan(str(path))][-1] is judged
    assert bool(list(FileScan(str(path)).matching(query))) is judged


def test_bytes_that_are_no_text_are_told_in_parts_that_nobody_reads(tmp_path):
    path = tmp_path / "latin.ndjson"
    path.write_bytes(b'{"n": 1}\n' * 300 + '{"n": 1, "rest": "Zürich"}\n'.encode("latin-1"))
    scan = FileScan(str(path))
    with scan:
        assert len(list(scan.matching(compile_query("n == 1")))) == 300
    assert [(bad.line, bad.why.partition(" at")[0]) for bad in scan.report.first_bad_lines] == [(301, "not UTF-8")]


EVENT = {"protocol": "mega", "version": 1, "event": {"name": "a", "timestamp": "2026-01-02T03:04:05Z"}}
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "i",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t",
    "Timestamp": "2026-01-02T03:04:05Z",
    "Message": '{"n": 1}',
}


def event(**fields):
    return EVENT | {"event": EVENT["event"] | fields}


@pytest.mark.parametrize(
    ("query", "value", "matches"),
    [
        ("n == 1", NOTIFICATION, True),
        ('Type == "Notification"', NOTIFICATION, False),
        ('Type == "Notification"', NOTIFICATION | {"TopicArn": "none"}, True),
        ("event.n == 1", event(attributes={"n": 1}), True),
        ("event.attributes.n == 1", event(n=1), True),
        ("event.n == 1", event(name="Not a name", attributes={"n": 1}), False),
        ("event.n == 1", event(n=1, attributes={"n": 2}), True),
        ("event.version == 1", event(), True),
        ("event.version == 1", event(name="Not a name"), False),
        ("object.version == 1", EVENT | {"object": {}}, True),
        ("exists event.n", event(attributes={"n": None}), True),
        ('@kind == "mega"', EVENT, True),
        ("@size > 5", {"n": 1}, True),
        ("n == 1", {"megaql": 1, "body": '{"n": 1}'}, True),
        ("n == 1", {"megaql": 2, "body": '{"n": 1}', "n": 1}, False),
        ("n == 1", {"Messages": [{"MessageId": "1", "Body": '{"n": 1}'}]}, True),
        ("n == 1", {"Messages": [], "n": 1}, True),
    ],
)
def test_a_line_means_the_same_among_the_first_and_after_them(query, value, matches, tmp_path):
    compiled = compile_query(query)
    for lines_before in (1, documents.FIRST_LINES + 1):
        path = tmp_path / f"{lines_before}.ndjson"
        path.write_text("{}\n" * lines_before + json.dumps(value) + "\n")
        scan = FileScan(str(path))
        with scan:
            assert bool(list(scan.matching(compiled))) is matches
