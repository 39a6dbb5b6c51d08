"""One file over HTTP, piece by piece, bounded in bytes and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from wa_integrasi.providers.base import Fetched, Lack, Take, Unfetched
from wa_integrasi.providers.media.places import Address, public_names
from wa_integrasi.providers.wire import retry_after

WITHIN_S = 300.0
"""For one file as a whole: 100 MB at 350 KB/s."""

_CONNECTS_WITHIN_S = 10.0
_SILENT_FOR_S = 30.0
_PIECE_BYTES = 256 * 1024
_AT_ONCE = 8
_LONGEST_TYPE = 200
_LONGEST_LOCATION = 8192
_MISSING = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no file."""

    status: int
    location: str | None = None
    retry_after: float | None = None


class Download:
    """The connections to where a channel keeps its files; an async context manager, entered by the fetcher."""

    def __init__(self, service: str, configured: str, *, within_s: float = WITHIN_S) -> None:
        """`service` is how texts call the channel, `configured` the host that may be in a private network."""
        self._service = service
        self._configured = configured
        self._within_s = within_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_AT_ONCE, resolver=public_names(self._configured)),
            timeout=aiohttp.ClientTimeout(
                total=self._within_s, sock_connect=_CONNECTS_WITHIN_S, sock_read=min(_SILENT_FOR_S, self._within_s)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a hundred megabytes can be a hundred kilobytes on the way
            headers={"Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(
        self,
        address: Address,
        take: Take,
        at_most: int,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Fetched | Refusal | Unfetched:
        """Ask for a file (by POST when there is a `body`); no redirect is followed. Raises only what `take` raises."""
        if self._session is None:
            raise RuntimeError("a fetcher is entered (async with) before it fetches")
        taking = _Taking(take)
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                address.url,
                headers=headers,
                data=body,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    location = response.headers.get("Location", "")[:_LONGEST_LOCATION] or None
                    return Refusal(response.status, location, retry_after(response.headers.get("Retry-After")))
                return await self._take(response, taking, at_most)
        except Exception as error:
            if taking.failed:
                raise
            return self._trouble(error)

    async def _take(self, response: aiohttp.ClientResponse, taking: _Taking, at_most: int) -> Fetched | Unfetched:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return Unfetched(Lack.AGAIN, f"{self._service} packs the file in a way that was not asked for")
        told = response.content_length
        if told is not None and told > at_most:
            response.close()
            return too_large(at_most)
        taken = 0
        async for piece in response.content.iter_chunked(_PIECE_BYTES):
            taken += len(piece)
            if taken > at_most:
                response.close()
                return too_large(at_most)
            await taking(piece)
        return Fetched(_mime(response.headers.get("Content-Type")), size=told)

    def _trouble(self, error: Exception) -> Unfetched:
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unfetched(Lack.AGAIN, f"no connection to {self._service} ({type(error).__name__})")
        if isinstance(error, TimeoutError):
            return Unfetched(Lack.AGAIN, f"{self._service} was too slow")
        if isinstance(error, aiohttp.ClientPayloadError):
            return Unfetched(Lack.AGAIN, f"{self._service} broke the file off")
        return Unfetched(Lack.AGAIN, f"no answer from {self._service} ({type(error).__name__})")

    def explained(self, refusal: Refusal) -> Unfetched:
        """What an answer asks for that is no file, when the channel says nothing more about it."""
        status = refusal.status
        if status in _MISSING:
            return Unfetched(Lack.MISSING, f"{self._service} does not have the file (HTTP {status})")
        if status in (401, 403):
            return Unfetched(Lack.AGAIN, f"{self._service} refuses the account (HTTP {status})")
        if 300 <= status < 400:
            return Unfetched(Lack.AGAIN, f"{self._service} sends us elsewhere for the file (HTTP {status})")
        return Unfetched(Lack.AGAIN, f"HTTP {status} from {self._service}", refusal.retry_after)


class _Taking:
    """Who takes the pieces, and whether it was them who failed."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self.failed = False

    async def __call__(self, piece: bytes) -> None:
        try:
            await self._take(piece)
        except BaseException:
            self.failed = True
            raise


def not_ours(service: str, lack: Lack = Lack.REFUSED) -> Unfetched:
    """The refusal to go where a webhook, or (`Lack.AGAIN`) an answer of the channel itself, points."""
    return Unfetched(lack, f"its address is none of {service}'s: it was not asked")


def text_at(node: Any, key: str, longest: int = 8192) -> str | None:
    """A text in JSON that may be anything."""
    value = node.get(key) if isinstance(node, Mapping) else None
    return value if isinstance(value, str) and 0 < len(value) <= longest else None


def too_large(at_most: int) -> Unfetched:
    """The refusal to take more."""
    return Unfetched(Lack.REFUSED, f"larger than WhatsApp takes of its kind: more than {at_most} bytes")


def _mime(header: str | None) -> str | None:
    told = (header or "").partition(";")[0].strip().lower()
    return told if told and len(told) <= _LONGEST_TYPE and told.isascii() and told.isprintable() else None
