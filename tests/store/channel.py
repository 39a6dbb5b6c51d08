"""A channel without a network, and the messages that go through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Self

from sqlalchemy import select

from wa_integrasi.content import Text
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.providers.base import Accepted, Capabilities, Outbound, Outcome
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import wa_outbox

SITI = Recipient.parse("+6281234567890")
BUDI = Recipient.parse("+6281234567891")

Answer = Callable[[Outbound], Awaitable[Outcome]]


async def accept(outbound: Outbound) -> Outcome:
    return Accepted(f"wamid.{outbound.attempt_id}")


class RecordingSender:
    """Remembers what it was given, and answers as it is told."""

    name: ClassVar[str] = "recording"
    capabilities: ClassVar[Capabilities] = Capabilities(
        frozenset({Kind.PHONE}), frozenset({"text"}), echoes_attempt=True
    )

    def __init__(self, answer: Answer = accept) -> None:
        self.answer = answer
        self.sent: list[Outbound] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def send(self, outbound: Outbound) -> Outcome:
        self.sent.append(outbound)
        return await self.answer(outbound)

    def bodies(self) -> list[str]:
        return [outbound.content.body for outbound in self.sent]


def message(body: str = "halo", to: Recipient = SITI, account: str = "default") -> NewMessage:
    return NewMessage(to, Text(body=body), account=account)


def enqueue(outbox: Outbox, *messages: NewMessage) -> list[int]:
    return [row.id for row in outbox.enqueue(messages)]


def statuses(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(wa_outbox.c.status).order_by(wa_outbox.c.id)).scalars())
