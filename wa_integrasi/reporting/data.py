"""What a report's queries give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.sources.base import Rows, Source

_NO_ROWS = Rows((), ())


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a report."""

    statement: str
    binds: Mapping[str, int | float | str | None] = field(repr=False)
    every: bool = False
    """Whether all rows are wanted, also those that the text does not have."""


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


def questions(job: ReportJob) -> list[Question]:
    """What a report asks its source: its query, its other queries in their order, and the period before."""
    report, binds = job.report, job.binds
    asked = [Question(report.query, binds, every=report.attach is not None)]
    asked += [Question(query, binds) for query in report.queries.values()]
    before = job.before if report.compare else None
    return [*asked, Question(report.query, before.binds)] if before else asked


def assembled(job: ReportJob, answers: Sequence[Rows]) -> ReportData:
    """What a report is made of, from the answers to its `questions`."""
    report = job.report
    every, *others = answers
    previous = others.pop().capped(report.max_rows) if report.compare and job.before else _NO_ROWS
    return ReportData(
        every.capped(report.max_rows),
        every if report.attach else None,
        {name: rows.capped(report.max_rows) for name, rows in zip(report.queries, others, strict=True)},
        previous,
    )


def read_data(job: ReportJob, source: Source) -> ReportData:
    """Run the queries of a report, one after the other. Raises `SourceError`."""
    return assembled(job, [source.query(each.statement, each.binds) for each in questions(job)])
