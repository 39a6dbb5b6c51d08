"""Every channel by its name: what sends by it, what checks its webhooks, and what that needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from wa_integrasi.providers.base import Capabilities, Receiver, Sender
from wa_integrasi.providers.meta import MetaCloudReceiver, MetaCloudSender
from wa_integrasi.providers.twilio import TwilioSender
from wa_integrasi.providers.twilio_webhook import TwilioReceiver
from wa_integrasi.providers.waha import WahaReceiver, WahaSender
from wa_integrasi.providers.watzap import WatzapSender
from wa_integrasi.providers.watzap_webhook import WatzapReceiver
from wa_integrasi.providers.wwebjs import WwebjsReceiver, WwebjsSender

SENDERS: Mapping[str, type[Sender]] = {
    "meta": MetaCloudSender,
    "twilio": TwilioSender,
    "waha": WahaSender,
    "watzap": WatzapSender,
    "wwebjs": WwebjsSender,
}

WEBHOOK_FIELDS: Mapping[str, tuple[str, ...]] = {
    "meta": ("app_secret", "verify_token", "phone_number_id"),
    "twilio": ("auth_token", "webhook_url"),
    "waha": ("hmac_key", "session"),
    "watzap": ("webhook_token",),
    "wwebjs": ("api_key", "session"),
}
"""Which fields of its block a channel's receiver takes, in the order in which it takes them."""

_RECEIVERS: Mapping[str, Any] = {
    "meta": MetaCloudReceiver,
    "twilio": TwilioReceiver,
    "waha": WahaReceiver,
    "watzap": WatzapReceiver,
    "wwebjs": WwebjsReceiver,
}


def receiver_of(channel: str, fields: Mapping[str, str]) -> Receiver:
    """The receiver of an account by its `WEBHOOK_FIELDS`. Raises `ValueError`, never repeating a value."""
    if channel not in _RECEIVERS:
        raise ValueError(f"{channel[:40]!r} is no channel; there are: {', '.join(_RECEIVERS)}")
    names = WEBHOOK_FIELDS[channel]
    if missing := [name for name in names if not isinstance(fields.get(name), str)]:
        raise ValueError(f"{', '.join(missing)}: not given")
    return cast(Receiver, _RECEIVERS[channel](*(fields[name] for name in names)))


def capabilities_of(provider: str) -> Capabilities | None:
    """What a channel can do, by the name of its sender; None where there is no such channel."""
    sender = SENDERS.get(provider)
    return sender.capabilities if sender else None
