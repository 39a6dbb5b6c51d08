"""Whether a person of ours has answered a complaint: in its chat, as far as the store can see.

It counts when somebody wrote to the chat by hand (`wa send`) since the acknowledgement, or when, in a group, a contact
of the catalog who did not complain wrote there. What programs send does not count, nor what a phone that is not ours
said: such answers are marked (`wa complaint answered`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, String, cast, exists, literal, or_, select

from wa_integrasi.message import Priority
from wa_integrasi.store.tables import audit_log, inbound_messages, wa_outbox

_NO_ANSWER = ("command", "complaint", "spam", "blocked")
"""Routes of messages that say nothing to the others in their group."""


def answered_at(
    connection: Connection, account: str, chat: str, since: datetime, complainant: str, ours: Collection[str]
) -> datetime | None:
    """When the first answer of a person came; `ours` are the numbers of people of ours."""
    moments = (
        _by_hand(connection, account, chat, since),
        _in_group(connection, account, chat, since, complainant, ours),
    )
    return min((moment for moment in moments if moment is not None), default=None)


def _by_hand(connection: Connection, account: str, chat: str, since: datetime) -> datetime | None:
    c, a = wa_outbox.c, audit_log.c
    by_hand = (c.dedupe_key.is_(None), c.report.is_(None), c.priority == int(Priority.REPLY), c.part == 1)
    by_program = exists().where(a.at >= since, a.subject == literal("message:").concat(cast(c.id, String)))
    first = select(c.created_at).where(
        c.created_at > since, c.account == account, c.chat == chat, *by_hand, ~by_program
    )
    found: datetime | None = connection.execute(first.order_by(c.created_at).limit(1)).scalar()
    return found


def _in_group(
    connection: Connection, account: str, chat: str, since: datetime, complainant: str, ours: Collection[str]
) -> datetime | None:
    others = sorted(set(ours) - {complainant})
    if not chat.endswith("@g.us") or not others:
        return None
    c = inbound_messages.c
    theirs = or_(c.sender.in_(others), c.sender_phone.in_(others)) & (c.sender != complainant)
    spoken = or_(c.route.is_(None), c.route.not_in(_NO_ANSWER)) & c.kind.not_in(["reaction", "system"])
    first = select(c.at).where(c.account == account, c.chat == chat, c.at > since, theirs, spoken)
    found: datetime | None = connection.execute(first.order_by(c.at).limit(1)).scalar()
    return found
