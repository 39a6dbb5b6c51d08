"""Requests to PI Web API: one by one or as a batch, again where that may help, never further than their limits."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from wa_integrasi.sources.pi.access import Access, PiError, PiMemory, read_json
from wa_integrasi.sources.pi.config import PiConfig
from wa_integrasi.sources.pi.values import TRANSIENT, status_within
from wa_integrasi.sources.retry_after import seconds_of

_TRIES = 3
_FIRST_WAIT_S = 0.5
_LONGEST_CONNECT_S = 5.0
_BODY_LIMIT = 4_000_000
"""What PI Web API takes, unless its administrator says otherwise."""

_OK = frozenset({200, 207})
Sleep = Callable[[float], Awaitable[None]]
Answer = tuple[int, Any]
"""The status of one request of a batch, 0 where none came, and its content."""


class PiHttp:
    """One pool of kept connections to one PI Web API; an async context manager.

    Only GET goes out, and POST for batches of GET: asking again never changes anything there.
    """

    def __init__(
        self,
        config: PiConfig,
        memory: PiMemory,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._config = config
        self._access = Access(config, memory, clock)
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        trust = await asyncio.to_thread(_trust, self._config) if self._config.has_tls else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust),
            timeout=aiohttp.ClientTimeout(total=None, connect=min(_LONGEST_CONNECT_S, self._config.timeout_s / 2)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "X-Requested-With": "XMLHttpRequest",
                "Cache-Control": "no-cache",
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def resource(self, path: str, params: Sequence[tuple[str, str]]) -> str:
        """The whole address of something to get."""
        return f"{self._config.base}{path}{'?' if params else ''}{urlencode(params)}"

    async def get(self, resource: str, ends: float) -> Any:
        """The JSON at an address. `ends`: moment of the event loop at which there is no time left. Raises `PiError`."""
        return await self._insist("GET", resource, None, ends)

    async def batch(self, resources: Mapping[str, str], ends: float) -> dict[str, Answer]:
        """What many addresses give, in one request; those that failed for a while are asked again."""
        answers: dict[str, Answer] = {}
        left = dict(resources)
        for tried in range(1, _TRIES + 1):
            body = json.dumps({key: {"Method": "GET", "Resource": at} for key, at in left.items()}).encode()
            if len(body) > _BODY_LIMIT:
                raise PiError("the batch is longer than PI Web API takes: ask for fewer tags", transient=False)
            given = await self._insist("POST", self.resource("/batch", []), body, ends)
            answers |= {key: _answer(given, key) for key in left}
            left = {key: at for key, at in left.items() if answers[key][0] in TRANSIENT}
            wait = _FIRST_WAIT_S * 2 ** (tried - 1)
            if not left or tried == _TRIES or asyncio.get_running_loop().time() + wait >= ends:
                break
            await self._sleep(wait)
        return answers

    async def _insist(self, method: str, resource: str, body: bytes | None, ends: float) -> Any:
        tried, renewed = 0, False
        while True:
            tried += 1
            try:
                return await self._once(method, resource, body)
            except PiError as error:
                if error.status == 401 and not renewed and self._access.renewed():
                    tried, renewed = tried - 1, True
                    continue
                wait = max(error.wait_s, _FIRST_WAIT_S * 2 ** (tried - 1))
                if tried >= _TRIES or not error.transient or asyncio.get_running_loop().time() + wait >= ends:
                    raise
            await self._sleep(wait)

    async def _once(self, method: str, resource: str, body: bytes | None) -> Any:
        if self._session is None:
            raise RuntimeError("a PiClient is entered (async with) before it is asked")
        try:
            headers = await self._access.headers(self._session)
            if body is not None:
                headers["Content-Type"] = "application/json"
            async with self._session.request(
                method, resource, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await _read(response, self._config.max_bytes)
        except PiError:
            raise
        except aiohttp.ClientConnectorCertificateError:
            text = "the server's certificate is not trusted: ca_file must name the PEM file of who signed it"
            raise PiError(text, transient=False) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise PiError(f"no connection to PI Web API ({type(error).__name__})", transient=True) from None
        except Exception as error:  # whatever broke it off; its text may hold the address
            raise PiError(f"PI Web API broke off ({type(error).__name__})", transient=True) from None
        if not isinstance(answer, dict):
            raise PiError("what answers there is no PI Web API: it is no JSON object", transient=False)
        if (status := status_within(answer)) is not None:
            raise _failure(status, 0.0, within=True)
        return answer


def _trust(config: PiConfig) -> ssl.SSLContext:
    """Who may sign the server's certificate: those of the system, and the house's own."""
    trust = ssl.create_default_context()
    if config.ca_file:
        try:
            trust.load_verify_locations(cafile=config.ca_file)
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise PiError("ca_file is not a readable PEM file with a certificate", transient=False) from None
    return trust


async def _read(response: aiohttp.ClientResponse, limit: int) -> Any:
    if response.status not in _OK:
        raise _failure(response.status, seconds_of(response.headers.get("Retry-After")))
    return await read_json(response, limit)


def _answer(given: Mapping[str, Any], key: str) -> Answer:
    answer = given.get(key)
    status = answer.get("Status") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(status, int) or isinstance(status, bool):
        return 0, None
    content = answer.get("Content")
    return (status_within(content) or status, content) if status in _OK else (status, None)


def _failure(status: int, wait_s: float, *, within: bool = False) -> PiError:
    reasons = {
        401: "it does not take the login",
        403: "this account may not read that, or requests by programs are blocked",
        404: "there is no PI Web API at api_url, or a tag is gone",
        413: "the request is too long: ask for fewer tags",
        429: "too many requests",
    }
    reason = reasons.get(status, "the request is refused" if status < 500 else "it is in trouble")
    if 300 <= status < 400:
        reason = "it redirects: api_url is wrong"
    how = "answers with an error inside" if within else "answers HTTP"
    return PiError(f"PI Web API {how} {status}: {reason}", transient=status in TRANSIENT, status=status, wait_s=wait_s)
