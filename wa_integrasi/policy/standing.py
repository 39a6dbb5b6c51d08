"""What follows from what a channel says of an account and its templates, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.store.facts import Fact, FactKind

ACTIVE, DISABLED, DELETED = "active", "disabled", "deleted"
UNLIMITED = "unlimited"
FOR_GOOD = "for_good"

HELD = frozenset({"PAUSED", "DISABLED", "REJECTED", "PENDING", "IN_APPEAL", "LIMIT_EXCEEDED", "ARCHIVED"})
"""Statuses of a template in which its messages wait. One that is deleted comes never back: the channel refuses it."""

LOOK_AGAIN = timedelta(minutes=15)
"""How soon a message that waits for its template is looked at again; an approval lets it go at once."""

LONGEST = timedelta(days=3)
"""How old a message may be to go on waiting for its template; then it is a dead letter, for a person."""

_PAUSED_FOR = timedelta(hours=24)
"""Meta pauses for 3 hours, then for 6 (Cloud API, template pausing): after a day the word that it is over was lost."""


def is_held(status: Fact, now: datetime) -> bool:
    """Whether messages of a template wait, by its status."""
    over = status.value == "PAUSED" and status.at + _PAUSED_FOR <= now
    return status.value in HELD and not over


def restricted(known: Fact, now: datetime) -> bool:
    """Whether a restriction is still in force."""
    if known.value == FOR_GOOD:
        return True
    try:
        until = datetime.fromisoformat(known.value)
    except ValueError:
        return False
    return now < (until if until.tzinfo else until.replace(tzinfo=UTC))


def with_limits(rules: AccountRules, facts: list[Fact], now: datetime) -> AccountRules:
    """The rules of an account with the limits that its channel has told."""
    tier = rules.gate.tier
    for fact in facts:
        if fact.kind is FactKind.TIER:
            tier = int(fact.value) if fact.value.isdecimal() else None
    if any(fact.kind is FactKind.RESTRICTED and restricted(fact, now) for fact in facts):
        tier = 0
    return rules if tier == rules.gate.tier else replace(rules, gate=replace(rules.gate, tier=tier))
