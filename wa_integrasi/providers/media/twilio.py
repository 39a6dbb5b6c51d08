"""Files of Twilio: at its API with the account's password, which sends us to a store of files without one."""

from __future__ import annotations

import base64
from typing import Self

from wa_integrasi.providers.base import Fetched, FileSource, Lack, Take, Unfetched
from wa_integrasi.providers.media.download import WITHIN_S, Download, Refusal, not_ours
from wa_integrasi.providers.media.places import Address
from wa_integrasi.providers.twilio import TwilioConfig
from wa_integrasi.providers.twilio_errors import SERVICE

HOSTS = (".twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where Twilio sends us for files: addresses that are signed for some hours, and are never shown the password."""

_HOPS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class TwilioMedia:
    """Fetches by the address that a webhook names, when it is one of this account's messages."""

    def __init__(self, config: TwilioConfig, *, within_s: float = WITHIN_S) -> None:
        own = Address.read(config.api_url)
        if own is None:
            raise ValueError("api_url must be http(s)://host")
        self._own = own
        self._messages = f"{own.rest.rstrip('/')}/2010-04-01/Accounts/{config.account_sid}/Messages/"
        pair = f"{config.api_key_sid or config.account_sid}:{config.secret}"
        self._authorization = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        self._download = Download(SERVICE, own.host, within_s=within_s)

    async def __aenter__(self) -> Self:
        await self._download.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._download.__aexit__()

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        """See `FetchesMedia`."""
        address = Address.read(source.url)
        if address is None or address.origin != self._own.origin or not address.rest.startswith(self._messages):
            return not_ours(SERVICE)
        loaded = await self._download.get(address, take, at_most, headers=self._authorization)
        for _ in range(_HOPS):
            if not isinstance(loaded, Refusal) or loaded.status not in _REDIRECTS:
                break
            elsewhere = Address.read(loaded.location)
            if elsewhere is None or not (elsewhere.origin == self._own.origin or elsewhere.is_of(HOSTS)):
                return not_ours(SERVICE, Lack.AGAIN)
            loaded = await self._download.get(elsewhere, take, at_most)
        return self._download.explained(loaded) if isinstance(loaded, Refusal) else loaded
