"""May this message go to this chat now? Consent first, then the window, then the tier; pacing comes after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(hours=24)
"""How long free-form messages may follow the user's last one (Cloud API, customer service window)."""

TIER_PERIOD = timedelta(hours=24)

GOODBYE = "goodbye/"
"""Begins the dedupe key of the one message that may follow a word of refusal: it says what was understood."""


@dataclass(frozen=True, slots=True)
class ChatState:
    """What is known of one chat of one account."""

    last_inbound_at: datetime | None = None
    opted_in_at: datetime | None = None
    opted_out_at: datetime | None = None
    initiated_at: datetime | None = None
    """When the business last began a conversation here, outside a window."""

    def window_open(self, now: datetime) -> bool:
        """Whether the user wrote in the last 24 hours."""
        return self.last_inbound_at is not None and now < self.last_inbound_at + WINDOW

    @property
    def opted_out(self) -> bool:
        """Whether the last word of this person was no."""
        if self.opted_out_at is None:
            return False
        return self.opted_in_at is None or self.opted_in_at <= self.opted_out_at


def goodbye_key(account: str, chat: str, opted_out_at: datetime) -> str:
    """The dedupe key of the goodbye to a chat: one for each day, however often its person changes their mind."""
    return f"{GOODBYE}{account}/{chat}/{opted_out_at.astimezone(UTC):%Y-%m-%d}"


def says_goodbye(key: str | None, account: str, chat: str, state: ChatState) -> bool:
    """Whether a message is the goodbye to a person whose last word was no."""
    return state.opted_out_at is not None and state.opted_out and key == goodbye_key(account, chat, state.opted_out_at)


@dataclass(frozen=True, slots=True)
class GateRules:
    """What an account's channel and owner ask for."""

    windowed: bool = False
    consent_required: bool = False
    """Whether a conversation that we begin needs a recorded opt-in."""
    tier: int | None = None
    """Unique users with whom conversations may be begun in 24 hours; None for no limit. Only a template begins one,
    so it counts templates outside the window, also where the window itself is left to the channel."""


@dataclass(frozen=True, slots=True)
class Go:
    """It may go. `initiates`: it begins a conversation, which counts towards the tier."""

    initiates: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """It may go later."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class NeedsWindow:
    """It may go once the user has written: until then only an approved template can reach them."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It may not go."""

    code: str
    reason: str


Verdict = Go | Wait | NeedsWindow | Refuse


def judge(
    chat: ChatState,
    rules: GateRules,
    now: datetime,
    *,
    is_template: bool,
    begun: int,
    oldest: datetime | None,
    goodbye: bool = False,
) -> Verdict:
    """Judge one message. `begun` conversations count towards the tier now, the oldest of them since `oldest`.

    `goodbye`: it is the one that tells who has written STOP what was understood; it goes within their window only.
    """
    if goodbye and chat.window_open(now):
        return Go()
    if chat.opted_out:
        return Refuse("opted_out", "this person asked for no more messages")
    if chat.window_open(now) or not (rules.windowed or (is_template and rules.tier is not None)):
        return Go()
    if rules.windowed and rules.consent_required and chat.opted_in_at is None:
        return Refuse("no_consent", "this person has not agreed to receive messages")
    if not is_template:
        return NeedsWindow()
    counted = chat.initiated_at is not None and now < chat.initiated_at + TIER_PERIOD
    if not counted and rules.tier is not None and begun >= rules.tier:
        until = (oldest or now) + TIER_PERIOD
        return Wait(until, f"{begun} conversations were begun in 24 hours, the account's limit")
    return Go(initiates=not counted)
