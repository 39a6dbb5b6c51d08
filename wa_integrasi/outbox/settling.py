"""What an answer does to messages; their chats are locked by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from wa_integrasi.message import OPEN, Status
from wa_integrasi.outbox import turns
from wa_integrasi.outbox.events import event, record
from wa_integrasi.outbox.rows import Claimed
from wa_integrasi.outbox.shared import Stop
from wa_integrasi.policy.retry import Decision
from wa_integrasi.providers.base import Accepted, Failed, Unanswered
from wa_integrasi.providers.wire import storable
from wa_integrasi.store.bulk import bulk

_LONGEST = 500
"""Characters of a provider's words that are kept."""

_NONE = 0
"""No message: an attempt that does not count says nothing of one of unknown fate."""

_STILL_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
# By the primary key only: with a status beside it the planner may take another index.
_ACCEPT = bulk(
    f"UPDATE wa_outbox SET status = CASE WHEN wa_outbox.status IN ({_STILL_OPEN}) THEN 'sent' "
    "ELSE wa_outbox.status END, provider_message_id = x.provider_message_id, "
    "sent_at = coalesce(wa_outbox.sent_at, :now), "
    f"error_code = CASE WHEN wa_outbox.status IN ({_STILL_OPEN}) THEN NULL ELSE wa_outbox.error_code END, "
    f"error_text = CASE WHEN wa_outbox.status IN ({_STILL_OPEN}) THEN NULL ELSE wa_outbox.error_text END "
    "FROM {x} WHERE wa_outbox.id = x.id",
    id="bigint",
    provider_message_id="text",
)
_FAIL = bulk(
    "UPDATE wa_outbox SET status = x.status, next_attempt_at = coalesce(x.until, wa_outbox.next_attempt_at), "
    "attempts = wa_outbox.attempts - x.uncounted, error_code = x.error_code, error_text = x.error_text "
    "FROM {x} WHERE wa_outbox.id = x.id AND wa_outbox.attempt_id = x.attempt_id AND wa_outbox.status = 'sending' "
    "RETURNING wa_outbox.id",
    id="bigint",
    attempt_id="text",
    status="text",
    until="timestamptz",
    uncounted="int",
    error_code="text",
    error_text="text",
)
_PUT_BACK = bulk(
    "UPDATE wa_outbox SET status = x.status, next_attempt_at = x.until, error_code = x.error_code, "
    "error_text = x.error_text FROM {x} WHERE wa_outbox.id = x.id",
    id="bigint",
    status="text",
    until="timestamptz",
    error_code="text",
    error_text="text",
)


def key_of(claimed: Claimed) -> turns.Key:
    """The chat of a claimed message."""
    return claimed.account, claimed.recipient.chat


def accept(connection: Connection, accepted: Sequence[tuple[Claimed, Accepted]], now: datetime) -> None:
    """The provider has these messages: a fact, whoever holds their chats now."""
    if not accepted:
        return
    given = [(claimed, storable(outcome.message_id)) for claimed, outcome in accepted]
    _ACCEPT(connection, [{"id": claimed.id, "provider_message_id": name} for claimed, name in given], now=now)
    told = [
        event(claimed.id, Status.SENT, attempt_id=claimed.attempt_id, provider_message_id=name)
        for claimed, name in given
    ]
    record(connection, told, now)
    turns.pass_on(connection, [(key_of(claimed), claimed.lease, claimed.id) for claimed, _ in accepted])


def fail(
    connection: Connection, failed: Sequence[tuple[Claimed, Failed | Unanswered, Decision]], now: datetime
) -> set[int]:
    """The attempts failed or were not answered; nothing is said of a claim that is no longer in force.

    Returns the messages whose attempt counted.
    """
    if not failed:
        return set()
    changes = [
        {
            "id": claimed.id,
            "attempt_id": claimed.attempt_id,
            "status": decision.status,
            # Without a wait it keeps its place among those of other chats.
            "until": now + decision.wait if decision.wait else None,
            "uncounted": int(not decision.counts),
            **_error(outcome),
        }
        for claimed, outcome, decision in failed
    ]
    counted = set(_FAIL(connection, changes).scalars())
    told = [
        event(claimed.id, decision.status, attempt_id=claimed.attempt_id, **_error(outcome))
        for claimed, outcome, decision in failed
        if claimed.id in counted
    ]
    record(connection, told, now)
    unknown = {claimed.id for claimed, _, d in failed if d.status is Status.UNKNOWN and claimed.id in counted}
    ended = [
        (key_of(claimed), claimed.lease, claimed.id if claimed.id in counted else _NONE) for claimed, _, _ in failed
    ]
    turns.hold(connection, [turn for turn in ended if turn[2] in unknown])
    turns.pass_on(connection, [turn for turn in ended if turn[2] not in unknown])
    return counted


def _error(outcome: Failed | Unanswered) -> dict[str, str]:
    code = outcome.code if isinstance(outcome, Failed) else "no_answer"
    return {"error_code": storable(code)[:100], "error_text": storable(outcome.text)[:_LONGEST]}


def put_back(connection: Connection, stops: Mapping[int, Stop], now: datetime) -> None:
    """Give back messages that the rules do not let go: they wait, or end."""
    if not stops:
        return
    _PUT_BACK(
        connection,
        [
            {"id": id_, "status": s.status, "until": s.until, "error_code": s.code, "error_text": storable(s.reason)}
            for id_, s in stops.items()
        ],
    )
    told = [
        event(id_, s.status, error_code=s.code, error_text=storable(s.reason))
        for id_, s in stops.items()
        if s.status is not Status.PENDING
    ]
    record(connection, told, now)
