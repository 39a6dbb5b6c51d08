"""Senders that are kept: connected once, changed with their block, and there while Prefect is not."""

from __future__ import annotations

import logging
from typing import Any, Self

import httpx
import pytest

from blocks.gateways import GatewayError, KeptSenders


class Sender:
    def __init__(self, token: str) -> None:
        self.token = token
        self.connected = 0

    async def __aenter__(self) -> Self:
        self.connected += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.connected -= 1


class Block:
    model_fields = ("token",)

    def __init__(self, token: str, made: list[Sender]) -> None:
        self.token = token
        self._made = made

    def sender(self) -> Sender:
        self._made.append(Sender(self.token))
        return self._made[-1]


class Prefect:
    """Has one block for every account."""

    def __init__(self) -> None:
        self.token = "first"
        self.error: Exception | None = None
        self.loads = 0
        self.made: list[Sender] = []

    async def load(self, _: str) -> Any:
        self.loads += 1
        if self.error is not None:
            raise self.error
        return Block(self.token, self.made)

    @property
    def connected(self) -> list[str]:
        return [sender.token for sender in self.made if sender.connected]


@pytest.fixture
def prefect() -> Prefect:
    return Prefect()


async def token(senders: KeptSenders, account: str = "default", **options: bool) -> str:
    async with senders.lent(account, **options) as sender:
        assert sender.connected == 1  # type: ignore[attr-defined]
        return str(sender.token)  # type: ignore[attr-defined]


async def test_a_sender_is_connected_once_for_all_who_use_it_and_disconnected_at_the_end(prefect: Prefect) -> None:
    async with KeptSenders(prefect.load) as senders:
        assert [await token(senders, account) for account in ("a", "a", "b", "a")] == ["first"] * 4
        assert (prefect.loads, prefect.connected) == (2, ["first", "first"])
    assert prefect.connected == []


async def test_a_block_that_is_as_it_was_keeps_its_connections(prefect: Prefect) -> None:
    async with KeptSenders(prefect.load, fresh_s=0) as senders:
        assert [await token(senders), await token(senders)] == ["first", "first"]
        assert (prefect.loads, len(prefect.made)) == (2, 1)


async def test_a_changed_block_changes_the_sender_of_who_comes_next(prefect: Prefect) -> None:
    async with KeptSenders(prefect.load) as senders:
        async with senders.lent("default"):
            prefect.token = "second"
            assert await token(senders) == "first", "it was looked at a moment ago"
            senders.doubt("default")
            assert await token(senders, look=False) == "first"
            assert await token(senders) == "second"
            assert prefect.connected == ["first", "second"], "the first is still in use"
        assert prefect.connected == ["second"]
    assert prefect.connected == []


async def test_while_prefect_is_away_the_last_one_is_used_and_that_is_said_once(
    prefect: Prefect, caplog: pytest.LogCaptureFixture
) -> None:
    async with KeptSenders(prefect.load, fresh_s=0) as senders:
        await token(senders)
        prefect.error = httpx.ConnectError("secret")
        with caplog.at_level(logging.WARNING):
            assert [await token(senders), await token(senders)] == ["first", "first"]
        assert caplog.messages == ["the block of default is used as it was: ConnectError"]
        prefect.error, prefect.token = None, "second"
        assert await token(senders) == "second"


async def test_an_account_that_was_never_loaded_cannot_be_used_and_nothing_secret_is_said(prefect: Prefect) -> None:
    prefect.error = httpx.ConnectError("secret")
    async with KeptSenders(prefect.load) as senders:
        with pytest.raises(GatewayError, match=r"^the block of 'default' cannot be loaded: ConnectError$"):
            await token(senders)
        prefect.error = None
        assert await token(senders) == "first"


async def test_a_block_that_is_gone_takes_its_sender_along(prefect: Prefect) -> None:
    async with KeptSenders(prefect.load, fresh_s=0) as senders:
        await token(senders)
        prefect.error = GatewayError("no block belongs to the account 'default'")
        with pytest.raises(GatewayError, match="no block belongs"):
            await token(senders)
        assert prefect.connected == []
