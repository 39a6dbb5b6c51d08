"""Webhooks that mean what a test says, and what becomes of them in a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select

from wa_integrasi.content import Text
from wa_integrasi.history import History
from wa_integrasi.inbox import Inbox
from wa_integrasi.message import Receipt
from wa_integrasi.outbox import Claimed, NewMessage, Outbox
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.providers.base import Event, ReceiptEvent
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import inbound_events

KEY = ("meta", "default")
SITI = Recipient.parse("+6281234567890")

Reading = Callable[[], Sequence[Event]]


class ToldReceiver:
    """A channel whose webhooks mean what the test says; counts how often each was read."""

    name: ClassVar[str] = "told"
    sends_json: ClassVar[bool] = False

    def __init__(self) -> None:
        self.meanings: dict[bytes, Reading] = {}
        self.read: list[bytes] = []

    def handshake(self, query: object) -> str:
        raise NotImplementedError

    def verify(self, headers: object, body: bytes, query: str = "") -> bytes:
        raise NotImplementedError

    def parse(self, body: bytes) -> Sequence[Event]:
        self.read.append(body)
        return self.meanings.get(body, list)()


def rows(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(inbound_events).order_by(inbound_events.c.id)))


def statuses(store: Store) -> list[str]:
    return [entry.status for entry in reversed(History(store).messages())]


def keep(inbox: Inbox, receiver: ToldReceiver, body: bytes, meaning: Reading = list) -> None:
    receiver.meanings[body] = meaning
    assert inbox.keep(*KEY, body)


def claimed(outbox: Outbox) -> Claimed:
    outbox.enqueue([NewMessage(SITI, Text(body="halo"))])
    [row] = outbox.claim("test", {"default": AccountRules()})
    return row


def receipt(message_id: str, what: Receipt, at: datetime) -> ReceiptEvent:
    return ReceiptEvent(message_id, what, at)
