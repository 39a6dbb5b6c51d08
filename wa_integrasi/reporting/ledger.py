"""What became of each slot of each report, so that what has not gone out can be told from what had nothing to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.message import REACHED, Status
from wa_integrasi.outbox import Enqueued, NewMessage, Outbox, Selection
from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.store.bulk import upsert
from wa_integrasi.store.engine import Store, again_after_deadlock
from wa_integrasi.store.tables import report_slots, wa_outbox

_SUPERSEDED = "a correction of the report goes instead"
_HELD = (*sorted(REACHED), Status.SENDING, Status.UNKNOWN)


class Outcome(StrEnum):
    """How a report and slot stand."""

    ENQUEUED = "enqueued"
    EMPTY = "empty"
    """There were no rows, and the report says nothing then."""
    LEFT_OUT = "left_out"
    """Its calendar leaves it out."""
    MISSED = "missed"
    """It should have gone out; its owner has been told."""


def enqueue_report(
    store: Store,
    job: ReportJob,
    messages: Sequence[NewMessage],
    run: str | None,
    *,
    refused: int = 0,
    clock: Clock = utc_now,
) -> list[Enqueued]:
    """Enqueue a report's messages and note its slot, in one transaction; what a correction replaces is taken back.

    A report that its channel `refused` as a whole has not gone out, and is not noted.
    """
    outbox = Outbox(store, clock=clock)

    def once() -> list[Enqueued]:
        with store.writing() as connection:
            rows = outbox.enqueue(messages, connection)
            if rows or not refused:
                outcome = Outcome.ENQUEUED if rows else Outcome.EMPTY
                note(connection, job, outcome, outbox.now(), run)
            return rows

    rows = again_after_deadlock(once)
    if job.force and rows:
        ours = {row.id for row in rows}
        former = [id_ for id_ in _of_slot(store, job, (Status.PENDING,)) if id_ not in ours]
        if former:
            outbox.cancel(Selection(ids=former), _SUPERSEDED)
    return rows


def note(connection: Connection, job: ReportJob, outcome: Outcome, now: datetime, run: str | None) -> None:
    """Write down how the report and slot of a job stand."""
    row = {"report": job.name, "slot": job.slot.key, "outcome": outcome, "at": now, "flow_run_id": run}
    upsert(connection, report_slots, [row])


def corrected_chats(store: Store, job: ReportJob) -> set[str]:
    """The chats that have got this report for this slot, and now get a correction."""
    return set(_of_slot(store, job, _HELD).values()) if job.force else set()


def _of_slot(store: Store, job: ReportJob, statuses: Sequence[str]) -> dict[int, str]:
    of = (wa_outbox.c.report == job.name) & (wa_outbox.c.slot == job.slot.key) & wa_outbox.c.status.in_(statuses)
    with store.reading() as connection:
        found = connection.execute(select(wa_outbox.c.id, wa_outbox.c.chat).where(of)).tuples()
        return {id_: chat for id_, chat in found if chat is not None}
