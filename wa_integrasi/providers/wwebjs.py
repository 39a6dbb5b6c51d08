"""wwebjs-api, a WhatsApp Web gateway: whatsapp-web.js behind HTTP, as it was recorded running."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Content, Document, Image, Reaction, Text
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Capabilities,
    Event,
    Failed,
    Outbound,
    Outcome,
    SessionState,
    SignatureError,
    Unanswered,
)
from wa_integrasi.providers.http import Answer, Http
from wa_integrasi.providers.webchat import (
    CAPABILITIES,
    WebConfig,
    chat_id,
    check_session,
    derived_id,
    inner_id,
    quoted_id,
    refusal,
    short_name,
    told_failure,
)
from wa_integrasi.providers.wire import failure_text, header, json_object
from wa_integrasi.providers.wwebjs_webhook import events

_SERVICE = "wwebjs-api"
_LOST = ("session_not_found", "session_not_connected")


@dataclass(frozen=True, slots=True)
class WwebjsConfig(WebConfig):
    """One session of a wwebjs-api server. Raises `ValueError`, never repeating a value."""


class WwebjsSender:
    """Sends through wwebjs-api, over one pool of kept-alive connections.

    It takes no id of ours and finds no message by one: what is `Unanswered` is for a person to look at.
    """

    name: ClassVar[str] = "wwebjs"
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, config: WwebjsConfig) -> None:
        self._config = config
        self._http = Http(
            _SERVICE,
            {"x-api-key": config.api_key},
            timeout_s=config.timeout_s,
            max_in_flight=config.max_in_flight,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__()

    async def send(self, outbound: Outbound) -> Outcome:
        """Send one message."""
        if refused := refusal(outbound, _SERVICE):
            return refused
        path, request = request_of(outbound)
        url = self._config.url(f"{path}/{self._config.session}")
        answer = await self._http.post(url, json.dumps(request).encode())
        if not isinstance(answer, Answer):
            return answer
        if answer.status >= 300:
            return self._failure(answer, outbound.content)
        said = answer.json()
        if isinstance(outbound.content, Reaction) and said.get("success") is True:
            return Accepted(derived_id(outbound))  # it names no message, and nobody asks for one
        message_id = _message_id(said.get("message"))
        if message_id is None:  # `{"success": true}` alone is also what it says of a chat that it does not find
            return Unanswered(f"HTTP {answer.status} without a message")
        return Accepted(message_id)

    async def session(self) -> SessionState | Failed | Unanswered:
        """How the session stands, with the QR code to scan where one waits."""
        said = await self._ask("status")
        if not isinstance(said, Mapping):
            return said
        state, message = said.get("state"), said.get("message")
        told = next((word for word in (state, message) if isinstance(word, str) and word), None)
        if told is None:
            return Unanswered("an answer without a state")
        found = SessionState(said.get("success") is True and state == "CONNECTED", short_name(failure_text(told)))
        if found.ready or message != "session_not_connected":
            return found
        waiting = await self._ask("qr")
        qr = waiting.get("qr") if isinstance(waiting, Mapping) else None
        return replace(found, qr=qr) if isinstance(qr, str) else found

    async def restart(self) -> SessionState | Failed | Unanswered:
        """Start the session anew, or at all: a server that was started empty knows no session."""
        found = await self.session()
        if not isinstance(found, SessionState):
            return found
        done = await self._ask("start" if found.state == "session_not_found" else "restart")
        return await self.session() if isinstance(done, Mapping) else done

    async def _ask(self, what: str) -> Mapping[str, Any] | Failed | Unanswered:
        answer = await self._http.get(self._config.url(f"/session/{what}/{self._config.session}"))
        if not isinstance(answer, Answer):
            return answer
        return answer.json() if answer.status == 200 else self._failure(answer, None)

    def _failure(self, answer: Answer, content: Content | None) -> Failed | Unanswered:
        """What an error asks for.

        It checks the session before it sends: a 404 and a 422 (no name for a session) are about that, and nothing has
        been sent. A 500 carries whatever was thrown: before the sending only if the file was not fetched, or the
        message to react to not found.
        """
        said = answer.json()
        words = next((word for word in (said.get("error"), said.get("message")) if isinstance(word, str)), "")
        told = told_failure(answer, words, _SERVICE, self._config.api_key)
        if answer.status in (404, 422):
            return Failed(Action.HOLD_ACCOUNT, words if words in _LOST else f"http_{answer.status}", told.text)
        fetching = words.startswith("request to ") and " failed, reason:" in words
        if answer.status == 500 and fetching and isinstance(content, Image | Document):
            return Failed(Action.RETRY, "media", f"{_SERVICE} could not fetch the file")
        if answer.status == 500 and words == "Message not found" and isinstance(content, Reaction):
            return Failed(Action.DEAD, "message_not_found", "the chat does not have the message to react to")
        return told


def request_of(outbound: Outbound) -> tuple[str, dict[str, Any]]:
    """The path, but for the session, and the request for an outbound that is not refused."""
    content = outbound.content
    request: dict[str, Any] = {"chatId": chat_id(outbound.recipient)}
    if isinstance(content, Reaction):
        # It looks through the last 100 messages of the chat, by inner ids.
        return "/message/react", {**request, "messageId": inner_id(content.message_id), "reaction": content.emoji}
    said: dict[str, Any]
    options: dict[str, Any] = {}
    if reply_to := quoted_id(outbound):
        options |= {"quotedMessageId": reply_to, "ignoreQuoteErrors": True}
    match content:
        case Text():
            said = {"contentType": "string", "content": content.body}
            options["linkPreview"] = False
        case Image():
            said = _media(outbound, content)
            options["caption"] = content.caption
        case Document():
            said = _media(outbound, content)
            options |= {"caption": content.caption, "sendMediaAsDocument": True}
            if outbound.file is None:
                request["mediaFromURLOptions"] = {"filename": content.filename}
        case _:
            raise ValueError(f"{_SERVICE} sends no {content.type}")
    return "/client/sendMessage", {**request, **said, "options": options}


def _media(outbound: Outbound, content: Image | Document) -> dict[str, Any]:
    if outbound.file is None:
        return {"contentType": "MessageMediaFromURL", "content": content.link}
    media = {"mimetype": outbound.file.mime_type, "data": b64encode(outbound.file.content).decode()}
    if isinstance(content, Document):
        media["filename"] = content.filename
    return {"contentType": "MessageMedia", "content": media}


def _message_id(message: object) -> str | None:
    return inner_id(message.get("id")) if isinstance(message, Mapping) else None


class WwebjsReceiver:
    """Checks and reads wwebjs-api's webhooks: whoever knows the API key may send them."""

    name: ClassVar[str] = "wwebjs"
    sends_json: ClassVar[bool] = True

    def __init__(self, api_key: str, session: str = "default", clock: Clock = utc_now) -> None:
        """Take the key that wwebjs-api sends along; events of other sessions are kept apart."""
        if not api_key:
            raise ValueError("api_key must not be empty: anybody could send then")
        check_session(session)
        self._api_key = api_key.encode()
        self._session = session
        self._clock = clock

    def handshake(self, query: Mapping[str, str]) -> str:
        """It asks nothing. Raises `SignatureError`."""
        raise SignatureError("wwebjs-api has no handshake")

    def verify(self, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """Check the key in the `x-api-key` header. Raises `SignatureError`."""
        given = header(headers, "x-api-key")
        if given is None:
            raise SignatureError("no x-api-key header")
        if not hmac.compare_digest(given.encode("utf-8", "backslashreplace"), self._api_key):
            raise SignatureError("wrong key")
        return body

    def parse(self, body: bytes) -> Sequence[Event]:
        """The one item of a webhook. Raises `ValueError` when it is no JSON object."""
        return list(events(json_object(body), self._session, self._clock()))
