"""Whatever a provider signs: no answer says that we broke, and what was acknowledged is stored and comes to its end."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from starlette.applications import Starlette

from tests.fuzz.channels import CHANNELS, Channel
from tests.fuzz.mutating import mutated
from tests.waiting import until
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events, inbound_messages
from wa_integrasi.web.app import create_app
from wa_integrasi.web.webhooks import BODY_LIMIT

EVERY = {name: make() for name, make in CHANNELS.items()}
ANSWERS = {200, 400, 413}
_PARKED = "of no message known here"


@dataclass(frozen=True)
class Sent:
    """A request as it comes over the wire."""

    channel: Channel
    body: bytes
    pieces: int = 1
    content_type: str = "application/json"
    breaks_off: bool = False
    pause_s: float = 0.0


class Service:
    """The app with its worker, asked byte by byte."""

    def __init__(self, app: Starlette, store: Store) -> None:
        self._app = app
        self._store = store

    async def send(self, sent: Sent) -> int | None:
        """The status that is answered; None for a request that breaks off or cannot be signed."""
        if sent.channel.kept(sent.body) is None:
            return None
        path, _, query = sent.channel.path.partition("?")
        headers = {**sent.channel.sign(sent.body), "content-type": sent.content_type, "host": "wa"}
        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "root_path": "",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        size = max(1, -(-len(sent.body) // sent.pieces))
        pieces = [sent.body[at : at + size] for at in range(0, max(1, len(sent.body)), size)]
        waiting = [(piece, sent.breaks_off or at < len(pieces) - 1) for at, piece in enumerate(pieces)]
        if sent.breaks_off:
            waiting.pop()
        answers: list[int] = []

        async def receive() -> Mapping[str, Any]:
            await asyncio.sleep(sent.pause_s)
            if not waiting:
                return {"type": "http.disconnect"}
            piece, more = waiting.pop(0)
            return {"type": "http.request", "body": piece, "more_body": more}

        async def answer(message: Mapping[str, Any]) -> None:
            answers.extend([message["status"]] if message["type"] == "http.response.start" else [])

        await self._app(scope, receive, answer)
        assert len(answers) == (not sent.breaks_off)
        return answers[0] if answers else None

    async def hold(self, sent: Sent) -> None:
        """What was acknowledged is in the store, as it came, and is read."""
        kept = sent.channel.kept(sent.body) or b""
        key = hashlib.sha256(kept).hexdigest()
        c = inbound_events.c
        mine = select(c.body, c.due_at, c.note).where(c.provider == sent.channel.name, c.event_key == key)

        def ended() -> bool:
            with self._store.reading() as connection:
                [row] = connection.execute(mine).all()
            assert bytes(row.body) == kept
            return row.note is not None and (row.due_at is None or _PARKED in row.note)

        await until(ended)

    def unrouted(self) -> int:
        """How many messages wait for their route."""
        with self._store.reading() as connection:
            waiting = select(inbound_messages.c.id).where(inbound_messages.c.route.is_(None))
            return len(connection.execute(waiting).all())


@pytest.fixture
async def service(store: Store) -> AsyncIterator[Service]:
    app = create_app(store, {(name, "default"): channel.receiver for name, channel in EVERY.items()})
    async with app.router.lifespan_context(app):
        yield Service(app, store)


SIGNS = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(["\0", "\ud800", "‮", "6281234567890@c.us"])
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**40, -(10**400)])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | SIGNS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SIGNS, inner, max_size=4),
    max_leaves=15,
)
DEEP = st.builds(
    lambda depth, pair: pair[0] * depth + b"1" + pair[1] * depth,
    st.sampled_from([50, 100, 101, 950, 990, 5_000, 100_000]),
    st.sampled_from([(b"[", b"]"), (b'{"id":', b"}"), (b"[", b"")]),
)
ODD = st.sampled_from(
    [b"", b"null", b"1e400", b"9" * 10_000, b'{"object":1e400}', b'{"a":1,"a":2}', b"\xff\xfe{\x00}\x00", b"&" * 400]
)
SENT = st.builds(
    Sent,
    channel=st.sampled_from(list(EVERY.values())),
    body=st.binary(max_size=200) | DEEP | ODD | VALUES.map(lambda value: json.dumps(value).encode()),
    pieces=st.integers(1, 5),
    content_type=st.sampled_from(["application/json", "text/plain; charset=utf-16", "multipart/form-data", "\t"]),
    breaks_off=st.booleans(),
)
CHANGED = st.builds(
    lambda name, number, seed: Sent(
        EVERY[name], mutated(EVERY[name].seeds[number % len(EVERY[name].seeds)], Random(seed))
    ),
    st.sampled_from(list(EVERY)),
    st.integers(0, 99),
    st.integers(),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(batch=st.lists(SENT | CHANGED, min_size=1, max_size=5))
async def test_whatever_is_signed(service: Service, batch: list[Sent]) -> None:
    answers = await asyncio.gather(*map(service.send, batch))
    assert {answer for answer in answers if answer is not None} <= ANSWERS
    for sent, answer in zip(batch, answers, strict=True):
        if answer == 200:
            await service.hold(sent)
    await until(lambda: service.unrouted() == 0)


def filled(body: Callable[[int], bytes]) -> bytes:
    """The longest body that is taken."""
    return body(BODY_LIMIT - len(body(0)))


LONG: Mapping[str, bytes] = {
    "one long text": filled(lambda size: b'{"object":"' + b"x" * size + b'"}'),
    "opened and never closed": b"[" * BODY_LIMIT,
    "a form of one field": filled(lambda size: b"MessageSid=SM1&From=whatsapp:%2B6281234567890&Body=" + b"x" * size),
    "a number": filled(lambda size: b'{"object":' + b"9" * size + b"}"),
    "items that are none": b'{"object":"whatsapp_business_account","entry":[' + b"0," * 300_000 + b"0]}",
}


@pytest.mark.parametrize("what", LONG)
async def test_a_long_one(service: Service, what: str) -> None:
    for name in ("meta", "twilio"):
        sent = Sent(EVERY[name], LONG[what], pieces=40)
        answer = await service.send(sent)
        assert answer in ANSWERS
        if answer == 200:
            await service.hold(sent)
    assert await service.send(Sent(EVERY["meta"], LONG[what] + b" " * BODY_LIMIT)) == 413


async def test_slow_ones_hold_up_nobody(service: Service) -> None:
    [slow, quick] = [Sent(EVERY["meta"], body, pieces=20, pause_s=pause) for body, pause in ((b"{ }", 0.2), (b"{}", 0))]
    waits = asyncio.create_task(service.send(slow))
    assert await service.send(quick) == 200
    assert not waits.done()
    assert await waits == 200
    await service.hold(slow)
