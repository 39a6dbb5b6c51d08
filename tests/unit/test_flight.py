"""Messages on their way: each is sent, whatever comes while another lands."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from wa_integrasi.content import Text
from wa_integrasi.delivery.flight import Flight
from wa_integrasi.outbox import Claimed
from wa_integrasi.providers.base import Accepted, Outcome
from wa_integrasi.recipient import Recipient


def message(number: int, account: str = "default") -> Claimed:
    who, now = Recipient.parse(f"+62812345678{number:02}"), datetime(2040, 1, 1, tzinfo=UTC)
    return Claimed(number, account, who, Text(body="x"), f"t.{number}", 1, None, now)


async def all_of(flight: Flight, count: int) -> list[int]:
    landed: list[int] = []
    async with asyncio.timeout(30):
        while len(landed) < count:
            await flight.changed.wait()
            landed += [each.id for each, _ in flight.take()]
    return landed


async def test_what_comes_in_the_moment_in_which_the_last_lands_is_sent() -> None:
    """A sender that has nothing left is gone at once, though its task is told to be over only a moment later."""

    async def and_another(claimed: Claimed) -> Outcome | None:
        if claimed.id < 5:
            asyncio.get_running_loop().call_soon(flight.start, [message(claimed.id + 1)])
        return Accepted(claimed.attempt_id)

    flight = Flight(and_another, {"default": 1})
    flight.start([message(1)])
    assert await all_of(flight, 5) == [1, 2, 3, 4, 5]


async def test_no_more_than_so_many_of_an_account_are_on_their_way() -> None:
    now = most = 0

    async def counted(claimed: Claimed) -> Outcome | None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return Accepted(claimed.attempt_id)

    flight = Flight(counted, {"default": 3})
    for number in range(1, 13):
        flight.start([message(number)])
        await asyncio.sleep(0)
    assert len(await all_of(flight, 12)) == 12
    assert most == 3


async def test_what_stops_a_sender_is_raised() -> None:
    async def broken(claimed: Claimed) -> Outcome | None:
        raise LookupError(claimed.attempt_id)

    flight = Flight(broken, {"default": 3})
    flight.start([message(1)])
    await flight.changed.wait()
    with pytest.raises(LookupError):
        flight.take()
    await flight.stop()


async def test_stopping_ends_every_sender() -> None:
    never = asyncio.Event()

    async def hang(claimed: Claimed) -> Outcome | None:
        await never.wait()
        return None

    flight = Flight(hang, {"default": 2})
    flight.start([message(number) for number in range(1, 6)])
    await asyncio.sleep(0)
    await flight.stop()
    assert len(flight) == 5
    assert flight.landed == 0
