"""Meta's WhatsApp Cloud API."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from wa_integrasi.content import TYPES, uploaded
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    ApprovedTemplate,
    Capabilities,
    Event,
    Failed,
    Outbound,
    Outcome,
    SignatureError,
    Unanswered,
)
from wa_integrasi.providers.http import Answer, Http, check_url, check_word
from wa_integrasi.providers.meta_errors import SERVICE, graph_answer
from wa_integrasi.providers.meta_request import read_body, request_body
from wa_integrasi.providers.meta_templates import list_templates
from wa_integrasi.providers.meta_uploads import MetaUploads
from wa_integrasi.providers.meta_webhook import events
from wa_integrasi.providers.wire import header, json_object, storable
from wa_integrasi.recipient import Kind

_ID = re.compile(r"[0-9]{1,32}")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")


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

    waba_id: str | None = None
    """Meta's id of the WhatsApp Business Account, which owns the templates."""

    def __post_init__(self) -> None:
        check_url("api_url", self.api_url)
        if not _ID.fullmatch(self.phone_number_id):
            raise ValueError("phone_number_id must be digits: Meta's id of the number, not the number")
        if self.waba_id is not None and not _ID.fullmatch(self.waba_id):
            raise ValueError("waba_id must be digits: Meta's id of the WhatsApp Business Account")
        check_word("access_token", self.access_token)
        if not _VERSION.fullmatch(self.api_version):
            raise ValueError("api_version must look like v23.0")
        if not 0 < self.timeout_s < 3600 or self.max_in_flight < 1:
            raise ValueError("timeout_s and max_in_flight must be positive")

    @property
    def messages_url(self) -> str:
        """Where messages are posted."""
        return f"{self._base}/{self.phone_number_id}/messages"

    @property
    def media_url(self) -> str:
        """Where files are uploaded."""
        return f"{self._base}/{self.phone_number_id}/media"

    @property
    def templates_url(self) -> str | None:
        """Where templates are listed, if it is known whose."""
        return f"{self._base}/{self.waba_id}/message_templates" if self.waba_id is not None else None

    @property
    def _base(self) -> str:
        return f"{self.api_url.rstrip('/')}/{self.api_version}"


class MetaCloudSender:
    """Sends through the Cloud API, over one pool of kept-alive connections."""

    name: ClassVar[str] = "meta"
    capabilities: ClassVar[Capabilities] = Capabilities(
        recipients=frozenset({Kind.PHONE, Kind.BSUID}),
        contents=TYPES,
        media_ids=True,
        files=True,
        template_files=True,
        quotes=True,
        windowed=True,
        echoes_attempt=True,
    )

    def __init__(self, config: MetaConfig) -> None:
        self._config = config
        authorization = {"Authorization": f"Bearer {config.access_token}"}
        self._http = Http(SERVICE, authorization, timeout_s=config.timeout_s, max_in_flight=config.max_in_flight)
        self._uploads = MetaUploads(self._http, config.media_url, config.access_token)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__()

    async def send(self, outbound: Outbound) -> Outcome:
        """Send one message."""
        if outbound.recipient.kind not in self.capabilities.recipients:
            return Failed(Action.DEAD, "recipient", f"{SERVICE} reaches phone numbers and user ids only")
        if outbound.file is not None:
            media_id = await self._uploads.id_of(outbound.file)
            if isinstance(media_id, Failed):
                return media_id
            outbound = replace(outbound, content=uploaded(outbound.content, media_id))
        answer = await self._http.post(self._config.messages_url, json.dumps(request_body(outbound)).encode())
        outcome = _outcome(answer, self._config.access_token) if isinstance(answer, Answer) else answer
        if outbound.file is not None and isinstance(outcome, Failed):
            self._uploads.forget(outbound.file)
        return outcome

    async def mark_read(self, message_id: str, *, typing: bool = False) -> bool:
        """Mark a message and those before it as read; `typing` shows for up to 25 seconds that an answer is coming."""
        body = json.dumps(read_body(message_id, typing=typing)).encode()
        answer = await self._http.post(self._config.messages_url, body)
        return isinstance(answer, Answer) and answer.status == 200

    async def templates(self) -> Sequence[ApprovedTemplate] | Failed | Unanswered:
        """All templates of the business account, whatever their status."""
        if self._config.templates_url is None:
            return Failed(Action.DEAD, "waba_id", "the account names no waba_id, so its templates cannot be listed")
        return await list_templates(self._http, self._config.templates_url, self._config.access_token)


def _outcome(answer: Answer, token: str) -> Outcome:
    said = graph_answer(answer, token)
    if isinstance(said, Failed | Unanswered):
        return said
    message_id = _message_id(said)
    return Unanswered(f"HTTP {answer.status} without a message id") if message_id is None else Accepted(message_id)


def _message_id(answer: Mapping[str, Any]) -> str | None:
    match answer.get("messages"):
        case [{"id": str(message_id)}, *_] if 0 < len(message_id) <= 512:
            return storable(message_id)
        case _:
            return None


class MetaCloudReceiver:
    """Checks and reads Meta's webhooks."""

    name: ClassVar[str] = "meta"
    sends_json: ClassVar[bool] = True

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

    def verify(self, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """Check `X-Hub-Signature-256` over the raw bytes, which are returned. Raises `SignatureError`."""
        given = header(headers, "x-hub-signature-256")
        if given is None:
            raise SignatureError("no X-Hub-Signature-256 header")
        if not hmac.compare_digest(_bytes(given), signature(self._app_secret, body).encode()):
            raise SignatureError("wrong signature")
        return body

    def parse(self, body: bytes) -> Sequence[Event]:
        """Split a webhook into its items. Raises `ValueError` when it is no JSON object."""
        return list(events(json_object(body), self._phone_number_id))


def signature(app_secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for a body."""
    return f"sha256={hmac.new(app_secret, body, hashlib.sha256).hexdigest()}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
