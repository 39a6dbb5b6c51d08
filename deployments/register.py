"""What Prefect must know: block types and blocks, the work pool, the deployments of `prefect.yaml`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from deployments.errors import RegistrationError
from wa_integrasi.schedule import prefect_cron
from wa_integrasi.settings import Settings, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision

if TYPE_CHECKING:
    from prefect.blocks.core import Block
    from prefect.client.orchestration import PrefectClient
    from prefect.events.schemas.automations import AutomationCore

PREFECT_YAML = Path(__file__).parent.parent / "prefect.yaml"
POOL = "wa"


def schedule_settings() -> dict[str, str]:
    """The build step of `prefect.yaml`: its schedules and their zone, from the environment or the defaults."""
    settings = load_settings()
    return {
        "timezone": settings.timezone,
        "rekap_daily_cron": prefect_cron(settings.rekap_daily_cron),
        "rekap_weekly_cron": prefect_cron(settings.rekap_weekly_cron),
        "rekap_monthly_cron": prefect_cron(settings.rekap_monthly_cron),
        "gateway_poll_cron": prefect_cron(settings.gateway_poll_cron),
        "upkeep_cron": prefect_cron(settings.upkeep_cron),
        "complaint_cron": prefect_cron(settings.complaint_cron),
        "task_delivery_cron": prefect_cron(settings.task_delivery_cron),
        "watch_cron": prefect_cron(settings.watch_cron),
    }


async def check_prefect() -> None:
    """Raise `RegistrationError` unless a Prefect server answers; without an address Prefect would start one itself."""
    from prefect.client.orchestration import get_client
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if url is None:
        raise RegistrationError("PREFECT_API_URL is not set; it looks like http://127.0.0.1:4200/api")
    async with get_client() as client:
        if await client.api_healthcheck() is not None:
            raise RegistrationError(f"no Prefect server answers at PREFECT_API_URL={url}")


def block_kinds() -> Sequence[type[Block]]:
    """Every block type of ours."""
    from blocks.gateways import GATEWAYS
    from blocks.owner_notice import OwnerNotice
    from blocks.source_plugins import plugin_blocks
    from blocks.sources import AiService, PiSource, SqlSource
    from blocks.vault import MediaVault

    return (SqlSource, PiSource, *plugin_blocks(), AiService, MediaVault, OwnerNotice, *GATEWAYS)


async def register_blocks(settings: Settings) -> list[str]:
    """Save block types, work pool and the account `default`, and tell the store of all accounts.

    Returns what there is now. Raises `SettingsError`, `StoreError`, `RegistrationError`.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    from deployments.accounts import check_key, keep_accounts, save_default

    settings.account()
    await check_prefect()
    kinds = block_kinds()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        async with get_client() as client:
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
            for kind in kinds:
                await kind.aregister_type_and_schema(client=client)
            types = [f"block type {kind.get_block_type_slug()}" for kind in kinds]
            await check_key(client, settings)
            saved = [*await save_default(client, settings), *await _save_second_channel(client, settings)]
            return [f"work pool {POOL}", *types, *saved, *await keep_accounts(client, settings, store)]


async def _save_second_channel(client: PrefectClient, settings: Settings) -> list[str]:
    """Save the block that Prefect itself tells the owner by, or delete it where no address is set."""
    from blocks.owner_notice import OwnerNotice

    if settings.owner_notice_urls is not None:
        await OwnerNotice(urls=settings.owner_notice_urls).asave("default", overwrite=True, client=client)
        return ["block owner-notice/default"]
    if (there := await second_channel_of(client)) is None:
        return []
    await client.delete_block_document(there)
    return ["block owner-notice/default removed: WA_OWNER_NOTICE_URLS is not set"]


async def second_channel_of(client: PrefectClient) -> UUID | None:
    """The block that Prefect itself tells the owner by, if there is one."""
    from prefect.exceptions import ObjectNotFound

    try:
        return (await client.read_block_document_by_name("default", "owner-notice", include_secrets=False)).id
    except ObjectNotFound:
        return None


async def register_automations() -> list[str]:
    """Make our automations what they are to be; what they run must be deployed. Returns what there is now."""
    from prefect.client.orchestration import get_client

    from deployments import automations

    async with get_client() as client:
        wanted = await wanted_automations(client, await second_channel_of(client))
        return await automations.register_automations(client, wanted)


async def wanted_automations(client: PrefectClient, second_channel: UUID | None) -> list[AutomationCore]:
    """Our automations, as they are to be. Raises `ObjectNotFound` where the deployment that they run is missing."""
    from deployments.automations import automations

    alarm = await client.read_deployment_by_name("alarm/alarm")
    return automations(alarm.id, second_channel)


async def save_source(name: str, url: str) -> str:
    """Save a `SqlSource` block."""
    from pydantic import SecretStr

    from blocks.sources import SqlSource

    await SqlSource(url=SecretStr(url)).asave(name, overwrite=True)
    return f"block sql-source/{name}"


async def save_pi(name: str, api_url: str, data_server: str, username: str, password: str) -> str:
    """Save a `PiSource` block with a password."""
    from pydantic import SecretStr

    from blocks.sources import PiSource

    block = PiSource(api_url=api_url, data_server=data_server, username=username, password=SecretStr(password))
    await block.asave(name, overwrite=True)
    return f"block pi-source/{name}"


def deploy(prefect_yaml: Path = PREFECT_YAML) -> list[str]:
    """Register every deployment of `prefect.yaml` with the server of `PREFECT_API_URL`. Raises `RegistrationError`."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(prefect_yaml)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})  # noqa: S603 - fixed words
    if done.returncode:
        raise RegistrationError(f"prefect deploy failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return sorted({line.split("'")[1] for line in done.stdout.splitlines() if "successfully created with id" in line})
