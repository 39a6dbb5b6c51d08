"""Templates that their channel holds, and the limits it has told: what a claim makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from wa_integrasi.content import Content, Template
from wa_integrasi.message import Priority, Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.shared import Stop
from wa_integrasi.policy.rules import AccountRules
from wa_integrasi.policy.standing import LONGEST, LOOK_AGAIN, is_held, with_limits
from wa_integrasi.store.facts import Fact, FactKind, facts_of

TEMPLATE_HELD = "template_held"

_RESUMED = (TEMPLATE_HELD, "132015", "132016")
"""Also what Meta itself refused because the template was paused or disabled."""


def limited(
    connection: Connection, account: str, rules: AccountRules, rows: Sequence[Row[Any]], now: datetime
) -> AccountRules:
    """The rules with what the channel has told of the account's limits; only templates are subject to them."""
    if not any(row.type == "template" for row in rows):
        return rules
    return with_limits(rules, facts_of(connection, account, FactKind.TIER, FactKind.RESTRICTED), now)


def held_templates(
    connection: Connection, account: str, rows: Sequence[Row[Any]], contents: Mapping[int, Content], now: datetime
) -> dict[int, Stop]:
    """The messages among `rows` whose template is held: they wait, and those that are too old for it end."""
    asked = {
        row.id: (content.name, content.language) for row in rows if isinstance(content := contents[row.id], Template)
    }
    if not asked:
        return {}
    names = {name for name, _ in asked.values()}
    statuses = facts_of(connection, account, FactKind.TEMPLATE_STATUS, names=names)
    held = {(status.name, status.language): status for status in statuses if is_held(status, now)}
    return {row.id: _stop(row, held[asked[row.id]], now) for row in rows if asked.get(row.id) in held}


def release_templates(connection: Connection, account: str) -> None:
    """Let what waits for a template be looked at again, in its old place; what is still held waits on."""
    for code in _RESUMED:
        turns.resume(connection, account, code)


def _stop(row: Row[Any], status: Fact, now: datetime) -> Stop:
    why = f"template {status.name} ({status.language}) is {status.value}"
    if row.priority == Priority.NUDGE:
        # The next request to write back is a day away; what it was for waits for the person anyway.
        return Stop(Status.REFUSED, now, TEMPLATE_HELD, why)
    if row.created_at is None or row.created_at + LONGEST <= now:
        return Stop(Status.DEAD, now, TEMPLATE_HELD, f"{why}, for longer than {LONGEST.days} days")
    return Stop(Status.PENDING, now + LOOK_AGAIN, TEMPLATE_HELD, f"{why}: waits until it is approved again")
