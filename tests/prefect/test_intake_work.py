"""What people write as a work of `wa live`: who is told of it, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deployments import intake_work
from deployments.intake_work import ConversationsWork, FilesWork, KeptAi
from deployments.runs import Runs
from tests.conftest import FrozenClock
from tests.store.test_routing import People
from wa_integrasi.intake.triage import Triage
from wa_integrasi.outbox import Outbox
from wa_integrasi.privacy.keys import MediaKeys
from wa_integrasi.privacy.shelves import FolderShelf
from wa_integrasi.privacy.vault import Vault
from wa_integrasi.settings import Settings
from wa_integrasi.sources.ai import AiClient, AiConfig
from wa_integrasi.store.engine import Store, StoreError
from wa_integrasi.store.tables import reports

FIRE = "kebakaran di gudang B"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The conversations that Prefect was told of."""
    found: list[int] = []

    def emit(_name: str, _account: str, payload: dict[str, Any]) -> bool:
        found.append(payload["conversation"])
        return True

    monkeypatch.setattr(intake_work, "emit", emit)
    return found


@pytest.fixture
def people(store: Store, clock: FrozenClock) -> People:
    return People(store, clock)


@pytest.fixture
def work(people: People, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> ConversationsWork:
    monkeypatch.setattr(intake_work, "Triage", lambda store, *_: Triage(store, Outbox(store, clock=clock), clock=clock))
    return ConversationsWork(people.store, Settings(), KeptAi(), Runs())


async def test_an_alarm_is_told_after_an_error_though_nobody_writes_any_more(
    people: People, work: ConversationsWork, told: list[int], clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await work.run()
    assert work.due_in() is None

    def away(_: Triage) -> None:
        raise StoreError("the store is away")

    people.said(FIRE)
    clock.tick(seconds=2)
    with monkeypatch.context() as patched:
        patched.setattr(Triage, "alarms", away)
        with pytest.raises(StoreError):
            await work.run()
    assert (told, work.due_in()) == ([], timedelta())
    await work.run()
    assert len(told) == 1


async def test_a_catalog_that_nobody_can_read_leaves_the_last_one_in_force(
    people: People, work: ConversationsWork, told: list[int], clock: FrozenClock
) -> None:
    people.said("halo")
    clock.tick(seconds=2)
    await work.run()
    with people.store.writing() as connection:
        connection.execute(reports.insert().values(name="x", version=1, definition={"title": 3}, created_at=clock()))
    people.said(FIRE)
    clock.tick(seconds=2)
    await work.run()
    assert len(told) == 1


class TestPrefectAway:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(intake_work, "_LOADS_WITHIN_S", 0.01)
        monkeypatch.setattr(intake_work, "_FRESH_S", -1.0)

    async def test_conversations_do_not_wait_for_a_prefect_that_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        known = AiClient(AiConfig("http://127.0.0.1:9/v1", "m"))

        async def load(_: str) -> AiClient:
            return known

        async with AsyncExitStack() as stack:
            ai = KeptAi()
            stack.push_async_callback(ai.close)
            monkeypatch.setattr(intake_work, "load_ai", load)
            assert await ai.current("triase") is known
            monkeypatch.setattr(intake_work, "load_ai", hangs)
            async with asyncio.timeout(10):
                assert await ai.current("triase") is known
                assert await ai.current("lain") is None

    async def test_files_go_on_into_the_vault_that_is_known(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = Settings(secret_key=SecretStr("k" * 32), media_path=tmp_path)
        work = FilesWork(store, settings)
        monkeypatch.setattr(intake_work, "load_vault", hangs)
        async with asyncio.timeout(10):
            with pytest.raises(TimeoutError):
                await work.run()
        monkeypatch.setattr(intake_work, "load_vault", plain_vault)
        assert not await work.run()
        monkeypatch.setattr(intake_work, "load_vault", hangs)
        async with asyncio.timeout(10):
            assert not await work.run()


async def hangs(*_: object) -> Any:
    await asyncio.Event().wait()


async def plain_vault(folder: Path, keys: MediaKeys) -> Vault:
    return Vault(FolderShelf(folder), keys)
