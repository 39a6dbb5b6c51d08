"""What a channel bills: messages that arrived, by month, account and price category.

A channel that bills tells the price with its receipts, and bills what it has delivered (Cloud API, pricing). A receipt
that comes again changes nothing. A try that failed is not billed; a message that had to be sent twice because nobody
knew its fate, and arrived twice, is one message and two deliveries: the channel bills both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from wa_integrasi.slot import Cadence, Slot
from wa_integrasi.store.bulk import plain
from wa_integrasi.store.tables import UtcDateTime, message_events

_APART = timedelta(days=31)
"""How long before or after its delivery a message's price may be told; Meta delivers for 30 days."""

_MOST_MONTHS = 1_200

_BILLED = """
    WITH priced AS (
        SELECT DISTINCT outbox_id, provider_message_id FROM message_events
        WHERE price_category IS NOT NULL AND at >= :earliest AND at < :latest
    ), told AS (
        SELECT p.outbox_id, p.provider_message_id, max(e.price_category) AS category,
        min(CASE WHEN e.status IN ('delivered', 'read') THEN e.at END) AS arrived_at,
        max(CASE WHEN e.billable THEN 1 ELSE 0 END) AS billable
        FROM priced p JOIN message_events e
        ON e.outbox_id = p.outbox_id AND e.provider_message_id = p.provider_message_id
        GROUP BY p.outbox_id, p.provider_message_id
    )
    SELECT coalesce(o.account, '') AS account, t.category, t.billable,
    count(DISTINCT t.outbox_id) AS messages, count(*) AS deliveries
    FROM told t LEFT JOIN wa_outbox o ON o.id = t.outbox_id
    WHERE t.arrived_at >= :since AND t.arrived_at < :until
    GROUP BY coalesce(o.account, ''), t.category, t.billable"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill."""

    month: str
    account: str
    category: str
    billable: bool
    messages: int
    """Of ours, each once."""
    deliveries: int
    """As the channel counts."""


def billed(connection: Connection, zone: str, month: Slot | None = None) -> list[Line]:
    """The lines of a month of the business zone, or of all months of which something is known."""
    months = [month] if month is not None else list(_months(connection, zone))
    return [line for each in months for line in _lines(connection, each)]


def _lines(connection: Connection, month: Slot) -> list[Line]:
    bounds = {"earliest": month.start - _APART, "latest": month.end + _APART}
    rows = plain(connection, _BILLED, since=month.start, until=month.end, **bounds)
    lines = [
        Line(month.key, row.account, row.category, bool(row.billable), row.messages, row.deliveries) for row in rows
    ]
    return sorted(lines, key=lambda line: (line.account, line.category, line.billable))


def _months(connection: Connection, zone: str) -> Iterator[Slot]:
    moments = (func.min(message_events.c.at, type_=UtcDateTime), func.max(message_events.c.at, type_=UtcDateTime))
    priced = message_events.c.price_category.is_not(None)
    # One at a time: together they would read the whole index.
    first, last = (connection.execute(select(moment).where(priced)).scalar() for moment in moments)
    if first is None or last is None:
        return
    at = first.astimezone(ZoneInfo(zone)).date()
    for _ in range(_MOST_MONTHS):
        month = Slot.containing(at, Cadence.MONTHLY, zone)
        if month.start > last + _APART:
            return
        yield month
        at = month.next_day
