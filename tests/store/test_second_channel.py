"""The owner hears by another channel what WhatsApp cannot tell: each matter once, and no address leaks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner

from deployments.cli import app
from tests.conftest import FrozenClock
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import breakers, wa_outbox
from wa_integrasi.upkeep.matters import Telling, matters, tell_owner
from wa_integrasi.upkeep.second_channel import addresses, send

PATIENCE = timedelta(minutes=15)


class Channel:
    """Takes what is told, or refuses it."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.accepts = True

    def __call__(self, subject: str, body: str) -> list[str]:
        if not self.accepts:
            return []
        self.bodies.append(body)
        return ["accepted"]


@pytest.fixture
def channel() -> Channel:
    return Channel()


def hold(store: Store, clock: FrozenClock) -> None:
    state = {"account": "gudang", "in_a_row": 0, "tried": 0, "failed": 0, "openings": 1, "changed_at": clock.now}
    with store.writing() as connection:
        connection.execute(insert(breakers).values(circuit="open", code="session_lost", **state))


def notice(store: Store, clock: FrozenClock, status: str, key: str) -> int:
    row = {"recipient": "+6281200000005", "content": "rahasia", "status": status, "dedupe_key": key}
    with store.writing() as connection:
        new = insert(wa_outbox).values(**row, error_code="190", created_at=clock.now)
        return int(connection.execute(new.returning(wa_outbox.c.id)).scalar_one())


def test_a_held_account_is_told_of_once_and_again_only_when_it_is_held_anew(
    store: Store, clock: FrozenClock, channel: Channel
) -> None:
    hold(store, clock)
    assert tell_owner(store, channel, PATIENCE, clock) == Telling(told=1)
    assert tell_owner(store, channel, PATIENCE, clock) == Telling()
    [body] = channel.bodies
    assert "Akun gudang ditahan (session_lost)" in body
    assert "Account gudang is held (session_lost)" in body
    circuit = update(breakers).values(changed_at=clock.now)
    with store.writing() as connection:
        connection.execute(circuit.values(circuit="closed"))
    clock.tick(hours=2)
    tell_owner(store, channel, PATIENCE, clock)
    with store.writing() as connection:
        connection.execute(circuit.values(circuit="open"))
    assert tell_owner(store, channel, PATIENCE, clock) == Telling(told=1)


def test_notices_that_wait_too_long_or_died_are_one_message_without_their_text(
    store: Store, clock: FrozenClock, channel: Channel
) -> None:
    waits = notice(store, clock, "pending", "notice/harian/2040-11-20/2040-11-20T00")
    died = notice(store, clock, "dead", "urgent/7/critical/2040112000/x")
    notice(store, clock, "dead", "harian:2040-11-20:x:1")
    assert tell_owner(store, channel, PATIENCE, clock) == Telling(told=1)
    clock.tick(minutes=16)
    notice(store, clock, "pending", "missed/harian/2040-11-20")
    assert tell_owner(store, channel, PATIENCE, clock) == Telling(told=1)
    assert [f"Notice {died} (urgent)" in channel.bodies[0], f"Notice {waits} (notice)" in channel.bodies[1]] == [
        True
    ] * 2
    assert not any("rahasia" in body or "+62" in body for body in channel.bodies)


def test_what_nobody_accepts_is_told_again_later(store: Store, clock: FrozenClock, channel: Channel) -> None:
    hold(store, clock)
    channel.accepts = False
    assert tell_owner(store, channel, PATIENCE, clock) == Telling(failed=1)
    channel.accepts = True
    assert tell_owner(store, channel, PATIENCE, clock) == Telling()
    clock.tick(minutes=5)
    assert tell_owner(store, channel, PATIENCE, clock) == Telling(told=1)
    [matter] = matters(store, 10)
    assert (matter.attempts, matter.due_at, matter.told_at) == (2, None, clock.now)


def test_two_at_once_tell_it_once(store: Store, clock: FrozenClock, channel: Channel) -> None:
    hold(store, clock)

    def slow(subject: str, body: str) -> list[str]:
        assert tell_owner(store, channel, PATIENCE, clock) == Telling()
        return channel(subject, body)

    assert tell_owner(store, slow, PATIENCE, clock) == Telling(told=1)
    assert len(channel.bodies) == 1


@pytest.fixture
def endpoint() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Somebody who takes JSON at /ok and refuses it elsewhere."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.path.startswith("/ok")
            if good:
                heard.append(json.loads(body))
            self.send_response(200 if good else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, heard
        server.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore:.*slated for removal in Python 3.13:DeprecationWarning")  # within apprise
def test_the_addresses_are_tried_for_real_and_never_shown(
    endpoint: tuple[int, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port, heard = endpoint
    good, bad = f"json://u:geheim@127.0.0.1:{port}/ok", f"json://u:geheim@127.0.0.1:{port}/no"
    monkeypatch.setenv("WA_OWNER_NOTICE_URLS", good)
    said = CliRunner().invoke(app, ["notice", "test"])
    assert (said.exit_code, said.output, said.exception) == (0, "address 1 (json): accepted\n", None)
    assert "WhatsApp is down" in heard[0]["message"]
    monkeypatch.setenv("WA_OWNER_NOTICE_URLS", f"{good}, {bad} nonsense://x")
    said = CliRunner().invoke(app, ["notice", "test"])
    assert said.exit_code == 1
    assert said.stderr.splitlines() == [
        "address 2 (json): it was not accepted",
        "address 3 (nonsense): apprise does not know such an address",
    ]
    assert "geheim" not in said.output + caplog.text
    assert "geheim" not in repr(load_settings())


def test_an_address_that_is_none_stops_the_start_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WA_OWNER_NOTICE_URLS", "geheim@example.id")
    with pytest.raises(SettingsError, match=r"WA_OWNER_NOTICE_URLS: found \(a secret\), must be addresses") as caught:
        load_settings()
    assert "geheim" not in str(caught.value)


def test_addresses_stand_apart_by_spaces_or_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WA_OWNER_NOTICE_URLS", "mailto://a:b@c.id?to=x@c.id,y@c.id,\n tgram://1/2")
    assert addresses(load_settings()) == ["mailto://a:b@c.id?to=x@c.id,y@c.id", "tgram://1/2"]
    assert send([], "x", "y") == []
