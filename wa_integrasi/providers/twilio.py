"""Twilio's Programmable Messaging, with a WhatsApp sender."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlencode

from wa_integrasi.content import Content, Document, Image, Template, Text
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Capabilities,
    Failed,
    Missing,
    Outbound,
    Outcome,
    Unanswered,
)
from wa_integrasi.providers.http import Answer, Http, check_url, check_word
from wa_integrasi.providers.twilio_errors import SERVICE, failure_of, refusal
from wa_integrasi.providers.twilio_search import Search
from wa_integrasi.providers.wire import storable
from wa_integrasi.recipient import Kind, Recipient, RecipientError

BODY_LIMIT = 1600
"""Characters of `Body` (Twilio's OpenAPI description, CreateMessage)."""

ATTEMPT = "attempt"
"""The key of our attempt id in the query string of a status callback."""

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_API_KEY = re.compile(r"SK[0-9a-fA-F]{32}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_TEMPLATE_KEY = re.compile(r"[a-z0-9_]{1,512}:[a-z]{2,3}(_[A-Z]{2,4})?")
_FORM = "application/x-www-form-urlencoded"
_PAGES = 5


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """One WhatsApp sender of a Twilio account. Raises `ValueError`, never repeating a value."""

    account_sid: str
    secret: str = field(repr=False)
    """The account's auth token; with `api_key_sid`, that key's secret."""
    sender: str
    """The WhatsApp number as +62…, or the `MG…` of a messaging service that owns one."""
    webhook_url: str
    """This account's webhook as Twilio reaches it. Receipts come there, with our attempt id in the query string."""
    api_key_sid: str | None = None
    content_sids: Mapping[str, str] = field(default_factory=dict)
    """Which of Twilio's contents a template is: `{"rekap_harian:id": "HX…"}`."""
    api_url: str = "https://api.twilio.com"
    timeout_s: float = 30.0
    """For one request as a whole; connecting gets at most half of it."""
    max_in_flight: int = 50
    """Requests at a time, and so the number of connections kept."""

    def __post_init__(self) -> None:
        check_url("api_url", self.api_url)
        check_url("webhook_url", self.webhook_url)
        check_word("secret", self.secret)
        if not _ACCOUNT.fullmatch(self.account_sid):
            raise ValueError("account_sid must be AC and 32 hexadecimal digits")
        if self.api_key_sid is not None and not _API_KEY.fullmatch(self.api_key_sid):
            raise ValueError("api_key_sid must be SK and 32 hexadecimal digits")
        if not _SERVICE_SID.fullmatch(self.sender) and not _is_number(self.sender):
            raise ValueError("sender must be a phone number as +62… or the MG… of a messaging service")
        for key, sid in self.content_sids.items():
            if not _TEMPLATE_KEY.fullmatch(key) or not _CONTENT_SID.fullmatch(sid):
                raise ValueError("content_sids must map name:language to HX and 32 hexadecimal digits")

    @property
    def messages_path(self) -> str:
        """Where messages are posted and listed, below `api_url`."""
        return f"/2010-04-01/Accounts/{self.account_sid}/Messages.json"


def _is_number(text: str) -> bool:
    try:
        return Recipient.parse(text) == Recipient(Kind.PHONE, text)
    except RecipientError:
        return False


class TwilioSender:
    """Sends through Twilio, over one pool of kept-alive connections."""

    name: ClassVar[str] = "twilio"
    capabilities: ClassVar[Capabilities] = Capabilities(
        recipients=frozenset({Kind.PHONE}),
        contents=frozenset({"text", "image", "document", "template"}),
        text_limit=BODY_LIMIT,
        windowed=True,
        echoes_attempt=True,
        looks_up=True,
    )

    def __init__(self, config: TwilioConfig) -> None:
        self._config = config
        pair = f"{config.api_key_sid or config.account_sid}:{config.secret}"
        credentials = base64.b64encode(pair.encode()).decode()
        self._secrets = (config.secret, credentials, config.account_sid)
        authorization = {"Authorization": f"Basic {credentials}"}
        self._http = Http(SERVICE, authorization, timeout_s=config.timeout_s, max_in_flight=config.max_in_flight)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__()

    async def send(self, outbound: Outbound) -> Outcome:
        """Send one message."""
        if outbound.recipient.kind not in self.capabilities.recipients:
            return Failed(Action.DEAD, "recipient", f"{SERVICE} reaches phone numbers only")
        form = request_form(outbound, self._config)
        if isinstance(form, Failed):
            return form
        url = self._config.api_url.rstrip("/") + self._config.messages_path
        answer = await self._http.post(url, urlencode(form).encode(), _FORM)
        return self._outcome(answer) if isinstance(answer, Answer) else answer

    def _outcome(self, answer: Answer) -> Outcome:
        if answer.status >= 300:
            return refusal(answer, self._secrets)
        said = answer.json()
        if said.get("status") in ("failed", "undelivered"):
            failure = failure_of(said.get("error_code"), said.get("error_message"), secrets=self._secrets)
            return failure or Failed(Action.DEAD, "unknown", "failed without an error")
        match said.get("sid"):
            case str(sid) if 0 < len(sid) <= 64:
                return Accepted(storable(sid))
            case _:
                return Unanswered(f"HTTP {answer.status} without a message id")

    async def look_up(self, outbound: Outbound, since: datetime) -> Accepted | Missing | Unanswered:
        """Look for the message of an attempt that began at `since` among those to its recipient.

        They are not filtered by `DateSent`, though Twilio could: a message that still is queued has none, and would be
        called missing and sent twice.
        """
        search = Search(outbound, self._config.sender, since)
        filters = {"To": channel_address(outbound.recipient), "PageSize": "100"}
        path = f"{self._config.messages_path}?{urlencode(filters)}"
        for _ in range(_PAGES):
            answer = await self._http.get(self._config.api_url.rstrip("/") + path)
            if not isinstance(answer, Answer):
                return Unanswered(answer.text)
            if answer.status != 200:
                return Unanswered(refusal(answer, self._secrets).text)
            page = answer.json()
            if not search.read(page.get("messages")):
                return Unanswered(f"{SERVICE} answered no list of messages")
            following = self._next(page)
            if following is None or search.past:
                return search.result()
            path = following
        return search.result() if search.found else Unanswered(f"more than {_PAGES} pages of messages")

    def _next(self, page: Mapping[str, Any]) -> str | None:
        """The path of the next page, if it is one of this list: the credentials go with it."""
        path = page.get("next_page_uri")
        return path if isinstance(path, str) and path.startswith(f"{self._config.messages_path}?") else None


def channel_address(recipient: Recipient) -> str:
    """A phone number as Twilio names it on WhatsApp."""
    return f"whatsapp:{recipient.address}"


def request_form(outbound: Outbound, config: TwilioConfig) -> dict[str, str] | Failed:
    """The request as Twilio takes it, or why there can be none."""
    content = _content(outbound.content, config.content_sids)
    if isinstance(content, Failed):
        return content
    service = _SERVICE_SID.fullmatch(config.sender)
    return {
        "To": channel_address(outbound.recipient),
        **({"MessagingServiceSid": config.sender} if service else {"From": f"whatsapp:{config.sender}"}),
        **{name: storable(value) for name, value in content.items()},
        "StatusCallback": f"{config.webhook_url}?{ATTEMPT}={quote(outbound.attempt_id, safe='')}",
    }


def _content(content: Content, content_sids: Mapping[str, str]) -> dict[str, str] | Failed:
    match content:
        case Text():
            return {"Body": content.body}
        case Image() | Document():
            if content.link is None:
                return Failed(Action.DEAD, "content", f"{SERVICE} sends a file by its link, this one has none")
            return {"MediaUrl": content.link, **({"Body": content.caption} if content.caption else {})}
        case Template():
            return _template(content, content_sids)
        case _:
            return Failed(Action.DEAD, "content", f"{SERVICE} sends no {content.type}")


def _template(template: Template, content_sids: Mapping[str, str]) -> dict[str, str] | Failed:
    """Fill one of Twilio's contents.

    Twilio knows no parts: write its variables so that they are numbered through, header first, then body, then
    buttons. Where the parameters have names, those are the variables, and only the buttons are numbered.
    """
    key = f"{template.name}:{template.language}"
    sid = content_sids.get(key)
    if sid is None:
        return Failed(Action.DEAD, "template", f"no ContentSid is known for the template {key}")
    if template.header_media is not None:
        return Failed(Action.DEAD, "template", f"{SERVICE} keeps the file at the head of a template in its content")
    values = (*template.header, *template.body)
    buttons = tuple(button.parameter for button in sorted(template.buttons, key=lambda button: button.index))
    named = dict(zip(template.names, values, strict=True)) if template.names else {}
    numbered = {str(number): value for number, value in enumerate(buttons if named else values + buttons, 1)}
    variables = {name: storable(value) for name, value in {**named, **numbered}.items()}
    return {"ContentSid": sid, **({"ContentVariables": json.dumps(variables)} if variables else {})}
