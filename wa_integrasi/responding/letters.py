"""What people of ours read of complaints: that nobody has answered one, and that some cannot be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from wa_integrasi.content import Text
from wa_integrasi.intake.replies import quoted
from wa_integrasi.recipient import Kind, Recipient
from wa_integrasi.text.markup import bold, bullet, escape, mono

_LONGEST_TEXT = 1_000
_LISTED = 10
_WORDS = {
    "id": {
        "unanswered": "⏰ Komplain belum dijawab",
        "waits": "{ticket}, menunggu {wait}",
        "minutes": "{} menit",
        "hours": "{} jam {} menit",
        "empty": "(tanpa teks)",
        "from": "Dari",
        "group": "di grup",
        "answer": "Jawab orangnya langsung",
        "mark": "Sesudah dijawab:",
        "aside": "⚠️ Komplain tidak bisa dibalas",
        "count": "{} komplain disisihkan dan menunggu perbaikan:",
        "more": "dan {} lainnya",
        "look": "Lihat semuanya:",
        "again": "Coba lagi sesudah diperbaiki:",
    },
    "en": {
        "unanswered": "⏰ Complaint not answered yet",
        "waits": "{ticket}, waiting for {wait}",
        "minutes": "{} minutes",
        "hours": "{} h {} min",
        "empty": "(no text)",
        "from": "From",
        "group": "in the group",
        "answer": "Answer this person",
        "mark": "Once it is answered:",
        "aside": "⚠️ Complaints that cannot be answered",
        "count": "{} complaints were set aside and wait to be mended:",
        "more": "and {} more",
        "look": "See all of them:",
        "again": "Try again once one is mended:",
    },
}


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A complaint as people on duty are told of it: they must know whom to call."""

    ticket: str
    waited: timedelta
    text: str = field(repr=False)
    sender: str = field(repr=False)
    name: str = field(repr=False)
    """Of the contact, if it is one."""
    chat: str = field(repr=False)


def unanswered_notice(language: str, complaint: Unanswered) -> Text:
    """What people on duty are told of a complaint that waits."""
    words = _WORDS[language]
    hours, minutes = divmod(max(1, round(complaint.waited.total_seconds() / 60)), 60)
    wait = words["hours"].format(hours, minutes) if hours else words["minutes"].format(minutes)
    said = complaint.text.strip()
    cut = f"{said[:_LONGEST_TEXT]}…" if len(said) > _LONGEST_TEXT else said
    sender = Recipient.of_chat(complaint.sender)
    in_group = Recipient.of_chat(complaint.chat).kind is Kind.GROUP
    where = f"{words['group']} {complaint.chat}" if in_group else ""
    who = [complaint.name, "" if sender.kind is Kind.GROUP else complaint.sender, where]
    parts = [
        bold(words["unanswered"]) + "\n" + words["waits"].format(ticket=complaint.ticket, wait=wait),
        escape(quoted(cut)) if cut else words["empty"],
        f"{words['from']}: " + " · ".join(escape(part) for part in who if part),
    ]
    if sender.kind is Kind.PHONE:
        parts.append(f"{words['answer']}: https://wa.me/{complaint.sender.lstrip('+')}")
    parts.append(words["mark"] + "\n" + mono(f"wa complaint answered {complaint.ticket}"))
    return Text(body="\n\n".join(parts))


def aside_notice(language: str, asides: Sequence[tuple[str, str]]) -> Text:
    """What the owner is told of complaints that were set aside: each a ticket and the reason."""
    words = _WORDS[language]
    listed = [bullet(escape(f"{ticket}: {reason}")) for ticket, reason in asides[:_LISTED]]
    if len(asides) > _LISTED:
        listed.append(bullet(words["more"].format(len(asides) - _LISTED)))
    parts = [
        bold(words["aside"]) + "\n" + words["count"].format(len(asides)),
        "\n".join(listed),
        words["look"] + "\n" + mono("wa complaint list --status aside"),
        words["again"] + "\n" + mono(f"wa complaint retry {asides[0][0]}"),
    ]
    return Text(body="\n\n".join(parts))
