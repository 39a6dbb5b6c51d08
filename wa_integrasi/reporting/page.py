"""What the Prefect UI shows of a report: the text without anybody's name or number, its chart, and who gets it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from wa_integrasi.content import Image, Text, media_of
from wa_integrasi.files import FileGoneError, OutgoingFiles
from wa_integrasi.outbox import NewMessage
from wa_integrasi.privacy.masking import Masker
from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.text.markdown import to_markdown
from wa_integrasi.text.markup import escape

_LONGEST = 12_000
"""Characters of a text."""

_LARGEST = 150_000
"""Bytes of a chart: it becomes a part of the page, and Prefect keeps every page."""

_ROWS = 200


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one report and slot, but for how its messages stand."""

    report: str
    slot: str
    heading: str
    body: str
    """Markdown."""
    files: str
    console: str = ""
    """Address of the messages in the console; empty where it is not known."""

    @property
    def key(self) -> str:
        """The name under which Prefect keeps the history of the report's pages."""
        return f"rekap-{self.report}"

    def markdown(self, rows: Sequence[Mapping[str, object]], said: str) -> str:
        """The page with a table of `rows`, all of the same keys, below the line `said`."""
        where = f"[Console]({self.console}), or " if self.console else ""
        look = f"{where}`wa outbox list --report {self.report} --slot {self.slot}`"
        parts = [f"# {self.heading}", self.body, self.files, "## Messages", said, _table(rows), look]
        return "\n\n".join(part for part in parts if part)


def page_of(job: ReportJob, messages: Sequence[NewMessage], files: OutgoingFiles, public_url: str | None) -> Page:
    """The page of a report as its first recipient gets it, with names and numbers masked."""
    chat = messages[0].recipient.chat if messages else ""
    first = [message.content for message in messages if message.recipient.chat == chat]
    text = "\n".join(content.body for content in first if isinstance(content, Text))
    masker = Masker(contact.display_name for contact in job.catalog.contacts.values())
    cut = f"{text[:_LONGEST]} …" if len(text) > _LONGEST else text
    shown = [_file(content, files) for content in first if media_of(content) is not None]
    query = urlencode({"report": job.name, "slot": job.slot.key})
    return Page(
        job.name,
        job.slot.key,
        f"{to_markdown(escape(job.report.title))}, {to_markdown(escape(job.label))}",
        to_markdown(masker.mask(cut)) or "_No message: there were no rows._",
        "\n\n".join(shown),
        f"{public_url}/console?{query}" if public_url else "",
    )


def _file(content: object, files: OutgoingFiles) -> str:
    media = media_of(content)  # type: ignore[arg-type]
    if media is None or media.file is None:
        return ""
    if not isinstance(media, Image):
        return f"_With a file: {to_markdown(media.filename or 'file')}_"
    try:
        picture = files.read(media.file)
    except (FileGoneError, OSError):
        return "_With a chart that is not on this machine._"
    if len(picture.content) > _LARGEST:
        return f"_With a chart of {len(picture.content):,} bytes, too large for this page._"
    return f"![chart](data:{picture.mime_type};base64,{base64.b64encode(picture.content).decode()})"


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[to_markdown(str(cell)).replace("\n", " ") for cell in row.values()] for row in rows[:_ROWS]]
    left_out = f"\n\n… and {len(rows) - _ROWS} more" if len(rows) > _ROWS else ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + left_out
