"""Owner notices by another channel as a work of `wa live`: also while Prefect is away."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta

from wa_integrasi.settings import Settings
from wa_integrasi.store.engine import Store
from wa_integrasi.upkeep.second_channel import addresses, tell_by

_LOOK_EVERY_S = 30.0

log = logging.getLogger(__name__)


class NoticesWork:
    """Tells the owner what WhatsApp cannot. Without `WA_OWNER_NOTICE_URLS` there is nowhere to tell it."""

    name = "owner notices"

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._look_at = time.monotonic()

    def due_in(self) -> timedelta | None:
        """Every half minute."""
        if not addresses(self._settings):
            return None
        return timedelta(seconds=self._look_at - time.monotonic())

    async def run(self) -> bool:
        """Look, and tell."""
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        telling = await asyncio.to_thread(tell_by, self._store, self._settings)
        if telling is not None and (telling.told or telling.failed):
            log.info("%s", telling)
        return False
