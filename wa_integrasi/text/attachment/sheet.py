"""What goes into a file, and the file that comes out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from wa_integrasi.text.locale import Locale, is_missing, is_number
from wa_integrasi.text.markup import clean
from wa_integrasi.text.moments import moment_of
from wa_integrasi.text.table import heading

BYTES = 16 * 1024 * 1024
"""The largest file: what every channel takes."""

ROWS = 50_000
_DIGITS = 30
"""A number that is longer is written as a power of ten."""
COLUMNS = 60

_MIME_TYPES = {
    "csv": "text/csv",
    "pdf": "application/pdf",
    "png": "image/png",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_UNFIT = re.compile(r"[^\w.-]+")


class AttachmentError(ValueError):
    """The rows cannot become such a file. Says what is too much, and never holds a value."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: its name as the phone shows it, what it is, and its bytes."""

    name: str
    mime_type: str
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, kind: str, content: bytes, name: str) -> Attachment:
        """Raises `AttachmentError` for a file that is too large to be sent."""
        if len(content) > BYTES:
            raise AttachmentError(f"the file has {len(content)} bytes, at most {BYTES} can be sent: select fewer rows")
        stem = _UNFIT.sub("-", name).strip("-.")[:80] or "data"
        return cls(f"{stem}.{kind}", _MIME_TYPES[kind], content)


@dataclass(frozen=True)
class Sheet:
    """Rows with what they are about. Text that says a date or a moment all down a column becomes one."""

    title: str
    period: str
    rows: Sequence[Mapping[str, Any]]
    locale: Locale
    made: dt.datetime
    """When the rows were read, aware."""
    complete: bool = True
    """False where the source had more rows."""
    fields: tuple[str, ...] = ()
    """The columns, in order; those of the first row where empty."""

    def __post_init__(self) -> None:
        if len(self.rows) > ROWS:
            raise AttachmentError(f"{len(self.rows)} rows, at most {ROWS} go into a file")
        if len(self.names) > COLUMNS:
            raise AttachmentError(f"{len(self.names)} columns, at most {COLUMNS} go into a file")

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of the columns."""
        return self.fields or tuple(self.rows[0] if self.rows else ())

    @property
    def headings(self) -> list[str]:
        """What stands above the columns."""
        return [heading(name) for name in self.names]

    def columns(self) -> list[list[Any]]:
        """The values of each column: numbers, dates, times of the zone without its name, texts, bools, None."""
        return [self._column([row.get(name) for row in self.rows]) for name in self.names]

    def digits(self, number: Any) -> str:
        """All the digits of a number, with the decimal mark of the language."""
        return f"{Decimal(str(number)):f}".replace(".", "," if self.locale.language == "id" else ".")

    def about(self) -> list[tuple[str, str]]:
        """What a reader must know besides the rows."""
        indonesian = self.locale.language == "id"
        words = ("Periode", "Dibuat", "Baris") if indonesian else ("Period", "Made", "Rows")
        lines = [
            (words[0], self.period),
            (words[1], self.locale.datetime(self.made)),
            (words[2], self.locale.number(len(self.rows))),
        ]
        if not self.complete:
            lines.append(("Catatan", "Masih ada baris lain.") if indonesian else ("Note", "There are more rows."))
        return lines

    def _column(self, values: list[Any]) -> list[Any]:
        present = [value for value in values if not is_missing(value)]
        moments = bool(present) and all(moment_of(value) is not None for value in present)
        return [self._value(moment_of(value) if moments else value) for value in values]

    def _value(self, value: Any) -> Any:
        match value:
            case _ if is_missing(value):
                return None
            case dt.datetime():
                aware = value.utcoffset() is not None
                return value.astimezone(ZoneInfo(self.locale.zone)).replace(tzinfo=None) if aware else value
            case bool() | dt.date() | dt.time():
                return value
            case _ if is_number(value):
                exact = Decimal(str(value))
                if not exact.is_finite():
                    return self.locale.number(value)
                return value if abs(exact.adjusted()) <= _DIGITS else f"{exact.normalize():E}"
            case _:
                return clean(self.locale.text(value))
