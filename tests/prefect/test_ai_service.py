"""The AI is found by its block's name, and is None where nobody has made one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prefect.client.orchestration import get_client

from blocks.sources import AiService, load_ai
from tests.prefect.conftest import House
from wa_integrasi.sources.ai import AiClient


@pytest.fixture
async def saved(house: House) -> AsyncIterator[str]:
    """The name of a block that is there for the test."""
    document = await AiService(api_url="http://127.0.0.1:9/v1", model="kecil").asave("penyortir")
    yield "penyortir"
    async with get_client() as client:
        await client.delete_block_document(document)


async def test_an_ai_is_loaded_by_the_name_of_its_block(saved: str) -> None:
    ai = await load_ai(saved)
    assert isinstance(ai, AiClient)
    async with ai:
        pass


async def test_without_a_block_there_is_no_ai(house: House) -> None:
    assert await load_ai("tidak-ada") is None


async def test_its_type_is_registered_with_the_others(house: House) -> None:
    assert "ai-service" in {found["slug"] for found in house.prefect("block_types/filter")}
