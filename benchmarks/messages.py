"""What the benchmarks send, and a channel that costs nothing."""

import uuid
from typing import ClassVar, Self

from wa_integrasi.content import TYPES, Content, Text
from wa_integrasi.outbox import NewMessage
from wa_integrasi.providers.base import Accepted, Capabilities, Outbound, Outcome
from wa_integrasi.recipient import Kind, Recipient


class Nowhere:
    """Accepts everything at once."""

    name: ClassVar[str] = "nowhere"
    capabilities: ClassVar[Capabilities] = Capabilities(recipients=frozenset(Kind), contents=TYPES)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def send(self, outbound: Outbound) -> Outcome:
        return Accepted(outbound.attempt_id)


def messages(count: int, chats: int, content: Content | None = None) -> list[NewMessage]:
    """`count` messages to `chats` chats in turn, each with a dedupe key of its own."""
    people = [Recipient(Kind.PHONE, f"+62812{number:08}") for number in range(min(chats, count))]
    content = content or Text(body="halo")
    return [NewMessage(people[n % len(people)], content, dedupe_key=uuid.uuid4().hex) for n in range(count)]
