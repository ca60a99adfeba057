"""Pointers as Amazon's extended clients write them, and bodies that only look like one."""

import json

import pytest

from megaql.broker.large import pointer
from megaql.broker.large.pointer import Pointer

SIZE = {"ExtendedPayloadSize": {"DataType": "Number", "StringValue": "300000"}}
LEGACY = {"SQSLargePayloadSize": {"DataType": "Number", "StringValue": "300000"}}
JAVA = '["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"b-1","s3Key":"k/1"}]'
OLD = '["com.amazon.sqs.javamessaging.MessageS3Pointer",{"s3BucketName":"b-1","s3Key":"k/1"}]'


@pytest.mark.parametrize("body", [JAVA, OLD, Pointer("b-1", "k/1").body])
@pytest.mark.parametrize("attributes", [SIZE, LEGACY, SIZE | {"tenant": {"DataType": "String", "StringValue": "x"}}])
def test_pointers_of_every_writer(body, attributes):
    assert pointer.read(body, attributes) == Pointer("b-1", "k/1")


def test_what_is_written_is_the_reference_libraries_text():
    assert Pointer("b", "k").body == (
        '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b", "s3Key": "k"}]'
    )
    assert json.loads(Pointer("b", 'a "key"').body)[1]["s3Key"] == 'a "key"'


@pytest.mark.parametrize(
    "body",
    [
        "s3BucketName",
        '{"s3BucketName": "b", "s3Key": "k"}',
        '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b"}]',
        '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "", "s3Key": "k"}]',
        '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b", "s3Key": 5}]',
        '["some.other.Class", {"s3BucketName": "b", "s3Key": "k"}]',
        JAVA[:-1],
        "[" * 4000 + "s3BucketName",
        JAVA + " " * 5000,
    ],
)
def test_bodies_that_are_no_pointer(body):
    assert pointer.read(body, SIZE) is None


def test_without_the_size_a_pointer_is_data():
    assert pointer.read(JAVA, {}) is None
    assert pointer.read(JAVA, {"tenant": {"DataType": "String", "StringValue": "x"}}) is None
