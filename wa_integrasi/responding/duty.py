"""Who is told of complaints, and when not: people on duty, the owner, quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.policies import QuietHours
from wa_integrasi.reporting import Addressee, addressees

_OVERDUE = timedelta(days=1)


def waits_since(created_at: datetime, responded_at: datetime) -> datetime:
    """From when a complaint waits for a person.

    What was filed more than a day before its acknowledgement (by an old system, or before a long outage) counts as if
    it came then: nobody is to be told of hundreds of old ones at once, each at its last level.
    """
    return created_at if responded_at - _OVERDUE <= created_at <= responded_at else responded_at


def on_duty(catalog: Catalog, group_ids: Mapping[str, str]) -> list[Addressee]:
    """Who is told of a complaint that nobody answers; nobody where the catalog names none.

    Raises `GroupUnresolvedError`.
    """
    name = catalog.intake.complaints.duty_group or catalog.intake.duty_group
    return addressees(catalog, [name], group_ids) if name else []


def owners(catalog: Catalog, group_ids: Mapping[str, str]) -> list[Addressee]:
    """Who is told of complaints that cannot be answered. Raises `GroupUnresolvedError`."""
    owner = catalog.intake.complaints.owner
    return addressees(catalog, [owner], group_ids) if owner else on_duty(catalog, group_ids)


def quiet_until(quiet: QuietHours | None, now: datetime, zone: str) -> datetime | None:
    """When the quiet hours that `now` lies in are over; None outside them."""
    if quiet is None:
        return None
    local = now.astimezone(ZoneInfo(zone))
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    clock = local.timetz().replace(tzinfo=None)
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    return datetime.combine(day, end, local.tzinfo)
