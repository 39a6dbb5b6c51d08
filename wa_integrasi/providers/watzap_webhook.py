"""Watzap's webhooks: unsigned, so that a secret in their address has to say who sent them."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs

from wa_integrasi.providers.base import BadItem, Event, MessageEvent, OtherEvent, SignatureError
from wa_integrasi.providers.wire import json_object, storable
from wa_integrasi.recipient import Recipient, RecipientError

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SECONDS = re.compile(r"[0-9]{1,11}")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_BARE = re.compile(r"[1-9][0-9]{7,14}")
_LONGEST_ID = 512
_LONGEST_NAME = 64
_MEDIA = frozenset({"image", "audio", "video"})


class WatzapReceiver:
    """Checks and reads Watzap's webhooks. There are no receipts among them.

    The webhook is entered at Watzap with `?token=…` at its end. Whoever knows the address can say anything: it goes
    over https only, is in no log, and is changed when somebody leaves. The body itself is not protected.
    """

    name: ClassVar[str] = "watzap"
    sends_json: ClassVar[bool] = True

    def __init__(self, token: str) -> None:
        """Take the secret of the address, long enough not to be guessed."""
        if not _TOKEN.fullmatch(token):
            raise ValueError("token must be 16 to 128 letters, digits, - or _: it is all that protects the webhook")
        self._token = token.encode()

    def handshake(self, query: Mapping[str, str]) -> str:
        """Refuse: Watzap asks nothing before it sends webhooks. Raises `SignatureError`."""
        raise SignatureError("Watzap has no subscription check")

    def verify(self, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """Check the token in the query string. Returns the body. Raises `SignatureError`."""
        try:
            given = parse_qs(query, keep_blank_values=True, max_num_fields=20).get("token", [])
        except ValueError:
            given = []
        if not given:
            raise SignatureError("no token in the address")
        if not hmac.compare_digest(given[0].encode("utf-8", "backslashreplace"), self._token):
            raise SignatureError("wrong token in the address")
        return body

    def parse(self, body: bytes) -> Sequence[Event]:
        """Read the one item of a webhook. Raises `ValueError` when it is no JSON object."""
        return [_event(json_object(body))]


def _event(envelope: Mapping[str, Any]) -> Event:
    kind, data = envelope.get("type"), envelope.get("data")
    if not isinstance(kind, str):
        return BadItem("a webhook has no type", envelope)
    if kind != "incoming_chat":
        return OtherEvent(storable(kind)[:_LONGEST_NAME], envelope)
    if not isinstance(data, Mapping):
        return BadItem("a message has no data", envelope)
    if data.get("is_from_me") is True:
        return OtherEvent("message.from_me", envelope)
    message_id, chat, at = data.get("message_id"), _chat(data.get("chat_id")), _at(data.get("timestamp"))
    if not isinstance(message_id, str) or not 0 < len(message_id) <= _LONGEST_ID:
        return BadItem("a message has no id", envelope)
    if chat is None:
        return BadItem("a message has no chat that could be read", envelope)
    if at is None:
        return BadItem("a timestamp is no number of seconds", envelope)
    text = data.get("message_body")
    said = storable(text) if isinstance(text, str) and text else None
    return MessageEvent(storable(message_id), chat, at, _kind(data), said, data)


def _chat(value: object) -> str | None:
    """The chat, which in a group is the group: Watzap does not say who wrote there."""
    if not isinstance(value, str) or len(value) > _LONGEST_ID:
        return None
    try:
        return Recipient.parse(f"+{value}" if _BARE.fullmatch(value) else value).chat
    except RecipientError:
        return None


def _at(value: object) -> datetime | None:
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(digits, str):
        return None
    if _MILLISECONDS.fullmatch(digits):
        return datetime.fromtimestamp(int(digits) / 1000, UTC)
    return datetime.fromtimestamp(int(digits), UTC) if _SECONDS.fullmatch(digits) else None


def _kind(data: Mapping[str, Any]) -> str:
    if data.get("has_media") is True:
        mime = data.get("media_mime")
        sort = mime.partition("/")[0].lower() if isinstance(mime, str) else ""
        return sort if sort in _MEDIA else "document"
    location = data.get("location_attached")
    return "location" if isinstance(location, Mapping) and location.get("lat") is not None else "text"
