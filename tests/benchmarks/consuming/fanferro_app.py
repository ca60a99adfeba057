"""fanferro: a Rust core with handlers in asyncio. `plain` takes each body as bytes, `matched` decodes it and matches it, as ours does."""

from __future__ import annotations

import asyncio
import os
import sys

import fanferro
from fanferro import matchers

from tests.benchmarks.consuming.counting import handler

#: Ten are received at once only where ten more may be held; its default goes by the concurrency.
PREFETCH = 100

count = handler()


async def plain(_message: fanferro.Message[bytes]) -> None:
    """Do nothing with bytes."""
    count()


async def matched(_event: dict[str, object]) -> None:
    """Do nothing with a document."""
    count()


async def main(how: str, concurrency: int) -> None:
    """Consume until a signal comes."""
    credentials = fanferro.Credentials("bench", "bench")
    client = fanferro.Client(
        region="us-east-1",
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        credentials=credentials,
        account_id="0" * 12,
        provisioning=fanferro.Provisioning.assume(),
    )
    queue = client.queue(url=os.environ["BENCH_QUEUE"])
    consumer = client.consumer(queue, concurrency=concurrency, prefetch=PREFETCH, wait_time=5)
    if how == "matched":
        consumer.route(when=matchers.body("event.name") == "item.added")(matched)
    else:
        consumer.default(plain)
    async with client:
        await consumer.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
