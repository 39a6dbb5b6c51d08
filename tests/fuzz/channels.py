"""Every channel as a fuzzer needs it: its receiver, how its provider signs, and webhooks to begin from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.load import NUMBER_ID
from tests.fuzz import seeds
from wa_integrasi.providers.base import Receiver, SignatureError
from wa_integrasi.providers.meta import MetaCloudReceiver
from wa_integrasi.providers.meta import signature as meta_signature
from wa_integrasi.providers.twilio_webhook import TwilioReceiver, form_fields
from wa_integrasi.providers.twilio_webhook import signature as twilio_signature
from wa_integrasi.providers.waha import WahaReceiver
from wa_integrasi.providers.waha import signature as waha_signature
from wa_integrasi.providers.watzap_webhook import WatzapReceiver
from wa_integrasi.providers.wwebjs import WwebjsReceiver

SECRET = "a-secret-of-every-channel"
_TWILIO_HOOK = "https://wa.example.id/webhooks/twilio/default"
_TWILIO_QUERY = "attempt=attempt-7f3a"


@dataclass(frozen=True)
class Channel:
    """One channel. `sign` makes the headers that its provider sends with a body; `query` belongs to its address."""

    receiver: Receiver
    sign: Callable[[bytes], Mapping[str, str]]
    seeds: tuple[bytes, ...] = field(repr=False)
    query: str = ""

    @property
    def name(self) -> str:
        return self.receiver.name

    @property
    def path(self) -> str:
        return f"/webhooks/{self.name}/default" + (f"?{self.query}" if self.query else "")

    def kept(self, body: bytes) -> bytes | None:
        """What is kept of a body that is rightly signed; None for one that the channel's provider cannot sign."""
        try:
            headers = self.sign(body)
        except SignatureError:
            return None
        return self.receiver.verify(headers, body, self.query)


CHANNELS: Mapping[str, Callable[[], Channel]] = {
    "meta": lambda: Channel(
        MetaCloudReceiver(SECRET, "verify-me", NUMBER_ID),
        lambda body: {"X-Hub-Signature-256": meta_signature(SECRET.encode(), body)},
        tuple(seeds.meta()),
    ),
    "twilio": lambda: Channel(
        TwilioReceiver(SECRET, _TWILIO_HOOK), _signed_by_twilio, tuple(seeds.twilio()), _TWILIO_QUERY
    ),
    "waha": lambda: Channel(
        WahaReceiver(SECRET),
        lambda body: {"X-Webhook-Hmac": waha_signature(SECRET.encode(), body)},
        tuple(seeds.waha()),
    ),
    "watzap": lambda: Channel(WatzapReceiver(SECRET), lambda _: {}, tuple(seeds.watzap()), f"token={SECRET}"),
    "wwebjs": lambda: Channel(
        WwebjsReceiver(SECRET, seeds.SESSION), lambda _: {"x-api-key": SECRET}, tuple(seeds.wwebjs())
    ),
}


def _signed_by_twilio(body: bytes) -> Mapping[str, str]:
    url = f"{_TWILIO_HOOK}?{_TWILIO_QUERY}"
    return {"X-Twilio-Signature": twilio_signature(SECRET.encode(), url, form_fields(body)).decode()}
