"""Marks on questions: when they are put there, when not, and that nothing depends on them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from tests.answering.world import PEOPLE, ZONE, World
from tests.store.channel import Answer, RecordingSender, accept
from wa_integrasi.answering.desk import Desk
from wa_integrasi.answering.marks import Marks
from wa_integrasi.catalog.models import IntakePolicy
from wa_integrasi.catalog.storing import apply_catalog, load_catalog
from wa_integrasi.commands.queue import LEASE
from wa_integrasi.providers.base import Action, Capabilities, Failed, Outbound, Outcome
from wa_integrasi.recipient import Kind
from wa_integrasi.store.tables import wa_outbox


class Phone(RecordingSender):
    """A channel that has reactions, and shows when somebody writes."""

    capabilities: ClassVar[Capabilities] = Capabilities(frozenset({Kind.PHONE}), frozenset({"text", "reaction"}))

    def __init__(self, answer: Answer = accept) -> None:
        super().__init__(answer)
        self.typing: list[str] = []
        self.reached: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def send(self, outbound: Outbound) -> Outcome:
        self.sent.append(outbound)
        self.reached[len(self.sent)].set()
        return await self.answer(outbound)

    async def mark_read(self, message_id: str, *, typing: bool = False) -> bool:
        self.typing += [message_id] if typing else []
        return True

    @property
    def marks(self) -> list[tuple[str, str]]:
        return [(outbound.content.message_id, outbound.content.emoji) for outbound in self.sent]


def marks_of(world: World, phone: RecordingSender, moment_s: float = 0) -> Marks:
    @asynccontextmanager
    async def lend(_: str) -> AsyncIterator[RecordingSender]:
        yield phone

    return Marks(world.store, lend, moment_s=moment_s, clock=world.clock)


async def answered(world: World, marks: Marks, before: Callable[[], Awaitable[object]] | None = None) -> None:
    """What waits is answered, as a run does it; `before` that something else happens."""
    tickets = world.desk.open().tickets
    async with marks.shown(tickets):
        if before:
            await before()
        await world.serve_soon(tickets, world.desk)
    await marks.close(within_s=30)


def until(phone: Phone, count: int) -> Callable[[], Awaitable[object]]:
    async def marked() -> None:
        async with asyncio.timeout(30):
            await phone.reached[count].wait()

    return marked


def set_policy(world: World, reactions: str) -> None:
    catalog = load_catalog(world.store)
    policies = {"intake": IntakePolicy.model_validate({"reactions": reactions})}
    apply_catalog(world.store, catalog.model_copy(update={"policies": policies}), clock=world.clock)
    world.clock.tick(seconds=5)


async def test_what_takes_longer_than_a_moment_is_marked_and_then_marked_as_done(world: World) -> None:
    phone = Phone()
    asked = world.write("budi", "suhu boiler 2")
    await answered(world, marks_of(world, phone), before=until(phone, 1))
    assert phone.marks == [(asked, "⏳"), (asked, "✅")]
    assert phone.typing == [asked]
    assert [row.type for row in world.rows(wa_outbox)] == ["text"], "a mark is no message of the outbox"


async def test_an_answer_within_a_moment_is_its_own_mark(world: World) -> None:
    phone = Phone()
    world.write("budi", "suhu boiler 2")
    await answered(world, marks_of(world, phone, moment_s=30))
    assert phone.marks == []


async def test_what_fails_is_marked_so(world: World) -> None:
    phone = Phone()
    world.plant.away = 3
    asked = world.write("budi", "suhu boiler 2")
    await answered(world, marks_of(world, phone), before=until(phone, 1))
    assert phone.marks == [(asked, "⏳"), (asked, "❌")]


@pytest.mark.parametrize(("reactions", "marks"), [("always", ["⏳", "✅"]), ("off", [])])
async def test_the_catalog_decides(world: World, reactions: str, marks: list[str]) -> None:
    phone = Phone()
    set_policy(world, reactions)
    world.write("budi", "suhu boiler 2")
    before = until(phone, 1) if marks else None
    await answered(world, marks_of(world, phone, moment_s=30), before=before)
    assert [emoji for _, emoji in phone.marks] == marks


async def test_a_mark_that_would_come_after_the_answer_is_not_sent(world: World) -> None:
    phone, late = Phone(), asyncio.Event()

    @asynccontextmanager
    async def lend(_: str) -> AsyncIterator[Phone]:
        await late.wait()
        yield phone

    world.write("budi", "suhu boiler 2")
    marks = Marks(world.store, lend, moment_s=0, clock=world.clock)
    tickets = world.desk.open().tickets
    async with marks.shown(tickets):
        await world.serve_soon(tickets, world.desk)
        late.set()
    await marks.close(within_s=30)
    assert phone.marks == []


async def test_a_channel_that_fails_costs_nobody_the_answer(world: World) -> None:
    async def broken(_: Outbound) -> Outcome:
        raise OSError("gone")

    async def refuses(_: Outbound) -> Outcome:
        return Failed(Action.DEAD, "131009", "no such message")

    for answer in (broken, refuses):
        phone = Phone(answer)
        world.write("budi", "suhu boiler 2")
        await answered(world, marks_of(world, phone), before=until(phone, 1))
        assert [emoji for _, emoji in phone.marks] == ["⏳"], "nothing is there that would have to be replaced"
        world.send()
    assert [row.status for row in world.rows(wa_outbox)] == ["sent"] * 2, "and nothing becomes a dead letter"


async def test_a_channel_without_reactions_has_none(world: World) -> None:
    plain = RecordingSender()
    world.write("budi", "suhu boiler 2")
    await answered(world, marks_of(world, plain))
    assert plain.sent == []


async def test_who_asks_a_lot_has_few_marks_and_all_answers(world: World) -> None:
    phone = Phone()
    marks = marks_of(world, phone)
    for number in range(6):
        world.write("budi", f"suhu boiler {number % 3 + 1}")
        await answered(world, marks, before=until(phone, min(number + 1, 4) * 2 - 1))
    assert [emoji for _, emoji in phone.marks] == ["⏳", "✅"] * 4
    assert len(world.rows(wa_outbox)) == 6


async def test_who_told_us_to_stop_has_no_marks(world: World) -> None:
    phone = Phone()
    world.write("budi", "berhenti")
    world.write("budi", "suhu boiler 2")
    await answered(world, marks_of(world, phone))
    assert phone.marks == []


async def test_who_takes_over_from_one_that_died_ends_its_mark(world: World) -> None:
    phone = Phone()
    asked = world.write("budi", "suhu boiler 2")
    lost = marks_of(world, phone)
    async with lost.shown(world.desk.open().tickets):
        await until(phone, 1)()
        await lost.close(within_s=0)
    world.clock.tick(seconds=LEASE.total_seconds())
    await answered(world, marks_of(world, phone))
    assert phone.marks == [(asked, "⏳"), (asked, "✅")]


async def test_what_waited_until_it_was_too_old_ends_marked_as_failed(world: World) -> None:
    phone = Phone()
    marks = marks_of(world, phone)
    asked = world.write("budi", "suhu boiler 2")
    tickets = world.desk.open().tickets
    async with marks.shown(tickets):
        await until(phone, 1)()
        world.desk.wait(tickets, "Prefect does not answer")
    world.clock.tick(hours=1)
    [command] = Desk(world.store, ZONE, clock=world.clock).open().given_up
    marks.give_up(command)
    await marks.close(within_s=30)
    assert phone.marks == [(asked, "⏳"), (asked, "❌")]
    assert command.chat == PEOPLE["budi"]
