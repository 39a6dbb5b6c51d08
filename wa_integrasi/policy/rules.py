"""All that an account's channel and owner ask of what is sent by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from wa_integrasi.policy.breaker import BreakerPolicy
from wa_integrasi.policy.gate import GateRules
from wa_integrasi.policy.pace import META_NUMBER, META_PAIR, WEB_SESSION, Pace


class OnUnknown(StrEnum):
    """What becomes of a message of which nobody knows whether it arrived, once no evidence came."""

    RESEND = "resend"
    REVIEW = "review"
    """It becomes a dead letter: a person decides."""


@dataclass(frozen=True, slots=True)
class AccountRules:
    """The rules of one account. Without arguments: no limits, no window."""

    pace: Pace | None = None
    """All messages of the account."""
    paced_together: bool = False
    """Whether messages that come in count toward the pace as well."""
    pair: Pace | None = None
    """Its messages to one chat."""
    gate: GateRules = field(default_factory=GateRules)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    on_unknown: OnUnknown = OnUnknown.RESEND
    looks_up: bool = False
    """Whether the channel is asked what became of a message before anything else is done with it."""


_CHANNELS = {
    "meta": AccountRules(pace=META_NUMBER, paced_together=True, pair=META_PAIR),
    # Twilio's senders have Meta's own limits.
    "twilio": AccountRules(pace=META_NUMBER, paced_together=True, pair=META_PAIR),
    "watzap": AccountRules(pace=WEB_SESSION),
    "waha": AccountRules(pace=WEB_SESSION),
    "wwebjs": AccountRules(pace=WEB_SESSION),
}


def rules_of(channel: str) -> AccountRules:
    """The rules of a channel by the name of its sender; no limits where none are known."""
    return _CHANNELS.get(channel, AccountRules())
