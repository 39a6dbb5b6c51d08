"""Files of the Cloud API: their id is asked for an address, which lives five minutes and wants the token as well."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Self

from wa_integrasi.providers.base import Failed, Fetched, FileSource, Lack, Take, Unanswered, Unfetched
from wa_integrasi.providers.http import Http
from wa_integrasi.providers.media.download import WITHIN_S, Download, Refusal, not_ours, text_at, too_large
from wa_integrasi.providers.media.places import Address
from wa_integrasi.providers.meta import MetaConfig
from wa_integrasi.providers.meta_errors import SERVICE, graph_answer

HOSTS = ("lookaside.fbsbx.com", ".fbcdn.net", ".whatsapp.net")
"""Where Meta keeps files: nobody else is shown the token."""

_ID = re.compile(r"[0-9]{1,40}")
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_UNKNOWN_OBJECT = "100"


class MetaMedia:
    """Fetches by the id that a webhook names; an address in a webhook is used only when there is no id."""

    def __init__(self, config: MetaConfig, *, within_s: float = WITHIN_S) -> None:
        own = Address.read(config.api_url)
        if own is None:
            raise ValueError("api_url must be http(s)://host")
        self._config = config
        self._own = own
        self._authorization = {"Authorization": f"Bearer {config.access_token}"}
        self._http = Http(SERVICE, self._authorization, timeout_s=config.timeout_s, max_in_flight=8)
        self._download = Download(SERVICE, own.host, within_s=within_s)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        await self._download.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._download.__aexit__()
        await self._http.__aexit__()

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        """See `FetchesMedia`. An address that has expired meanwhile is asked for anew, once."""
        if source.id is None:
            address = self._place(source.url)
            return not_ours(SERVICE) if address is None else await self._load(address, Fetched(), take, at_most)
        if not _ID.fullmatch(source.id):
            return Unfetched(Lack.NEVER, f"its id is none of {SERVICE}'s")
        told = await self._ask(source.id)
        if isinstance(told, Unfetched):
            return told
        found = await self._load(*told, take, at_most)
        if not isinstance(found, Unfetched) or found.lack is not Lack.MISSING:
            return found
        told = await self._ask(source.id)
        return told if isinstance(told, Unfetched) else await self._load(*told, take, at_most)

    async def _ask(self, media_id: str) -> tuple[Address, Fetched] | Unfetched:
        """Where the file is, and what Meta says of it."""
        url = f"{self._config.api_url.rstrip('/')}/{self._config.api_version}/{media_id}"
        answer = await self._http.get(url)
        said = answer if isinstance(answer, Failed | Unanswered) else graph_answer(answer, self._config.access_token)
        if isinstance(said, Failed | Unanswered):
            return _unfetched(said)
        address = self._place(text_at(said, "url"))
        if address is None:
            return not_ours(SERVICE, Lack.AGAIN)
        return address, Fetched(text_at(said, "mime_type", 200), _digest(text_at(said, "sha256")), _size(said))

    def _place(self, url: str | None) -> Address | None:
        """The address, when the token may be shown there."""
        address = Address.read(url)
        ours = address is not None and (address.origin == self._own.origin or address.is_of(HOSTS))
        return address if ours else None

    async def _load(self, address: Address, told: Fetched, take: Take, at_most: int) -> Fetched | Unfetched:
        if told.size is not None and told.size > at_most:
            return too_large(at_most)
        loaded = await self._download.get(address, take, at_most, headers=self._authorization)
        if isinstance(loaded, Refusal):
            return self._download.explained(loaded)
        return told if isinstance(loaded, Fetched) else loaded


def _unfetched(said: Failed | Unanswered) -> Unfetched:
    if isinstance(said, Unanswered):
        return Unfetched(Lack.AGAIN, said.text)
    return Unfetched(
        Lack.MISSING if said.code == _UNKNOWN_OBJECT else Lack.AGAIN, f"{said.code}: {said.text}", said.retry_after
    )


def _size(said: Mapping[str, Any]) -> int | None:
    told = said.get("file_size")  # at times a number, at times the digits of one
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 19:
        told = int(told)
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _digest(text: str | None) -> str | None:
    """A SHA-256 as the Graph API tells it: hexadecimal, and base64 in webhooks."""
    if text is None or _HEX.fullmatch(text):
        return text.lower() if text else None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == 32 else None
