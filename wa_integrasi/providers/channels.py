"""Every channel by its name, for what can be said of it without a connection."""

from __future__ import annotations

from wa_integrasi.providers.base import Capabilities, Sender
from wa_integrasi.providers.meta import MetaCloudSender
from wa_integrasi.providers.twilio import TwilioSender
from wa_integrasi.providers.waha import WahaSender
from wa_integrasi.providers.watzap import WatzapSender
from wa_integrasi.providers.wwebjs import WwebjsSender

_SENDERS: tuple[type[Sender], ...] = (MetaCloudSender, TwilioSender, WahaSender, WatzapSender, WwebjsSender)


def capabilities_of(provider: str) -> Capabilities | None:
    """What a channel can do, by the name of its sender; None where there is no such channel."""
    return next((sender.capabilities for sender in _SENDERS if sender.name == provider), None)
