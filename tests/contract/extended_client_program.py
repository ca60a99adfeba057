"""Amazon's own extended clients in a process of their own, because they replace boto3's session when they are imported.

    extended_client_program.py send|receive|publish TARGET BUCKET [legacy]

`send` and `publish` read the body from standard input, `receive` prints the first message as JSON and deletes it with its payload.
"""

import json
import sys

action, target, bucket, *rest = sys.argv[1:]
if action == "publish":
    import sns_extended_client  # noqa: F401 - importing it is what changes boto3
else:
    import sqs_extended_client  # noqa: F401 - as above

import boto3  # noqa: E402 - after what changes it

client = boto3.client("sns" if action == "publish" else "sqs", region_name="us-east-1")
client.large_payload_support = bucket
client.use_legacy_attribute = "legacy" in rest
ATTRIBUTES = {"tenant": {"DataType": "String", "StringValue": "acme"}}

match action:
    case "send":
        client.send_message(QueueUrl=target, MessageBody=sys.stdin.read(), MessageAttributes=dict(ATTRIBUTES))
    case "publish":
        client.publish(TopicArn=target, Message=sys.stdin.read(), MessageAttributes=dict(ATTRIBUTES))
    case "receive":
        (message,) = client.receive_message(QueueUrl=target, MessageAttributeNames=["All"], WaitTimeSeconds=5)[
            "Messages"
        ]
        sys.stdout.write(json.dumps({"body": message["Body"], "attributes": sorted(message["MessageAttributes"])}))
