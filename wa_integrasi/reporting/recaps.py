"""Recaps of what changes: told when their rows are no longer those that were last told, or at set times.

The store has of each report, and of each set of its recipients, until when it was told of and the rows of then. The
next recap speaks of all that happened since, however long that is, and moves both on in the transaction that enqueues
its messages: so of several runs at once one tells, and whatever dies, nothing is told twice or left out.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wa_integrasi.catalog.models import Report
from wa_integrasi.catalog.rules import missing
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.outbox import Enqueued, NewMessage, Outbox
from wa_integrasi.reporting.data import ReportData
from wa_integrasi.reporting.planning import ReportError, ReportJob
from wa_integrasi.settings import load_settings
from wa_integrasi.slot import Span
from wa_integrasi.sources.base import Rows
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.store.tables import told_recaps

CADENCE = "task_delivery"

_DAYS_BACK = 2
_SECOND = timedelta(seconds=1)
_SET_BACK = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Told:
    """What was last told: until when, and the rows of then."""

    at: datetime
    rows: Rows
    number: int = 0
    """Of the telling: how many there were before it."""


@dataclass(frozen=True)
class Recap:
    """One recap to be made now, with what its recipients know."""

    job: ReportJob
    audience: str
    """Names the set of its recipients: others know nothing of what these were told."""
    told: Told | None
    forced: bool = False

    @property
    def name(self) -> str:
        """Of its report."""
        return self.job.name

    @property
    def number(self) -> int:
        """How many tellings there were before it."""
        return self.told.number + 1 if self.told else 0

    def with_previous(self, data: ReportData) -> ReportData:
        """The rows of now, with those that were last told as `previous`."""
        return replace(data, previous=self.told.rows if self.told else Rows((), ()))

    def reason(self, data: ReportData) -> str | None:
        """Why it is told now; None when there is nothing new to tell."""
        report = self.job.report
        if self.forced:
            return "it was asked for"
        if self.told is None:
            return "it was never told"
        if not report.only_when_changed:
            return "it is always told"
        if (moment := _last_moment(report, self.job.slot.end, self.job.slot.zone)) and self.told.at < moment:
            return f"it is always told at {moment:%H:%M}"
        return "its rows have changed" if _sorted(kept_rows(data.rows)) != _sorted(self.told.rows) else None


def plan_recaps(only: Sequence[str] = (), forced: bool = False) -> list[Recap]:
    """The recaps of the environment's store to look at now. Raises `ReportError`, `SettingsError`, `StoreError`."""
    settings = load_settings()
    with Store.open(settings.database_url.get_secret_value()) as store:
        check_revision(store)
        return due_recaps(store, settings.timezone, only, forced=forced)


def due_recaps(
    store: Store, zone: str, only: Sequence[str] = (), *, forced: bool = False, clock: Clock = utc_now
) -> list[Recap]:
    """The enabled recaps of the catalog; with `only`, just those, enabled or not. Raises `ReportError`."""
    catalog, now = load_catalog(store), clock().replace(microsecond=0)
    recaps = {name: report for name, report in catalog.reports.items() if report.cadence == CADENCE}
    if unknown := [name for name in only if name not in recaps]:
        raise ReportError(missing(f"report of the cadence {CADENCE}", ", ".join(unknown), recaps))
    chosen = only or [name for name, report in recaps.items() if report.enabled]
    planned = []
    with store.reading() as connection:
        for name in chosen:
            report = recaps[name]
            audience = audience_of(report)
            told = last_told(connection, name, audience)
            job = ReportJob(name, report, catalog.chat_templates[report.template], _span(told, now, zone), catalog)
            planned.append(Recap(job, audience, told, forced))
    return planned


def tell(
    store: Store, recap: Recap, data: ReportData, messages: Sequence[NewMessage], clock: Clock = utc_now
) -> list[Enqueued] | None:
    """Enqueue a recap and remember what it told, as one; None when another run has told it meanwhile.

    The same run may do so again: its messages have the keys of its own span, and are enqueued once.
    """
    with store.writing() as connection:
        if not (_move_on(connection, recap, data) or _is_own(connection, recap)):
            return None
        return Outbox(store, clock=clock).enqueue(messages, connection)


def audience_of(report: Report) -> str:
    """Names the set of a report's recipients, in whatever order they are listed."""
    return hashlib.sha256("\n".join(sorted(report.recipients)).encode()).hexdigest()[:16]


def last_told(connection: Connection, report: str, audience: str) -> Told | None:
    """What was last told to a report's recipients."""
    c = told_recaps.c
    row = connection.execute(select(c.told_at, c.rows).where(c.report == report, c.audience == audience)).first()
    if row is None:
        return None
    rows = Rows(tuple(row.rows["columns"]), tuple(map(tuple, row.rows["values"])))
    return Told(row.told_at, rows, row.rows.get("number", 0))


def kept_rows(rows: Rows) -> Rows:
    """Rows as they are kept and compared: numbers, texts and NULLs; moments and the rest as texts."""
    return Rows(rows.columns, tuple(tuple(map(_plain, row)) for row in rows.values))


def _move_on(connection: Connection, recap: Recap, data: ReportData) -> bool:
    """Remember what is told now, unless somebody else has meanwhile."""
    kept = kept_rows(data.rows)
    values: Mapping[str, Any] = {
        "told_at": recap.job.slot.end,
        "rows": {
            "columns": list(kept.columns),
            "values": [list(row) for row in kept.values],
            "number": recap.number,
        },
    }
    c = told_recaps.c
    if recap.told is not None:
        mine = (c.report == recap.name) & (c.audience == recap.audience) & (c.told_at == recap.told.at)
        return connection.execute(update(told_recaps).where(mine).values(**values)).rowcount == 1
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = insert(told_recaps).values(report=recap.name, audience=recap.audience, **values)
    return connection.execute(made.on_conflict_do_nothing()).rowcount == 1


def _is_own(connection: Connection, recap: Recap) -> bool:
    told = last_told(connection, recap.name, recap.audience)
    return told is not None and (told.at, told.number) == (recap.job.slot.end, recap.number)


def _span(told: Told | None, now: datetime, zone: str) -> Span:
    """From where the last one ended, else from the day's beginning, until now.

    While a clock that was set back has not come to where the last one ended, a span is a second long: so none speaks of
    an hour that was told of. Back by more than two hours it was wrong before (a zone taken for another), and its spans
    begin anew with the day: some of it is told twice, none of it never.
    """
    midnight = datetime.combine(now.astimezone(ZoneInfo(zone)).date(), time(), ZoneInfo(zone))
    if told is None:
        return Span(midnight, now, zone)
    if told.at - now > _SET_BACK:
        return Span(midnight, now, zone, told.number + 1)
    return Span(told.at, max(now, told.at + _SECOND), zone, told.number + 1)


def _last_moment(report: Report, now: datetime, zone: str) -> datetime | None:
    """The last of the times of the day at which it is always told; None where there is none."""
    today = now.astimezone(ZoneInfo(zone)).date()
    moments = [
        datetime.combine(today - timedelta(days=days), time.fromisoformat(each), ZoneInfo(zone))
        for days in range(_DAYS_BACK)
        for each in report.always
    ]
    return max((moment for moment in moments if moment <= now), default=None)


def _sorted(rows: Rows) -> tuple[tuple[str, ...], list[str]]:
    """Rows without their order, which a query need not say."""
    return rows.columns, sorted(json.dumps(row) for row in rows.values)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return _number(value)
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)
