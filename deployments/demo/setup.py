"""The demo's own part of the set-up: its plant, its catalog, and the source blocks that read it."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from deployments.demo.plant import build_plant
from deployments.demo.tasks import build_tasks
from deployments.register import save_pi, save_source
from wa_integrasi.catalog.reading import read_catalog_files
from wa_integrasi.catalog.storing import apply_catalog
from wa_integrasi.settings import Settings, load_settings
from wa_integrasi.simulator.pi import PiSimulation
from wa_integrasi.store.engine import Store

CATALOG = Path(__file__).parent
"""The folder of the catalog: all its .yaml files."""

SOURCE = "pabrik-contoh"
PI_SOURCE = "pi"
TASK_SOURCE = "tugas-contoh"


def main(plant: Path) -> None:
    """Build the plant and its tasks up to today, apply the catalog, save the blocks."""
    settings = load_settings()
    today, tasks = datetime.now(ZoneInfo(settings.timezone)).date(), plant.with_name("tugas.db")
    build_plant(plant, today)
    build_tasks(tasks, today)
    with Store.open(settings.database_url.get_secret_value()) as store:
        apply_catalog(store, read_catalog_files([CATALOG]))
    asyncio.run(_save_sources(settings, f"sqlite:///{plant.absolute()}", f"sqlite:///{tasks.absolute()}"))


async def _save_sources(settings: Settings, plant_url: str, tasks_url: str) -> None:
    account, pi = settings.meta_account(), PiSimulation()
    await save_source(SOURCE, plant_url)
    await save_source(TASK_SOURCE, tasks_url)
    url = f"{account.api_url.rstrip('/')}/pi/piwebapi"
    await save_pi(PI_SOURCE, url, pi.server, pi.username, account.access_token.get_secret_value())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
