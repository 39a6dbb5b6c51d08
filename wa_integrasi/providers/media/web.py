"""Files of the WhatsApp Web gateways, which have them for minutes (WAHA) or get them from the phone (wwebjs-api)."""

from __future__ import annotations

import json
import re
from typing import Self
from urllib.parse import quote

from wa_integrasi.providers.base import Fetched, FileSource, Lack, Take, Unfetched
from wa_integrasi.providers.http import Answer, Http
from wa_integrasi.providers.media.download import WITHIN_S, Download, Refusal, not_ours, text_at
from wa_integrasi.providers.media.places import Address
from wa_integrasi.providers.waha import WahaConfig
from wa_integrasi.providers.wwebjs import WwebjsConfig

_WAHA, _WWEBJS = "WAHA", "wwebjs-api"
_FILES = "/api/files/"
_SERIALIZED = re.compile(r"(?:true|false)_([^_/?#]{1,128})_([^_/?#]{1,128})(?:_.{1,128})?", re.DOTALL)


class WahaMedia:
    """Fetches from the configured server, by whatever name the server calls itself in its webhooks.

    WAHA deletes a file after three minutes (`WHATSAPP_FILES_LIFETIME`), and need not have loaded it at all: then it is
    asked for the message, and loads the file anew.
    """

    def __init__(self, config: WahaConfig, *, within_s: float = WITHIN_S) -> None:
        self._config = config
        self._own = _own(config.api_url)
        self._key = {"X-Api-Key": config.api_key}
        self._http = Http(_WAHA, self._key, timeout_s=config.timeout_s, max_in_flight=config.max_in_flight)
        self._download = Download(_WAHA, self._own.host, within_s=within_s)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        await self._download.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._download.__aexit__()
        await self._http.__aexit__()

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        """See `FetchesMedia`."""
        found = Unfetched(Lack.MISSING, f"{_WAHA} named no address of the file")
        if source.url is not None:
            tried = await self._load(source.url, take, at_most)
            if not isinstance(tried, Unfetched) or tried.lack is not Lack.MISSING:
                return tried
            found = tried
        message = _SERIALIZED.fullmatch(source.id or "")
        if message is None:
            return found
        url = await self._asked(message[1], str(source.id))
        return url if isinstance(url, Unfetched) else await self._load(url, take, at_most)

    async def _load(self, url: str, take: Take, at_most: int) -> Fetched | Unfetched:
        given = Address.read(url)
        path = given.rest if given else ""
        at = path.partition("?")[0].find(_FILES)
        if given is None or at < 0:
            return not_ours(_WAHA)
        ours = Address(*self._own.origin, self._own.rest.rstrip("/") + path[at:])
        loaded = await self._download.get(ours, take, at_most, headers=self._key)
        return self._download.explained(loaded) if isinstance(loaded, Refusal) else loaded

    async def _asked(self, chat: str, message_id: str) -> str | Unfetched:
        """Where the file is once WAHA has loaded it from WhatsApp again."""
        chat, message_id = quote(chat, safe=""), quote(message_id, safe="")
        path = f"/api/{self._config.session}/chats/{chat}/messages/{message_id}?downloadMedia=true"
        answer = await self._http.get(self._config.url(path))
        if not isinstance(answer, Answer):
            return Unfetched(Lack.AGAIN, answer.text)
        if answer.status != 200:
            return self._download.explained(Refusal(answer.status, retry_after=answer.retry_after))
        url = text_at(answer.json().get("media"), "url")
        return url or Unfetched(Lack.MISSING, f"{_WAHA} cannot load the file from WhatsApp")


class WwebjsMedia:
    """Has the phone load the file and takes it as bytes (`downloadMediaAsData`).

    The gateway can also answer it in base64 within JSON (`downloadMedia`): that would have to be held in memory whole.
    """

    def __init__(self, config: WwebjsConfig, *, within_s: float = WITHIN_S) -> None:
        self._config = config
        self._own = _own(config.api_url)
        self._headers = {"x-api-key": config.api_key, "Content-Type": "application/json"}
        self._download = Download(_WWEBJS, self._own.host, within_s=within_s)

    async def __aenter__(self) -> Self:
        await self._download.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._download.__aexit__()

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        """See `FetchesMedia`."""
        message = _SERIALIZED.fullmatch(source.id or "")
        if message is None:
            return Unfetched(Lack.NEVER, "the webhook does not say in which chat the message is")
        path = f"{self._own.rest.rstrip('/')}/message/downloadMediaAsData/{self._config.session}"
        body = json.dumps({"chatId": message[1], "messageId": message[2]}).encode()
        address = Address(*self._own.origin, path)
        loaded = await self._download.get(address, take, at_most, headers=self._headers, body=body)
        if not isinstance(loaded, Refusal):
            return loaded
        if loaded.status in (404, 422):  # of this gateway they mean a lost session, not a lost file
            return Unfetched(Lack.AGAIN, f"the session of {_WWEBJS} is not there (HTTP {loaded.status})")
        return self._download.explained(loaded)


def _own(api_url: str) -> Address:
    own = Address.read(api_url)
    if own is None:
        raise ValueError("api_url must be http(s)://host")
    return own
