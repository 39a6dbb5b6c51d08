"""A real `wa serve`, killed under load and told the same many times: every message is one, and is routed once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, select

from benchmarks.load import NUMBER_ID
from tests.chaos.databases import KINDS, address_of_new, new_store
from tests.chaos.service import body_of, kill_service, outcome, rested, service, signed
from wa_integrasi.store.tables import inbound_events, senders, wa_outbox

KILLS = 2
TIMES = 50
ENDS_S = 90


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_killed_service_had_acknowledged_is_routed_once(
    kind: str, postgres_url: str, tmp_path: Path
) -> None:
    with address_of_new(kind, tmp_path, postgres_url) as url, new_store(url) as store:
        async with asyncio.timeout(ENDS_S):
            found = await kill_service(store, url, tmp_path, KILLS)
    assert found.acknowledged
    assert found.broken() == []


def flood(messages: int) -> bytes:
    """One webhook with more than anybody may write at once."""
    said = {"from": "6281234567890", "timestamp": "1795000000", "type": "text"}
    items = [{**said, "id": f"wamid.flood.{number}", "text": {"body": f"halo {number}"}} for number in range(messages)]
    value = {"metadata": {"phone_number_id": NUMBER_ID}, "messages": items}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_webhook_that_comes_fifty_times_at_once_is_one(kind: str, postgres_url: str, tmp_path: Path) -> None:
    complaint, talk, warned = body_of(0), body_of(1), flood(20)
    with address_of_new(kind, tmp_path, postgres_url) as url, new_store(url) as store:
        async with (
            asyncio.timeout(ENDS_S),
            service(url, tmp_path) as (started, arguments, hook),
            aiohttp.ClientSession() as http,
        ):
            child = await started.start("wa serve", arguments)

            async def post(body: bytes) -> int:
                for _ in range(500):
                    try:
                        async with http.post(hook, data=body, headers=signed(body), chunked=True) as answer:
                            return answer.status
                    except aiohttp.ClientError:  # it is not up yet
                        await asyncio.sleep(0.05)
                raise child.error()

            answers = await asyncio.gather(*(post(body) for _ in range(TIMES) for body in (complaint, talk, warned)))
            await rested(store, child)
        found = outcome(store, 0, {0, 1})
        with store.reading() as connection:
            events = connection.execute(select(func.count()).select_from(inbound_events)).scalar_one()
            warnings = connection.execute(select(wa_outbox.c.content)).scalars().all()
            silenced = connection.execute(select(func.max(senders.c.silenced))).scalar_one()
    assert set(answers) == {200}
    assert (events, found.messages, found.broken()) == (3, 22, [])
    assert (len(found.filed), found.talks) == (1, found.talked)
    assert (len(warnings), silenced) == (1, 5)
