"""What the processes of `test_local_broker` do; each prints a line for every thing that is certain, as soon as it is."""

import sys
import threading
import time
from pathlib import Path

from megaql.broker import local


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def send(client, url, name, count):
    """Send batches of ten and say which bodies were acknowledged."""
    for start in range(0, int(count), 10):
        bodies = [f"{name}-{number}" for number in range(start, start + 10)]
        entries = [{"Id": str(i), "MessageBody": body, "MessageGroupId": name} for i, body in enumerate(bodies)]
        answer = client.send_message_batch(QueueUrl=url, Entries=entries)
        say(*(bodies[int(entry["Id"])] for entry in answer["Successful"]))


def drain(client, url, seconds):
    """Receive and delete until nothing came for some seconds; say what was deleted."""
    while True:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=int(seconds))
        if "Messages" not in answer:
            return
        messages = answer["Messages"]
        entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
        deleted = client.delete_message_batch(QueueUrl=url, Entries=entries)["Successful"]
        say(*(messages[int(entry["Id"])]["Body"] for entry in deleted))


def wait(client, url):
    """Say what came to a waiting receive."""
    say("ready")
    answer = client.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    say(answer["Messages"][0]["Body"])


def fork(client, url):
    """Fork while a thread waits in a receive, and send from the child."""
    import multiprocessing

    found = []
    thread = threading.Thread(target=lambda: found.append(client.receive_message(QueueUrl=url, WaitTimeSeconds=10)))
    thread.start()
    time.sleep(0.1)
    child = multiprocessing.get_context("fork").Process(
        target=client.send_message, kwargs={"QueueUrl": url, "MessageBody": "from the child"}
    )
    child.start()
    child.join()
    thread.join()
    say(found[0]["Messages"][0]["Body"])


def hold(client, _url):
    """Begin a transaction and never end it."""
    with client._store.write():
        say("held")
        time.sleep(1000)


if __name__ == "__main__":
    home, url, action, *arguments = sys.argv[1:]
    {"send": send, "drain": drain, "wait": wait, "fork": fork, "hold": hold}[action](
        local.client(Path(home)), url, *arguments
    )
