"""What people read who write to us."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from wa_integrasi.content import Text

_TOO_MUCH = {
    "id": "Terlalu banyak pesan dalam waktu singkat. Pesan Anda baru dibaca lagi setelah Anda berhenti menulis "
    "selama {minutes} menit.",
    "en": "Too many messages in a short time. Yours are read again once you have not written for {minutes} minutes.",
}


def too_much(language: str, cooldown: timedelta) -> Text:
    """What somebody is told, once, who writes too much."""
    return Text(body=_TOO_MUCH[language].format(minutes=max(1, ceil(cooldown / timedelta(minutes=1)))))
