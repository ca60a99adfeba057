"""A consumer: handlers bound to queries.

Run it:  python examples/publisher.py && python examples/consumer.py
     or: megaql run examples.consumer:app local:orders --once

A message is deleted when every handler it matched is done, and comes back when one was not.
"""

import sys
from datetime import timedelta

from megaql import App, DataObject, MegaEvent, Message, Plaintext, Reject, Retry

app = App("local:orders")

stock = {"teapot": 5, "kettle": 5, "cup": 100}


@app.subscribe('event.name == "item.added" and event.quantity > 0')
def reserve(event: MegaEvent, message: Message) -> None:
    """Take articles from the stock; what is not there may come later, what we never had will not."""
    article, quantity = event.attributes["article"], event.attributes["quantity"]
    if article not in stock:
        raise Reject("no such article")  # to the dead-letter queue, with the reason
    if quantity > stock[article]:
        raise Retry(after=timedelta(minutes=1))
    stock[article] -= quantity
    print(f"reserved {quantity} {article} (delivery {message.receive_count})")


@app.subscribe("object.current.email != object.previous.email", name="user.updated")
def confirm(event: MegaEvent) -> None:
    """Ask for a confirmation of a new address; `name=` is the event's name, one of the MEGA keywords."""
    if event.object is not None:
        print(f"confirm {event.object.current['email']}, was {event.object.previous['email']}")


@app.subscribe('any line in lines: (line.quantity >= 4 and line.article == "cup")')
def pack(order: DataObject) -> None:
    """Handle an order, which is plain data and no event."""
    print(f"pack an order of {len(order.data['lines'])} lines, cups with care")


@app.subscribe('@body startswith "stop"', kind="text")
def stop(note: Plaintext) -> None:
    """Handle a text."""
    print(f"note: {note.text}")


if __name__ == "__main__":
    report = app.run(once="--forever" not in sys.argv)
    others = report.unmatched + report.unknown  # deleted, counted by name and reason in the log
    print(f"{report.handled} handled, {report.retried} to be retried, {others} taken by no one")
