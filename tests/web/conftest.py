"""Fixtures of the service's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.world import Start, worlds
from wa_integrasi.store.engine import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def store_away(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store that cannot be reached; its password must not be shown."""
    urls = {
        "sqlite": f"sqlite+pysqlite:///{tmp_path}",
        "postgresql": "postgresql+psycopg://siti:rahasia@127.0.0.1:1/wa",
    }
    return Store.open(urls[request.param])


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Begins a phone and a business that talk to each other."""
    async with worlds(tmp_path) as begin:
        yield begin
