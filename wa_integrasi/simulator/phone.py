"""The phone itself: takes messages, ticks them, tells the business's webhook, and lets its owner type."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypedDict
from zoneinfo import ZoneInfo

import aiohttp

from wa_integrasi.providers.meta import signature
from wa_integrasi.providers.wire import storable
from wa_integrasi.simulator.envelope import webhook_body
from wa_integrasi.simulator.graph import MessageRequest, message_id
from wa_integrasi.simulator.media import attached
from wa_integrasi.simulator.phone_store import Event, File, Line, PhoneStore
from wa_integrasi.simulator.refusals import GraphError
from wa_integrasi.simulator.templates import DEMO_TEMPLATES, PhoneTemplate

_POST_TIMEOUT_S = 10.0
_LEASE_S = 15.0
_AT_ONCE = 20
_IDLE_S = 30.0
_LONGEST_WAIT_S = 60.0
_WINDOW_S = 24 * 3600.0
_TYPING_S = 25.0
_OUTSIDE_WINDOW = 131047
_ANSWERS: Mapping[str, str] = {"buttons": "button_reply", "menu": "list_reply", "template": "button"}
"""How an answer to each kind of message is called in a webhook."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from acceptance to each tick."""

    sent: float = 0.1
    delivered: float = 0.6
    read: float = 1.5


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """One phone and the business number it talks to."""

    path: Path
    phone_number_id: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    webhook_url: str | None = None
    """Where the business listens. Without one the ticks still come, and webhooks are owed until there is one."""
    waba_id: str = "100000000000001"
    display_number: str = "+622150001234"
    country_code: str = "62"
    """Of the business number: Meta puts it before a recipient that has no plus."""
    timezone: str = "Asia/Jakarta"
    templates: tuple[PhoneTemplate, ...] = DEMO_TEMPLATES
    """What the business account has; any other template is refused."""
    window: bool = False
    """Whether, as at Meta, only templates arrive once the owner has been silent for 24 hours (else error 131047)."""
    delays: Delays = Delays()
    first_retry_s: float = 1.0
    give_up_after_s: float = 3600.0

    def __post_init__(self) -> None:
        ZoneInfo(self.timezone)
        if not self.access_token or not self.app_secret:
            raise ValueError("access_token and app_secret must not be empty")


@dataclass(slots=True)
class Faults:
    """What goes wrong on purpose. Reached from Python only, never over HTTP."""

    latency_s: float = 0.0
    """Wait before an answer; the message has been taken by then."""
    fail_next: deque[GraphError] = field(default_factory=deque)
    """The next requests are refused with these."""
    drop_answers: int = 0
    """As many messages are taken, and the connection is closed in the middle of the answer."""
    bounce_next: deque[int] = field(default_factory=deque)
    """The next messages are taken and then reported `failed` with these codes."""
    expire_next: int = 0
    """As many addresses of files are given out that have expired."""
    webhooks: bool = True
    """While false, nothing is posted; what happened meanwhile is posted afterwards."""


class Received(TypedDict):
    """One message that the phone has received, with ISO 8601 times in UTC."""

    id: str
    to: str
    type: str
    body: str
    status: str
    received_at: str
    sent_at: str | None
    delivered_at: str | None
    read_at: str | None


