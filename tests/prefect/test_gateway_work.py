"""The outbox of each account as a work, and what becomes of a run that Prefect keeps waiting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prefect import State
from prefect.states import Completed, Failed

from blocks.gateways import GatewayError, KeptSenders
from deployments import gateway_work, runs
from deployments.gateway_work import AccountsWork, Hands
from deployments.runs import RunError, Runs
from deployments.working import Runner
from tasks.standby import Standby, sender_of, standby
from tests.store.channel import RecordingSender, enqueue, message
from tests.waiting import until
from wa_integrasi.accounts import forget_other_accounts, save_account
from wa_integrasi.outbox import Outbox
from wa_integrasi.store.engine import Store, StoreError


class NoRuns(Runs):
    """Prefect is away for good."""

    async def possible(self) -> bool:
        return False


class Blocks:
    """The blocks of some accounts; each makes one sender."""

    def __init__(self, *accounts: str) -> None:
        self.senders = {account: RecordingSender() for account in accounts}

    async def load(self, account: str) -> Any:
        if account not in self.senders:
            raise GatewayError(f"no block belongs to the account {account!r}")
        return Block(self.senders[account])


class Block:
    model_fields = ()

    def __init__(self, sender: RecordingSender) -> None:
        self._sender = sender

    def sender(self) -> RecordingSender:
        return self._sender


def know(store: Store, *accounts: str) -> None:
    """Tell the store its accounts, as `wa deploy` does."""
    with store.writing() as connection:
        for account in accounts:
            save_account(connection, account, "meta", None)
        forget_other_accounts(connection, list(accounts))


@asynccontextmanager
async def at_work(store: Store, blocks: Blocks) -> AsyncIterator[None]:
    async with KeptSenders(blocks.load) as senders:
        stop = asyncio.Event()
        async with Runner(store, said=(GatewayError,)) as runner:
            runner.add(AccountsWork(runner, Hands(store, senders, NoRuns(), stop, budget_s=60)))
            yield
            stop.set()


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_work, "_LOOK_EVERY_S", 0.05)


async def test_accounts_come_and_go_and_each_sends_its_own(store: Store) -> None:
    blocks = Blocks("default", "gudang")
    outbox = Outbox(store)
    know(store, "default")
    async with at_work(store, blocks):
        await asyncio.to_thread(enqueue, outbox, message("a"), message("b", account="gudang"))
        await until(lambda: blocks.senders["default"].bodies() == ["a"])
        assert blocks.senders["gudang"].sent == []
        know(store, "gudang")
        await until(lambda: blocks.senders["gudang"].bodies() == ["b"])
    assert blocks.senders["default"].bodies() == ["a"]


async def test_an_account_without_a_block_is_named_once_and_stops_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    blocks = Blocks("default")
    know(store, "default", "lupa")
    with caplog.at_level(logging.INFO):
        async with at_work(store, blocks):
            await asyncio.to_thread(enqueue, Outbox(store), message("x", account="lupa"), message("a"))
            await until(lambda: blocks.senders["default"].bodies() == ["a"])
            blocks.senders["lupa"] = RecordingSender()
            await until(lambda: blocks.senders["lupa"].bodies() == ["x"])
            await until(lambda: "accounts goes on" in caplog.messages)
    assert caplog.messages.count("accounts waits: no block belongs to the account 'lupa'") == 1


class TestRuns:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runs, "_SILENT_S", 0.2)
        monkeypatch.setattr(runs, "_LOOK_EVERY_S", 0.02)

    @pytest.fixture
    async def given(self) -> AsyncIterator[Standby]:
        async with KeptSenders(Blocks("default").load) as senders:
            yield Standby(senders, asyncio.Event())

    async def test_a_run_finds_what_it_was_given_and_nobody_else_does(self, given: Standby) -> None:
        async def run() -> State[Any]:
            assert standby() is given
            async with sender_of("default") as sender:
                assert sender.name == "recording"
                await asyncio.sleep(0.5)  # longer than a silence: it is at work
            given.drained = True
            return Completed()

        assert await Runs().make(run, given)
        assert standby() is None

    async def test_a_run_that_waits_for_prefect_is_ended_and_messages_go_without(
        self, given: Standby, caplog: pytest.LogCaptureFixture
    ) -> None:
        ended = asyncio.Event()

        async def run() -> State[Any]:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            return Completed()

        made = Runs()
        assert [await made.make(run, given), await made.make(run, given)] == [False, False]
        await ended.wait()
        told = [message for message in caplog.messages if message.startswith("Prefect does not answer")]
        assert told == ["Prefect does not answer (no word for 0 s): messages go without runs until it does"]

    async def test_a_run_that_has_sent_may_wait_for_prefect_by_itself(self, given: Standby) -> None:
        back, told = asyncio.Event(), asyncio.Event()

        async def run() -> State[Any]:
            given.drained = True
            await back.wait()
            told.set()
            return Completed()

        assert await Runs().make(run, given)
        back.set()
        async with asyncio.timeout(10):
            await told.wait()

    async def test_an_engine_that_fails_is_prefect_being_away(self, given: Standby) -> None:
        async def run() -> State[Any]:
            raise ConnectionError("secret")

        assert not await Runs().make(run, given)

    @pytest.mark.parametrize(
        ("error", "said"), [(StoreError("no such store"), "no such store"), (RuntimeError("+62812"), "RuntimeError")]
    )
    async def test_a_run_that_fails_by_itself_is_an_error(self, given: Standby, error: Exception, said: str) -> None:
        async def run() -> State[Any]:
            return Failed(data=error)

        with pytest.raises(RunError, match=rf"^the run is Failed: {said}$"):
            await Runs((StoreError,)).make(run, given)
