"""A proxy that keeps every byte back for a time, as a network does: `python -m tests.benchmarks.consuming.latency PORT SECONDS`.

It prints the port that it listens on. A maintainer keeps one rule: bytes keep their order, and however many are on their way, none waits longer.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

_CHUNK = 65_536


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Write what is read, each piece so many seconds later; at the end, close."""
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            loop.call_later(delay, writer.write, data)
    await asyncio.sleep(delay)
    writer.close()


async def main(port: int, delay: float) -> None:
    """Serve for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, server_writer, delay), pass_on(server_reader, writer, delay))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever starts it reads this
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
