"""Which of Twilio's messages is that of an attempt whose answer was lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from wa_integrasi.content import Document, Image, Text
from wa_integrasi.providers.base import Accepted, Missing, Outbound, Unanswered
from wa_integrasi.providers.wire import storable

SKEW = timedelta(minutes=1)
"""How far our clock may be from Twilio's."""


class Search:
    """What the pages of a list say about one attempt.

    Evidence is the same recipient, sender and text, created once the attempt had begun (`date_created` has whole
    seconds). A message that could be ours, though for certain it cannot be said, ends in `Unanswered`, never in
    `Missing`: the same text within `SKEW` before the attempt, or anything at all for a template (its text is
    Twilio's) and for a file without a caption.
    """

    def __init__(self, outbound: Outbound, sender: str, since: datetime) -> None:
        self._to = f"whatsapp:{outbound.recipient.address}"
        self._sender = sender if sender.startswith("MG") else f"whatsapp:{sender}"
        self._body = _body(outbound)
        self._since = since.astimezone(UTC).replace(microsecond=0)
        self._matches: list[tuple[datetime, str]] = []
        self._doubtful = False
        self.past = False
        """Whether the list has gone back beyond the attempt."""

    @property
    def found(self) -> bool:
        """Whether something in the list may be ours."""
        return bool(self._matches) or self._doubtful

    def read(self, messages: object) -> bool:
        """Read one page, the latest first; False when it is no list."""
        if not isinstance(messages, list):
            return False
        for message in messages:
            if isinstance(message, Mapping):
                self._weigh(message)
            else:
                self._doubtful = True
        return True

    def result(self) -> Accepted | Missing | Unanswered:
        """The earliest message that matches."""
        if self._matches:
            return Accepted(min(self._matches)[1])
        return Unanswered("a message that may be this one was found") if self._doubtful else Missing()

    def _weigh(self, message: Mapping[str, Any]) -> None:
        created = _moment(message.get("date_created"))
        if created is not None and created < self._since - SKEW:
            self.past = True
            return
        if message.get("to") != self._to or message.get("direction") == "inbound":
            return
        sender = message.get("messaging_service_sid" if self._sender.startswith("MG") else "from")
        if isinstance(sender, str) and sender != self._sender:
            return
        body, sid = message.get("body"), message.get("sid")
        if self._body is not None and (body if isinstance(body, str) else "").strip() != self._body:
            return
        if self._body is None or created is None or created < self._since or sender is None:
            self._doubtful = True
        elif isinstance(sid, str) and 0 < len(sid) <= 64:
            self._matches.append((created, storable(sid)))
        else:
            self._doubtful = True


def _body(outbound: Outbound) -> str | None:
    """The text that Twilio must show for it; None where it shows nothing to know it by."""
    match outbound.content:
        case Text(body=text):
            return storable(text).strip()
        case Image(caption=text) | Document(caption=text) if text.strip():
            return storable(text).strip()
        case _:
            return None


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
