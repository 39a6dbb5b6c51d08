"""The way to the owner that is not WhatsApp: the addresses of `WA_OWNER_NOTICE_URLS`, as apprise knows them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from wa_integrasi.settings import Settings
from wa_integrasi.store.engine import Store
from wa_integrasi.upkeep.matters import Telling, tell_owner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What one address made of a notice: its place in the list and its kind, never the address itself."""

    place: int
    kind: str
    problem: str = ""

    def __str__(self) -> str:
        return f"address {self.place} ({self.kind}): {self.problem or 'accepted'}"


def addresses(settings: Settings) -> Sequence[str]:
    """The addresses, each with its credentials in it: for `send` alone, and for nothing that is shown."""
    given = settings.owner_notice_urls.get_secret_value() if settings.owner_notice_urls else ""
    return given.split()


def send(urls: Sequence[str], subject: str, body: str) -> list[Told]:
    """Give a notice to every address, and say what each made of it. Takes up to a quarter of a minute for each."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it would write addresses to the log
    asset = apprise.AppriseAsset(app_id="WA-Integrasi", app_desc="WA-Integrasi", app_url="", async_mode=False)
    told = []
    for place, url in enumerate(urls, 1):
        channel = apprise.Apprise(asset=asset)
        kind = url.partition("://")[0]
        if not channel.add(url):
            told.append(Told(place, kind, "apprise does not know such an address"))
        elif not channel.notify(title=subject, body=body, notify_type=apprise.NotifyType.WARNING):
            told.append(Told(place, kind, "it was not accepted"))
        else:
            told.append(Told(place, kind))
    return told


def tell_by(store: Store, settings: Settings) -> Telling | None:
    """Tell the owner what WhatsApp cannot (`tell_owner`); None where no address is set."""
    urls = addresses(settings)
    if not urls:
        return None

    def accepted(subject: str, body: str) -> list[Told]:
        told = send(urls, subject, body)
        for each in told:
            if each.problem:
                log.warning("the owner was not told: %s", each)
        return [each for each in told if not each.problem]

    return tell_owner(store, accepted, timedelta(minutes=settings.owner_notice_minutes))
