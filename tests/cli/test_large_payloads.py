"""Large payloads on the command line: put into a bucket, shown as pointers, fetched when asked for."""

import json
import os
import shutil
from pathlib import Path

import pytest

BIG = "x" * 1_100_000


@pytest.fixture
def sent(megaql, tmp_path):
    """A message in local:orders whose payload lies in the bucket `payloads`."""
    (tmp_path / "big.json").write_text(json.dumps({"order": 7, "note": BIG}))
    arguments = ["publish", "local:orders", "--data", f"@{tmp_path / 'big.json'}", "--attr", "tenant=acme"]
    assert "large_payloads=" in megaql(*arguments).err
    result = megaql(*arguments, "--large-payloads", "local:payloads/in")
    assert (result.status, len(result.lines)) == (0, 1)


@pytest.mark.usefixtures("sent")
def test_peek_shows_a_pointer_unless_it_is_asked_to_fetch(megaql):
    (pointer,) = megaql("peek", "local:orders", "-o", "body").lines
    name, place = json.loads(pointer)
    assert name == "software.amazon.payloadoffloading.PayloadS3Pointer"
    assert place["s3BucketName"] == "payloads"
    assert place["s3Key"].startswith("in/")
    assert "matched 0" in megaql("peek", "local:orders", "-w", "order == 7", "--count").err
    fetched = megaql(
        "peek",
        "local:orders",
        "-w",
        'order == 7 and @attributes.tenant == "acme"',
        "-o",
        "body",
        "--fetch-payloads",
        "local:payloads",
    )
    assert json.loads(fetched.out) == {"order": 7, "note": BIG}


@pytest.mark.usefixtures("sent")
def test_a_payload_of_another_bucket_stays_a_pointer(megaql):
    result = megaql("peek", "local:orders", "-o", "body", "--fetch-payloads", "local:other")
    assert "payloads" in result.out
    assert BIG not in result.out
    assert "is not fetched" in result.err
    assert "the payload lies in the bucket payloads" in result.err


@pytest.mark.usefixtures("sent")
def test_a_payload_that_is_gone_is_told_of_and_the_pointer_shown(megaql):
    shutil.rmtree(Path(os.environ["MEGAQL_HOME"]) / "objects")
    result = megaql("peek", "local:orders", "-o", "body", "--fetch-payloads", "local:payloads")
    assert result.status == 0
    assert "s3Key" in result.out
    assert "warning: cannot fetch a large payload" in result.err
    assert "next: " in result.err


@pytest.mark.parametrize("place", ["payloads", "s3://", "https://x"])
def test_a_wrong_place(megaql, place):
    for result in (
        megaql("peek", "local:orders", "--fetch-payloads", place),
        megaql("publish", "local:orders", "--text", "x", "--large-payloads", place),
    ):
        assert result.status == 2
        assert f"{place!r} is no place for large payloads" in result.err
