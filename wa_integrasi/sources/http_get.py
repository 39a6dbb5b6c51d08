"""One GET to one host that is allowed: never to another address, never further than its limits."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import aiohttp

from wa_integrasi.internet import Address, JudgedNames, address_of, is_public, meant
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.http_query import path_problem
from wa_integrasi.sources.retry_after import seconds_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_OF_THE_REQUEST = frozenset({400, 404, 405, 406, 409, 410, 413, 414, 422})
_LONGEST_CONNECT_S = 5.0
_REASONS = {
    401: "it does not take the login",
    403: "the login may not read that",
    404: "there is nothing at that path",
    429: "too many requests",
}


class HttpError(SourceError):
    """What a web service answered instead of rows. No address, query, header or body is in it."""

    def __init__(self, text: str, *, code: str, transient: bool, outage: bool | None = None, wait_s: float = 0) -> None:
        super().__init__(text, transient=transient, outage=outage, wait_s=wait_s)
        self.code = code
        """One word for reasons: connect, timeout, no_answer, address, certificate, http_429, too_large, no_json."""


@dataclass(frozen=True)
class HttpHost:
    """A host that may be asked, with what goes along. Raises `ValueError`, never repeating a secret."""

    api_url: str
    """Up to where paths follow, such as `https://cuaca.example.id/api`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    networks: Sequence[Network] = ()
    """Addresses that may be asked besides those of the internet."""
    ca_file: str = ""
    max_bytes: int = 16_000_000

    def __post_init__(self) -> None:
        parts = checked_url(self.api_url)
        host = parts.hostname or ""
        if (literal := address_of(host)) is not None and not self.allows(literal):
            raise ValueError(f"api_url: {_NOT_ALLOWED}")
        if parts.scheme == "http" and self.headers and not (host == "localhost" or (literal and literal.is_loopback)):
            raise ValueError("api_url must begin with https:// where a login goes along: over http:// it can be read")

    def allows(self, address: Address) -> bool:
        """Whether an address is of the internet, or of one of the networks."""
        bare = meant(address)
        return is_public(address) or any(
            bare in network for network in self.networks if network.version == bare.version
        )

    def _judge(self, _name: str, address: Address | None) -> None:
        if address is None or not self.allows(address):
            raise HttpError(_NOT_ALLOWED, code="address", transient=False)

    async def get_json(self, target: str, timeout_s: float) -> Any:
        """The JSON at a path with its query. Raises `HttpError`."""
        from yarl import URL

        url = URL(f"{self.api_url.rstrip('/')}{target}", encoded=True)
        try:
            async with asyncio.timeout(timeout_s), self._session(timeout_s) as session:
                trust = await asyncio.to_thread(self._trust) if url.scheme == "https" else True
                async with session.get(url, ssl=trust, allow_redirects=False) as response:
                    return _json_of(await _body(response, self.max_bytes))
        except TimeoutError:
            raise HttpError("the web service did not answer in time", code="timeout", transient=True) from None
        except HttpError:
            raise
        except aiohttp.ClientConnectorCertificateError:
            text = "the certificate of the web service is not trusted: ca_file must name the PEM file of who signed it"
            raise HttpError(text, code="certificate", transient=False) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            text = f"no connection to the web service ({type(error).__name__})"
            raise HttpError(text, code="connect", transient=True) from None
        except Exception as error:  # whatever broke it off; its text may hold the address
            text = f"the web service broke off ({type(error).__name__})"
            raise HttpError(text, code="no_answer", transient=True) from None

    def _session(self, timeout_s: float) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=JudgedNames(self._judge), use_dns_cache=False, limit=1, force_close=True
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=min(_LONGEST_CONNECT_S, timeout_s)),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **self.headers},
        )

    def _trust(self) -> ssl.SSLContext:
        trust = ssl.create_default_context()
        if self.ca_file:
            try:
                trust.load_verify_locations(cafile=self.ca_file)
            except (OSError, ValueError):  # ssl.SSLError is an OSError
                text = "ca_file is not a readable PEM file with a certificate"
                raise HttpError(text, code="certificate", transient=False) from None
        return trust


def checked_url(url: str) -> SplitResult:
    """The parts of an address that paths may follow. Raises `ValueError`."""
    wrong = "api_url must be http(s)://host/path, without user, query and fragment"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(wrong)
    if any(sign.isspace() or not sign.isprintable() or sign in "\\?#" for sign in url):
        raise ValueError(wrong)
    if parts.path and path_problem(parts.path):
        raise ValueError(wrong)
    return parts


_NOT_ALLOWED = "the host has an address that is not of the internet; name its network in networks, such as 10.1.0.0/16"


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.status != 200:
        raise _failure(response.status, seconds_of(response.headers.get("Retry-After")))
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpError("the web service answers packed, which was not asked for", code="no_json", transient=False)
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > limit:
            response.close()
            raise HttpError(f"the answer is longer than {limit} bytes: ask for less", code="too_large", transient=False)
    return bytes(read)


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_number, parse_float=_float)
    except (ValueError, RecursionError):
        raise HttpError("what the web service answers is no JSON", code="no_json", transient=False) from None


def _no_number(_word: str) -> NoReturn:
    raise ValueError


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise HttpError("the answer has a number that is too large", code="no_json", transient=False)
    return number


def _failure(status: int, wait_s: float) -> HttpError:
    reason = _REASONS.get(status, "the request is refused" if status < 500 else "it is in trouble")
    if 200 < status < 300:
        reason = "it has nothing to say"
    if 300 <= status < 400:
        reason = "it redirects, which is not followed: api_url is wrong"
    return HttpError(
        f"the web service answers HTTP {status}: {reason}",
        code=f"http_{status}",
        transient=status in _AGAIN,
        outage=status not in _OF_THE_REQUEST,
        wait_s=wait_s,
    )
