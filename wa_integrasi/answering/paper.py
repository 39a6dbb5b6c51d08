"""The rows of an answer as a file, where its text is too long or a file was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from wa_integrasi.answering.fetching import Found
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.sayings import told
from wa_integrasi.answering.stamp import stamp_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.triggers import PiTrigger, SqlTrigger
from wa_integrasi.commands.showing import described
from wa_integrasi.content import CAPTION_LIMIT, Document
from wa_integrasi.files import OutgoingFiles
from wa_integrasi.reporting import LOCALES
from wa_integrasi.sources.base import Rows
from wa_integrasi.text.attachment import Kind, Sheet, attachment
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import bold
from wa_integrasi.typed.words import words_of

FILE_WORDS: Mapping[str, Kind] = {"excel": "xlsx", "xlsx": "xlsx", "csv": "csv", "pdf": "pdf"}
"""Words behind a command that ask for a file."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What goes into a file, and what is said of it. It is made only where it is sent."""

    kind: Kind
    name: str
    title: str
    about: str
    rows: Rows = field(repr=False)
    locale: Locale
    at: datetime
    caption: str = field(repr=False)
    wanted: bool
    """Whether somebody has asked for a file, however short the text is."""

    def document(self, files: OutgoingFiles) -> Document:
        """Make the file and put it where the sender finds it. Raises `AttachmentError`, `OSError`."""
        rows = self.rows.as_dicts()
        whole = not self.rows.truncated
        sheet = Sheet(self.title, self.about, rows, self.locale, self.at, complete=whole, fields=self.rows.columns)
        made = attachment(self.kind, sheet, self.name)
        return Document(file=files.put(made.content), filename=made.name, caption=self.caption)


def paper_of(leaf: Leaf, found: Found, catalog: Catalog, zone: str, wanted: Kind | None) -> Paper | None:
    """The file of an answer; None where it has no rows, or is to be turned page by page."""
    trigger = leaf.trigger
    if not isinstance(trigger, SqlTrigger | PiTrigger) or not found.rows.values:
        return None
    kind = wanted or (None if trigger.overflow == "pages" else trigger.overflow)
    if kind is None:
        return None
    language = catalog.chat_templates[trigger.template].language
    locale = Locale(LOCALES[language], zone)
    given = {name: value for name, value in leaf.arguments.items() if value is not None}
    about = described(trigger, given, locale)
    count = told("rows", language, locale.number(len(found.rows.values)))
    heading = ", ".join([str(bold(trigger.title)), *([about] if given else [])])
    caption = stamp_of(trigger, found, language, zone).below(f"{heading}: {count}", frozenset())
    name = f"{leaf.name}-{found.at.astimezone(ZoneInfo(zone)):%Y-%m-%d-%H%M}"
    return Paper(
        kind,
        name,
        trigger.title,
        about,
        found.rows,
        locale,
        found.at,
        caption[:CAPTION_LIMIT],
        wanted is not None,
    )


def without_file_word(text: str) -> tuple[str, Kind] | None:
    """A text without the word at its end that asks for a file, and the kind of file; None where there is none."""
    before, _, last = text.rstrip().rpartition(" ")
    words = words_of(last)
    kind = FILE_WORDS.get(words[0]) if len(words) == 1 else None
    return (before, kind) if kind is not None and before.strip() else None
