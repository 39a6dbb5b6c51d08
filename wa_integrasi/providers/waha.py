"""WAHA, a WhatsApp Web gateway with an HTTP API (api: 2026.7; WEBJS, WPP, NOWEB and GOWS engines)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlencode

from wa_integrasi.content import Document, Image, Reaction, Text
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Capabilities,
    Event,
    Failed,
    Missing,
    Outbound,
    Outcome,
    SessionState,
    SignatureError,
    Unanswered,
)
from wa_integrasi.providers.http import Answer, Http
from wa_integrasi.providers.waha_request import request_of
from wa_integrasi.providers.waha_webhook import events
from wa_integrasi.providers.webchat import (
    CAPABILITIES,
    WebConfig,
    chat_id,
    check_session,
    derived_id,
    inner_id,
    refusal,
    serialized_id,
    short_name,
    told_failure,
)
from wa_integrasi.providers.wire import failure_text, header, json_list, json_object

_SERVICE = "WAHA"
_LOOKED_AT = 100
_CLOCKS_S = 60
"""How far WAHA's clock and ours may be apart."""


@dataclass(frozen=True, slots=True)
class WahaConfig(WebConfig):
    """One session of a WAHA server. Raises `ValueError`, never repeating a value."""


class WahaSender:
    """Sends through WAHA, over one pool of kept-alive connections."""

    name: ClassVar[str] = "waha"
    capabilities: ClassVar[Capabilities] = replace(CAPABILITIES, looks_up=True)

    def __init__(self, config: WahaConfig) -> None:
        self._config = config
        self._http = Http(
            _SERVICE,
            {"X-Api-Key": config.api_key},
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
        path, request = request_of(outbound, self._config.session)
        if isinstance(outbound.content, Reaction) and serialized_id(request["messageId"]) is None:
            return Failed(Action.DEAD, "message_id", f"{_SERVICE} reacts in a group only by the quote id of a message")
        ask = self._http.put if isinstance(outbound.content, Reaction) else self._http.post
        answer = await ask(self._config.url(path), json.dumps(request).encode())
        if not isinstance(answer, Answer):
            return answer
        if answer.status >= 300:
            return self._failure(answer)
        message_id = _message_id(answer.json())
        if message_id is None and isinstance(outbound.content, Reaction) and answer.body is not None:
            message_id = derived_id(outbound)  # some engines name no message: nobody asks for one either
        return Accepted(message_id) if message_id else Unanswered(f"HTTP {answer.status} without a message id")

    async def look_up(self, outbound: Outbound, since: datetime) -> Accepted | Missing | Unanswered:
        """Look through what we have sent to the chat since the attempt began.

        An engine that takes our id (GOWS does) has the message under it. With the others it is the one message of ours
        that says the same; several, or one at the edge of the two clocks, prove nothing. A reaction may be repeated.
        """
        if isinstance(outbound.content, Reaction):
            return Missing()
        begun = int(since.timestamp())
        query = {
            "limit": _LOOKED_AT,
            "downloadMedia": "false",
            "sortBy": "timestamp",
            "sortOrder": "desc",
            "filter.fromMe": "true",
            "filter.timestamp.gte": begun - _CLOCKS_S,
        }
        chat = quote(chat_id(outbound.recipient), safe="")
        url = self._config.url(f"/api/{self._config.session}/chats/{chat}/messages?{urlencode(query)}")
        answer = await self._http.get(url)
        if isinstance(answer, Failed | Unanswered):
            return Unanswered(answer.text)
        if answer.status != 200:
            return Unanswered(f"HTTP {answer.status} instead of the chat's messages")
        try:
            listed = json_list(answer.body or b"")
        except ValueError:
            return Unanswered("no list of the chat's messages")
        return _found(outbound, listed, begun)

    async def session(self) -> SessionState | Failed | Unanswered:
        """How the session stands, with the QR code to scan where one waits."""
        answer = await self._http.get(self._config.url(f"/api/sessions/{self._config.session}"))
        state = self._state(answer)
        if not isinstance(state, SessionState) or state.state != "SCAN_QR_CODE":
            return state
        answer = await self._http.get(self._config.url(f"/api/{self._config.session}/auth/qr?format=raw"))
        qr = answer.json().get("value") if isinstance(answer, Answer) and answer.status == 200 else None
        return replace(state, qr=qr) if isinstance(qr, str) else state

    async def restart(self) -> SessionState | Failed | Unanswered:
        """Start the session anew, whether it runs or not; it must exist."""
        answer = await self._http.post(self._config.url(f"/api/sessions/{self._config.session}/restart"), b"")
        return self._state(answer)

    def _state(self, answer: Answer | Failed | Unanswered) -> SessionState | Failed | Unanswered:
        if not isinstance(answer, Answer):
            return answer
        if answer.status >= 300:
            return self._failure(answer)
        state = answer.json().get("status")
        if not isinstance(state, str):
            return Unanswered(f"HTTP {answer.status} without a status")
        return SessionState(state == "WORKING", short_name(state))

    def _failure(self, answer: Answer) -> Failed | Unanswered:
        """What an error asks for.

        WAHA waits 5 s for the session to be WORKING before it does anything; if it is not by then, it answers 422
        with the status it found, and nothing has been sent. Its other 422 and 501 are about the message, or about
        what the engine can do.
        """
        said = answer.json()
        words = _words(said)
        told = told_failure(answer, words, _SERVICE, self._config.api_key)
        status = said.get("status")
        if answer.status == 422 and isinstance(status, str) and "expected" in said:
            return Failed(Action.HOLD_ACCOUNT, "session_status", f"the session is {short_name(failure_text(status))}")
        if answer.status == 422 and "session" in words.lower():
            return Failed(Action.HOLD_ACCOUNT, "http_422", told.text)
        if answer.status == 501 and words:
            return Failed(Action.DEAD, "http_501", failure_text(words, self._config.api_key))
        return told


def _message_id(said: Mapping[str, Any]) -> str | None:
    """The inner id in the answer of any engine: WAHA hands on the engine's own message (`key` is NOWEB's)."""
    data = said.get("_data")
    return (
        inner_id(said.get("id")) or inner_id(said.get("key")) or inner_id(data if isinstance(data, Mapping) else None)
    )


def _words(said: Mapping[str, Any]) -> str:
    """What is wrong, in WAHA's words: `message` may be a list of them."""
    for told in (said.get("message"), said.get("error")):
        if isinstance(told, list):
            told = "; ".join(each for each in told if isinstance(each, str))
        if isinstance(told, str) and told.strip():
            return told
    return ""


def _found(outbound: Outbound, listed: list[Any], begun: int) -> Accepted | Missing | Unanswered:
    ours = [item for item in listed if isinstance(item, Mapping) and item.get("fromMe") is True]
    own = derived_id(outbound)
    if own in [inner_id(item.get("id")) for item in ours]:
        return Accepted(own)
    content = outbound.content
    body = (
        content.body if isinstance(content, Text) else content.caption if isinstance(content, Image | Document) else ""
    )
    same = [
        item for item in ours if _says(item) == body and (item.get("hasMedia") is True) != isinstance(content, Text)
    ]
    if len(same) == 1 and isinstance(same[0].get("timestamp"), int | float) and same[0]["timestamp"] >= begun:
        message_id = inner_id(same[0].get("id"))
        return Accepted(message_id) if message_id else Unanswered("a message that says the same has no id")
    if same:
        return Unanswered("the chat has messages that say the same")
    return Missing() if len(listed) < _LOOKED_AT else Unanswered("the chat has too many messages to look through")


def _says(item: Mapping[str, Any]) -> str:
    body = item.get("body")
    return body if isinstance(body, str) else ""


class WahaReceiver:
    """Checks and reads WAHA's webhooks."""

    name: ClassVar[str] = "waha"
    sends_json: ClassVar[bool] = True

    def __init__(self, hmac_key: str, session: str = "default") -> None:
        """Take the key that is set as `hmac.key` of the webhook; events of other sessions are kept apart."""
        if not hmac_key:
            raise ValueError("hmac_key must not be empty: anybody could sign then")
        check_session(session)
        self._hmac_key = hmac_key.encode()
        self._session = session

    def handshake(self, query: Mapping[str, str]) -> str:
        """WAHA asks nothing. Raises `SignatureError`."""
        raise SignatureError("WAHA has no handshake")

    def verify(self, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """Check `X-Webhook-Hmac` over the raw bytes. Raises `SignatureError`."""
        if (header(headers, "x-webhook-hmac-algorithm") or "sha512").lower() != "sha512":
            raise SignatureError("X-Webhook-Hmac-Algorithm is not sha512")
        given = header(headers, "x-webhook-hmac")
        if given is None:
            raise SignatureError("no X-Webhook-Hmac header")
        if not hmac.compare_digest(given.encode("utf-8", "backslashreplace"), signature(self._hmac_key, body).encode()):
            raise SignatureError("wrong signature")
        return body

    def parse(self, body: bytes) -> Sequence[Event]:
        """The one item of a webhook. Raises `ValueError` when it is no JSON object."""
        return list(events(json_object(body), self._session))


def signature(hmac_key: bytes, body: bytes) -> str:
    """The value of `X-Webhook-Hmac` for a body."""
    return hmac.new(hmac_key, body, hashlib.sha512).hexdigest()
