"""What people read: those who write to us, and those on duty."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from wa_integrasi.content import Text
from wa_integrasi.intake.classification import Classification, Intent, Urgency
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.text.markup import bold, escape

_LONGEST_NAME = 60
_LINKS = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})|(?<=:)//")
"""What a phone would make a link of: `evil.example`, `https://…`."""
_LOOKALIKE = {".": "\u2024", "//": "\u2215\u2215"}

_TOO_MUCH = {
    "id": "Terlalu banyak pesan dalam waktu singkat. Pesan Anda baru dibaca lagi setelah Anda berhenti menulis "
    "selama {minutes} menit.",
    "en": "Too many messages in a short time. Yours are read again once you have not written for {minutes} minutes.",
}
_HEADINGS = {
    "id": {Urgency.CRITICAL: "🔴 DARURAT", Urgency.HIGH: "🟠 MENDESAK"},
    "en": {Urgency.CRITICAL: "🔴 EMERGENCY", Urgency.HIGH: "🟠 URGENT"},
}
_INTENTS = {
    "id": {
        Intent.QUESTION: "pertanyaan",
        Intent.REQUEST: "permintaan",
        Intent.REPORT: "laporan kejadian",
        Intent.COMPLAINT: "keluhan",
        Intent.COURTESY: "sapaan",
        Intent.OTHER: "lainnya",
    },
    "en": {
        Intent.QUESTION: "question",
        Intent.REQUEST: "request",
        Intent.REPORT: "report of an incident",
        Intent.COMPLAINT: "complaint",
        Intent.COURTESY: "courtesy",
        Intent.OTHER: "other",
    },
}
_WORDS = {
    "id": {
        "from": "Dari",
        "group": "di grup",
        "says": "mengaku",
        "empty": "(tanpa teks: lihat berkasnya)",
        "answer": "Jawab orangnya langsung",
    },
    "en": {
        "from": "From",
        "group": "in the group",
        "says": "says",
        "empty": "(no text: see the file)",
        "answer": "Answer this person",
    },
}


@dataclass(frozen=True, slots=True)
class Urgent:
    """An urgent conversation as people on duty are told of it: they must know whom to call."""

    found: Classification = field(repr=False)
    sender: str = field(repr=False)
    contact: str | None = field(repr=False)
    """Their name in the catalog."""
    name: str | None = field(repr=False)
    """What they call themselves."""
    chat: str = field(repr=False)


def too_much(language: str, cooldown: timedelta) -> Text:
    """What somebody is told, once, who writes too much."""
    return Text(body=_TOO_MUCH[language].format(minutes=max(1, ceil(cooldown / timedelta(minutes=1)))))


def urgent_notice(language: str, urgent: Urgent) -> Text:
    """What people on duty are told of an urgent conversation."""
    words, found = _WORDS[language], urgent.found
    name = quoted(" ".join((urgent.name or "").split())[:_LONGEST_NAME])
    who = urgent.contact or (f"{words['says']} “{name}”" if name else "")
    where = f"{words['group']} {urgent.chat}" if _is_group(urgent.chat) else ""
    sender = Recipient.of_chat(urgent.sender)
    parts = [
        bold(_HEADINGS[language][found.urgency]) + f"\n{_INTENTS[language][found.intent].capitalize()}",
        escape(quoted(found.summary)) if found.summary else words["empty"],
        f"{words['from']}: " + " · ".join(escape(part) for part in (who, urgent.sender, where) if part),
    ]
    if sender.kind is Kind.PHONE:
        parts.append(f"{words['answer']}: https://wa.me/{urgent.sender.lstrip('+')}")
    return Text(body="\n\n".join(parts))


def _is_group(chat: str) -> bool:
    return Recipient.of_chat(chat).kind is Kind.GROUP


def quoted(text: str) -> str:
    """What somebody wrote, without links: in our name they would be trusted."""
    return _LINKS.sub(lambda found: _LOOKALIKE[found[0]], text)
