"""The poll, account by account: each is drained, none twice at once, and none waits for another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from blocks.gateways import GatewayError
from flows import gateway as flow
from tasks.turn import AT_ONCE, PollError
from wa_integrasi.accounts import save_account
from wa_integrasi.outbox import PollLease
from wa_integrasi.testing import Bench, wa, wa_store_file

__all__ = ["wa", "wa_store_file"]


class Polls:
    """What a run does with accounts, without Prefect."""

    def __init__(self, wa: Bench) -> None:
        self.wa = wa
        self.drained: list[str] = []
        self.notified = 0
        self.broken = {"rusak": GatewayError("no block belongs to the account 'rusak'"), "aneh": KeyError("+6281")}
        with wa.store.writing() as connection:
            for name in ("gudang", "default"):
                save_account(connection, name, "meta", None)

    async def look(self, account: str) -> None:
        """Each poll holds its account."""
        assert not PollLease(self.wa.store, account, "another").take()

    async def drain(self, account: str, budget_s: float, stay_s: float) -> None:
        if account in self.broken:
            raise self.broken[account]
        self.drained.append(account)
        if stay_s:
            await self.both.wait()

    async def notify(self) -> None:
        self.notified += 1

    def run(self, account: str = "", stay_s: float = 0) -> Any:
        self.drained.clear()
        self.both = asyncio.Barrier(2)
        return asyncio.run(asyncio.wait_for(flow.gateway.fn(account, 1, stay_s), 10))

    def add(self, *names: str) -> None:
        with self.wa.store.writing() as connection:
            for name in names:
                save_account(connection, name, "meta", None)


@pytest.fixture
def polls(wa: Bench, monkeypatch: pytest.MonkeyPatch) -> Polls:
    found = Polls(wa)
    monkeypatch.setattr(flow, "look_at_session", found.look)
    monkeypatch.setattr(flow, "drain", found.drain)
    monkeypatch.setattr(flow, "notify", found.notify)
    return found


def test_every_account_is_drained_at_once_or_the_one_that_is_named(polls: Polls) -> None:
    assert polls.run(stay_s=1).message == "default, gudang"
    assert sorted(polls.drained) == ["default", "gudang"]
    assert polls.run("gudang").is_completed()
    assert (polls.drained, polls.notified) == (["gudang"], 2)


def test_many_accounts_take_turns_and_leave_connections_to_others(
    polls: Polls, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    now, full = 0, asyncio.Event()

    async def drain(account: str, budget_s: float, stay_s: float) -> None:
        nonlocal now
        now += 1
        at_once.append(now)
        if now == AT_ONCE:
            full.set()
        await full.wait()
        await asyncio.sleep(0)
        now -= 1

    monkeypatch.setattr(flow, "drain", drain)
    polls.add(*(f"pabrik-{number}" for number in range(40)))
    assert polls.run().is_completed()
    assert (len(at_once), max(at_once)) == (42, AT_ONCE)


def test_an_account_that_another_run_drains_is_left_alone(polls: Polls) -> None:
    other = PollLease(polls.wa.store, "default", "another")
    assert other.take()
    state = polls.run()
    assert (state.is_completed(), state.message) == (True, "another run drains default")
    assert polls.drained == ["gudang"]
    other.give_back()
    polls.run()
    assert sorted(polls.drained) == ["default", "gudang"]


def test_an_account_that_cannot_be_drained_holds_up_no_other_and_is_named(polls: Polls) -> None:
    polls.add("rusak", "aneh")
    with pytest.raises(PollError, match=r"^aneh: KeyError; rusak: no block belongs to the account 'rusak'$"):
        polls.run()
    assert sorted(polls.drained) == ["default", "gudang"]
    assert polls.notified == 1
    with pytest.raises(GatewayError):
        polls.run("rusak")
