"""Files uploaded to Meta, each once for all the messages that show it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace

from wa_integrasi.files import OutgoingFile
from wa_integrasi.providers.base import Action, Failed, Unanswered
from wa_integrasi.providers.http import Answer, Http
from wa_integrasi.providers.meta_errors import SERVICE, graph_answer
from wa_integrasi.providers.wire import storable

_KNOWN_S = 25 * 86_400.0
"""Meta keeps a file for 30 days."""
_KNOWN = 1_000
_TAKEN_AS = {"text/csv": "text/plain"}
"""Kinds of files that Meta refuses, and what it takes them as; the phone goes by the file's name."""


class MetaUploads:
    """The ids of files by their SHA-256, for as long as this sender lives; another process uploads again."""

    def __init__(self, http: Http, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._ids: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._uploading: dict[str, asyncio.Task[str | Failed]] = {}

    async def id_of(self, file: OutgoingFile) -> str | Failed:
        """The file's id. Nothing was sent yet, so that whatever went wrong is a certain failure."""
        known = self._ids.get(file.sha256)
        if known is not None and asyncio.get_running_loop().time() < known[1]:
            return known[0]
        running = self._uploading.get(file.sha256)
        if running is None:
            running = asyncio.create_task(self._upload(file), name="upload to Meta")
            self._uploading[file.sha256] = running
            running.add_done_callback(lambda _: self._uploading.pop(file.sha256, None))
        # A message that is given up must not break off what others wait for.
        return await asyncio.shield(running)

    def forget(self, file: OutgoingFile) -> None:
        """Upload it again for the next message: Meta may not know its id any more."""
        self._ids.pop(file.sha256, None)

    async def _upload(self, file: OutgoingFile) -> str | Failed:
        file = replace(file, mime_type=_TAKEN_AS.get(file.mime_type, file.mime_type))
        fields = {"messaging_product": "whatsapp", "type": file.mime_type}
        answer = await self._http.post_file(self._url, fields, file)
        said = graph_answer(answer, self._token) if isinstance(answer, Answer) else answer
        if isinstance(said, Failed):
            return said
        if isinstance(said, Unanswered):
            return Failed(Action.RETRY, "upload", f"the file was not uploaded to {SERVICE}: {said.text}")
        media_id = said.get("id")
        if not isinstance(media_id, str) or not 0 < len(media_id) <= 256:
            return Failed(Action.RETRY, "upload", f"{SERVICE} took the file without giving an id")
        self._ids[file.sha256] = (storable(media_id), asyncio.get_running_loop().time() + _KNOWN_S)
        while len(self._ids) > _KNOWN:
            self._ids.popitem(last=False)
        return storable(media_id)
