"""Twilio's webhooks: who sent them, and what they say. Each is about one message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.message import Receipt
from wa_integrasi.providers.base import (
    Action,
    BadItem,
    Event,
    Failed,
    MessageEvent,
    OtherEvent,
    ReceiptEvent,
    SignatureError,
)
from wa_integrasi.providers.http import check_url
from wa_integrasi.providers.twilio import ATTEMPT
from wa_integrasi.providers.twilio_errors import failure_of
from wa_integrasi.providers.wire import header, json_object, storable
from wa_integrasi.recipient import Recipient, RecipientError

_CHANNEL = "whatsapp:"
_KEPT_ATTEMPT = "_attempt"
_MOST_FIELDS = 500
_LONGEST_ID = 512
_LONGEST_NAME = 64
_SID = re.compile(r"[^\x00]{1,512}")
_RECEIPTS = {
    "sent": Receipt.SENT,
    "delivered": Receipt.DELIVERED,
    "read": Receipt.READ,
    "undelivered": Receipt.FAILED,
    "failed": Receipt.FAILED,
}
_MEDIA = {"image/webp": "sticker", "image": "image", "audio": "audio", "video": "video", "text/vcard": "contacts"}
_SAID = {"button": ("ButtonText", "Body", "ButtonPayload"), "interactive": ("ListTitle", "Body", "ListId")}

_Pair = tuple[bytes, bytes]


class TwilioReceiver:
    """Checks and reads Twilio's webhooks: status callbacks and incoming messages.

    Twilio dates neither, so an event is dated when it is read: within a second of its coming, unless the store was
    away or its message was not known yet.
    """

    name: ClassVar[str] = "twilio"
    sends_json: ClassVar[bool] = False

    def __init__(self, auth_token: str, webhook_url: str, *, clock: Clock = utc_now) -> None:
        """Take the account's auth token (an API key signs nothing) and its webhook as Twilio reaches it.

        The address is part of what Twilio signs: behind a proxy it is the outer one that counts.
        """
        check_url("webhook_url", webhook_url)
        if not auth_token:
            raise ValueError("auth_token must not be empty: anybody could sign then")
        self._auth_token = auth_token.encode("utf-8", "surrogatepass")
        self._urls = _spellings(webhook_url)
        self._clock = clock

    def handshake(self, query: Mapping[str, str]) -> str:
        """Refuse: Twilio asks nothing before it sends webhooks. Raises `SignatureError`."""
        raise SignatureError("Twilio has no subscription check")

    def verify(self, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """Check `X-Twilio-Signature`. Raises `SignatureError`.

        Returns the body; that of a status callback with our attempt id from the query string as one field more.
        """
        given = header(headers, "x-twilio-signature")
        if given is None:
            raise SignatureError("no X-Twilio-Signature header")
        asked = form_fields(_bytes(query))
        by_hash = next((value for name, value in asked if name == b"bodySHA256"), None)
        if by_hash is not None and not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), by_hash.lower()):
            raise SignatureError("the body is not the one that was signed")
        fields = [] if by_hash is not None else form_fields(body)
        suffix = f"?{query}" if query else ""
        signed = (signature(self._auth_token, url + suffix, fields) for url in self._urls)
        if not any(hmac.compare_digest(each, _bytes(given)) for each in signed):
            raise SignatureError("wrong signature")
        attempt = next((value for name, value in asked if name == ATTEMPT.encode()), None)
        if attempt is None or by_hash is not None:
            return body
        return body + f"&{_KEPT_ATTEMPT}={quote_from_bytes(attempt, safe='')}".encode()

    def parse(self, body: bytes) -> Sequence[Event]:
        """Read the one item of a webhook. Raises `ValueError` when it is neither a form nor a JSON object."""
        if b"=" not in body or body.lstrip()[:1] in (b"{", b"["):
            return [OtherEvent("json", json_object(body))]
        try:
            pairs = form_fields(body)
        except SignatureError:
            raise ValueError("a form of too many fields") from None
        fields = {_text(name): _text(value) for name, value in pairs}
        return [_event(fields, self._clock())]


def signature(auth_token: bytes, url: str, fields: Sequence[_Pair]) -> bytes:
    """The value of `X-Twilio-Signature`: base64 of the HMAC-SHA1 over the URL and the sorted fields.

    https://www.twilio.com/docs/usage/security#validating-requests; a field that comes twice counts once for each value.
    """
    said = b"".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(auth_token, _bytes(url) + said, hashlib.sha1).digest())


def _spellings(url: str) -> tuple[str, ...]:
    """The address with and without its port. Twilio may sign either, and its own validators accept both."""
    parts = urlsplit(url)
    standard = {"https": 443, "http": 80}[parts.scheme]
    if parts.port is None:
        return url, parts._replace(netloc=f"{parts.netloc}:{standard}").geturl()
    return url, parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()


def form_fields(form: bytes) -> list[_Pair]:
    """The fields of a form, byte for byte. Raises `SignatureError` when there are far too many."""
    if form.count(b"&") >= _MOST_FIELDS:
        raise SignatureError("too many fields")
    pieces = (piece.partition(b"=") for piece in form.split(b"&") if piece)
    return [(_unquoted(name), _unquoted(value)) for name, _, value in pieces]


def _unquoted(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _text(raw: bytes) -> str:
    return storable(raw.decode("utf-8", "replace"))


def _event(fields: Mapping[str, str], now: datetime) -> Event:
    sid = fields.get("MessageSid") or fields.get("SmsMessageSid") or fields.get("SmsSid") or ""
    status = fields.get("MessageStatus")
    if status is None and "From" not in fields:
        return OtherEvent("other", fields)
    if not _SID.fullmatch(sid):
        return BadItem("an item has no MessageSid", fields)
    if status is not None:
        return _status(sid, status.lower(), fields, now)
    return _message(sid, fields, now)


def _status(sid: str, status: str, fields: Mapping[str, str], now: datetime) -> Event:
    receipt = _RECEIPTS.get(status)
    if receipt is None:
        return OtherEvent(f"status.{status}"[:_LONGEST_NAME], fields)
    failure = None
    if receipt is Receipt.FAILED:
        words = fields.get("ChannelStatusMessage") or fields.get("ErrorMessage")
        failure = failure_of(fields.get("ErrorCode"), words)
        failure = failure or Failed(Action.DEAD, "unknown", "failed without an error")
    attempt = fields.get(_KEPT_ATTEMPT, "")
    return ReceiptEvent(sid, receipt, now, attempt if 0 < len(attempt) <= _LONGEST_ID else None, failure)


def _message(sid: str, fields: Mapping[str, str], now: datetime) -> Event:
    sender = fields["From"]
    if not sender.startswith(_CHANNEL):
        return OtherEvent("message.other_channel", fields)
    try:
        chat = Recipient.parse(sender.removeprefix(_CHANNEL)).chat
    except RecipientError:
        return BadItem("a message has no sender that could be read", fields)
    kind = _kind(fields)
    said = (fields.get(name) for name in _SAID.get(kind, ("Body",)))
    return MessageEvent(sid, chat, now, kind, next((text for text in said if text), None), fields)


def _kind(fields: Mapping[str, str]) -> str:
    if fields.get("ButtonPayload") or fields.get("ButtonText"):
        return "button"
    if fields.get("ListId") or fields.get("ListTitle"):
        return "interactive"
    if fields.get("NumMedia", "0") not in ("", "0"):
        mime = fields.get("MediaContentType0", "").partition(";")[0].strip().lower()
        return _MEDIA.get(mime) or _MEDIA.get(mime.partition("/")[0], "document")
    return "location" if fields.get("Latitude") and fields.get("Longitude") else "text"
