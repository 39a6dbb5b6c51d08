"""What may be chosen of a report: its parameters, and as of when it speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wa_integrasi.catalog.models import Report
from wa_integrasi.commands.given import read_given
from wa_integrasi.commands.grammar import Reader, Setting, Value, dump
from wa_integrasi.slot import Slot, Span

AS_OF = "as_of"
"""The parameter that every report has: the moment, or the day at whose end it speaks."""

WHERE = "parameters"


def values_of(report: Report, given: Mapping[str, Any], slot: Slot | Span, language: str) -> dict[str, Value]:
    """The value of each parameter; days count from the day after the slot, so that a later run says the same.

    Raises `GivenError`.
    """
    readers = [Reader.of(parameter) for parameter in report.parameters]
    return read_given(readers, given, Setting(language, slot.next_day), WHERE)


def as_of_said(text: object, zone: str) -> datetime:
    """As of when: `2026-11-19` is the end of that day, `2026-11-19T14:00` a moment in the zone. Raises `ValueError`."""
    said = str(text)
    try:
        if len(said) == len("2026-11-19"):
            return datetime.combine(date.fromisoformat(said) + timedelta(days=1), time(), ZoneInfo(zone))
        moment = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise ValueError(f"{AS_OF}: found {said[:40]!r}, must be a day or a moment, such as 2026-11-19T14:00") from None
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=ZoneInfo(zone))


def mark_of(values: Mapping[str, Value], as_of: datetime | None) -> str:
    """A short name of what was chosen, the same for the same choice."""
    chosen = json.dumps([dump(values), as_of.isoformat() if as_of else None], sort_keys=True)
    return hashlib.sha256(chosen.encode()).hexdigest()[:10]
