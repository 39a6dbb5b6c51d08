"""What people write to the demo: `wa live` classifies it, tells people on duty and Prefect, and brings files home."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from prefect.client.orchestration import get_client

from blocks.sources import AiService
from tests.ports import free_port
from tests.prefect.conftest import House, eventually
from tests.prefect.test_live import live
from tests.prefect.test_notices import events
from tests.unit.privacy.files import PDF
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.intake.media import State, list_media
from wa_integrasi.store.tables import conversations

WITNESS, DUTY = "+6281234500088", "+6281234500099"


@pytest.fixture
async def asked() -> AsyncIterator[tuple[int, list[str]]]:
    """An AI that finds everything low, where it is, and what it was asked."""
    questions: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        questions.append(await request.text())
        found = json.dumps({"intent": "question", "urgency": "low", "summary": "biasa saja"})
        return web.json_response({"choices": [{"message": {"content": found}, "finish_reason": "stop"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield port, questions
    await runner.cleanup()


def on_duty(house: House) -> list[str]:
    return [message["body"] for message in house.phone() if message["to"] == DUTY and "DARURAT" in message["body"]]


def classified(house: House) -> dict[str, Any]:
    with house.store.reading() as connection:
        found = conversations.select().where(conversations.c.sender == WITNESS, conversations.c.intent.is_not(None))
        row = connection.execute(found).mappings().first()
    return dict(row) if row else {}


async def test_a_fire_reaches_people_on_duty_and_prefect_whatever_the_ai_says(
    house: House, tmp_path: Path, asked: tuple[int, list[str]]
) -> None:
    port, questions = asked
    before = load_catalog(house.store)
    policy = {"ai": "penyortir-uji", "duty_group": "piket-uji"}
    contact = {"phone": DUTY, "display_name": "Piket"}
    more = {"contacts": {"piket-uji": contact}, "policies": {"intake": policy}}
    apply_catalog(house.store, Catalog.model_validate({"version": 1, **more}))
    document = await AiService(api_url=f"http://127.0.0.1:{port}/v1", model="kecil").asave("penyortir-uji")
    log = tmp_path / "live.log"
    try:
        with live(house, log, house.at.prefect_port, budget="2"):
            async with httpx.AsyncClient(base_url=house.at.service_url) as client:
                text = f"Kebakaran di gudang B, hubungi {WITNESS}"
                said = await client.post("/simulator/type", json={"from": WITNESS, "text": text})
                assert said.status_code == 200, said.text
                params = {"from": WITNESS, "type": "application/pdf", "name": "surat.pdf"}
                header = {"Content-Type": "application/octet-stream"}
                sent = await client.post("/simulator/attach", params=params, content=PDF, headers=header)
                assert sent.status_code == 200, sent.text
            assert await in_thread(lambda: on_duty(house)), log.read_text()
            [told] = await in_thread(lambda: events(house, "wa.intake.urgent"))
            found = classified(house)
            assert await in_thread(lambda: [m for m in list_media(house.store) if m.state in (State.SCAN, State.KEPT)])
    finally:
        async with get_client() as client:
            await client.delete_block_document(document)
        apply_catalog(house.store, before, prune=True)
    assert (found["urgency"], found["classified_by"], found["summary"]) == ("critical", "ai", "biasa saja")
    assert told["payload"]["urgency"] == "critical"
    assert "gudang" not in str(told)
    assert questions
    assert not any(WITNESS[1:] in question or WITNESS in question for question in questions)
    assert WITNESS not in log.read_text()


async def in_thread(check: Any) -> Any:
    """`eventually`, while the AI goes on answering."""
    return await asyncio.to_thread(eventually, check)
