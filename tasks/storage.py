"""Steps of upkeep that keep the store and the vault small and in order."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from blocks.vault import load_vault
from tasks.step import step
from wa_integrasi.clock import utc_now
from wa_integrasi.intake.media import tidy_media
from wa_integrasi.privacy.vault import MediaKeys
from wa_integrasi.settings import Settings, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.upkeep.archive import archive
from wa_integrasi.upkeep.database import tend
from wa_integrasi.upkeep.retention import forget_audit, forget_events
from wa_integrasi.web.api.idempotency import KEPT, forget_old

T = TypeVar("T")


async def in_store(work: Callable[[Store, Settings], T]) -> T:
    """Do blocking work with the store, beside the event loop."""

    def done() -> T:
        settings = load_settings()
        with Store.open(settings.database_url.get_secret_value()) as store:
            return work(store, settings)

    return await asyncio.to_thread(done)


@step("media")
async def media() -> str:
    """Delete files that people sent longer ago than WA_MEDIA_DAYS, and what crashes have left.

    Example:
        >>> asyncio.run(media.fn()).message
        'WA_SECRET_KEY is not set: there is no vault'
    """
    settings = load_settings()
    if settings.secret_key is None:
        return "WA_SECRET_KEY is not set: there is no vault"
    vault = await load_vault(
        settings.media_path, MediaKeys(settings.secret_key.get_secret_value(), settings.former_keys)
    )
    with Store.open(settings.database_url.get_secret_value()) as store:
        return str(await tidy_media(store, vault, timedelta(days=settings.media_days), utc_now()))


@step("retention")
async def retention() -> str:
    """Forget old webhooks, old entries of the audit log, and answers of the Bot API that may not be asked for again.

    Example:
        >>> asyncio.run(retention.fn()).message
        'forgotten: 0 webhooks, 0 entries of the audit log, 0 answers'
    """

    def forget(store: Store, settings: Settings) -> str:
        now = utc_now()
        with store.writing() as connection:
            answers = forget_old(connection, now - KEPT)
        events = forget_events(store, now - timedelta(days=settings.event_days))
        entries = forget_audit(store, now - timedelta(days=settings.audit_days))
        return f"forgotten: {events} webhooks, {entries} entries of the audit log, {answers} answers"

    return await in_store(forget)


@step("archive")
async def archiving() -> str:
    """Move messages that ended longer ago than WA_ARCHIVE_DAYS into files.

    Example:
        >>> asyncio.run(archiving.fn()).message
        '0 messages archived'
    """

    def move(store: Store, settings: Settings) -> str:
        before = utc_now() - timedelta(days=settings.archive_days)
        return str(archive(store, settings.archive_path, before, settings.timezone))

    return await in_store(move)


@step("database")
async def database() -> str:
    """Refresh the database's statistics, and give back what deleted rows have left.

    Example:
        >>> asyncio.run(database.fn()).is_completed()
        True
    """
    return await in_store(lambda store, _: tend(store))
