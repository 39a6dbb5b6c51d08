"""The main job once, end to end, and what the phone says of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from deployments.children import Children
from deployments.errors import DeploymentError
from deployments.up import Place, Say
from wa_integrasi.content import Text
from wa_integrasi.history import Entry, History
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.reporting import slot_of
from wa_integrasi.slot import Cadence
from wa_integrasi.store.engine import Store

REPORT = "rekap-harian"
QUESTION = "produksi kemarin"
_RUN_WITHIN_S = 240.0
_READ_WITHIN_S = 60.0
"""Leaves time for a lost worker's messages: lease, then the wait for evidence."""


class NotReadError(DeploymentError):
    """The slice did not end with every message read. Says what is missing."""


async def once(at: Place, processes: Children, say: Say) -> None:
    """Run today's daily recap through its deployment on the worker, then ask one command from the phone.

    It ends when the phone has read all of it.

    Raises `NotReadError`, and `ChildError` when a process ends meanwhile.
    """
    slot = slot_of(Cadence.DAILY, "", at.settings.timezone, datetime.now(UTC)).key
    watch = asyncio.create_task(processes.watch())
    work = asyncio.create_task(_slice(at, processes, say, slot))
    try:
        await asyncio.wait((watch, work), return_when=asyncio.FIRST_COMPLETED)
        await (watch if watch.done() else work)
    finally:
        for task in (watch, work):
            task.cancel()
        await asyncio.gather(watch, work, return_exceptions=True)


async def _slice(at: Place, processes: Children, say: Say, slot: str) -> None:
    say(f"The deployment rekap/daily runs on the worker, for {slot} …")
    run = ["prefect", "deployment", "run", "rekap/daily", "--watch", "--param", f'only=["{REPORT}"]']
    try:
        async with asyncio.timeout(_RUN_WITHIN_S):
            await processes.run("rekap", run)
    except TimeoutError:
        raise NotReadError(f"the run of rekap/daily did not end within {_RUN_WITHIN_S:.0f} s") from None
    with Store.open(at.settings.database_url.get_secret_value()) as store:
        history = History(store)
        entries = await _read(history, report=REPORT, slot=slot)
        _show(history, entries, at.settings.timezone, say)
        _check(entries, await _on_the_phone(at), f"{REPORT} for {slot}")
        if chat := entries[0].chat:
            await _by_hand(at, store, chat, say)
            await _asked(at, store, chat, say)


async def _by_hand(at: Place, store: Store, chat: str, say: Say) -> None:
    """Write one message that no run waits for, and say how soon the phone had it. Raises `NotReadError`."""
    text = f"Pesan percobaan {time.time():.3f}"
    message = NewMessage(Recipient.of_chat(chat), Text(body=text), priority=Priority.REPLY)
    began = time.monotonic()
    [row] = await asyncio.to_thread(Outbox(store).enqueue, [message])
    while not (await _on_the_phone(at))[chat, text]:
        if time.monotonic() - began > _READ_WITHIN_S:
            raise NotReadError(f"message {row.id}, written by hand, has not reached the phone: see wa-live.log")
        await asyncio.sleep(0.02)
    say(f"A message by hand was on the phone {time.monotonic() - began:.2f} s after it was written (wa live).")
    entries = await _read(History(store), ids=[row.id])
    _check(entries, await _on_the_phone(at), "a message by hand")


async def _asked(at: Place, store: Store, chat: str, say: Say) -> None:
    """Let the owner of the phone ask, and show how soon which answer came. Raises `NotReadError`."""
    history = History(store)
    before = {entry.id for entry in await asyncio.to_thread(history.messages)}
    had = await _on_the_phone(at)  # who runs this twice within a minute gets the same text twice
    began = time.monotonic()
    async with aiohttp.ClientSession() as session:
        typed = {"from": chat, "text": QUESTION}
        async with session.post(f"{at.service_url}/simulator/type", json=typed) as answer:
            answer.raise_for_status()
    while not (entries := await _answers(at, history, chat, before, had)):
        if time.monotonic() - began > _READ_WITHIN_S:
            raise NotReadError(f"the question {QUESTION!r} has no answer on the phone: see wa-live.log")
        await asyncio.sleep(0.02)
    took = time.monotonic() - began
    bar = "─" * 44
    say(f"\nThe phone asks: {QUESTION}\n{bar}\n{entries[0].content}\n{bar}")
    say(f"The answer was on the phone {took:.2f} s after the question was typed (wa live).")
    entries = await _read(history, ids=[entry.id for entry in entries])
    _check(entries, await _on_the_phone(at) - had, "the answer")


async def _answers(
    at: Place, history: History, chat: str, before: set[int], had: Counter[tuple[str, str]]
) -> list[Entry]:
    """The messages that have come to a chat since, once they are on the phone."""
    entries = await asyncio.to_thread(history.messages)
    new = [entry for entry in entries if entry.chat == chat and entry.id not in before]
    received = await _on_the_phone(at) - had if new else Counter[tuple[str, str]]()
    return [entry for entry in new if received[chat, entry.content]]


async def _read(history: History, **which: Any) -> list[Entry]:
    """The messages once all of them have been read, or as they stand when the time is over."""
    ends = time.monotonic() + _READ_WITHIN_S
    while True:
        entries = await asyncio.to_thread(history.messages, **which)
        if (entries and all(entry.status == Status.READ for entry in entries)) or time.monotonic() > ends:
            return entries[::-1]
        await asyncio.sleep(0.3)


async def _on_the_phone(at: Place) -> Counter[tuple[str, str]]:
    """How often each text reached each chat, as the phone itself says."""
    async with aiohttp.ClientSession() as session, session.get(f"{at.service_url}/simulator/messages.json") as answer:
        return Counter((message["to"], message["body"]) for message in await answer.json())


def _show(history: History, entries: Sequence[Entry], zone: str, say: Say) -> None:
    """The message as the phone got it, and for each recipient every state with its time."""
    if not entries:
        return
    bar = "─" * 44
    say(f"\n{bar}\n{entries[0].content}\n{bar}")
    for entry in entries:
        say(f"\nmessage {entry.id} to {entry.masked}, part {entry.part}/{entry.parts}")
        first = {step.status: step for step in reversed(history.steps(entry.id))}
        for step in sorted(first.values(), key=lambda step: list(Status).index(Status(step.status))):
            at = step.at.astimezone(ZoneInfo(zone))
            say(f"  {at:%H:%M:%S}.{at.microsecond // 1000:03} {step.status:<9} {step.error_text or ''}".rstrip())
    say("")


def _check(entries: Sequence[Entry], received: Counter[tuple[str, str]], what: str) -> None:
    """Raise `NotReadError` unless every message was read, and is on the phone exactly once."""
    if not entries:
        raise NotReadError(f"the outbox has no message of {what}")
    missing = [
        f"message {entry.id} to {entry.masked} is {entry.status}"
        + (f": {entry.error_text}" if entry.error_text else "")
        for entry in entries
        if entry.status != Status.READ
    ]
    for entry in entries:
        times = received[entry.chat or "", entry.content]
        if times != 1:
            missing.append(f"message {entry.id} to {entry.masked} is on the phone {times} times")
    if missing:
        raise NotReadError("\n".join(missing))
