"""Files past ClamAV, over the socket of clamd. What clamd or the network does is a value, never an exception."""

from __future__ import annotations

import asyncio
import os
import re
import struct
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK_BYTES = 64 * 1024
_LONGEST_ANSWER = 4096
_CONNECTS_WITHIN_S = 5.0
_TOLD_WITHIN_S = 2.0
"""How long to wait for the reason after clamd has cut the connection."""

_VERSION = re.compile(r"ClamAV [\x20-\x7e]{1,200}")
_FOUND = re.compile(r"(?:stream|instream\(local\)): ([\x21-\x7e]{1,200}) FOUND")
_NOT_LOOKED_INTO = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")


@dataclass(frozen=True, slots=True)
class Clean:
    """ClamAV looked through the whole file and knows nothing in it."""


@dataclass(frozen=True, slots=True)
class Infected:
    """ClamAV knows something in it."""

    signature: str


@dataclass(frozen=True, slots=True)
class ScanFailed:
    """Nobody can say: to be treated as if it were infected, and scanned again."""

    reason: str


Verdict = Clean | Infected | ScanFailed


@dataclass(frozen=True, slots=True)
class ScanningOff:
    """Instead of a `ClamAv`: an admin has said that files are not to be scanned."""


class ClamAv:
    """One clamd. Every scan has a connection of its own; clamd itself queues what is more than it has threads for."""

    def __init__(self, address: str, *, timeout_s: float = 60.0) -> None:
        """`address`: the path of a socket, or `host:port`; a connection by TCP is neither encrypted nor authenticated.

        `timeout_s`: for each piece that clamd takes, and for its verdict after the last one. Raises `ValueError`.
        """
        self._path, self._host, self._port = _address(address)
        if not 0 < timeout_s < 3600:
            raise ValueError("timeout_s must be positive, and less than an hour")
        self._timeout_s = timeout_s

    async def scan(self, content: AsyncIterable[bytes] | BinaryIO) -> Verdict:
        """What ClamAV says of a file, which is read from where it stands. Raises only what `content` itself raises."""
        try:
            async with asyncio.timeout(min(_CONNECTS_WITHIN_S, self._timeout_s)):
                reader, writer = await self._connection()
        except (OSError, TimeoutError) as error:
            return ScanFailed(f"clamd cannot be reached: {_why(error)}")
        answer = asyncio.ensure_future(_answer(reader))
        try:
            async with aclosing(_pieces(content)) as pieces:
                problem = await self._send(writer, pieces, answer)
            done, _ = await asyncio.wait({answer}, timeout=_TOLD_WITHIN_S if problem else self._timeout_s)
            said = answer.result() if done else b""
            return _verdict(said, problem or ("" if done else "clamd gave no verdict in time"))
        finally:
            answer.cancel()
            writer.transport.abort()
            await asyncio.gather(answer, writer.wait_closed(), return_exceptions=True)

    async def version(self) -> str | ScanFailed:
        """What clamd says of its version and of its signatures: `ClamAV 1.4.3/27800/…`."""
        try:
            async with asyncio.timeout(min(_CONNECTS_WITHIN_S, self._timeout_s)):
                reader, writer = await self._connection()
                try:
                    writer.write(b"zVERSION\0")
                    said = (await _answer(reader)).rstrip(b"\0").decode("ascii", "replace")
                finally:
                    writer.transport.abort()
        except (OSError, TimeoutError) as error:
            return ScanFailed(f"clamd cannot be reached: {_why(error)}")
        return said if _VERSION.fullmatch(said) else ScanFailed("what answers there is not clamd")

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path is not None:
            return await asyncio.open_unix_connection(self._path)
        return await asyncio.open_connection(self._host, self._port)

    async def _send(
        self, writer: asyncio.StreamWriter, pieces: AsyncGenerator[bytes], answer: asyncio.Future[bytes]
    ) -> str:
        """Hand a file over; what went wrong, or nothing. Ends as soon as clamd has spoken."""
        problem = await self._write(writer, b"zINSTREAM\0")
        async for piece in pieces:
            if problem or answer.done():
                return problem or "clamd did not take the whole file"
            problem = await self._write(writer, struct.pack("!I", len(piece)) + piece)
        return problem or await self._write(writer, struct.pack("!I", 0))

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> str:
        try:
            async with asyncio.timeout(self._timeout_s):
                writer.write(data)
                await writer.drain()
        except (OSError, TimeoutError) as error:
            return f"clamd did not take the whole file: {_why(error)}"
        return ""


def scanner_of(setting: str | None) -> ClamAv | ScanningOff | None:
    """Who scans, by `WA_CLAMAV`; None where nobody does, and nothing may be read. Raises `ValueError`."""
    if setting is None:
        return None
    return ScanningOff() if setting == "off" else ClamAv(setting)


def _address(text: str) -> tuple[str | None, str, int]:
    """A path, or a host and a port. Raises `ValueError`."""
    text = text.removeprefix("unix:")
    if text.startswith("/"):
        return text, "", 0
    host, colon, port = text.removeprefix("tcp://").rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(
            "the address of clamd must be the path of a socket, such as /run/clamav/clamd.ctl, or host:port"
        )
    return None, host.removeprefix("[").removesuffix("]"), int(port)


async def _pieces(content: AsyncIterable[bytes] | BinaryIO) -> AsyncGenerator[bytes]:
    if isinstance(content, AsyncIterable):
        async for part in content:
            for start in range(0, len(part), _CHUNK_BYTES):
                yield part[start : start + _CHUNK_BYTES]
        return
    while part := await asyncio.to_thread(content.read, _CHUNK_BYTES):
        yield part


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """All that clamd says up to a zero byte, or up to where it breaks off."""
    said = b""
    try:
        while b"\0" not in said and len(said) < _LONGEST_ANSWER and (more := await reader.read(_LONGEST_ANSWER)):
            said += more
    except OSError:
        return said
    return said


def _verdict(said: bytes, problem: str) -> Verdict:
    text = said.rstrip(b"\0").decode("ascii", "replace").strip()
    if match := _FOUND.fullmatch(text):
        signature = match[1]
        if signature.startswith(_NOT_LOOKED_INTO):
            return ScanFailed(f"clamd did not look into all of it: {signature}")
        return Infected(signature)
    if "size limit exceeded" in text:
        return ScanFailed("the file is larger than clamd takes (StreamMaxLength)")
    if problem:
        return ScanFailed(problem)
    if text == "stream: OK" and said.endswith(b"\0"):
        return Clean()
    if not text:
        return ScanFailed("clamd closed the connection without a verdict")
    return ScanFailed("clamd reports an error" if text.endswith("ERROR") else "what answers there is not clamd")


def _why(error: OSError | TimeoutError) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return "no answer in time"
    # Of a refused connection asyncio's own text repeats the address.
    named = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return named or type(error).__name__
