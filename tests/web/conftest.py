"""Fixtures of the service's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tests.conftest import FrozenClock
from tests.web.api import CATALOG, api_app, caller
from tests.web.world import Start, worlds
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.storing import apply_catalog
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


@pytest.fixture
def api(store: Store, clock: FrozenClock) -> Starlette:
    """The Bot API over a store with a catalog."""
    apply_catalog(store, Catalog.model_validate(CATALOG))
    return api_app(store, clock)


@pytest.fixture
async def bot(api: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the key of the environment."""
    async with caller(api) as client:
        yield client
