"""What a channel says of an account and its templates: kept, and obeyed by what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from wa_integrasi.inbox.channels import meta_updates
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.shared import TIER, hold_account, load_breaker, release_account
from wa_integrasi.outbox.templates import release_templates
from wa_integrasi.policy.standing import ACTIVE, HELD
from wa_integrasi.providers.base import OtherEvent
from wa_integrasi.store.facts import Fact, FactKind, note_facts

ACCOUNT_DISABLED = "account_disabled"

_HOLD = timedelta(hours=1)
"""Then a few messages find out whether the account works again: the word that it does may have been lost."""

_OF_THE_ACCOUNT = {ACCOUNT_DISABLED, "368", "131031"}
"""What a breaker says that was opened because the account is disabled; the numbers are Meta's answers to a probe."""

_CHANNELS: Mapping[str, Callable[[str, object, str, datetime], Iterator[Fact]]] = {"meta": meta_updates.facts}


def facts_in(event: OtherEvent, provider: str, account: str, received_at: datetime) -> list[Fact]:
    """What an event says, dated by itself; it never happened after it came."""
    read = _CHANNELS.get(provider)
    at = min(event.at or received_at, received_at)
    return list(read(event.name, event.raw, account, at)) if read else []


def apply_facts(connection: Connection, facts: Sequence[Fact], now: datetime) -> bool:
    """Keep what is new and act on it; whether something may go now that waited."""
    freed = False
    approved, limited = set(), set()
    for fact in note_facts(connection, facts):
        if fact.kind is FactKind.STANDING:
            freed |= _stands(connection, fact, now)
        elif fact.kind is FactKind.TEMPLATE_STATUS and fact.value not in HELD:
            approved.add(fact.account)
        elif fact.kind is FactKind.TIER:
            limited.add(fact.account)
    for account in sorted(approved):
        release_templates(connection, account)
    for account in sorted(limited):
        turns.resume(connection, account, TIER)
    return freed or bool(approved) or bool(limited)


def _stands(connection: Connection, fact: Fact, now: datetime) -> bool:
    if fact.value != ACTIVE:
        reason = f"the channel says that this account is {fact.value}"
        hold_account(connection, fact.account, ACCOUNT_DISABLED, reason, now, _HOLD)
        return False
    code = load_breaker(connection, fact.account).code
    if code not in _OF_THE_ACCOUNT:
        return False
    release_account(connection, fact.account, code, now)
    return True
