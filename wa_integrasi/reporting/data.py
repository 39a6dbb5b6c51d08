"""What a report's queries give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.slot import Slot
from wa_integrasi.sources.base import Rows, Source

_NO_ROWS = Rows((), ())


@dataclass(frozen=True, slots=True)
class ReportData:
    """The rows of a report's queries."""

    rows: Rows
    """Of its query, as many as its text may have."""
    every: Rows | None = None
    """All that the source gave of its query, where a file wants them."""
    queries: Mapping[str, Rows] = field(default_factory=dict)
    """Of its other queries, by name."""
    previous: Rows = _NO_ROWS
    """Of its query for the slot before, where it compares."""


def read_data(job: ReportJob, source: Source) -> ReportData:
    """Run the queries of a report, one after the other. Raises `SourceError`."""
    report, binds = job.report, job.slot.binds
    every = source.query(report.query, binds)
    most = report.max_rows
    return ReportData(
        every.capped(most),
        every if report.attach else None,
        {name: source.query(query, binds).capped(most) for name, query in report.queries.items()},
        _before(job, source) if report.compare else _NO_ROWS,
    )


def _before(job: ReportJob, source: Source) -> Rows:
    """The rows of the slot before; of a span they are not asked for (see `wa_integrasi.reporting.recaps`)."""
    if not isinstance(job.slot, Slot):
        return _NO_ROWS
    return source.query(job.report.query, job.slot.previous.binds).capped(job.report.max_rows)
