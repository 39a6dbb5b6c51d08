"""Rows as they come, until there are none left or a cap is reached; nothing of the rest is fetched."""

from __future__ import annotations

import time
from typing import Any

from wa_integrasi.sources.base import Rows, SourceError
from wa_integrasi.sources.sql.guard import Checked
from wa_integrasi.sources.sql.session import LONGEST_VALUE, Dialect, Limits, Session, too_slow
from wa_integrasi.sources.sql.values import plain, settled, size
from wa_integrasi.sources.sql.watchdog import watched

_FIRST_BATCH = 50
_LARGEST_BATCH = 1_000
_BATCH_BYTES = 1_000_000


def read(session: Session, dialect: Dialect, checked: Checked, parameters: dict[str, Any], limits: Limits) -> Rows:
    """Run a statement and read its rows. Raises `SourceError` and what the driver raises."""
    text, values = checked.written(parameters, percent=dialect.percent)
    with watched(session, limits.timeout_s) as watch:
        try:
            rows = _read(session, dialect, text, values, limits)
        except Exception:
            if watch.bit.is_set():
                raise too_slow(dialect.name) from None
            raise
    if watch.bit.is_set():
        raise too_slow(dialect.name)
    return rows


def _read(session: Session, dialect: Dialect, text: str, values: dict[str, Any], limits: Limits) -> Rows:
    ends = time.monotonic() + limits.timeout_s
    columns = tuple(session.run(text, values))
    if not columns:
        raise SourceError("the statement gives no rows: a source only takes SELECT", transient=False)
    kept: list[tuple[Any, ...]] = []
    taken, batch, truncated = 0, _FIRST_BATCH, False
    while not truncated:
        fetched = session.fetch(min(batch, limits.max_rows + 1 - len(kept)))
        if not fetched:
            break
        for row in fetched:
            values_of_row = _values(row, columns, limits)
            taken += sum(map(size, values_of_row))
            if len(kept) == limits.max_rows or taken > limits.max_bytes:
                truncated = True
                break
            kept.append(values_of_row)
        if time.monotonic() > ends:
            raise too_slow(dialect.name)
        average = max(1, taken // max(1, len(kept)))
        batch = max(1, min(_LARGEST_BATCH, _BATCH_BYTES // average))
    return Rows(columns, settled(kept), truncated=truncated)


def _values(row: Any, columns: tuple[str, ...], limits: Limits) -> tuple[Any, ...]:
    read = []
    for name, value in zip(columns, row, strict=True):
        try:
            read.append(plain(value, limits.zone))
        except (ValueError, OverflowError):
            raise SourceError(f"column {name!r}: a moment is out of range", transient=False) from None
        if isinstance(read[-1], (str, bytes)) and len(read[-1]) > LONGEST_VALUE:
            text = f"column {name!r}: a value is longer than {LONGEST_VALUE}; select a part of it with substr()"
            raise SourceError(text, transient=False)
    return tuple(read)
