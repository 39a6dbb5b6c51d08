"""Requests to a channel over one pool of kept-alive connections, with the certainty of what became of each.

Only a connection that was never made is a certain failure. Once a request may have been written, anything but a whole
answer is `Unanswered`, on a fresh connection or a reused one: aiohttp repeats no POST, nor do we.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from mimetypes import guess_extension
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from wa_integrasi.files import OutgoingFile
from wa_integrasi.providers.base import Action, Failed, Unanswered
from wa_integrasi.providers.wire import json_object, retry_after

_ANSWER_LIMIT = 1_000_000
_LONGEST_CONNECT_S = 10.0
_KEEP_ALIVE_S = 15.0
_HOLD_STATUSES = frozenset({401, 403, 404, 405, 407})
_RETRY_STATUSES = frozenset({408, 425, 429})
_WORD = re.compile(r"[\x21-\x7e]{1,4096}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes | None = field(repr=False)
    """None when it broke off, or was longer than any answer that makes sense."""
    retry_after: float | None = None

    def json(self) -> dict[str, Any]:
        """The JSON object in the body; empty when it is anything else."""
        try:
            return json_object(self.body or b"")
        except ValueError:
            return {}


class Http:
    """One channel's connections; an async context manager, entered by the sender that owns it."""

    def __init__(self, service: str, headers: Mapping[str, str], *, timeout_s: float, max_in_flight: int) -> None:
        """`service` is how failures call the channel; `headers` go with every request.

        `timeout_s` is for one request as a whole, and connecting gets at most half of it. `max_in_flight` requests go
        at a time, over as many connections; waiting for a place counts for no time-out.
        """
        if not 0 < timeout_s < 3600 or max_in_flight < 1:
            raise ValueError("timeout_s and max_in_flight must be positive")
        self._service = service
        self._headers = {"Accept-Encoding": "identity", **headers}
        self._timeout_s = timeout_s
        self._max_in_flight = max_in_flight
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(max_in_flight)

    async def __aenter__(self) -> Self:
        timeout = self._timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_in_flight, keepalive_timeout=_KEEP_ALIVE_S),
            # Connecting must time out before the whole does: only then is it certain that nothing was written.
            timeout=aiohttp.ClientTimeout(total=timeout, connect=min(_LONGEST_CONNECT_S, timeout / 2)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, url: str) -> Answer | Failed | Unanswered:
        """Ask for something. Only such a request may be repeated."""
        return await self._request("GET", url, None, {})

    async def post(self, url: str, body: bytes, content_type: str = "application/json") -> Answer | Failed | Unanswered:
        """Post `body`. An `Answer` of any status; `Failed` when nothing was written; else `Unanswered`."""
        return await self._request("POST", url, body, {"Content-Type": content_type})

    async def post_file(self, url: str, fields: Mapping[str, str], file: OutgoingFile) -> Answer | Failed | Unanswered:
        """Post a form of `fields` and a `file`; else as `post`."""
        form = aiohttp.FormData(quote_fields=False)
        for name, value in fields.items():
            form.add_field(name, value)
        # A name of our own: that of the file may be anything, and goes with the message.
        name = f"file{guess_extension(file.mime_type) or ''}"
        form.add_field("file", file.content, filename=name, content_type=file.mime_type)
        return await self._request("POST", url, form, {})

    async def put(self, url: str, body: bytes) -> Answer | Failed | Unanswered:
        """Put a JSON `body`; else as `post`."""
        return await self._request("PUT", url, body, {"Content-Type": "application/json"})

    async def _request(
        self, method: str, url: str, body: bytes | aiohttp.FormData | None, headers: Mapping[str, str]
    ) -> Answer | Failed | Unanswered:
        if self._session is None:
            raise RuntimeError("a sender is entered (async with) before it sends")
        async with self._slots:
            try:
                async with self._session.request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as response:
                    wait = retry_after(response.headers.get("Retry-After"))
                    return Answer(response.status, await _read(response), wait)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                return Failed(Action.AWAY, "connect", f"no connection to {self._service} ({type(error).__name__})")
            except Exception as error:  # whatever it was, the request may have arrived
                return Unanswered(f"no answer from {self._service} ({type(error).__name__})")


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    read = bytearray()
    try:
        async for chunk in response.content.iter_any():
            read += chunk
            if len(read) > _ANSWER_LIMIT:
                response.close()
                return None
    except (aiohttp.ClientError, OSError):  # a timeout is an OSError
        return None
    return bytes(read)


def plain_failure(answer: Answer, service: str) -> Failed | Unanswered:
    """What an HTTP status says when no error of the service's own came with it, so that something in between answered.

    A 5xx is `Unanswered` there: gateways say 502, 504 and also 503 after they have passed a request on, and a message
    that is sent twice is worse than one that waits for its receipt. Redirects, 404 and 405 mean a wrong address or a
    login page in between, hence nothing about the message: the account is held.
    """
    status = answer.status
    code, text = f"http_{status}", f"HTTP {status} without an error of {service}"
    if status >= 500:
        return Unanswered(text)
    if status in _RETRY_STATUSES:
        return Failed(Action.RETRY, code, text, answer.retry_after)
    if status in _HOLD_STATUSES or 300 <= status < 400:
        return Failed(Action.HOLD_ACCOUNT, code, text)
    return Failed(Action.DEAD, code, text)


def check_url(name: str, url: str) -> None:
    """Refuse what is no base address. Raises `ValueError`, which names the setting and never repeats its value."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{name} must be http(s)://host, without user, query and fragment")


def check_word(name: str, value: str) -> None:
    """Refuse what no header can carry. Raises `ValueError`, which names the setting and never repeats its value."""
    if not _WORD.fullmatch(value):
        raise ValueError(f"{name} must be one word of printable ASCII")
