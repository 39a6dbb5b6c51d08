"""What the Prefect UI shows of a report: the text without anybody's name or number, its chart, and who gets it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wa_integrasi.catalog.fields import FROM_ENVIRONMENT
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.content import Image, Text, media_of
from wa_integrasi.files import FileGoneError, OutgoingFiles
from wa_integrasi.outbox import NewMessage
from wa_integrasi.privacy.masking import Masker
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.reporting.data import ReportData
from wa_integrasi.reporting.planning import ReportJob
from wa_integrasi.reporting.recaps import Recap
from wa_integrasi.text.markdown import to_markdown
from wa_integrasi.text.markup import escape

_LONGEST = 12_000
"""Characters of a text."""

_LARGEST = 150_000
"""Bytes of a chart: it becomes a part of the page, and Prefect keeps every page."""

_ROWS = 200

_ENDING = "@g.us"
_WORD = re.compile(r"[^\W\d_]{3,}")


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
        parts = [f"# {self.heading}", self.body, self.files, "## Messages", said, table_of(rows), look]
        return "\n\n".join(part for part in parts if part)


def page_of(
    job: ReportJob,
    messages: Sequence[NewMessage],
    files: OutgoingFiles,
    public_url: str | None,
    group_ids: Mapping[str, str] | None = None,
) -> Page:
    """The page of a report as its first recipient gets it, with names, numbers and ids masked.

    `group_ids` is `Settings.group_ids`.
    """
    chat = messages[0].recipient.chat if messages else ""
    first = [message.content for message in messages if message.recipient.chat == chat]
    text = "\n".join(content.body for content in first if isinstance(content, Text))
    masker = Masker(_names(job.catalog))
    masked = masker.mask(_without_groups(text, job.catalog, group_ids or {}))  # half a number would not be seen as one
    cut = f"{masked[:_LONGEST]} …" if len(masked) > _LONGEST else masked
    shown = [_file(content, files) for content in first if media_of(content) is not None]
    body = to_markdown(cut) or "_No message: there were no rows._"
    return _page(job, masker, body, "\n\n".join(shown), public_url)


def told_page(recap: Recap, data: ReportData, public_url: str | None) -> Page:
    """The page of a recap that tells what has changed: since when and why. No row of it, since it may name people."""
    span, zone = recap.job.slot, ZoneInfo(recap.job.slot.zone)
    since, until = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (span.start, span.end))
    told = {"since": since, "until": until, "because": recap.reason(data), "rows": len(data.rows.values)}
    return _page(recap.job, Masker(_names(recap.job.catalog)), table_of([told]), "", public_url)


def _page(job: ReportJob, masker: Masker, body: str, files: str, public_url: str | None) -> Page:
    heading = f"{to_markdown(escape(masker.mask(job.report.title)))}, {to_markdown(escape(job.label))}"
    query = urlencode({"report": job.name, "slot": job.slot.key})
    console = f"{public_url}/console?{query}" if public_url else ""
    return Page(job.name, job.slot.key, heading, body, files, console)


def _names(catalog: Catalog) -> set[str]:
    """Of people, whole and word by word; but for words that titles and forms of address have too, such as Produksi."""
    people = catalog.contacts.values()
    ours = [report.title for report in catalog.reports.values()]
    ours += [group.display_name for group in catalog.groups.values()]
    ours += [word for each in people for word in (each.salutation, each.honorific)]
    common = {word.casefold() for text in ours for word in _WORD.findall(text)}
    words = {word for each in people for word in _WORD.findall(each.display_name) if word.casefold() not in common}
    return {each.display_name for each in people} | words


def _without_groups(text: str, catalog: Catalog, group_ids: Mapping[str, str]) -> str:
    """A text with ids of group chats masked: those that have their ending, and those that are known without it."""
    known = [*group_ids.values(), *(group.chat_id for group in catalog.groups.values() if group.chat_id)]
    bare = {each.removesuffix(_ENDING) for each in known} - {"", FROM_ENVIRONMENT}
    ids = [
        *(re.escape(each) for each in sorted(bare, key=len, reverse=True)),
        r"[0-9]{5,30}(?:-[0-9]{5,15})?(?=@g\.us)",
    ]
    found = re.compile(rf"(?<![0-9-])(?:{'|'.join(ids)})(?![0-9])(?:{re.escape(_ENDING)})?")
    return found.sub(lambda match: Recipient(Kind.GROUP, match[0].removesuffix(_ENDING)).masked, text)


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


def table_of(rows: Sequence[Mapping[str, object]]) -> str:
    """A table in Markdown of rows that have the same keys; nothing in them is obeyed."""
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[to_markdown(str(cell)).replace("\n", " ") for cell in row.values()] for row in rows[:_ROWS]]
    left_out = f"\n\n… and {len(rows) - _ROWS} more" if len(rows) > _ROWS else ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + left_out
