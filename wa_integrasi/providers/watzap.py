"""Watzap: a vendor's gateway to a paired phone.

By our notes and, where they are silent (the addresses for files in groups, `separate_caption`, `licenses_key`), by the
vendor's public API page. It gives no message id, sends no receipts and cannot be asked: what it says it has sent stays
`sent`, and what it did not answer stays unknown.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self

from wa_integrasi.content import Content, Document, Image, Text
from wa_integrasi.providers.base import (
    Accepted,
    Action,
    Capabilities,
    Failed,
    Outbound,
    Outcome,
    SessionState,
    Unanswered,
)
from wa_integrasi.providers.http import Answer, Http, check_url, check_word, plain_failure
from wa_integrasi.providers.wire import failure_text, storable
from wa_integrasi.recipient import Kind, Recipient

_SERVICE = "Watzap"

ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "1002": Action.HOLD_ACCOUNT,  # invalid API key
        "1003": Action.HOLD_ACCOUNT,  # invalid number key
        "1004": Action.HOLD_ACCOUNT,  # the phone is not paired any more
        "1005": Action.DEAD,  # “fatal error with dynamic message”: about this message
        "1006": Action.RETRY,  # “other error”
    }
)
"""Watzap's statuses of a refusal. The same code may come for several causes, so only the first three hold the account;
any other is tried again until the tries are used up."""


@dataclass(frozen=True, slots=True)
class WatzapConfig:
    """One paired number of a Watzap account. Raises `ValueError`, never repeating a value."""

    api_key: str = field(repr=False)
    number_key: str = field(repr=False)
    api_url: str = "https://api.watzap.id/v1"
    wait_until_send: bool = True
    """Whether Watzap answers only when the phone has sent the message: slower, but a success then means more."""
    timeout_s: float = 60.0
    """For one request as a whole; connecting gets at most half of it."""
    max_in_flight: int = 5
    """Requests at a time. It is one phone: more only makes them wait there."""

    def __post_init__(self) -> None:
        check_url("api_url", self.api_url)
        check_word("api_key", self.api_key)
        check_word("number_key", self.number_key)


class WatzapSender:
    """Sends through Watzap, over one pool of kept-alive connections."""

    name: ClassVar[str] = "watzap"
    capabilities: ClassVar[Capabilities] = Capabilities(
        recipients=frozenset({Kind.PHONE, Kind.GROUP}),
        contents=frozenset({"text", "image", "document"}),
        at_once=5,
    )

    def __init__(self, config: WatzapConfig) -> None:
        self._config = config
        self._http = Http(_SERVICE, {}, timeout_s=config.timeout_s, max_in_flight=config.max_in_flight)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__()

    async def send(self, outbound: Outbound) -> Outcome:
        """Send one message. `Accepted` has an id of our own making: `watzap:` and the attempt."""
        if outbound.recipient.kind not in self.capabilities.recipients:
            return Failed(Action.DEAD, "recipient", f"{_SERVICE} reaches phone numbers and groups only")
        request = request_of(outbound)
        if isinstance(request, Failed):
            return request
        path, fields = request
        if self._config.wait_until_send:
            fields = {**fields, "wait_until_send": "1"}
        answer = await self._post(path, {"number_key": self._config.number_key, **fields})
        if not isinstance(answer, Answer):
            return answer
        return self._refusal(answer) or Accepted(f"watzap:{outbound.attempt_id}")

    async def session(self) -> SessionState | Failed | Unanswered:
        """Whether the phone is paired."""
        answer = await self._post("checking_key", {})
        if not isinstance(answer, Answer):
            return answer
        said = answer.json()
        match said.get("data"):
            case {"licenses_key": list(licences)}:
                mine = next((each for each in licences if self._is_mine(each)), None)
            case _:
                return self._refusal(answer) or Unanswered(f"{_SERVICE} does not say how the phone is")
        if mine is None:
            return Failed(Action.HOLD_ACCOUNT, "1003", "the number key is none of the account's")
        ready = mine.get("is_connected") is True
        return SessionState(ready, "CONNECTED" if ready else "DISCONNECTED")

    async def restart(self) -> SessionState | Failed | Unanswered:
        """Refuse: a phone is paired on Watzap's own page."""
        return Failed(Action.HOLD_ACCOUNT, "restart", "the phone can be paired on Watzap's own page only")

    def _is_mine(self, licence: object) -> bool:
        key = licence.get("key") if isinstance(licence, Mapping) else None
        return isinstance(key, str) and hmac.compare_digest(key.encode("utf-8", "replace"), self._number_key)

    @property
    def _number_key(self) -> bytes:
        return self._config.number_key.encode()

    async def _post(self, path: str, fields: Mapping[str, str]) -> Answer | Failed | Unanswered:
        body = json.dumps({"api_key": self._config.api_key, **fields}).encode()
        return await self._http.post(f"{self._config.api_url.rstrip('/')}/{path}", body)

    def _refusal(self, answer: Answer) -> Failed | Unanswered | None:
        """Why it is no success; None when it is one: HTTP 2xx, `status` 200 and no other `ack` than its usual one."""
        said = answer.json()
        status = _code(said.get("status"))
        if status is None or (status.startswith("5") and len(status) == 3):
            text = f"HTTP {answer.status} without a status of {_SERVICE}"
            return plain_failure(answer, _SERVICE) if answer.status >= 300 else Unanswered(text)
        if status == "200":
            if answer.status >= 300:
                return plain_failure(answer, _SERVICE)
            return None if said.get("ack", "successfully") == "successfully" else Unanswered("200 with another ack")
        if status.startswith("2") and len(status) == 3:
            return Unanswered(f"{_SERVICE} answered the status {status}")
        action = ACTIONS.get(status, Action.RETRY)
        message = said.get("message")
        words = message if isinstance(message, str) and message.strip() else "no explanation given"
        text = failure_text(words, self._config.api_key, self._config.number_key)
        return Failed(action, status, text, answer.retry_after if action is Action.RETRY else None)


def request_of(outbound: Outbound) -> tuple[str, dict[str, str]] | Failed:
    """The path and the fields of a request, without the keys, or why there can be none.

    The caption of a document goes into `message` as that of an image does; Watzap's page names no field for it.
    """
    to_group = outbound.recipient.kind is Kind.GROUP
    content = _content(outbound.content)
    if isinstance(content, Failed):
        return content
    single, group, fields = content
    whom = {"group_id": outbound.recipient.chat} if to_group else {"phone_no": _digits(outbound.recipient)}
    return group if to_group else single, {**whom, **{name: storable(value) for name, value in fields.items()}}


def _content(content: Content) -> tuple[str, str, dict[str, str]] | Failed:
    """The paths for a phone and for a group, and the fields."""
    match content:
        case Text():
            return "send_message", "send_message_group", {"message": content.body}
        case Image(link=str(link)):
            fields = {"url": link, "message": content.caption, "separate_caption": "0"}
            return "send_image_url", "send_image_group", fields
        case Document(link=str(link)):
            fields = {"url": link, **({"message": content.caption} if content.caption else {})}
            return "send_file_url", "send_file_group", fields
        case Image() | Document():
            return Failed(Action.DEAD, "content", f"{_SERVICE} sends a file by its link, this one has none")
        case _:
            return Failed(Action.DEAD, "content", f"{_SERVICE} sends no {content.type}")


def _digits(recipient: Recipient) -> str:
    return recipient.address.removeprefix("+")


def _code(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 6 else None
