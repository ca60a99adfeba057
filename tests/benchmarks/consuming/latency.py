"""A proxy that keeps every byte back for a time, as a network does: `python -m tests.benchmarks.consuming.latency PORT SECONDS [FILE]`.

It prints the port that it listens on, and notes in the file when it hands bytes to a client: what follows is the client's own time. A maintainer keeps
one rule: bytes keep their order, and however many are on their way, none waits longer.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.benchmarks.consuming import counting

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65_536


async def pass_on(reader: asyncio.StreamReader, write: Callable[[bytes], None], delay: float) -> None:
    """Write what is read, each piece so many seconds later; return when there is no more and all is written."""
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            loop.call_later(delay, write, data)
    await asyncio.sleep(delay)


async def main(port: int, delay: float) -> None:
    """Serve for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)

        def answer(data: bytes) -> None:
            if counting.TIMES in os.environ:
                counting.note()
            writer.write(data)

        async def there() -> None:
            await pass_on(reader, server_writer.write, delay)
            server_writer.close()

        async def back() -> None:
            await pass_on(server_reader, answer, delay)
            writer.close()

        await asyncio.gather(there(), back())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever starts it reads this
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        os.environ[counting.TIMES] = sys.argv[3]
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
