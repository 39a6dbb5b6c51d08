"""The main job once, end to end, and what the phone says of it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from deployments.children import Children
from deployments.demo.phone import (
    BAR,
    READ_WITHIN_S,
    NotReadError,
    Received,
    check,
    on_the_phone,
    read,
    show,
    type_on_phone,
)
from deployments.demo.runs import run_on_worker
from deployments.up import Place, Say
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.complaints import Kept, listed
from wa_integrasi.content import Text
from wa_integrasi.history import Entry, History
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.reporting import slot_of
from wa_integrasi.slot import Cadence
from wa_integrasi.store.engine import Store

REPORT, RECAP = "rekap-harian", "rekap-tugas"
QUESTION = "produksi kemarin"
COMPLAINANT = "sari-wulandari"
COMPLAINT = "Pesan Komplain\nNama: Sari Wulandari\nUnit: Gudang 2\nKeluhan: AC ruang kontrol mati sejak pagi"


async def once(at: Place, processes: Children, say: Say) -> None:
    """Run today's recaps and answer a complaint on the worker, then ask one command from the phone.

    It ends when the phone has read all of it.

    Raises `NotReadError`, `RunError`, and `ChildError` when a process ends meanwhile.
    """
    watch = asyncio.create_task(processes.watch())
    work = asyncio.create_task(_slice(at, say))
    try:
        await asyncio.wait((watch, work), return_when=asyncio.FIRST_COMPLETED)
        await (watch if watch.done() else work)
    finally:
        for task in (watch, work):
            task.cancel()
        await asyncio.gather(watch, work, return_exceptions=True)


async def _slice(at: Place, say: Say) -> None:
    slot = slot_of(Cadence.DAILY, "", at.settings.timezone, datetime.now(UTC)).key
    with Store.open(at.settings.database_url.get_secret_value()) as store:
        had = await on_the_phone(at)
        complaint = await _complained(at, store)
        say(f"The deployments rekap/daily for {slot}, complaints/respond and task-delivery/half-hourly run …")
        await asyncio.gather(
            run_on_worker(at, "rekap/daily", only=[REPORT]),
            run_on_worker(at, "complaints/respond"),
            run_on_worker(at, "task-delivery/half-hourly", only=[RECAP], force=True),
        )
        chat = await _recapped(at, store, slot, say)
        await _told(at, store, had, say)
        await _answered(at, store, complaint, say)
        await _by_hand(at, store, chat, say)
        await _asked(at, store, chat, say)


async def _recapped(at: Place, store: Store, slot: str, say: Say) -> str:
    """Show the daily recap; returns the chat of its first recipient. Raises `NotReadError`."""
    history = History(store)
    entries = await read(history, report=REPORT, slot=slot)
    show(history, entries, at.settings.timezone, say)
    check(entries, await on_the_phone(at), f"{REPORT} for {slot}")
    return str(entries[0].chat)


async def _told(at: Place, store: Store, had: Received, say: Say) -> None:
    """Show the newest task-delivery recap. Raises `NotReadError`."""
    history = History(store)
    newest = await asyncio.to_thread(history.messages, report=RECAP, limit=1)
    entries = await read(history, report=RECAP, slot=newest[0].slot) if newest else []
    show(history, entries, at.settings.timezone, say)
    check(entries, await on_the_phone(at) - had, RECAP)


async def _complained(at: Place, store: Store) -> Kept:
    """Let somebody complain from the phone; returns the complaint once it is filed. Raises `NotReadError`."""
    before = {kept.id for kept in await asyncio.to_thread(listed, store)}
    catalog = await asyncio.to_thread(load_catalog, store)
    await type_on_phone(at, catalog.contacts[COMPLAINANT].phone, COMPLAINT)
    ends = time.monotonic() + READ_WITHIN_S
    while time.monotonic() < ends:
        for kept in await asyncio.to_thread(listed, store):
            if kept.id not in before:
                return kept
        await asyncio.sleep(0.05)
    raise NotReadError("the complaint was not filed: see wa-serve.log and wa-live.log")


async def _answered(at: Place, store: Store, complaint: Kept, say: Say) -> None:
    """Show what was complained of and its acknowledgement. Raises `NotReadError`."""
    history = History(store)
    entries = [entry for entry in await asyncio.to_thread(history.messages) if complaint.ticket in entry.content]
    entries = await read(history, ids=[entry.id for entry in entries]) if entries else []
    say(f"The phone complains:\n{COMPLAINT}")
    show(history, entries, at.settings.timezone, say)
    check(entries, await on_the_phone(at), f"the complaint {complaint.ticket}")


async def _by_hand(at: Place, store: Store, chat: str, say: Say) -> None:
    """Write one message that no run waits for, and say how soon the phone had it. Raises `NotReadError`."""
    text = f"Pesan percobaan {time.time():.3f}"
    message = NewMessage(Recipient.of_chat(chat), Text(body=text), priority=Priority.REPLY)
    began = time.monotonic()
    [row] = await asyncio.to_thread(Outbox(store).enqueue, [message])
    while not (await on_the_phone(at))[chat, text]:
        if time.monotonic() - began > READ_WITHIN_S:
            raise NotReadError(f"message {row.id}, written by hand, has not reached the phone: see wa-live.log")
        await asyncio.sleep(0.02)
    say(f"A message by hand was on the phone {time.monotonic() - began:.2f} s after it was written (wa live).")
    entries = await read(History(store), ids=[row.id])
    check(entries, await on_the_phone(at), "a message by hand")


async def _asked(at: Place, store: Store, chat: str, say: Say) -> None:
    """Let the owner of the phone ask, and show how soon which answer came. Raises `NotReadError`."""
    history = History(store)
    before = {entry.id for entry in await asyncio.to_thread(history.messages)}
    had = await on_the_phone(at)  # who runs this twice within a minute gets the same text twice
    began = time.monotonic()
    await type_on_phone(at, chat, QUESTION)
    while not (entries := await _answers(at, history, chat, before, had)):
        if time.monotonic() - began > READ_WITHIN_S:
            raise NotReadError(f"the question {QUESTION!r} has no answer on the phone: see wa-live.log")
        await asyncio.sleep(0.02)
    took = time.monotonic() - began
    say(f"\nThe phone asks: {QUESTION}\n{BAR}\n{entries[0].content}\n{BAR}")
    say(f"The answer was on the phone {took:.2f} s after the question was typed (wa live).")
    entries = await read(history, ids=[entry.id for entry in entries])
    check(entries, await on_the_phone(at) - had, "the answer")


async def _answers(at: Place, history: History, chat: str, before: set[int], had: Received) -> list[Entry]:
    """The messages that have come to a chat since, once they are on the phone."""
    entries = await asyncio.to_thread(history.messages)
    new = [entry for entry in entries if entry.chat == chat and entry.id not in before]
    received = await on_the_phone(at) - had if new else Received()
    return [entry for entry in new if received[chat, entry.content]]
