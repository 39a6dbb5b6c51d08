"""Who asks: the `Authorization` of a request, by password, by token or by ticket."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

import aiohttp

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.patience import Patience, Reconnect
from wa_integrasi.sources.pi.config import Basic, ClientCredentials, PiConfig
from wa_integrasi.sources.pi.values import TRANSIENT, Point
from wa_integrasi.sources.retry_after import seconds_of

_TOKEN_LIMIT = 64_000
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_EARLY_S = 30.0
"""A token is left alone so long before it ends: the request needs time too."""

_UNSAID_S = 300.0
_NO_EXTRA = "Kerberos needs the extra `kerberos` (pip install 'wa-integrasi[kerberos]') and the system's Kerberos 5"


ONCE = Reconnect(attempts=1)
"""A reading tries again by itself; what is shared is the pause."""


class PiError(SourceError):
    """PI could not answer as a whole. Its text is fit for logs: no URL, no login, no text of the server."""

    def __init__(self, text: str, *, transient: bool, status: int | None = None, wait_s: float = 0.0) -> None:
        super().__init__(text, transient=transient, wait_s=wait_s)
        self.status = status
        """Of HTTP, or of a `WebException`; None where nothing was answered."""


@dataclass(slots=True)
class PiMemory:
    """What one source remembers between its readings: the token, and where its tags are. Lives in its process only."""

    token: str = field(default="", repr=False)
    token_until: float = 0.0
    points: dict[str, tuple[Point, float]] = field(default_factory=dict, repr=False)
    """By tag, with the moment of the clock until which it is taken for right."""
    patience: Patience = field(default_factory=lambda: Patience(ONCE), repr=False)


class Access:
    """The logins of one reading."""

    def __init__(self, config: PiConfig, memory: PiMemory, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._memory = memory
        self._clock = clock

    async def headers(self, session: aiohttp.ClientSession) -> dict[str, str]:
        """What a request carries to be let in. Raises `PiError`."""
        login = self._config.login
        if isinstance(login, Basic):
            return {"Authorization": _basic(login.username, login.password)}
        if isinstance(login, ClientCredentials):
            return {"Authorization": f"Bearer {await self._token(session, login)}"}
        ticket = await asyncio.to_thread(_ticket, str(urlsplit(self._config.api_url).hostname))
        return {"Authorization": f"Negotiate {ticket}"}

    def renewed(self) -> bool:
        """Throw away a token that was refused; whether there can be another one."""
        self._memory.token = ""
        return isinstance(self._config.login, ClientCredentials)

    async def _token(self, session: aiohttp.ClientSession, login: ClientCredentials) -> str:
        memory = self._memory
        if not memory.token or self._clock() >= memory.token_until:
            answer = await _ask_token(session, login)
            token, lasts = answer.get("access_token"), answer.get("expires_in", _UNSAID_S)
            if not isinstance(token, str) or not _TOKEN.fullmatch(token):
                raise PiError("what answers at token_url gives no token", transient=False)
            if isinstance(lasts, str) and lasts.isdecimal() and len(lasts) < 10:
                lasts = float(lasts)
            if isinstance(lasts, bool) or not isinstance(lasts, int | float) or not 0 < lasts < 1e9:
                lasts = _UNSAID_S
            memory.token, memory.token_until = token, self._clock() + max(lasts - _EARLY_S, lasts / 2)
        return memory.token


async def _ask_token(session: aiohttp.ClientSession, login: ClientCredentials) -> dict[str, Any]:
    form = {"grant_type": "client_credentials"} | ({"scope": login.scope} if login.scope else {})
    headers = {
        "Authorization": _basic(quote_plus(login.client_id), quote_plus(login.client_secret)),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    async with session.post(login.token_url, data=form, headers=headers, allow_redirects=False) as response:
        status = response.status
        if status != 200:
            told = "it does not take client_id and client_secret" if status in (400, 401, 403) else "it gives no token"
            wait = seconds_of(response.headers.get("Retry-After"))
            text = f"the token service answers HTTP {status}: {told}"
            # Without a status: it is not PI that refuses.
            raise PiError(text, transient=status in TRANSIENT, wait_s=wait)
        answer = await read_json(response, _TOKEN_LIMIT)
    if not isinstance(answer, dict):
        raise PiError("what answers at token_url gives no token", transient=False)
    return answer


async def read_json(response: aiohttp.ClientResponse, limit: int) -> Any:
    """The JSON of an answer that is not longer than `limit` bytes. Raises `PiError`."""
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > limit:
            response.close()
            raise PiError(f"the answer is longer than {limit} bytes: ask for less", transient=False)
    try:
        return json.loads(read)
    except (ValueError, RecursionError):
        raise PiError("what answers there is no PI Web API: it is not JSON", transient=False) from None


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _ticket(host: str) -> str:
    """A Kerberos ticket for the web service of a host. Blocks while the KDC is asked."""
    try:
        import spnego
    except ImportError:
        raise PiError(_NO_EXTRA, transient=False) from None
    try:
        ticket = spnego.client(hostname=host, service="HTTP", protocol="kerberos").step()
    except ImportError:
        raise PiError(_NO_EXTRA, transient=False) from None
    except Exception as error:  # whatever the system's Kerberos says; it names accounts and realms
        text = f"there is no Kerberos ticket for the server ({type(error).__name__}): is there a keytab or a kinit?"
        raise PiError(text, transient=False) from None
    if not ticket:
        raise PiError("Kerberos gives no ticket for the server", transient=False)
    return base64.b64encode(ticket).decode()
