"""How long messages take to be delivered and read, and how many fail: of those that were enqueued in a period."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, Row, Select, cast, extract, func, select

from wa_integrasi.audit.ledger import Period
from wa_integrasi.message import OPEN, Status
from wa_integrasi.store.tables import wa_outbox

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}

RECENT = timedelta(hours=1)
MOST_RECENT = 1_000
"""What `/metrics` looks at: the newest messages of the last hour, so that a scrape costs the same under any load."""

_AT_ONCE = 1_000
_MOST_CODES = 20
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,62}")
_NUMBER = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){8,}")


@dataclass(slots=True)
class Figures:
    """What came of some messages."""

    account: str
    report: str
    statuses: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Dead letters by their error codes."""
    to_delivered: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from sent; where a channel says read and never delivered, it was delivered by then."""
    to_read: array[float] = field(default_factory=lambda: array("d"))

    @property
    def ended(self) -> int:
        """How many have left or failed: neither waiting, nor refused or taken back."""
        return sum(self.statuses[status] for status in (Status.SENT, Status.DELIVERED, Status.READ, Status.DEAD))

    @property
    def waiting(self) -> int:
        """How many are still owed."""
        return sum(self.statuses[status] for status in OPEN)

    def share_failed(self) -> dict[str, float]:
        """Of those that have ended, by error code, the most frequent first; what is rare is `other`."""
        most = dict(self.failed.most_common(_MOST_CODES))
        if rest := self.failed.total() - sum(most.values()):
            most["other"] = most.get("other", 0) + rest
        return {code: count / self.ended for code, count in most.items()}


def figures(
    connection: Connection, period: Period, account: str | None = None, report: str | None = None
) -> list[Figures]:
    """By account and report; messages of no report have an empty one."""
    statement = _rows(connection.dialect.name, period)
    for column, value in ((wa_outbox.c.account, account), (wa_outbox.c.report, report)):
        if value is not None:
            statement = statement.where(column == value)
    with connection.execute(statement.execution_options(stream_results=True, yield_per=_AT_ONCE)) as streamed:
        return _collected(streamed, by_report=True)


def recent(connection: Connection, now: datetime) -> list[Figures]:
    """By account, of the newest messages of the last hour."""
    statement = _rows(connection.dialect.name, Period(now - RECENT))
    newest = statement.order_by(wa_outbox.c.created_at.desc(), wa_outbox.c.id.desc()).limit(MOST_RECENT)
    return _collected(connection.execute(newest), by_report=False)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """The nearest-rank percentiles; empty where there is nothing to rank."""
    ranked = sorted(seconds)
    return {name: ranked[math.ceil(share * len(ranked)) - 1] for name, share in QUANTILES.items()} if ranked else {}


def _rows(dialect: str, period: Period) -> Select[Any]:
    columns = [wa_outbox.c[name] for name in ("account", "report", "status", "error_code")]
    delivered = func.coalesce(wa_outbox.c.delivered_at, wa_outbox.c.read_at)
    statement = select(
        *columns,
        _seconds_from_sent(dialect, delivered).label("to_delivered"),
        _seconds_from_sent(dialect, wa_outbox.c.read_at).label("to_read"),
    )
    if period.since is not None:
        statement = statement.where(wa_outbox.c.created_at >= period.since)
    if period.until is not None:
        statement = statement.where(wa_outbox.c.created_at < period.until)
    return statement


def _seconds_from_sent(dialect: str, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return (func.julianday(moment) - func.julianday(wa_outbox.c.sent_at)) * 86_400.0
    return cast(extract("epoch", moment - wa_outbox.c.sent_at), Double)


def _collected(rows: Iterable[Row[Any]], *, by_report: bool) -> list[Figures]:
    found: dict[tuple[str, str], Figures] = {}
    written: dict[tuple[Any, Any], Figures] = {}
    for account, report, status, code, to_delivered, to_read in rows:
        its = written.get((account, report))
        if its is None:
            key = (_named(account), _named(report) if by_report else "")
            its = written[account, report] = found.setdefault(key, Figures(*key))
        its.statuses[status if status in _STATUSES else "other"] += 1
        if status == Status.DEAD:
            its.failed[_named(code) or "none"] += 1
        if to_delivered is not None:
            its.to_delivered.append(max(0.0, to_delivered))
        if to_read is not None:
            its.to_read.append(max(0.0, to_read))
    return [found[key] for key in sorted(found)]


_STATUSES = frozenset(str(status) for status in Status)


def _named(value: object) -> str:
    """A name or a code, fit for a metric: another program may have written anything, even somebody's number."""
    if value is None:
        return ""
    fits = isinstance(value, str) and _TOKEN.fullmatch(value) and not _NUMBER.search(value)
    return str(value) if fits else "other"
