"""What the simulated phone has, what is typed on it, and whether every message reached it once and was read."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from deployments.errors import DeploymentError
from deployments.up import Place, Say
from wa_integrasi.history import Entry, History
from wa_integrasi.message import Status

READ_WITHIN_S = 60.0
"""Leaves time for a lost worker's messages: lease, then the wait for evidence."""

BAR = "─" * 44

Received = Counter[tuple[str, str]]
"""How often each text reached each chat."""


class NotReadError(DeploymentError):
    """The slice did not end with every message read. Says what is missing."""


async def type_on_phone(at: Place, chat: str, text: str) -> None:
    """Let the owner of a number write a message."""
    typed = {"from": chat, "text": text}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{at.service_url}/simulator/type", json=typed) as answer,
    ):
        answer.raise_for_status()


async def on_the_phone(at: Place) -> Received:
    """What has arrived, as the phone itself says."""
    async with aiohttp.ClientSession() as session, session.get(f"{at.service_url}/simulator/messages.json") as answer:
        return Counter((message["to"], message["body"]) for message in await answer.json())


async def read(history: History, **which: Any) -> list[Entry]:
    """The messages once all of them have been read, or as they stand when the time is over."""
    ends = time.monotonic() + READ_WITHIN_S
    while True:
        entries = await asyncio.to_thread(history.messages, **which)
        if (entries and all(entry.status == Status.READ for entry in entries)) or time.monotonic() > ends:
            return entries[::-1]
        await asyncio.sleep(0.3)


def show(history: History, entries: Sequence[Entry], zone: str, say: Say) -> None:
    """The message as the phone got it, and for each recipient every state with its time."""
    if not entries:
        return
    say(f"\n{BAR}\n{entries[0].content}\n{BAR}")
    for entry in entries:
        say(f"\nmessage {entry.id} to {entry.masked}, part {entry.part}/{entry.parts}")
        first = {step.status: step for step in reversed(history.steps(entry.id))}
        for step in sorted(first.values(), key=lambda step: list(Status).index(Status(step.status))):
            at = step.at.astimezone(ZoneInfo(zone))
            say(f"  {at:%H:%M:%S}.{at.microsecond // 1000:03} {step.status:<9} {step.error_text or ''}".rstrip())
    say("")


def check(entries: Sequence[Entry], received: Received, what: str) -> None:
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
