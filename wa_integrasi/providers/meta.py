"""Meta's WhatsApp Cloud API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import aiohttp

from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Capabilities,
    Event,
    Failed,
    Outbound,
    Outcome,
    SignatureError,
    Unanswered,
)
from wa_integrasi.providers.meta_errors import graph_failure, plain_failure
from wa_integrasi.providers.meta_webhook import events
from wa_integrasi.providers.wire import json_object, retry_after, storable
from wa_integrasi.recipient import Kind

_ANSWER_LIMIT = 1_000_000
_LONGEST_CONNECT_S = 10.0
_KEEP_ALIVE_S = 15.0
_ID = re.compile(r"[0-9]{1,32}")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


@dataclass(frozen=True, slots=True)
class MetaConfig:
    """One phone number of a WhatsApp Business Account. Raises `ValueError`, never repeating a value."""

    phone_number_id: str
    access_token: str = field(repr=False)
    api_url: str = "https://graph.facebook.com"
    api_version: str = "v23.0"
    timeout_s: float = 30.0
    """For one request as a whole; connecting gets at most half of it."""
    max_in_flight: int = 50
    """Requests at a time, and so the number of connections kept."""

    def __post_init__(self) -> None:
        url = urlsplit(self.api_url)
        if url.scheme not in ("http", "https") or not url.hostname or url.username or url.query or url.fragment:
            raise ValueError("api_url must be http(s)://host, without user, query and fragment")
        if not _ID.fullmatch(self.phone_number_id):
            raise ValueError("phone_number_id must be digits: Meta's id of the number, not the number")
        if not _TOKEN.fullmatch(self.access_token):
            raise ValueError("access_token must be one word of printable ASCII")
        if not _VERSION.fullmatch(self.api_version):
            raise ValueError("api_version must look like v23.0")
        if not 0 < self.timeout_s < 3600 or self.max_in_flight < 1:
            raise ValueError("timeout_s and max_in_flight must be positive")

    @property
    def messages_url(self) -> str:
        """Where messages are posted."""
        return f"{self.api_url.rstrip('/')}/{self.api_version}/{self.phone_number_id}/messages"


class MetaCloudSender:
    """Sends through the Cloud API, over one pool of kept-alive connections."""

    name: ClassVar[str] = "meta"
    capabilities: ClassVar[Capabilities] = Capabilities(
        recipients=frozenset({Kind.PHONE, Kind.BSUID}),
        echoes_attempt=True,
    )

    def __init__(self, config: MetaConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(config.max_in_flight)

    async def __aenter__(self) -> Self:
        timeout = self._config.timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._config.max_in_flight, keepalive_timeout=_KEEP_ALIVE_S),
            # Connecting must time out before the whole does: only then is it certain that nothing was written.
            timeout=aiohttp.ClientTimeout(total=timeout, connect=min(_LONGEST_CONNECT_S, timeout / 2)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Authorization": f"Bearer {self._config.access_token}",
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, outbound: Outbound) -> Outcome:
        """Send one message.

        Only a connection that was never made is a certain failure. Once a request may have been written, anything but
        a whole answer is `Unanswered`, on a fresh connection or a reused one: aiohttp repeats no POST, nor do we.
        """
        if outbound.recipient.kind not in self.capabilities.recipients:
            return Failed(Action.DEAD, "recipient", "the Cloud API reaches phone numbers and user ids only")
        if self._session is None:
            raise RuntimeError("a sender is entered (async with) before it sends")
        async with self._slots:
            try:
                return await self._post(self._session, json.dumps(request_body(outbound)).encode())
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                return Failed(Action.RETRY, "connect", f"no connection to the Cloud API ({type(error).__name__})")
            except Exception as error:  # whatever it was, the request may have arrived
                return Unanswered(f"no answer from the Cloud API ({type(error).__name__})")

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> Outcome:
        async with session.post(self._config.messages_url, data=body, allow_redirects=False) as response:
            wait = retry_after(response.headers.get("Retry-After"))
            return _outcome(response.status, await _read(response), wait, self._config.access_token)


def request_body(outbound: Outbound) -> dict[str, Any]:
    """The request as the Cloud API takes it.

    The plus of a number stays: without it the business's own country code is put before it. A user id goes into
    `recipient`: in `to` Meta reads it as a number, answers 200 and delivers nothing.
    """
    recipient, content = outbound.recipient, outbound.content
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "recipient" if recipient.kind is Kind.BSUID else "to": recipient.address,
        "type": content.type,
        "text": {"body": content.body, "preview_url": content.preview_url},
        "biz_opaque_callback_data": outbound.attempt_id,
    }


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The body, or None when it breaks off or is longer than any answer of the Cloud API."""
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


def _outcome(status: int, body: bytes | None, wait: float | None, token: str) -> Outcome:
    try:
        answer = json_object(body or b"")
    except ValueError:
        answer = {}
    if failure := graph_failure(answer.get("error"), status=status, retry_after=wait, secrets=(token,)):
        return failure
    if status >= 300:
        return plain_failure(status, wait)
    message_id = _message_id(answer)
    if message_id is None:
        return Unanswered(f"HTTP {status} without a message id")
    return Accepted(message_id)


def _message_id(answer: Mapping[str, Any]) -> str | None:
    match answer.get("messages"):
        case [{"id": str(message_id)}, *_] if 0 < len(message_id) <= 512:
            return storable(message_id)
        case _:
            return None


class MetaCloudReceiver:
    """Checks and reads Meta's webhooks."""

    name: ClassVar[str] = "meta"

    def __init__(self, app_secret: str, verify_token: str, phone_number_id: str | None = None) -> None:
        """Take the two secrets; with `phone_number_id`, changes of any other number are kept apart."""
        if not app_secret or not verify_token:
            raise ValueError("app_secret and verify_token must not be empty: anybody could sign then")
        self._app_secret = app_secret.encode()
        self._verify_token = verify_token.encode()
        self._phone_number_id = phone_number_id

    def handshake(self, query: Mapping[str, str]) -> str:
        """Answer Meta's subscription check with its challenge. Raises `SignatureError`."""
        if query.get("hub.mode") != "subscribe":
            raise SignatureError("hub.mode is not subscribe")
        if not hmac.compare_digest(_bytes(query.get("hub.verify_token", "")), self._verify_token):
            raise SignatureError("wrong verify token")
        challenge = query.get("hub.challenge")
        if not challenge:
            raise SignatureError("no hub.challenge")
        return challenge

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check `X-Hub-Signature-256` over the raw bytes. Raises `SignatureError`."""
        given = next((value for name, value in headers.items() if name.lower() == "x-hub-signature-256"), None)
        if given is None:
            raise SignatureError("no X-Hub-Signature-256 header")
        if not hmac.compare_digest(_bytes(given), signature(self._app_secret, body).encode()):
            raise SignatureError("wrong signature")

    def parse(self, body: bytes) -> Sequence[Event]:
        """Split a webhook into its items. Raises `ValueError` when it is no JSON object."""
        return list(events(json_object(body), self._phone_number_id))


def signature(app_secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for a body."""
    return f"sha256={hmac.new(app_secret, body, hashlib.sha256).hexdigest()}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
