"""A channel's message into the one shape that all of them have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from wa_integrasi.inbox.channels import meta, twilio, watzap, web
from wa_integrasi.inbox.message import Context, Extras, InboundMessage
from wa_integrasi.providers.base import MessageEvent
from wa_integrasi.recipient import Kind, Recipient

_CHANNELS: Mapping[str, Callable[[MessageEvent], Extras]] = {
    "meta": meta.extras,
    "twilio": twilio.extras,
    "waha": web.extras,
    "wwebjs": web.extras,
    "watzap": watzap.extras,
}


def normalise(event: MessageEvent, provider: str, account: str, received_at: datetime) -> InboundMessage:
    """The message as every later step knows it. It never was written after it came: clocks differ, and people lie."""
    read = _CHANNELS.get(provider)
    extras = read(event) if read else Extras()
    chat = event.chat or event.sender
    context = replace(extras.context or Context(), mentions_us=True) if event.mentions_us else extras.context
    return InboundMessage(
        provider=provider,
        account=account,
        message_id=event.message_id,
        chat=chat,
        sender=event.sender,
        kind=event.kind,
        at=min(event.at, received_at),
        received_at=received_at,
        phone=extras.phone,
        user_id=extras.user_id,
        lid=extras.lid,
        group=chat if Recipient.of_chat(chat).kind is Kind.GROUP else None,
        name=extras.name,
        text=event.text,
        media=extras.media,
        context=context,
        details=extras.details,
        quote_id=event.quote_id,
        raw=event.raw,
    )
