"""The audit list: the rows of the view `messages`, narrowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, Select, select

from wa_integrasi.store.tables.views import messages

COLUMNS = tuple(messages.c.keys())

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on and before `until`; None where it has no such end."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of_days(cls, first: date | None, last: date | None, zone: str) -> Period:
        """From the midnight before the first day to the one after the last."""
        after = last + timedelta(days=1) if last is not None else None
        since, until = (
            datetime.combine(day, time(), ZoneInfo(zone)) if day is not None else None for day in (first, after)
        )
        return cls(since, until)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which messages are meant; what is not given does not narrow them."""

    period: Period = Period()
    direction: str | None = None
    """`out` or `in`."""
    account: str | None = None
    chat: str | None = None
    """As `Recipient.chat`."""
    status: str | None = None
    """`received` for what came in."""
    report: str | None = None


def newest(connection: Connection, narrowed: Narrowed, limit: int) -> list[RowMapping]:
    """The newest messages, newest first."""
    statement = _selected(narrowed).order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(limit)
    return list(connection.execute(statement).mappings())


@contextmanager
def every(connection: Connection, narrowed: Narrowed) -> Iterator[Iterable[RowMapping]]:
    """All messages, oldest first, read as they are taken: memory does not grow with their number."""
    statement = _selected(narrowed).order_by(messages.c.created_at, messages.c.id)
    with connection.execute(statement.execution_options(stream_results=True, yield_per=_AT_ONCE)) as streamed:
        yield streamed.mappings()


def _selected(narrowed: Narrowed) -> Select[Any]:
    statement = select(messages)
    for name in ("direction", "account", "chat", "status", "report"):
        value = getattr(narrowed, name)
        if value is not None:
            statement = statement.where(messages.c[name] == value)
    if narrowed.period.since is not None:
        statement = statement.where(messages.c.created_at >= narrowed.period.since)
    if narrowed.period.until is not None:
        statement = statement.where(messages.c.created_at < narrowed.period.until)
    return statement
