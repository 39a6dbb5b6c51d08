"""The Graph API's side of a send request: what Meta refuses, and in which words."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wa_integrasi.message import TEXT_LIMIT

_CALLBACK_LIMIT = 512
_KNOWN_TYPES = frozenset(
    {"audio", "contacts", "document", "image", "interactive", "location", "reaction", "sticker", "template", "video"}
)
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{4,24}")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{5,128}")


class GraphError(Exception):
    """One refusal, as HTTP status and body."""

    def __init__(
        self,
        status: int,
        code: int,
        title: str,
        details: str | None = None,
        *,
        kind: str = "OAuthException",
        subcode: int | None = None,
        transient: bool | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.details = details
        self.kind = kind
        self.subcode = subcode
        self.transient = transient
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The body of the answer, with a trace id of its own."""
        error: dict[str, Any] = {"message": self.title, "type": self.kind, "code": self.code}
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient is not None:
            error["is_transient"] = self.transient
        return {"error": error | {"fbtrace_id": secrets.token_urlsafe(11)}}


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A text message to deliver."""

    given: str
    """The address as the request had it: Meta answers with it as `input`."""
    chat: str
    body: str
    attempt_id: str | None


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A wish to mark an inbound message as read, perhaps while showing that somebody types."""

    message_id: str


def authorise(header: str | None, token: str) -> None:
    """Check the Bearer token. Raises `GraphError` 190."""
    scheme, _, given = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
        raise GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")


def unknown_number() -> GraphError:
    """The answer for a phone number id that does not exist or belongs to somebody else."""
    return GraphError(
        400,
        100,
        "Unsupported post request. Object with this ID does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation",
        kind="GraphMethodException",
        subcode=33,
    )


def read_request(payload: object, country_code: str) -> TextRequest | ReadRequest:
    """Check a request the way Meta does. Raises `GraphError`."""
    if not isinstance(payload, Mapping):
        raise _invalid("The request body must be a JSON object.")
    if payload.get("messaging_product") != "whatsapp":
        raise _invalid("The parameter messaging_product is required.")
    if "status" in payload:
        return _read_receipt(payload)
    given, chat = _recipient(payload, country_code)
    kind = payload.get("type", "text")
    if isinstance(kind, str) and kind in _KNOWN_TYPES:
        raise GraphError(400, 131051, "(#131051) Unsupported message type", f"This phone shows text, not {kind}.")
    if kind != "text":
        raise _invalid("Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, TEMPLATE, TEXT, …}.")
    return TextRequest(given, chat, _body(payload.get("text")), _callback(payload.get("biz_opaque_callback_data")))


def message_id() -> str:
    """A new `wamid.…`, shaped like Meta's."""
    return f"wamid.{base64.b64encode(b'HBg' + secrets.token_bytes(33)).decode()}"


def _invalid(details: str) -> GraphError:
    return GraphError(400, 100, "(#100) Invalid parameter", details)


def _read_receipt(payload: Mapping[str, Any]) -> ReadRequest:
    given = payload.get("message_id")
    if payload.get("status") != "read" or not isinstance(given, str) or not given:
        raise _invalid("The parameter message_id is required, and status must be read.")
    return ReadRequest(given)


def _recipient(payload: Mapping[str, Any], country_code: str) -> tuple[str, str]:
    """The address as given and the chat it reaches; without a plus the business's own country code comes before it."""
    if payload.get("recipient_type", "individual") != "individual":
        raise _invalid("Param recipient_type must be one of {INDIVIDUAL}.")
    to, user_id = payload.get("to"), payload.get("recipient")
    if to is None and isinstance(user_id, str) and _USER_ID.fullmatch(user_id):
        return user_id, user_id
    if not to:
        raise _invalid("The parameter to is required.")
    if not isinstance(to, str) or not _NUMBER.fullmatch(to):
        raise GraphError(400, 131009, "(#131009) Parameter value is not valid", "The recipient is no phone number.")
    digits = re.sub(r"[^0-9]", "", to)
    return to, f"+{digits}" if to.startswith("+") else f"+{country_code}{digits}"


def _body(text: object) -> str:
    node = text if isinstance(text, Mapping) else {}
    body, preview = node.get("body"), node.get("preview_url", False)
    if not isinstance(body, str) or not body.strip():
        raise _invalid("The parameter text['body'] is required.")
    if len(body) > TEXT_LIMIT:
        raise _invalid(f"Param text['body'] must be at most {TEXT_LIMIT} characters long.")
    if not isinstance(preview, bool):
        raise _invalid("Param text['preview_url'] must be a boolean.")
    return body


def _callback(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _CALLBACK_LIMIT:
        raise _invalid(f"Param biz_opaque_callback_data must be at most {_CALLBACK_LIMIT} characters long.")
    return value
