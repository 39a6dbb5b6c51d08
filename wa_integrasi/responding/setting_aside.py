"""The owner is told of complaints that cannot be answered, once of each and at most once an hour."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC

from sqlalchemy import Select, exists, func, select, update

from wa_integrasi.catalog.people import GroupUnresolvedError
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.complaints import ticket_of
from wa_integrasi.composing import compose_all
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.responding.duty import owners
from wa_integrasi.responding.letters import aside_notice
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import ASIDE_COMPLAINT, complaint_queue, wa_outbox

_MOST = 1_000

log = logging.getLogger(__name__)


def tell_of_asides(store: Store, group_ids: Mapping[str, str], clock: Clock = utc_now) -> int:
    """Tell the owner of what was set aside since; returns of how many. They and the notice are one transaction.

    What comes within an hour of the clock after a notice waits for the next hour.
    """
    c, now = complaint_queue.c, clock()
    with store.reading() as connection:
        if not connection.execute(select(exists(select(c.id).where(ASIDE_COMPLAINT)))).scalar_one():
            return 0
    catalog = load_catalog(store)
    try:
        people = owners(catalog, group_ids)
    except GroupUnresolvedError as error:
        log.error("nobody is told of complaints that were set aside: %s", error)  # noqa: TRY400 - it says it all
        return 0
    if not people:
        log.warning("complaints were set aside, and the catalog names nobody who is told of that")
        return 0
    hour = f"complaints/aside/{now.astimezone(UTC):%Y%m%d%H}/"
    chosen = select(c.id, c.created_at, c.note).where(ASIDE_COMPLAINT).order_by(c.id).limit(_MOST)
    with store.writing() as connection:
        rows = connection.execute(chosen.with_for_update(skip_locked=True)).all()
        if not rows or connection.execute(_told_in(hour)).scalar_one():
            return 0
        asides = [(ticket_of(row.id, row.created_at or now), str(row.note or "")) for row in rows]
        messages = [
            NewMessage(
                person.recipient,
                aside_notice(person.language, asides),
                dedupe_key=f"{hour}{person.recipient.chat}",
                account=catalog.intake.duty_account,
                priority=Priority.REPLY,
            )
            for person in people
        ]
        if not (composed := compose_all(store, messages)).messages:
            log.error("nobody is told of complaints that were set aside: %s", composed.refused[0])
            return 0
        Outbox(store, clock=clock).enqueue(composed.messages, connection)
        connection.execute(update(complaint_queue).where(c.id.in_([row.id for row in rows])).values(noticed_at=now))
    return len(rows)


def _told_in(hour: str) -> Select[tuple[bool]]:
    """Whether a notice of this hour was enqueued before. The range is for the index of the keys."""
    key = wa_outbox.c.dedupe_key
    return select(exists().where(key.between("complaints", "complaintt"), func.substr(key, 1, len(hour)) == hour))
