"""Does somebody write too much? One warning, and then silence until they pause.

Rates are counted as in `wa_integrasi.policy.pace`: of all that was written before, one moment is kept. Messages count
by the time at which they were written, so that what a channel held back for hours is no flood when it comes at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

_DIGEST_BYTES = 12


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages a minute, and how many of them may come at once after a silence."""

    per_minute: int
    burst: int

    @property
    def every(self) -> timedelta:
        """What one message costs."""
        return timedelta(minutes=1) / self.per_minute


@dataclass(frozen=True, slots=True)
class SpamRules:
    """What is too much."""

    person: Rate = Rate(20, 15)
    group: Rate = Rate(10, 8)
    """Of one person in one group; their own chat counts for itself."""
    repeats: int = 5
    """How often the same may be said within `repeats_within`."""
    repeats_within: timedelta = timedelta(minutes=1)
    cooldown: timedelta = timedelta(minutes=5)
    """How long somebody must pause until they are heard again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept of one person in one chat."""

    filled_until: datetime | None = None
    """When what they have written will have been forgotten."""
    last_at: datetime | None = None
    digest: str | None = None
    """Of what they said last."""
    repeats: int = 0
    """How often they have said it."""
    silent_until: datetime | None = None
    silenced: int = 0
    """How many messages were not heard, ever."""
    alarmed_at: datetime | None = None
    """When they were heard although they wrote too much, because of a danger."""

    def silent_at(self, at: datetime) -> bool:
        """Whether a message that was written at `at` is not heard, whatever it says."""
        return self.silent_until is not None and max(at, self.last_at or at) < self.silent_until


class Verdict(StrEnum):
    """What becomes of a message."""

    HEARD = "heard"
    WARNED = "warned"
    """The first that is too much: not heard, and the sender is told so."""
    SILENT = "silent"


def judge(standing: Standing, rules: SpamRules, at: datetime, digest: str, *, group: bool) -> tuple[Verdict, Standing]:
    """Judge one message that was written at `at`; returns also the standing to keep.

    An empty `digest` is no repetition of anything. One that comes late counts as written when the last one was.
    """
    at = max(at, standing.last_at or at)
    rate = rules.group if group else rules.person
    if standing.silent_at(at):
        silenced = standing.silenced + 1
        return Verdict.SILENT, replace(standing, last_at=at, silent_until=at + rules.cooldown, silenced=silenced)
    again = bool(digest) and digest == standing.digest and at - (standing.last_at or at) <= rules.repeats_within
    repeats = standing.repeats + 1 if again else 1
    filled = max(standing.filled_until or at, at) + rate.every
    said = replace(standing, last_at=at, digest=digest or None, repeats=repeats, silent_until=None)
    if filled - at <= rate.every * rate.burst and repeats <= rules.repeats:
        return Verdict.HEARD, replace(said, filled_until=filled)
    silenced = standing.silenced + 1
    return Verdict.WARNED, replace(said, repeats=0, silent_until=at + rules.cooldown, silenced=silenced)


def may_alarm(standing: Standing, rules: SpamRules, at: datetime) -> bool:
    """Whether somebody who is not heard is heard all the same when they tell of a danger: once in a cooldown."""
    return standing.alarmed_at is None or at >= standing.alarmed_at + rules.cooldown


def digest_of(text: str) -> str:
    """What is the same for the same words, however spaced and capitalised; empty for none."""
    words = " ".join(text.casefold().split())
    return hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest() if words else ""
