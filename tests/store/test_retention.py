"""What was kept for its time is forgotten, and nothing else; the database gives the room back."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, text

from tests.conftest import FrozenClock
from wa_integrasi.audit.log import audit
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import audit_log, inbound_events, unread_items
from wa_integrasi.upkeep.database import tend
from wa_integrasi.upkeep.retention import forget_audit, forget_events


def webhook(store: Store, at: datetime, due_at: datetime | None = None, body: bytes = b"{}") -> int:
    values = {"provider": "meta", "account": "default", "event_key": f"{at} {due_at}", "body": body}
    with store.writing() as connection:
        new = insert(inbound_events).values(**values, received_at=at, due_at=due_at)
        made = connection.execute(new.returning(inbound_events.c.id)).scalar_one()
        item = {"event_id": made, "position": 0, "reason": "x", "raw": "{}", "found_at": at}
        connection.execute(insert(unread_items).values(**item))
    return int(made)


def test_webhooks_that_were_read_go_after_their_time_and_those_that_wait_never(
    store: Store, clock: FrozenClock
) -> None:
    before = clock.now - timedelta(days=30)
    webhook(store, before - timedelta(days=2))
    waits = webhook(store, before - timedelta(days=1), due_at=before)
    webhook(store, before - timedelta(hours=1))
    new = webhook(store, before)
    assert forget_events(store, before) == 2
    with store.reading() as connection:
        assert connection.execute(select(inbound_events.c.id).order_by(inbound_events.c.id)).scalars().all() == [
            waits,
            new,
        ]
        assert connection.execute(select(unread_items.c.event_id)).scalars().all() == [waits, new]
    assert forget_events(store, before) == 0


def test_the_audit_log_is_kept_for_its_time(store: Store, clock: FrozenClock) -> None:
    before = clock.now - timedelta(days=730)
    with store.writing() as connection:
        for days in (731, 730, 1):
            audit(connection, clock.now - timedelta(days=days), "cli", f"after {days}")
    assert forget_audit(store, before) == 1
    with store.reading() as connection:
        kept = connection.execute(select(audit_log.c.action).order_by(audit_log.c.id)).scalars().all()
    assert kept == ["after 730", "after 1"]


def test_tending_refreshes_statistics_or_gives_room_back(store: Store, clock: FrozenClock) -> None:
    for number in range(60):
        webhook(store, clock.now + timedelta(seconds=number), body=b"x" * 20_000)
    if store.dialect == "postgresql":
        assert tend(store).endswith("tables analysed")
        with store.reading() as connection:
            rows = text("SELECT reltuples FROM pg_class WHERE oid = 'inbound_events'::regclass")
            assert connection.execute(rows).scalar_one() == 60
        return
    assert forget_events(store, clock.now + timedelta(days=1)) == 60
    assert tend(store).startswith("optimized; ")
    with store.reading() as connection:
        assert connection.execute(text("PRAGMA freelist_count")).scalar_one() < 100
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 15_000
