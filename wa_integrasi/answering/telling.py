"""What an order's asker reads: rows through the chat template, the time and the source, or what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from wa_integrasi.answering.fetching import Fetched, Found, Trouble
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.paper import Paper, paper_of
from wa_integrasi.answering.sayings import told
from wa_integrasi.answering.stamp import stamp_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.triggers import AiTrigger, ApiTrigger, PiTrigger, SqlTrigger
from wa_integrasi.commands import words
from wa_integrasi.commands.conversation import Choice
from wa_integrasi.commands.showing import for_template
from wa_integrasi.reporting import LOCALES, Addressee, ReportError, assembled, cut_note, report_text, with_cut
from wa_integrasi.subscriptions import Change
from wa_integrasi.text.attachment import Kind
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import BORDER, escape
from wa_integrasi.text.split import split
from wa_integrasi.text.template import TemplateError, compile_template

_FOOTER = 120
"""Characters that are left free for what stands below a page."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and for the log what went wrong."""

    text: str = field(repr=False)
    troubles: Sequence[str] = ()
    failed: bool = False
    """Whether nothing of what was asked could be answered."""
    paper: Paper | None = field(default=None, repr=False)
    """The same as a file."""
    changes: Sequence[Change] = ()
    """Of subscriptions, made together with the end of the command."""
    asked: Choice | None = None
    """What its reader is shown to choose from."""


def answer_of(
    leaves: Sequence[Leaf],
    fetched: Sequence[Fetched],
    catalog: Catalog,
    to: Addressee,
    zone: str,
    code: str,
    file: Kind | None = None,
) -> Answer:
    """The answer to an order, for one reader. `code` names it where something is wrong; `file` was asked for."""
    texts, troubles, paper = [], [], None
    for leaf, what in zip(leaves, fetched, strict=True):
        found = what
        if isinstance(found, Found):
            try:
                texts.append(_text(leaf, found, catalog, to, zone))
                paper = paper_of(leaf, found, catalog, zone, file) if len(leaves) == 1 else None
                continue
            except (ReportError, TemplateError) as error:
                found = Trouble("wrong", found.source, str(error))
            except Exception as error:  # one answer that cannot be written must not cost the others theirs
                found = Trouble("wrong", found.source, type(error).__name__)
        troubles.append(f"{leaf.name}: {found.source}: {found.note}")
        texts.append(_told_of(found, leaf, to.language, zone, code))
    return Answer(BORDER.join(texts), troubles, failed=len(troubles) == len(leaves), paper=paper)


def _told_of(trouble: Trouble, leaf: Leaf, language: str, zone: str, code: str) -> str:
    title, source = words.short(leaf.trigger.title), words.short(trouble.source)
    if trouble.until is None:
        return told(trouble.kind, language, title, source, code)
    whole_minute = trouble.until + timedelta(seconds=-trouble.until.timestamp() % 60)
    until = Locale(LOCALES[language], zone).time(whole_minute)
    return told("left_alone", language, title, source, until, code)


def pages_of(text: str, limit: int, language: str) -> list[str]:
    """A text as messages; where it is more than one, each says how to turn the page."""
    if len(whole := split(text, limit)) <= 1:
        return whole
    parts = split(text, limit - _FOOTER)
    bare = [part.rpartition("\n(")[0] for part in parts]
    return [
        f"{part}\n\n_{words.say('more', language, number, len(parts))}_" if number < len(parts) else part
        for number, part in enumerate(bare, 1)
    ]


def _text(leaf: Leaf, found: Found, catalog: Catalog, to: Addressee, zone: str) -> str:
    if leaf.job is not None:
        stamp = stamp_of(leaf.trigger, found, leaf.job.template.language, zone)
        data = assembled(leaf.job, [found.rows, *found.others])
        return stamp.below(report_text(leaf.job, data, to, found.at, found.summaries), frozenset())
    if not isinstance(leaf.trigger, SqlTrigger | PiTrigger | AiTrigger | ApiTrigger) or leaf.trigger.template is None:
        stamp = stamp_of(leaf.trigger, found, to.language, zone)
        return stamp.below(str(escape(str(found.rows.values[0][0]))), frozenset())
    template = catalog.chat_templates[leaf.trigger.template]
    locale = Locale(LOCALES[template.language], zone)
    compiled = compile_template(template.body)
    stamp = stamp_of(leaf.trigger, found, template.language, zone)
    cut = cut_note(found.rows, locale)
    text = compiled.render(_context(leaf, found, to, locale) | {"quality": stamp.doubts, "cut": cut}, locale).strip()
    if not text:
        raise TemplateError(1, "it gave an empty message")
    return stamp.below(text if "cut" in compiled.fields else with_cut(text, cut), compiled.fields)


def _context(leaf: Leaf, found: Found, to: Addressee, locale: Locale) -> dict[str, Any]:
    trigger = leaf.trigger
    return {
        "rows": found.rows.as_dicts(),
        "trigger": {"name": leaf.name, "title": trigger.title, "description": trigger.description},
        "arguments": for_template(leaf.arguments, locale),
        "now": found.at,
        "recipient": to.for_template(locale, found.at),
        "source": found.source,
    }
