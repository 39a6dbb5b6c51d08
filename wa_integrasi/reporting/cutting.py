"""That a text does not have all rows: one line for its reader."""

from __future__ import annotations

from collections.abc import Iterable

from wa_integrasi.sources.base import Rows
from wa_integrasi.text.locale import Locale

_CUT = {
    "id": "hanya {} baris pertama yang ditampilkan dan dihitung",
    "en": "only the first {} rows are shown and counted",
}
_EACH_CUT = {
    "id": "hanya {} baris pertama tiap daftar yang ditampilkan dan dihitung",
    "en": "only the first {} rows of each list are shown and counted",
}
_ATTACHED = {"id": "semua baris ada di berkas terlampir", "en": "all of them are in the attached file"}


def cut_note(rows: Rows, locale: Locale, *, others: Iterable[Rows] = (), attached: bool = False) -> str:
    """How many rows a text has where it lacks some, else nothing. `attached`: a file has all of its first list."""
    more = [each for each in others if each.truncated]
    if not more and not rows.truncated:
        return ""
    shown = locale.number(max(len(each.values) for each in (rows, *more) if each.truncated))
    note = (_EACH_CUT if more else _CUT)[locale.language].format(shown)
    return f"{note}; {_ATTACHED[locale.language]}" if attached and rows.truncated and not more else note


def with_cut(text: str, note: str) -> str:
    """`text` with that line at its end."""
    return f"{text}\n_… {note}_" if note else text
