"""Two services, three runners and two workers over one PostgreSQL, one of each killed in mid-work."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployments.children import Child
from deployments.postgres import addresses
from tests.scale.plant import PEOPLE, QUESTION, REPORT, Plant, plant
from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.message import Status
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store

ENDS_WITHIN_S = 240
QUESTIONS = 60
BY_HAND = 200
SLOTS = [(datetime.now(UTC) - timedelta(days=days)).date().isoformat() for days in (2, 3, 4)]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not below pytest's own folder: run by root, PostgreSQL has a user of its own, whom pytest shuts out of there.
    with tempfile.TemporaryDirectory(prefix="wa-scale-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def killed(child: Child) -> None:
    """It and whatever it has started, as when its machine is lost."""
    os.killpg(child.process.pid, signal.SIGKILL)


async def run_rekap(up: Plant) -> None:
    deployment = await up.ask("/deployments/name/rekap/daily")
    for slot in SLOTS:
        parameters = {"cadence": "daily", "slot": slot, "only": [REPORT]}
        state = {"type": "SCHEDULED", "name": "Scheduled"}
        await up.ask(f"/deployments/{deployment['id']}/create_flow_run", parameters=parameters, state=state)


async def eventually(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            while not await holds():  # noqa: ASYNC110 - other processes' work
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"not within {ENDS_WITHIN_S} s: {what}")


@pytest.mark.timeout(900)
async def test_everything_arrives_once_though_one_of_each_is_lost(folder: Path) -> None:
    async with plant(folder) as up:
        with Store.open(addresses(folder / "postgres")["WA_DATABASE_URL"]) as store:
            await through_the_losses(up, store)


async def through_the_losses(up: Plant, store: Store) -> None:
    provider, history, outbox = up.provider, History(store), Outbox(store)

    async def at_work() -> bool:
        return bool(await up.runs("RUNNING"))

    async def asked(first: int, end: int) -> None:
        for number in range(first, end):
            await provider.types(PEOPLE[number % len(PEOPLE)], QUESTION, number)

    async def written(first: int, end: int) -> None:
        people = [Recipient.of_chat(f"+{person}") for person in PEOPLE]
        messages = [
            NewMessage(people[n % len(people)], Text(body=f"pesan {n}"), dedupe_key=f"hand/{n}")
            for n in range(first, end)
        ]
        await asyncio.to_thread(outbox.enqueue, messages)

    await run_rekap(up)
    await asyncio.gather(asked(0, QUESTIONS // 3), written(0, BY_HAND // 2))
    await eventually(at_work, "a worker runs a recap")
    pestered = asyncio.gather(asked(QUESTIONS // 3, QUESTIONS), written(BY_HAND // 2, BY_HAND))
    for lost in (up.workers[0], up.live[0], up.serve[0]):
        killed(lost)
        await asyncio.sleep(0.5)
    await pestered
    # What the lost worker ran is asked for again, as a person or the watch for missed reports does.
    await run_rekap(up)

    async def all_read() -> bool:
        states = await asyncio.to_thread(history.counts)
        answers = sum(count for (_, text), count in provider.texts.items() if "412" in text)
        wanted = QUESTIONS + BY_HAND + len(SLOTS) * len(PEOPLE)
        return states.get(Status.READ, 0) == sum(states.values()) >= wanted and answers >= wanted - BY_HAND

    try:
        await eventually(all_read, "every message is read")
    except BaseException:
        print(await asyncio.to_thread(history.counts), provider.texts.total())  # noqa: T201
        raise
    twice = {mark: count for mark, count in provider.received.items() if count > 1}
    assert twice == {}
    by_hand = {text: count for (_, text), count in provider.texts.items() if text.startswith("pesan ")}
    assert by_hand == {f"pesan {number}": 1 for number in range(BY_HAND)}
    for person in PEOPLE:
        got = sum(count for (to, text), count in provider.texts.items() if to.lstrip("+") == person and "412" in text)
        assert got == QUESTIONS // len(PEOPLE) + len(SLOTS)
