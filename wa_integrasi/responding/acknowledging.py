"""The text of an acknowledgement: a chat template of ours, or a plain text of the systems that this replaces.

`response_template` of a row says which. A plain text may have places to fill in (`{nama}`, `{{nama}}`, `[nama]`); it is
never run as a template, whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wa_integrasi.catalog.fields import Language
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.reporting import LOCALES
from wa_integrasi.text.locale import Locale
from wa_integrasi.text.markup import bold, clean, escape
from wa_integrasi.text.template import TemplateError, compile_template

_LONGEST_PLAIN = 8_000
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)+")
"""One word with a dash or an underscore in it: nobody says that to a person, so it must be the name of a template."""

_WORD = r"[^\W\d_][\w .-]{0,38}"
_PLACE = re.compile(
    rf"\$?\{{{{1,2}}\s*({_WORD}?)\s*(?:\|[^{{}}]{{0,60}})?\}}{{1,2}}|%({_WORD})%|\[({_WORD})\]|<({_WORD})>"
)
_ALIASES = {
    "ticket": ("tiket", "ticket", "nomor", "nomor_tiket", "no_tiket", "ticket_number", "ticket_no", "id"),
    "name": ("nama", "name", "nama_pelapor", "pelapor", "complainant", "customer", "pelanggan"),
    "text": ("keluhan", "komplain", "complaint", "isi", "pesan", "text", "message"),
    "date": ("tanggal", "tgl", "date"),
    "time": ("jam", "pukul", "waktu", "time"),
}
_MEANING = {alias: meaning for meaning, aliases in _ALIASES.items() for alias in aliases}

_BUILT_IN = {
    "id": "✅ Komplain Anda sudah kami terima.\nNomor tiket: {ticket}\n\n"
    "Sebutkan nomor ini bila Anda menanyakan kelanjutannya.",
    "en": "✅ We have received your complaint.\nTicket number: {ticket}\n\nPlease quote it when you ask about it.",
}
_TICKET = {"id": "Nomor tiket: {}", "en": "Ticket number: {}"}
_NAMELESS = {"id": "Bapak/Ibu", "en": "Sir/Madam"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an acknowledgement may say of a complaint."""

    ticket: str
    created_at: datetime
    now: datetime
    language: Language
    zone: str
    name: str = field(default="", repr=False)
    salutation: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def locale(self) -> Locale:
        """How the complainant's language writes dates."""
        return Locale(LOCALES[self.language], self.zone)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What is said, and for people of ours what was wrong with the template; both always have the ticket."""

    text: str = field(repr=False)
    note: str | None = None


def acknowledge(wanted: object, facts: Facts, catalog: Catalog) -> Acknowledgement:
    """The acknowledgement that `response_template` of a row asks for, or the usual one where that is unusable."""
    text = _text(wanted)
    if text in catalog.chat_templates:
        found = _of_template(text, facts, catalog)
    elif not text:
        found = _usual(facts, catalog)
    elif _NAME.fullmatch(text):
        found = Acknowledgement(_usual(facts, catalog).text, "no chat template is called as response_template says")
    else:
        found = _of_plain(text[:_LONGEST_PLAIN], facts)
    if facts.ticket in found.text:
        return found
    line = _TICKET[facts.language].format(bold(facts.ticket))
    return Acknowledgement(f"{found.text.rstrip()}\n\n{line}", found.note)


def _usual(facts: Facts, catalog: Catalog) -> Acknowledgement:
    """As the policy says for the language, else built in."""
    name = catalog.intake.complaints.templates.get(facts.language)
    if name is not None:
        return _of_template(name, facts, catalog)
    return Acknowledgement(_BUILT_IN[facts.language].format(ticket=bold(facts.ticket)))


def _of_template(name: str, facts: Facts, catalog: Catalog) -> Acknowledgement:
    template = catalog.chat_templates[name]
    context: dict[str, Any] = {
        "complaint": {
            "ticket": facts.ticket,
            "name": facts.name,
            "text": facts.text,
            "fields": dict(facts.fields),
            "created_at": facts.created_at,
        },
        "now": facts.now,
        "recipient": {"name": facts.name, "salutation": facts.salutation, "language": facts.language},
    }
    try:
        text = compile_template(template.body).render(context, Locale(LOCALES[template.language], facts.zone)).strip()
        problem = None if text else "it gave an empty message"
    except TemplateError as error:
        text, problem = "", str(error)
    if problem is None:
        return Acknowledgement(text)
    return Acknowledgement(
        _BUILT_IN[facts.language].format(ticket=bold(facts.ticket)), f"chat template {name}: {problem}"
    )


def _of_plain(text: str, facts: Facts) -> Acknowledgement:
    """An old text with its places filled in; what stands in a place that means nothing here stays as it is."""
    values = _values(facts)
    unknown = set[str]()

    def filled(place: re.Match[str]) -> str:
        name = "_".join(next(filter(None, place.groups()), "").casefold().replace("-", " ").replace("_", " ").split())
        meaning = _MEANING.get(name, name)
        if meaning in values:
            return escape(values[meaning])
        if place[0].startswith(("{", "$")):
            unknown.add(name)
        return place[0]

    shown = _PLACE.sub(filled, clean(text)).strip()
    return Acknowledgement(shown, f"response_template has {len(unknown)} unknown places" if unknown else None)


def _values(facts: Facts) -> dict[str, str]:
    fields = {"_".join(name.split()): value for name, value in facts.fields.items() if name not in _MEANING}
    own = {
        "ticket": facts.ticket,
        "name": facts.name or _NAMELESS[facts.language],
        "text": facts.text,
        "date": facts.locale.date(facts.created_at),
        "time": facts.locale.time(facts.created_at),
    }
    return fields | own


def _text(value: object) -> str:
    """SQLite keeps anything anywhere."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return clean(str(value)).strip() if value is not None else ""
