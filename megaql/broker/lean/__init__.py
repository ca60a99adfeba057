"""The lean path: SQS's hot calls on boto3's own client object, without botocore's work for each of them.

A maintainer keeps one rule: whatever is not plainly the usual case goes back to botocore, which is always right and only slower. So there is no
second copy of its rules here: a request is built as botocore was seen to build it, with the same signature or not at all; only a clean answer is
read here; and a failed one, or no answer, is handed to botocore as its own first attempt, so that errors, retries, back-off, quota and clock are its.

botocore's debug log tells of the calls that it makes itself; with MEGAQL_LEAN=0 it makes them all.

    client.py     which way a call goes
    usual.py      whether anything but botocore listens to a client's calls
    template.py   a request of botocore as the model of further ones
    signing.py    Signature Version 4 with the day's key kept
    wire.py       JSON bodies, by botocore's own model of the service
    transport.py  connections of botocore's making, kept, checked and dropped
    passage.py    a call that boto3 makes over these connections
    exchange.py   one HTTP request and its answer on a connected socket
    pending.py    the same while nobody waits
"""

from megaql.broker.lean.client import install

__all__ = ["install"]
