"""Places for large payloads: what may be written for one, and objects in a folder and in a bucket."""

import io

import pytest

from megaql.broker.large.pointer import Pointer
from megaql.broker.large.stores import FolderStore, Location, S3Store, parse
from megaql.broker.target import AMBIENT
from megaql.errors import AccessDenied, BadTarget, BrokerError


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("s3://my-bucket", Location(False, "my-bucket")),
        ("s3://my.bucket-1/", Location(False, "my.bucket-1")),
        ("s3://my-bucket/a/b/", Location(False, "my-bucket", "a/b/")),
        ("local:payloads", Location(True, "payloads")),
        ("local:payloads/x", Location(True, "payloads", "x")),
    ],
)
def test_places(text, location):
    assert parse(text) == location


def test_keys_begin_with_the_prefix():
    assert parse("s3://my-bucket").key("k") == "k"
    assert parse("s3://my-bucket/a/b/").key("k") == "a/b/k"
    assert parse("s3://my-bucket//a").key("k") == "a/k"


@pytest.mark.parametrize(
    "text",
    ["", "my-bucket", "s3://", "s3://A-Bucket", "s3://x", "s3:my-bucket", "https://my-bucket", "local:", 5, None],
)
def test_what_is_no_place(text):
    with pytest.raises(BadTarget) as caught:
        parse(text)
    assert "s3://my-bucket" in caught.value.hint


@pytest.mark.parametrize("key", ["k", "a/b", "../../outside", "/etc/passwd", "x" * 1000, "☃\ud800"])
def test_objects_in_a_folder(tmp_path, key):
    store = FolderStore(tmp_path / "objects")
    pointer = Pointer("bucket", key)
    store.put(pointer, b"data")
    assert store.get(pointer, 4) == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["objects"]
    with pytest.raises(BrokerError) as caught:
        store.get(Pointer("other", key), 4)
    assert caught.value.code == "NoSuchKey"
    store.delete(pointer)
    store.delete(pointer)
    with pytest.raises(BrokerError):
        store.get(pointer, 4)


def test_an_object_that_is_too_large_is_not_read(tmp_path):
    store = FolderStore(tmp_path)
    store.put(Pointer("bucket", "k"), b"12345")
    with pytest.raises(BrokerError) as caught:
        store.get(Pointer("bucket", "k"), 4)
    assert (caught.value.code, caught.value.what) == (
        "PayloadTooLarge",
        "the payload has 5 bytes, and at most 4 are fetched",
    )


class Body(io.BytesIO):
    def read(self, *_):
        raise AssertionError("it must not be read")


class Bucket:
    def __init__(self, code=None):
        self.code = code
        self.closed = False

    def put_object(self, **_):
        return {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def get_object(self, **_):
        if self.code:
            error = RuntimeError(self.code)
            error.response = {"Error": {"Code": self.code, "Message": "no"}}
            raise error
        return {"ContentLength": 5, "Body": Body()}


def test_a_bucket_says_how_large_an_object_is_before_it_is_read():
    with pytest.raises(BrokerError) as caught:
        S3Store(AMBIENT, Bucket()).get(Pointer("bucket", "k"), 4)
    assert caught.value.code == "PayloadTooLarge"


def test_an_answer_that_is_not_s3s_keeps_nothing():
    """A proxy's page with status 200, say; a message would point to what was never there."""
    with pytest.raises(BrokerError) as caught:
        S3Store(AMBIENT, Bucket()).put(Pointer("bucket", "k"), b"1")
    error = caught.value
    assert (error.what, error.code) == ("the answer to s3:PutObject is not S3's", "NoAnswer")
    assert all((error.where, error.why, error.hint))


@pytest.mark.parametrize(("code", "error"), [("AccessDenied", AccessDenied), ("NoSuchKey", BrokerError)])
def test_a_bucket_that_refuses(code, error):
    with pytest.raises(error) as caught:
        S3Store(AMBIENT, Bucket(code)).get(Pointer("bucket", "k"), 4)
    assert "s3:GetObject" in caught.value.what
    assert "s3://bucket/k" in caught.value.where
