"""What goes along with a report's text: a chart of its rows, and the rows as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wa_integrasi.content import CAPTION_LIMIT, Document, Image
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.reporting.data import ReportData
from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.text.attachment import Attachment, AttachmentError, Sheet, attachment
from wa_integrasi.text.chart import ChartError, draw


@dataclass(frozen=True, slots=True)
class Enclosures:
    """The files of a report in the order in which they are sent, and why others could not be made."""

    files: tuple[Attachment, ...] = ()
    problems: tuple[str, ...] = ()

    def contents(self, job: ReportJob, files: OutgoingFiles) -> list[Image | Document]:
        """Put the files where the sender finds them, and name them for messages. Raises `OSError`."""
        caption = f"{job.report.title}, {job.label}"[:CAPTION_LIMIT]
        return [
            Image(file=files.put(each.content), caption=caption)
            if each.mime_type == "image/png"
            else Document(file=files.put(each.content), filename=each.name, caption=caption)
            for each in self.files
        ]


def enclose(job: ReportJob, data: ReportData, now: datetime) -> Enclosures:
    """Make the files of a report; one that cannot be made keeps back neither the text nor another file."""
    if not data.rows.values:
        return Enclosures()
    made: list[Attachment] = []
    problems: list[str] = []
    for make in (_chart, _file):
        try:
            if found := make(job, data, now):
                made.append(found)
        except (ChartError, AttachmentError) as error:
            problems.append(f"report {job.name}: no {make.__name__.strip('_')}: {error}")
    return Enclosures(tuple(made), tuple(problems))


def _chart(job: ReportJob, data: ReportData, _: datetime) -> Attachment | None:
    chart = job.report.chart
    if chart is None:
        return None
    rows = data.queries[chart.query] if chart.query else data.rows
    picture = draw(chart, rows.as_dicts(), locale=job.locale, title=job.report.title, note=job.label)
    return Attachment.of("png", picture, f"{job.name}-{job.slot.key}")


def _file(job: ReportJob, data: ReportData, now: datetime) -> Attachment | None:
    kind, every = job.report.attach, data.every or data.rows
    if kind is None or (job.report.attach_when == "overflow" and not data.rows.truncated):
        return None
    sheet = Sheet(
        job.report.title,
        job.label,
        every.as_dicts(),
        job.locale,
        now,
        complete=not every.truncated,
        fields=every.columns,
    )
    return attachment(kind, sheet, f"{job.name}-{job.slot.key}")
