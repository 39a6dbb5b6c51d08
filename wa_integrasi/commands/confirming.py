"""One-time codes for dangerous triggers: bound to who was asked, where, what would run, and two minutes.

The code itself is never kept, so that nobody who reads the store can answer for somebody else.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

LASTS = timedelta(minutes=2)
TRIES = 3
_DIGITS = 6


class Verdict(StrEnum):
    """What a code is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    LATE = "late"
    NOT_YOURS = "not_yours"
    NONE_OPEN = "none_open"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What waits for a code."""

    sender: str
    """Who must answer: who asked, or the second person that an approval needs."""
    chat: str
    trigger: str
    arguments: Mapping[str, Any]
    """As `grammar.dump` writes them."""
    asked_by: str
    expires_at: datetime
    salt: str = field(repr=False)
    digest: str = field(repr=False)
    tries: int = TRIES
    request: int | None = None
    """The command that waits for this approval: its answer goes there, and it runs once, whoever approves."""
    by: str = ""
    """The code of the command that was answered by the demand."""

    def to_json(self) -> dict[str, Any]:
        """It as JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"expires_at": self.expires_at.isoformat()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Confirmation:
        """What `to_json` has written."""
        return cls(**{**stored, "expires_at": datetime.fromisoformat(stored["expires_at"])})


def demand(
    trigger: str,
    arguments: Mapping[str, Any],
    *,
    sender: str,
    chat: str,
    now: datetime,
    asked_by: str | None = None,
    request: int | None = None,
    by: str = "",
) -> tuple[Confirmation, str]:
    """What to keep, and the code to tell `sender` in `chat`.

    `asked_by` is who asked, where that is somebody else, and `request` their command.
    """
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    salt = secrets.token_hex(16)
    ends = now + LASTS
    waiting = Confirmation(sender, chat, trigger, dict(arguments), asked_by or sender, ends, salt, "")
    waiting = replace(waiting, request=request, by=by)
    return replace(waiting, digest=_digest(waiting, code)), code


def check(
    waiting: Confirmation | None, code: str, *, sender: str, chat: str, now: datetime
) -> tuple[Verdict, Confirmation | None]:
    """What a code is worth, and what to keep instead of `waiting`: nothing once it was right, late or tried too often.

    Somebody else's code, and the right code in another chat, change nothing.
    """
    if waiting is None:
        return Verdict.NONE_OPEN, None
    if (sender, chat) != (waiting.sender, waiting.chat):
        return Verdict.NOT_YOURS, waiting
    if now >= waiting.expires_at:
        return Verdict.LATE, None
    if hmac.compare_digest(_digest(waiting, code), waiting.digest):
        return Verdict.RIGHT, None
    left = waiting.tries - 1
    return Verdict.WRONG, replace(waiting, tries=left) if left > 0 else None


def _digest(waiting: Confirmation, code: str) -> str:
    bound = [waiting.sender, waiting.chat, waiting.trigger, waiting.arguments, waiting.asked_by, waiting.request, code]
    said = json.dumps(bound, sort_keys=True, ensure_ascii=True)
    return hmac.new(bytes.fromhex(waiting.salt), said.encode(), sha256).hexdigest()
