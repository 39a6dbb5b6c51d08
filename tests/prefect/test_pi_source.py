"""The PI simulator of `wa serve`, read through a block by its name."""

from __future__ import annotations

import asyncio

import pytest

from blocks.sources import load_pi
from blocks.trigger_sources import TriggerSources
from deployments.register import save_pi
from tests.prefect.conftest import House
from wa_integrasi.sources.base import SourceError


async def test_the_simulated_plant_is_read_through_its_block(house: House) -> None:
    settings = house.at.settings
    password = settings.meta_account().access_token.get_secret_value()
    url = f"{house.at.service_url}/simulator/pi/piwebapi"
    assert await save_pi("pi-uji", url, "PABRIK", "simulator", password) == "block pi-source/pi-uji"
    server = await asyncio.to_thread(load_pi, "pi-uji")
    reading = await asyncio.to_thread(server.read, ["BLR2.TI-02", "TIDAK.ADA"])
    assert [(row["tag"], row["unit"]) for row in reading.rows.as_dicts()] == [("BLR2.TI-02", "°C")]
    assert [problem.tag for problem in reading.problems] == ["TIDAK.ADA"]
    assert (await asyncio.to_thread(server.check)).connected
    async with TriggerSources() as sources:
        rows = await sources.readings("pi-uji", ["BLR2.TI-02", "TIDAK.ADA"], "value", None, 10)
    assert [(row["tag"], row["value"] is None, row["quality"]) for row in rows.as_dicts()] == [
        ("BLR2.TI-02", False, "good"),
        ("TIDAK.ADA", True, "bad"),
    ]


async def test_a_block_that_is_not_there_is_named(house: House) -> None:
    with pytest.raises(SourceError, match="no PI source block is called tidak-ada: make one in the Prefect UI"):
        await asyncio.to_thread(load_pi, "tidak-ada")


async def test_its_type_is_registered_with_the_others(house: House) -> None:
    assert "pi-source" in {found["slug"] for found in house.prefect("block_types/filter")}
