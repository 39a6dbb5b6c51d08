"""May this key send to these people by this account now? What stands against it is a problem with its own status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Connection, select

from wa_integrasi.accounts import known_accounts, provider_of
from wa_integrasi.keys import ApiKey
from wa_integrasi.outbox.shared import load_breaker
from wa_integrasi.policy.breaker import Breaker
from wa_integrasi.policy.gate import ChatState
from wa_integrasi.policy.rules import rules_of
from wa_integrasi.recipient import Recipient, RecipientError
from wa_integrasi.reporting import recipients_of
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import chats
from wa_integrasi.web.api.problems import Fault, Problem, wrong

OPTED_OUT = "opted_out"
OPTED_OUT_REASON = "this person asked for no more messages"


def check_account(store: Store, connection: Connection, key: ApiKey, account: str) -> None:
    """`default` may wait for its first `wa deploy`; another must be known. Raises `Problem`."""
    if not key.may_use(account):
        detail = "this key may not use that account"
        raise Problem(HTTPStatus.FORBIDDEN, "no_account", detail, faults=[Fault("account", detail)])
    if account != "default" and provider_of(connection, account) is None:
        known = ", ".join(known.name for known in known_accounts(store) if key.may_use(known.name)) or "none"
        raise wrong("account", f"no such account; 'wa deploy' has told of: {known}", "unknown_account")


def is_held(connection: Connection, account: str, now: datetime) -> tuple[Breaker, bool]:
    """The account's breaker, and whether it lets nothing go now; what probes the channel counts as going."""
    breaker = load_breaker(connection, account)
    rules = rules_of(provider_of(connection, account) or "")
    return breaker, rules.breaker.allowed(breaker, now) == 0


def check_goes(connection: Connection, account: str, now: datetime) -> None:
    """Nothing is taken for an account that is held. Raises `Problem`, with the reason and when to ask again."""
    breaker, held = is_held(connection, account, now)
    if held:
        reason = ": ".join(word for word in (breaker.code, breaker.reason) if word) or "its channel fails"
        wait = (breaker.until - now).total_seconds() if breaker.until else 1
        detail = f"the account is held ({reason}); nothing was taken"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "account_held", detail, retry_after=wait)


def recipients(store: Store, field: str, name: str, group_ids: Mapping[str, str]) -> list[Recipient]:
    """Whom a name means. Raises `Problem`."""
    try:
        return recipients_of(store, name, group_ids)
    except RecipientError as error:
        raise wrong(field, str(error), "unknown_recipient") from None


def one_recipient(store: Store, field: str, name: str, group_ids: Mapping[str, str]) -> Recipient:
    """The one chat that a name means. Raises `Problem`."""
    found = recipients(store, field, name, group_ids)
    if len(found) != 1:
        raise wrong(field, f"must be one chat; this list has {len(found)} members", "several_recipients")
    return found[0]


def opted_out(connection: Connection, account: str, people: Sequence[Recipient]) -> set[Recipient]:
    """Those of the people who want no messages of the account."""
    columns = (chats.c.chat, chats.c.opted_in_at, chats.c.opted_out_at)
    asked = select(*columns).where(chats.c.account == account, chats.c.chat.in_([each.chat for each in people]))
    rows = connection.execute(asked.where(chats.c.opted_out_at.is_not(None))).all()
    said_no = {
        row.chat for row in rows if ChatState(opted_in_at=row.opted_in_at, opted_out_at=row.opted_out_at).opted_out
    }
    return {each for each in people if each.chat in said_no}


def refused_for_consent() -> Problem:
    """Nobody of those who were meant wants messages."""
    return Problem(HTTPStatus.CONFLICT, OPTED_OUT, OPTED_OUT_REASON, faults=[Fault("recipient", OPTED_OUT_REASON)])
