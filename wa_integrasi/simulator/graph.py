"""The Graph API's side of a send request: what Meta refuses, and in which words."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from wa_integrasi.simulator.contents import Shown, read_content
from wa_integrasi.simulator.refusals import GraphError, invalid, node_of, text_of
from wa_integrasi.simulator.templates import PhoneTemplate

_VERSION = re.compile(r"v[0-9]{1,3}\.0")
_CALLBACK_LIMIT = 512
_LONGEST_ID = 512
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{4,24}")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{5,128}")


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """A message to deliver."""

    given: str
    """The address as the request had it: Meta answers with it as `input`."""
    chat: str
    shown: Shown
    attempt_id: str | None = None
    quoted: str | None = None
    """The message that it quotes."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A wish to mark an inbound message as read, perhaps while showing that somebody types."""

    message_id: str
    typing: bool = False


def authorise(header: str | None, token: str) -> None:
    """Check the Bearer token. Raises `GraphError` 190."""
    scheme, _, given = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
        raise GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")


def authorise_request(request: Request, token: str) -> None:
    """Check the version in the path and the Bearer token. Raises `GraphError`."""
    if not _VERSION.fullmatch(request.path_params["version"]):
        raise GraphError(400, 2500, "Unknown path components")
    authorise(request.headers.get("Authorization"), token)


def unknown_number(method: str = "post") -> GraphError:
    """The answer for an id that does not exist or belongs to somebody else."""
    return GraphError(
        400,
        100,
        f"Unsupported {method} request. Object with this ID does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        kind="GraphMethodException",
        subcode=33,
    )


def read_request(
    payload: object, country_code: str, templates: Sequence[PhoneTemplate]
) -> MessageRequest | ReadRequest:
    """Check a request the way Meta does. Raises `GraphError`."""
    if not isinstance(payload, Mapping):
        raise invalid("The request body must be a JSON object.")
    if payload.get("messaging_product") != "whatsapp":
        raise invalid("The parameter messaging_product is required.")
    if "status" in payload:
        return _read_receipt(payload)
    given, chat = _recipient(payload, country_code)
    quoted = None
    if "context" in payload:
        quoted = text_of(node_of(payload, "context", "context"), "message_id", "context['message_id']", _LONGEST_ID)
    callback = _callback(payload.get("biz_opaque_callback_data"))
    return MessageRequest(given, chat, read_content(payload, templates), callback, quoted)


def message_id() -> str:
    """A new `wamid.…`, shaped like Meta's."""
    return f"wamid.{base64.b64encode(b'HBg' + secrets.token_bytes(33)).decode()}"


def _read_receipt(payload: Mapping[str, Any]) -> ReadRequest:
    given = payload.get("message_id")
    if payload.get("status") != "read" or not isinstance(given, str) or not given:
        raise invalid("The parameter message_id is required, and status must be read.")
    typing = payload.get("typing_indicator")
    if typing is not None and (not isinstance(typing, Mapping) or typing.get("type") != "text"):
        raise invalid("Param typing_indicator['type'] must be one of {TEXT}.")
    return ReadRequest(given, typing is not None)


def _recipient(payload: Mapping[str, Any], country_code: str) -> tuple[str, str]:
    """The address as given and the chat it reaches; without a plus the business's own country code comes before it."""
    if payload.get("recipient_type", "individual") != "individual":
        raise invalid("Param recipient_type must be one of {INDIVIDUAL}.")
    to, user_id = payload.get("to"), payload.get("recipient")
    if to is None and isinstance(user_id, str) and _USER_ID.fullmatch(user_id):
        return user_id, user_id
    if not to:
        raise invalid("The parameter to is required.")
    if not isinstance(to, str) or not _NUMBER.fullmatch(to):
        raise GraphError(400, 131009, "(#131009) Parameter value is not valid", "The recipient is no phone number.")
    digits = re.sub(r"[^0-9]", "", to)
    return to, f"+{digits}" if to.startswith("+") else f"+{country_code}{digits}"


def _callback(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _CALLBACK_LIMIT:
        raise invalid(f"Param biz_opaque_callback_data must be at most {_CALLBACK_LIMIT} characters long.")
    return value
