"""A publisher: MEGA events in JSON and BSON, a data object, text and bytes.

Run it:  python examples/publisher.py [TARGET]

TARGET is a queue or a topic: local:orders (the default, an embedded queue that needs no AWS account), local-topic:shop,
a queue URL, an ARN. Then run examples/consumer.py, or look:  megaql peek local:orders
"""

import sys
from decimal import Decimal

from megaql import MegaEvent, MegaObject, Publisher


def added(article: str, quantity: int, price: str) -> MegaEvent:
    """Return the event of an article put into a cart; its timestamp is now."""
    return MegaEvent(
        "item.added",
        domain="cart",
        publisher="examples",
        attributes={"article": article, "quantity": quantity, "price": Decimal(price)},
    )


def main(target: str = "local:orders") -> None:
    """Publish one message of every sort."""
    publisher = Publisher(target)

    # An event, with a message attribute beside it: queries reach it as @attributes.tenant.
    publisher.publish(added("teapot", 2, "19.90"), attributes={"tenant": "acme"})

    # The same in BSON; a consumer sees no difference.
    publisher.publish(added("kettle", 1, "34.50"), bson=True)

    # Many at once travel in batches of ten. The result says of each whether it was accepted.
    result = publisher.publish_batch([added("cup", quantity, "4.20") for quantity in (4, 0, 500)])
    print(f"batch: {len(result.done)} accepted, {len(result.failed)} failed")

    # An event about an object: its state now and before.
    user = MegaObject({"email": "new@example.com"}, {"email": "old@example.com"}, type="user", id="17")
    publisher.publish(MegaEvent("user.updated", domain="user", object=user))

    # What is no event is data, text, or bytes.
    publisher.publish({"status": "open", "lines": [{"article": "cup", "quantity": 4}]})
    publisher.publish("stop the presses")
    publisher.publish(b"\x89PNG")
    print(f"published to {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
