"""A Cloud API that costs next to nothing: reads each request whole, accepts it, keeps the connection.

Runs as a process of its own: writes its address, and ends when its input is closed. The id that it gives a message
is the moment (`time.monotonic_ns`) at which the first byte of the request arrived.
"""

import asyncio
import sys
import time
from typing import cast

import uvloop

_ANSWER = (
    '{"messaging_product":"whatsapp","contacts":[{"input":"+62812000000","wa_id":"62812000000"}],'
    '"messages":[{"id":"wamid.%019d"}]}'
)
_HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_ANSWER % 0)}\r\n\r\n"
_WHOLE = (_HEAD + _ANSWER).encode()


class CloudApi(asyncio.Protocol):
    """One connection. Requests may come in pieces, and several in one piece."""

    def __init__(self) -> None:
        self._read = b""
        self._began = 0
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._read:
            self._began = time.monotonic_ns()
        self._read += data
        while (end := self._end()) is not None:
            self._read = self._read[end:]
            self._transport.write(_WHOLE % self._began)

    def _end(self) -> int | None:
        """Where the first request ends; None while it is not all there."""
        head = self._read.find(b"\r\n\r\n")
        if head < 0:
            return None
        end = head + 4 + _content_length(self._read[: head + 2])
        return end if len(self._read) >= end else None


def _content_length(head: bytes) -> int:
    """What the head of a request says of its body; nothing where it says nothing. Chunks are not read."""
    head = head.lower()
    if b"\r\ntransfer-encoding:" in head:
        raise ValueError("a body in chunks is not understood here")
    at = head.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(head[at + 17 : head.index(b"\r\n", at + 2)])


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(CloudApi, "127.0.0.1", 0)
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
