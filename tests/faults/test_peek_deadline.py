"""boto3's retries against a lease that runs out: what reaches the service, and when."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from megaql.broker import aws
from megaql.broker.message import Message
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.scan.lease import Holdings
from megaql.scan.report import ScanReport


class Service:
    """An SQS endpoint on loopback that answers 500 to the first `failures` requests; each one takes `takes` seconds of the test's clock."""

    def __init__(self):
        self.now = 1000.0
        self.failures = 0
        self.takes = 0.0
        self.requests = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.requests.append((service.now, len(body["Entries"])))
                service.now += service.takes
                failed = len(service.requests) <= service.failures
                answer = (
                    b"{}" if failed else json.dumps({"Successful": [{"Id": e["Id"]} for e in body["Entries"]]}).encode()
                )
                self.send_response(500 if failed else 200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    running = Service()
    yield running
    running.close()


@pytest.fixture
def held(service):
    """Ten messages that a scan holds for 30 seconds, and the report of its release."""
    client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=service.url()))
    queue = Queue.open(f"{service.url()}/000000000000/orders", client=client)
    holdings = Holdings(queue, clock=lambda: service.now, wall=lambda: service.now)
    holdings.asking(10, timedelta(seconds=30))
    holdings.take([Message(id=f"m{number}", body="{}", receipt_handle=f"h{number}") for number in range(10)])
    yield holdings
    client.close()


def test_a_retry_in_time_releases(service, held):
    service.failures, service.takes = 2, 5.0
    report = ScanReport(source="orders")
    held.release(report)
    assert [moment for moment, _ in service.requests] == [1000, 1005, 1010]
    assert (report.released, report.unreleased) == (10, 0)


def test_a_retry_after_the_lease_is_not_sent(service, held):
    """Left to itself, boto3 sends the fourth request at 1045, when the messages are somebody else's."""
    service.failures, service.takes = 3, 15.0
    report = ScanReport(source="orders")
    held.release(report)
    assert [moment for moment, _ in service.requests] == [1000, 1015]
    assert (report.released, report.unreleased) == (0, 10)
    assert report.release_error == "the leases ran out while the request was tried again"


def test_the_guard_leaves_with_the_release(service, held):
    held.release(ScanReport(source="orders"))
    service.now += 3600
    held._queue.set_visibility([Message(id="x", body="", receipt_handle="x")], timedelta(0))
    assert len(service.requests) == 2
