"""The simulated phone in a real browser: what an operator would see, and nothing that a message smuggles in."""

import asyncio
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn

from tests.ports import free_port
from wa_integrasi.simulator import Delays, PhoneConfig, simulator_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")

NUMBER = "106540352242922"
MESSAGE = "*Rekap* & _selesai_\n```Unit  Ton\nGiling 12```\n<img src=x onerror=\"document.title='smuggled'\">"


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[str]:
    """The address of a phone that receives at once."""
    port = free_port()
    delays = Delays(sent=0, delivered=0, read=0)
    app = simulator_app(PhoneConfig(tmp_path / "phone.db", NUMBER, "token", "secret", delays=delays))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    ends = time.monotonic() + 10
    while not server.started and time.monotonic() < ends:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], str]:
    """The document of an address, as it is once its scripts have run."""

    def load(url: str) -> str:
        switches = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
        quiet = [
            "--disable-background-networking",
            "--disable-component-update",
            f"--user-data-dir={tmp_path / 'profile'}",
        ]
        view = ["--window-size=390,844", "--virtual-time-budget=3000", "--dump-dom"]
        command = [str(CHROMIUM), *switches, *quiet, *view, url]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    return load


async def send(phone: str, said: str | dict[str, Any], kind: str = "text", **more: Any) -> str:
    """Put a message on the phone, as the Cloud API would be asked to; its id."""
    node = {"body": said} if isinstance(said, str) else said
    wanted = {"messaging_product": "whatsapp", "to": "+6281200000001", "type": kind, kind: node, **more}
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer token"}) as session,
        session.post(f"{phone}/v23.0/{NUMBER}/messages", json=wanted) as answer,
    ):
        assert answer.status == 200
        return str((await answer.json())["messages"][0]["id"])


async def test_a_message_looks_as_on_a_phone_and_runs_nothing(phone: str, page: Callable[[str], str]) -> None:
    await send(phone, MESSAGE)
    document = await asyncio.to_thread(page, f"{phone}/#+6281200000001")
    assert "<strong>Rekap</strong> &amp; <em>selesai</em>" in document
    assert "Unit  Ton\nGiling 12" in document
    assert "&lt;img src=x" in document
    assert "<title>smuggled" not in document


async def test_a_phone_without_messages_says_so_in_indonesian(phone: str, page: Callable[[str], str]) -> None:
    document = await asyncio.to_thread(page, phone)
    assert "Belum ada" in document


async def test_files_choices_quotes_and_reactions_show(phone: str, page: Callable[[str], str]) -> None:
    link = "https://files.example/rekap.xlsx"
    first = await send(phone, {"link": link, "filename": "<b>Rekap</b>.xlsx", "caption": "*Rekap*"}, "document")
    row = {"id": "r1", "title": "<i>Harian</i>", "description": "Kemarin"}
    action = {"button": "Lihat laporan", "sections": [{"title": "Laporan", "rows": [row]}]}
    menu = {"type": "list", "body": {"text": "Pilih"}, "action": action}
    await send(phone, menu, "interactive", context={"message_id": first})
    await send(phone, {"message_id": first, "emoji": "👍"}, "reaction")
    document = await asyncio.to_thread(page, f"{phone}/#+6281200000001")
    assert f'<a class="card" href="{link}" target="_blank" rel="noopener noreferrer">' in document
    assert "&lt;b&gt;Rekap&lt;/b&gt;.xlsx" in document
    assert "<summary" in document
    assert "&lt;i&gt;Harian&lt;/i&gt;" in document
    assert '<div class="quote">' in document
    assert '<span class="reaction">👍</span>' in document
    assert "<img" not in document
