"""What people write as works of `wa live`: their files brought into the vault, their conversations classified."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta

from blocks.gateways import media_of
from blocks.sources import load_ai
from blocks.vault import load_vault
from deployments.runs import Runs
from tasks.events import emit
from wa_integrasi.intake.classifying import Classifier
from wa_integrasi.intake.media import MediaWork
from wa_integrasi.intake.rules import Rules
from wa_integrasi.intake.triage import Alarm, Triage
from wa_integrasi.outbox import Outbox
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.scan import scanner_of
from wa_integrasi.settings import Settings
from wa_integrasi.sources.ai import AiClient
from wa_integrasi.store.engine import Store

URGENT = "wa.intake.urgent"

_FRESH_S = 60.0
"""For how long the vault's block and the AI's are believed to be as they were."""

_LOADS_WITHIN_S = 5.0
"""Prefect's client tries for a minute and more: people on duty cannot wait for that."""

_TELL_AGAIN_S = 15.0

log = logging.getLogger(__name__)


class FilesWork:
    """Brings the files of messages into the vault. Without `WA_SECRET_KEY` there is nothing to encrypt them with."""

    name = "files"

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._media: MediaWork | None = None
        self._fresh_until = 0.0
        if settings.secret_key is None:
            log.warning("files of messages are not fetched: WA_SECRET_KEY is not set")

    def due_in(self) -> timedelta | None:
        """Until a file is due."""
        if self._settings.secret_key is None:
            return None
        return self._media.due_in() if self._media else timedelta()

    async def run(self) -> bool:
        """Some files, as far as each goes. Raises what Prefect's client does as long as no vault was ever known."""
        return await (await self._current()).work() > 0

    async def _current(self) -> MediaWork:
        if self._media is None or time.monotonic() > self._fresh_until:
            try:
                self._media = await self._loaded()
            except Exception as error:
                if self._media is None:
                    raise
                log.warning("the vault is used as it was: its block cannot be loaded (%s)", type(error).__name__)
            self._fresh_until = time.monotonic() + _FRESH_S
        return self._media

    async def _loaded(self) -> MediaWork:
        settings = self._settings
        secret = settings.secret_key.get_secret_value() if settings.secret_key else ""
        async with asyncio.timeout(_LOADS_WITHIN_S):
            vault = await load_vault(settings.media_path, MediaKeys(secret, settings.former_keys))
        return MediaWork(self._store, vault, scanner_of(settings.clamav), media_of)


class KeptAi:
    """The AI that the catalog names, connected once; while Prefect is away it stays as it was."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._client: AiClient | None = None
        self._fresh_until = 0.0

    async def current(self, name: str | None) -> AiClient | None:
        """The AI of a block, connected; None where there is none, or where it cannot be known now."""
        if name == self._name and time.monotonic() < self._fresh_until:
            return self._client
        try:
            async with asyncio.timeout(_LOADS_WITHIN_S):
                found = await load_ai(name) if name else None
        except Exception as error:
            log.warning("the AI block %s cannot be loaded: %s", name, type(error).__name__)
            found = self._client if name == self._name else None
        if name is not None and found is None:
            log.warning("no AI block is called %s: conversations are classified by rules", name)
        self._name, self._fresh_until = name, time.monotonic() + _FRESH_S
        if found is not None and self._client is not None and found.config == self._client.config:
            return self._client
        await self.close()
        self._client = await found.__aenter__() if found else None
        return self._client

    async def close(self) -> None:
        """Disconnect it."""
        client, self._client = self._client, None
        if client is not None:
            await client.__aexit__()


class ConversationsWork:
    """Classifies conversations, and tells Prefect of urgent ones. People on duty are told without Prefect."""

    name = "conversations"

    def __init__(self, store: Store, settings: Settings, ai: KeptAi, runs: Runs) -> None:
        self._triage = Triage(store, Outbox(store), settings.group_ids)
        self._ai = ai
        self._runs = runs
        self._tell_at: float | None = time.monotonic()

    def due_in(self) -> timedelta | None:
        """Until a conversation is due, or Prefect may be back to be told of one."""
        due = self._triage.due_in()
        if self._tell_at is None:
            return due
        tell = timedelta(seconds=max(0.0, self._tell_at - time.monotonic()))
        return tell if due is None else min(due, tell)

    async def run(self) -> bool:
        """Some conversations."""
        self._tell_at = time.monotonic()  # also what is found before an error
        catalog = await asyncio.to_thread(self._triage.catalog)
        talks = await asyncio.to_thread(self._triage.take)
        if talks:
            ai = await self._ai.current(catalog.intake.ai)
            rules = await asyncio.to_thread(Rules, catalog.intake.words.words)
            await self._triage.classify(talks, Classifier(ai, rules), catalog)
        await self._tell()
        return bool(talks)

    async def _tell(self) -> None:
        """Tell Prefect; while it is away, later."""
        alarms = await asyncio.to_thread(self._triage.alarms)
        if alarms and await self._runs.possible():
            told = [alarm for alarm in alarms if emit(URGENT, alarm.account, _payload(alarm))]
            await asyncio.to_thread(self._triage.told, told)
            alarms = alarms[len(told) :]
        self._tell_at = time.monotonic() + _TELL_AGAIN_S if alarms else None


def _payload(alarm: Alarm) -> dict[str, object]:
    return {
        "conversation": alarm.id,
        "intent": alarm.intent,
        "urgency": alarm.urgency,
        "by": alarm.by,
        "since": alarm.since.isoformat(),
    }
