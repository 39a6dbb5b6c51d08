"""Works of a process that stays: woken by rows, done when they are due, whatever happens to them or to others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from deployments import working
from deployments.errors import DeploymentError
from deployments.working import Runner
from tests.waiting import until
from wa_integrasi.commands.queue import CommandQueue, NewCommand, State
from wa_integrasi.store.engine import Store, StoreError


class Answering:
    """Answers waiting commands, one at a time."""

    def __init__(self, store: Store, name: str = "answers") -> None:
        self.name = name
        self.queue = CommandQueue(store)
        self.answered: list[str | None] = []
        self.runs = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.slowly: asyncio.Event | None = None

    def due_in(self) -> timedelta | None:
        self.meanwhile()
        return self.queue.due_in()

    async def run(self) -> bool:
        self.runs += 1
        for command in await asyncio.to_thread(self.queue.take, 1):
            if self.slowly is not None:
                await self.slowly.wait()
            await asyncio.to_thread(self.queue.end, command, State.ANSWERED)
            self.answered.append(command.text)
            return True
        return False


@pytest.fixture(autouse=True)
def _only_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by looking anyway, and pauses are short."""
    monkeypatch.setattr(working, "_LOOK_ANYWAY_S", {"postgresql": 60, "sqlite": 60})
    monkeypatch.setattr(working, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(working, "_LONGEST_PAUSE_S", 0.02)


async def ask(store: Store, *texts: str) -> list[int]:
    wanted = [NewCommand("default", "+6281234567890", text=text) for text in texts]
    return await asyncio.to_thread(CommandQueue(store).ask, wanted)


async def test_a_work_is_woken_by_each_new_row_and_goes_on_until_nothing_is_left(store: Store) -> None:
    answering = Answering(store)
    async with Runner(store, [answering]):
        await ask(store, "a", "b", "c")
        await until(lambda: answering.answered == ["a", "b", "c"])
        for text in "def":
            await ask(store, text)
            await until(lambda text=text: answering.answered[-1] == text)  # type: ignore[misc]
    assert answering.answered == list("abcdef")


async def test_a_work_comes_back_by_itself_for_what_is_due_later(store: Store) -> None:
    answering = Answering(store)
    await ask(store, "nanti")
    [command] = answering.queue.take()
    answering.queue.put_back(command, datetime.now(UTC) + timedelta(seconds=0.2), "later")
    async with Runner(store, [answering]):
        await until(lambda: answering.answered == ["nanti"])


async def test_an_idle_work_is_never_run(store: Store) -> None:
    idle, busy = Answering(store, "idle"), Answering(store, "busy")
    idle.due_in = lambda: None  # type: ignore[method-assign]
    async with Runner(store, [idle, busy]):
        await ask(store, "a")
        await until(lambda: busy.answered == ["a"])
    assert (idle.runs, busy.runs >= 1) == (0, True)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreError("cannot open the store wa: refused"), "cannot open the store wa: refused"),
        (OperationalError("SELECT", {}, Exception("secret")), "OperationalError"),
        (RuntimeError("+6281234567890"), "RuntimeError"),
    ],
)
async def test_a_work_survives_its_errors_stops_no_other_and_says_so_once(
    store: Store, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    broken, sound = Answering(store, "broken"), Answering(store, "sound")
    tries = []

    def fail() -> None:
        tries.append(1)
        if len(tries) < 8:
            raise error

    broken.meanwhile = fail
    sound.due_in = lambda: None if sound.runs else timedelta()  # type: ignore[method-assign]
    with caplog.at_level(logging.INFO):
        async with Runner(store, [broken, sound], said=(DeploymentError, StoreError)):
            await ask(store, "a")
            await until(lambda: sound.runs > 0)
            await until(lambda: "broken goes on" in caplog.messages)
    told = [message for message in caplog.messages if message.startswith("broken")]
    assert told == [f"broken waits: {said}", "broken goes on"]
    assert sorted(broken.answered + sound.answered) == ["a"]


async def test_what_a_work_has_begun_is_ended_when_it_is_told_to_stop(store: Store) -> None:
    answering = Answering(store)
    answering.slowly = asyncio.Event()
    [wanted] = await ask(store, "a")
    async with Runner(store, [answering]):
        await until(lambda: answering.runs == 1)
        asyncio.get_running_loop().call_later(0.2, answering.slowly.set)
    found = answering.queue.find(wanted)
    assert found is not None
    assert found.state is State.ANSWERED


async def test_a_work_that_hangs_is_stopped_in_the_middle_and_its_row_comes_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(working, "ENDS_WITHIN_S", 0.1)
    answering = Answering(store)
    answering.slowly = asyncio.Event()
    await ask(store, "a")
    async with Runner(store, [answering]):
        await until(lambda: answering.runs == 1)
    assert "answers is stopped in the middle" in caplog.messages
    assert answering.queue.due_in() is not None


async def test_works_come_and_go_while_others_go_on(store: Store) -> None:
    first, second = Answering(store, "first"), Answering(store, "second")
    async with Runner(store) as runner:
        runner.add(first)
        await ask(store, "a")
        await until(lambda: first.answered == ["a"])
        runner.drop("first")
        runner.add(second)
        with pytest.raises(ValueError, match="a work called second already"):
            runner.add(second)
        await ask(store, "b")
        await until(lambda: second.answered == ["b"])
    assert first.answered == ["a"]


async def test_it_shows_that_it_is_alive(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(working, "_SAY_EVERY_S", 0.05)
    answering = Answering(store)
    with caplog.at_level(logging.INFO):
        async with Runner(store, [answering]):
            await ask(store, "a")
            await until(lambda: any("answers 2" in message or "answers 1" in message for message in caplog.messages))
            await until(lambda: caplog.messages[-1] == "alive; runs in the last minute: answers 0")