class Phone:
    """Receives and types. `running` must be entered for ticks and webhooks to happen."""

    def __init__(self, config: PhoneConfig, faults: Faults | None = None) -> None:
        self.config = config
        self.faults = faults if faults is not None else Faults()
        self.store = PhoneStore(config.path)
        self._stir = asyncio.Event()
        self._running = False
        self._posting = 0
        self._typing: dict[str, float] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Tick and post in the background. A mounted app's lifespan is not run: its parent enters this in its own."""
        if self._running:
            raise RuntimeError("the phone runs already")
        self._running = True
        timeout = aiohttp.ClientTimeout(total=_POST_TIMEOUT_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
                task = asyncio.create_task(self._run(session))
                try:
                    yield self
                finally:
                    task.cancel()
                    await asyncio.wait([task])
        finally:
            self._running = False
            await asyncio.to_thread(self.store.close)

    async def receive(self, request: MessageRequest) -> str:
        """Keep a message of the business and return its id. Raises `GraphError` for a reaction to nothing."""
        now, delays, shown = time.time(), self.config.delays, request.shown
        if shown.about is not None and await asyncio.to_thread(self.store.line, storable(shown.about)) is None:
            raise GraphError(
                *(400, 131009, "(#131009) Parameter value is not valid"), "reaction['message_id'] is no message here."
            )
        code = self.faults.bounce_next.popleft() if self.faults.bounce_next else None
        if code is None and not await self._arrives(request, now):
            code = _OUTSIDE_WINDOW
        events = [("sent", now + delays.sent), ("delivered", now + delays.delivered), ("read", now + delays.read)]
        if code is not None:
            events = [("failed", now + delays.delivered)]
        self._typing.pop(request.chat, None)
        quoted = shown.about or request.quoted
        line = Line(
            *(message_id(), request.chat, False, storable(shown.body), request.attempt_id, code, now),
            kind=shown.kind,
            details=_json(shown.details),
            quoted=None if quoted is None else storable(quoted),
        )
        return await self._keep(line, events)

    async def _arrives(self, request: MessageRequest, now: float) -> bool:
        if not self.config.window or request.shown.kind == "template":
            return True
        return await asyncio.to_thread(self.store.typed_since, request.chat, now - _WINDOW_S)

    async def read(self, message_id: str, *, typing: bool) -> None:
        """Note that the business has read a typed message; with `typing` it answers soon."""
        now = time.time()
        chat = await asyncio.to_thread(self.store.mark_read, storable(message_id), now)
        if typing and chat is not None:
            self._typing[chat] = now + _TYPING_S

    def typing_for(self, chat: str) -> float:
        """For how many more seconds the business seems to be typing in a chat."""
        return max(0.0, self._typing.get(chat, 0.0) - time.time())

    async def type(self, chat: str, text: str) -> str:
        """Send a message to the business as the owner of the number `chat`; its id."""
        now = time.time()
        return await self._keep(Line(message_id(), chat, True, storable(text), None, None, now), [("message", now)])

    async def attach(self, chat: str, content: bytes, mime_type: str, name: str, caption: str) -> str:
        """Send a picture or any other file to the business as the owner of the number `chat`; the message's id."""
        now = time.time()
        line, file = attached(chat, content, mime_type, name, caption, now)
        return await self._keep(line, [("message", now)], file)

    async def choose(self, chat: str, asked: str, choice_id: str) -> str | None:
        """Answer the message `asked` with one of its choices; the answer's id, or None if it does not offer that."""
        line = await asyncio.to_thread(self.store.line, asked)
        if line is None or line.typed or line.chat != chat or line.kind not in _ANSWERS:
            return None
        offered = json.loads(line.details).get("choices", [])
        choice = next((each for each in offered if each["id"] == choice_id), None)
        if choice is None:
            return None
        now, told = time.time(), {key: choice[key] for key in ("id", "title", "description") if choice.get(key)}
        answer = Line(
            *(message_id(), chat, True, choice["title"], None, None, now),
            kind=_ANSWERS[line.kind],
            details=_json(told),
            quoted=line.id,
        )
        return await self._keep(answer, [("message", now)])

    def messages(self, chat: str | None = None) -> list[Received]:
        """What the phone has received from the business, oldest first (the last 5,000)."""
        return [
            Received(
                id=line.id,
                to=line.chat,
                type=line.kind,
                body=line.body,
                status=line.status,
                received_at=_iso(line.received_at),
                sent_at=_iso(line.sent_at) if line.sent_at else None,
                delivered_at=_iso(line.delivered_at) if line.delivered_at else None,
                read_at=_iso(line.read_at) if line.read_at else None,
            )
            for line in self.store.lines(chat, typed=False)
        ]

    async def _keep(self, line: Line, events: list[tuple[str, float]], file: File | None = None) -> str:
        await asyncio.to_thread(self.store.add, line, events, file)
        self._stir.set()
        return line.id

    async def _run(self, session: aiohttp.ClientSession) -> None:
        async with asyncio.TaskGroup() as posts:
            while True:
                try:
                    await self._round(session, posts)
                except Exception:  # a locked file must not end the phone
                    log.exception("the simulator's phone stumbled and goes on")
                    await asyncio.sleep(1)

    async def _round(self, session: aiohttp.ClientSession, posts: asyncio.TaskGroup) -> None:
        self._stir.clear()
        await asyncio.to_thread(self.store.happen, time.time())
        posting = self.faults.webhooks and self.config.webhook_url is not None
        if posting and self._posting < _AT_ONCE:
            room = _AT_ONCE - self._posting
            for event in await asyncio.to_thread(self.store.claim, time.time(), _LEASE_S, room):
                self._posting += 1
                posts.create_task(self._post(session, event))
        at = await asyncio.to_thread(self.store.next_at, posting=posting and self._posting < _AT_ONCE)
        wait = _IDLE_S if at is None else min(max(at - time.time(), 0.005), _IDLE_S)
        if not self.faults.webhooks:
            wait = min(wait, 0.1)
        try:
            async with asyncio.timeout(wait):
                await self._stir.wait()
        except TimeoutError:
            return

    async def _post(self, session: aiohttp.ClientSession, event: Event) -> None:
        """Post one webhook. A crash in between leaves it owed: webhooks may come twice, as Meta's do."""
        try:
            if await self._answered(session, event):
                await asyncio.to_thread(self.store.settle, event.seq, time.time())
                return
            now = time.time()
            if now - event.at > self.config.give_up_after_s:
                await asyncio.to_thread(self.store.give_up, event.seq)
                return
            wait = min(self.config.first_retry_s * 2.0 ** min(event.tries - 1, 16), _LONGEST_WAIT_S)
            await asyncio.to_thread(self.store.put_off, event.seq, now + wait)
        except Exception:  # its lease runs out, then it is tried again
            log.exception("the simulator's phone could not note down a webhook")
        finally:
            self._posting -= 1
            self._stir.set()

    async def _answered(self, session: aiohttp.ClientSession, event: Event) -> bool:
        config = self.config
        body = webhook_body(
            event,
            waba_id=config.waba_id,
            phone_number_id=config.phone_number_id,
            display_number=config.display_number,
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(config.app_secret.encode(), body),
        }
        try:
            async with session.post(
                str(config.webhook_url), data=body, headers=headers, allow_redirects=False
            ) as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError) as error:
            log.debug("the webhook did not answer: %s", type(error).__name__)
            return False


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _json(details: Mapping[str, Any]) -> str:
    return storable(json.dumps(details, ensure_ascii=False))
