"""Files past a real clamd, and past what else may answer there."""

from __future__ import annotations

import asyncio
import io
import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.privacy.conftest import LARGEST_FILE, LARGEST_STREAM, Clamd
from tests.unit.privacy.files import EICAR, packed
from wa_integrasi.privacy.scan import ClamAv, Clean, Infected, ScanFailed, Verdict

FOUND = Infected("Test.Eicar.UNOFFICIAL")
SECONDS = 20.0


async def pieces(content: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def scan(clamd: Clamd, content: bytes) -> Verdict:
    return await ClamAv(clamd.address, timeout_s=SECONDS).scan(io.BytesIO(content))


class TestRealClamd:
    @pytest.mark.parametrize(
        "content",
        [
            EICAR,
            b"%PDF-1.4\n" + EICAR,
            packed("faktur.pdf", content=EICAR),
            packed("luar.zip", content=packed("dalam.zip", content=packed("faktur.pdf", content=EICAR))),
        ],
        ids=["bare", "in a PDF", "in a zip", "in a zip in a zip in a zip"],
    )
    async def test_a_known_signature_is_found(self, clamd: Clamd, content: bytes) -> None:
        assert await scan(clamd, content) == FOUND
        assert await ClamAv(f"unix:{clamd.address}").scan(pieces(content)) == FOUND

    async def test_a_known_file_is_found(self, clamd: Clamd) -> None:
        assert await scan(clamd, b"not nice") == Infected("Test.Known.UNOFFICIAL")

    @pytest.mark.parametrize("content", [b"", b"laporan", random.Random(1).randbytes(150_000)])
    async def test_a_clean_file_is_clean(self, clamd: Clamd, content: bytes) -> None:
        assert await scan(clamd, content) == Clean()
        assert await ClamAv(clamd.address).scan(pieces(content, 100_000)) == Clean()

    async def test_a_file_that_clamd_does_not_take_is_not_called_clean(self, clamd: Clamd) -> None:
        content = random.Random(1).randbytes(8 * LARGEST_STREAM)
        too_large = ScanFailed("the file is larger than clamd takes (StreamMaxLength)")
        assert await scan(clamd, content) == too_large

    async def test_a_file_that_clamd_looks_through_in_part_is_not_called_clean(self, clamd: Clamd) -> None:
        verdict = await scan(clamd, random.Random(1).randbytes(2 * LARGEST_FILE))
        assert verdict == ScanFailed("clamd did not look into all of it: Heuristics.Limits.Exceeded.MaxFileSize")

    async def test_many_files_at_once(self, clamd: Clamd) -> None:
        contents = [EICAR if number % 3 == 0 else b"aman %d" % number for number in range(60)]
        verdicts = await asyncio.gather(*(scan(clamd, content) for content in contents))
        assert [verdict == FOUND for verdict in verdicts] == [content == EICAR for content in contents]
        assert all(isinstance(verdict, Clean | Infected) for verdict in verdicts)

    async def test_a_clamd_that_was_stopped_says_nothing_of_a_file(self, clamd: Clamd) -> None:
        assert str(await ClamAv(clamd.address).version()).startswith("ClamAV ")
        clamd.stop()
        verdict = await scan(clamd, b"laporan")
        assert isinstance(verdict, ScanFailed)
        assert verdict.reason.startswith("clamd cannot be reached: ")
        clamd.start()
        assert await scan(clamd, b"laporan") == Clean()

    async def test_what_the_content_raises_is_raised(self, clamd: Clamd) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"a"
            raise ConnectionResetError("the channel broke off")

        with pytest.raises(ConnectionResetError, match="the channel broke off"):
            await ClamAv(clamd.address).scan(broken())


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(handler: Handler, *, timeout_s: float = 30) -> AbstractAsyncContextManager[ClamAv]:
    """Something else where clamd should be."""

    @asynccontextmanager
    async def serving() -> AsyncIterator[ClamAv]:
        async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except OSError:
                return
            finally:
                writer.transport.abort()

        port = free_port()
        server = await asyncio.start_server(handled, "127.0.0.1", port)
        async with server:
            yield ClamAv(f"127.0.0.1:{port}", timeout_s=timeout_s)

    return serving()


async def whole_stream(reader: asyncio.StreamReader) -> bytes:
    assert await reader.readexactly(10) == b"zINSTREAM\0"
    content = b""
    while length := struct.unpack("!I", await reader.readexactly(4))[0]:
        content += await reader.readexactly(length)
    return content


def says(answer: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole_stream(reader)
        writer.write(answer)
        await writer.drain()

    return handler


class TestSomethingElse:
    @pytest.mark.parametrize(
        ("answer", "verdict"),
        [
            (b"stream: OK\0", Clean()),
            (b"stream: Win.Test-1 FOUND\0", Infected("Win.Test-1")),
            (b"stream: OK", ScanFailed("what answers there is not clamd")),
            (b"stream: OK\0 FOUND", ScanFailed("what answers there is not clamd")),
            (b"OK\0", ScanFailed("what answers there is not clamd")),
            (b"", ScanFailed("clamd closed the connection without a verdict")),
            (b"stream: Can't allocate memory ERROR\0", ScanFailed("clamd reports an error")),
            (
                b"INSTREAM size limit exceeded. ERROR\0",
                ScanFailed("the file is larger than clamd takes (StreamMaxLength)"),
            ),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", ScanFailed("what answers there is not clamd")),
            (b"\xff\xfe\0\0\0", ScanFailed("what answers there is not clamd")),
            (b"a" * 100_000, ScanFailed("what answers there is not clamd")),
            (
                b"stream: Heuristics.Encrypted.Zip FOUND\0",
                ScanFailed("clamd did not look into all of it: Heuristics.Encrypted.Zip"),
            ),
        ],
    )
    async def test_only_a_whole_verdict_counts(self, answer: bytes, verdict: Verdict) -> None:
        async with answering(says(answer)) as clamav:
            assert await clamav.scan(pieces(b"laporan")) == verdict

    async def test_a_connection_that_is_cut_in_the_middle(self) -> None:
        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(100_000)

        async with answering(cut) as clamav:
            verdict = await clamav.scan(io.BytesIO(bytes(30_000_000)))
        assert isinstance(verdict, ScanFailed)

    async def test_ok_before_the_file_was_handed_over_is_no_verdict(self) -> None:
        told = asyncio.Event()

        async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"stream: OK\0")
            await writer.drain()
            told.set()
            await reader.read(-1)

        async def slow() -> AsyncIterator[bytes]:
            for _ in range(50):
                await told.wait()
                await asyncio.sleep(0)
                yield bytes(1000)

        async with answering(hasty) as clamav:
            assert isinstance(await clamav.scan(slow()), ScanFailed)

    async def test_one_that_takes_nothing(self) -> None:
        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(3)

        async with answering(deaf, timeout_s=0.5) as clamav:
            verdict = await clamav.scan(io.BytesIO(bytes(50_000_000)))
        assert verdict == ScanFailed("clamd did not take the whole file: no answer in time")

    async def test_one_that_says_nothing(self) -> None:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await whole_stream(reader)
            await reader.read(-1)

        async with answering(mute, timeout_s=0.5) as clamav:
            assert await clamav.scan(pieces(b"a")) == ScanFailed("clamd gave no verdict in time")

    async def test_nobody_there(self, tmp_path: Path) -> None:
        content = io.BytesIO(b"a")
        for address in (str(tmp_path / "none"), f"127.0.0.1:{free_port()}", f"[::1]:{free_port()}"):
            verdict = await ClamAv(address).scan(content)
            assert isinstance(verdict, ScanFailed)
            assert address not in verdict.reason
            assert isinstance(await ClamAv(address).version(), ScanFailed)


@pytest.mark.parametrize(
    "address", ["", "clamd", "clamd:", ":3310", "clamd:0", "clamd:70000", "clamd:x", "run/clamd.ctl"]
)
def test_an_address_that_cannot_be_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="the address of clamd must be"):
        ClamAv(address)
